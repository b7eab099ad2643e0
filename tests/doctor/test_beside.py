"""Which parameters an answer does not hang on, and that a narrow head beside it is no bottleneck."""

import torch
from torch import nn

from visus.doctor.checkup import Checkup
from visus.doctor.instruments.beside import beside
from visus.engine.loop import Evaluate, fit
from visus.recipes import ram_mnist


class TwoHeads(nn.Module):
    """Scores, and beside them a guess of one number that the scores know nothing of."""

    def __init__(self):
        super().__init__()
        self.trunk, self.guess, self.decide = nn.Linear(4, 8), nn.Linear(8, 1), nn.Linear(8, 6)

    def forward(self, x):
        h = self.trunk(x).relu()
        self.guessed = self.guess(h.detach())
        return self.decide(h)


def test_a_head_that_tells_something_else_stands_beside_the_answer():
    model = TwoHeads()
    assert beside(model, model(torch.randn(3, 4))) == ["guess.weight", "guess.bias"]
    assert beside(model, model.guessed) == ["trunk.weight", "trunk.bias", "decide.weight", "decide.bias"]


def test_what_rests_is_not_looked_for_and_a_graph_without_parameters_says_nothing():
    model = TwoHeads()
    model.guess.requires_grad_(False)
    assert beside(model, model(torch.randn(3, 4))) == []
    assert beside(model, torch.randn(3, requires_grad=True) * 2) == []
    with torch.no_grad():
        assert beside(model, model(torch.randn(3, 4))) == []


def test_every_weight_of_a_recurrent_layer_is_reached():
    model = nn.LSTM(3, 4, batch_first=True)
    assert beside(model, model(torch.randn(2, 5, 3))[0]) == []


def test_the_head_that_expects_a_reward_is_not_called_a_bottleneck():
    task = ram_mnist.build(
        data="digits", glimpses=3, window=5, hidden=48, looks=2, batch=64, lr=4e-3, epochs=2, arithmetic="float32",
        device="cpu",
    )  # fmt: skip
    checkup = Checkup()
    fit(task, task.steps, [checkup, Evaluate(task.steps_per_epoch, [checkup])])
    diagnosis = checkup.diagnosis()
    assert set(checkup.chart.facts["beside"]) >= {"model.network.expect.weight", "model.network.locate.weight"}
    assert not {f.kind for f in (*diagnosis.causes, *diagnosis.notes)} & {"capacity_too_small", "dead_units"}
