"""Every examination is tried on a planted illness and on its healthy twin, and harms neither."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visus.doctor import before
from visus.doctor.before import batch_leak, every_update, first_loss, gradient, overfits_few, regularisation
from visus.engine import catalogue
from visus.engine.objective import Objective
from visus.engine.optimizers import adam, momentum
from visus.engine.task import Task

K, D = 4, 6


class Toy(Task):
    """Four blobs in six dimensions and a small network; each subclass plants one illness."""

    scale = 0.05

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(D, 16), nn.Tanh(), nn.Linear(16, K))
        nn.init.normal_(self.model[2].weight, std=self.scale)
        self.objectives = [
            Objective(
                "toy",
                self.loss,
                self.trained(),
                self.rule,
                lr=0.05,
                weight_decay=1e-3,
                blind_loss=torch.tensor(4.0).log().item(),
            )
        ]

    rule = staticmethod(momentum)

    def trained(self):
        return self.model.parameters()

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), batch[1])}

    def batches(self, start=0):
        step = start
        while True:
            dice = torch.Generator().manual_seed(step)
            labels = torch.randint(K, (32,), generator=dice)
            yield 2 * F.one_hot(labels, D) + torch.randn(32, D, generator=dice), labels
            step += 1

    def evaluate(self):
        return {"score": 0.0}

    @torch.no_grad()
    def predict(self, inputs):
        return self.model(inputs)


class BigLastLayer(Toy):
    scale = 30.0


class ShuffledWithinTheBatch(Toy):
    """Labels drawn anew at each look: nothing can be learned by heart."""

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), torch.randint(K, batch[1].shape))}


class HiddenDetach(Toy):
    def loss(self, batch):
        hidden = self.model[1](self.model[0](batch[0]))
        return {
            "cross_entropy": F.cross_entropy(
                self.model[2](hidden) + hidden.detach()[:, :K] * self.model[0].bias[0], batch[1]
            )
        }


class LooksAtItsNeighbours(Toy):
    def predict(self, inputs):
        scores = super().predict(inputs)
        return scores - scores.mean(0)


class ForgottenLayer(Toy):
    def __init__(self):
        super().__init__()
        self.model[0].requires_grad_(True)
        self.unused = nn.Parameter(torch.ones(3))
        self.objectives = [Objective("toy", self.loss, [*self.model.parameters(), self.unused], adam, lr=0.05)]

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), batch[1]) + 0 * self.unused.sum()}


class DeafOptimizer(Toy):
    """Takes the parameters out of their groups, and with them the weight decay."""

    @staticmethod
    def rule(groups, lr):
        class Deaf(torch.optim.SGD):
            def step(self):
                for group in self.param_groups:
                    for p in group["params"]:
                        p.data -= group["lr"] * p.grad

        return Deaf(groups, lr=lr)


ILL = [
    (first_loss, BigLastLayer),
    (overfits_few, ShuffledWithinTheBatch),
    (gradient, HiddenDetach),
    (batch_leak, LooksAtItsNeighbours),
    (every_update, ForgottenLayer),
    (regularisation, DeafOptimizer),
]


@pytest.mark.parametrize(("examination", "ill"), ILL, ids=[i.__name__ for _, i in ILL])
def test_the_illness_is_found_and_its_twin_is_healthy(examination, ill):
    (found,) = examination.examine(ill())
    (twin,) = examination.examine(Toy())
    assert not found.healthy
    assert found.remedy
    assert twin.healthy, twin


@pytest.mark.parametrize("name", catalogue.names(before))
def test_every_examination_has_a_planted_illness(name):
    assert any(module.__name__.endswith(f".{name}") for module, _ in ILL)


@pytest.mark.parametrize("name", catalogue.names(before))
def test_an_examination_leaves_the_patient_bit_identical(name):
    task = Toy()
    weights, random = copy.deepcopy(task.state_dict()), torch.get_rng_state()
    optimizer = copy.deepcopy(task.objectives[0].state_dict())
    catalogue.find(before, name).examine(task)
    assert all(torch.equal(v, weights[n]) for n, v in task.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
    assert str(optimizer) == str(task.objectives[0].state_dict())
    assert task.training
