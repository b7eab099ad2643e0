"""The loop asks every objective to improve on every batch, and tells the observers."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visus.engine.averaging import WeightAverage, chosen, decaying, equal
from visus.engine.loop import Evaluate, Observer, StopTraining, fit
from visus.engine.objective import Objective
from visus.engine.optimizers import sgd
from visus.engine.precision import FLOAT32, candidates, fastest, named
from visus.engine.probe import cost, fastest_precision, fewest_threads
from visus.engine.seed import own_randomness
from visus.engine.task import Task


class TwoRoles(Task):
    """Two objectives with parameters of their own; the second improves every other step."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(2, 1), nn.Linear(1, 1)
        self.objectives = [
            Objective("one", lambda b: {"one": self.one(b[0]).square().mean()}, self.one.parameters(), sgd, lr=0.1),
            Objective(
                "two",
                lambda b: {"two": F.mse_loss(self.two(self.one(b[0])), torch.ones(len(b[0]), 1))},
                self.two.parameters(),
                sgd,
                lr=0.1,
                every=2,
            ),
        ]
        self.steps = 6

    def batches(self, start=0):
        for step in range(start, 100):
            yield (torch.randn(4, 2, generator=torch.Generator().manual_seed(step)),)

    def evaluate(self):
        return {"score": -float(self.one.weight.detach().norm())}


class Diary(Observer):
    def __init__(self):
        self.lines = []

    def before_fit(self, task, start):
        self.lines.append(f"start {start}")

    def after_improvement(self, step, objective, report):
        self.lines.append(f"{step} {objective.name}")

    def after_evaluation(self, step, task, scores):
        self.lines.append(f"{step} {','.join(scores)}")

    def after_fit(self, steps_done, task, why):
        self.lines.append(f"end {steps_done} {why}".strip())


def test_every_objective_improves_when_it_is_due():
    diary = Diary()
    assert fit(TwoRoles(), 3, [diary]) == ""
    assert diary.lines == ["start 0", "0 one", "0 two", "1 one", "2 one", "2 two", "end 3"]


def test_an_objective_moves_only_its_own_weights():
    task = TwoRoles()
    batch = next(task.batches())
    for objective, mine, other in zip(task.objectives, (task.one, task.two), (task.two, task.one), strict=True):
        before = [p.clone() for p in (*mine.parameters(), *other.parameters())]
        objective.improve(batch)
        moved = [not torch.equal(p, q) for p, q in zip((*mine.parameters(), *other.parameters()), before, strict=True)]
        assert moved == [True, True, False, False]


def test_an_observer_can_end_the_run_and_its_reason_is_told():
    class Enough(Observer):
        def after_step(self, step, task):
            if step == 1:
                raise StopTraining("seen enough")

    diary = Diary()
    assert fit(TwoRoles(), 10, [diary, Enough()]) == "seen enough"
    assert diary.lines[-1] == "end 2 seen enough"


def test_evaluation_comes_at_its_interval_and_after_the_last_step():
    diary = Diary()
    fit(TwoRoles(), 6, [Evaluate(4, [diary])])
    assert [line for line in diary.lines if "score" in line] == ["3 score", "5 score"]


def test_averaged_weights_are_applied_and_taken_back_bit_for_bit():
    task = TwoRoles()
    average = WeightAverage(task, decaying(0.5))
    own = []
    for _ in range(3):
        task.objectives[0].improve(next(task.batches()))
        average.update(task)
    own = [p.clone() for p in task.parameters()]
    with average.applied(task):
        inside = [p.clone() for p in task.parameters()]
    assert any(not torch.equal(p, q) for p, q in zip(own, inside, strict=True))
    assert all(torch.equal(p, q) for p, q in zip(own, task.parameters(), strict=True))
    twin = WeightAverage(TwoRoles(), decaying(0.5))
    twin.restore(average.state())
    assert all(torch.equal(twin.values[n], v) for n, v in average.values.items())


def test_the_average_is_the_recursion_it_claims():
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, 0.0)
    average, expected = WeightAverage(layer, decaying(0.9)), 0.0
    for step in range(20):
        nn.init.constant_(layer.weight, float(step))
        average.update(layer)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * step
    assert float(average.values["weight"]) == pytest.approx(expected, rel=1e-5)


def test_the_equal_average_is_the_mean_of_the_last_part_and_before_it_the_weights_themselves():
    layer = nn.Linear(1, 1, bias=False)
    average = WeightAverage(layer, equal(start=6))
    for step in range(10):
        nn.init.constant_(layer.weight, float(step))
        average.update(layer)
        assert float(average.values["weight"]) == pytest.approx(np.mean(range(6, step + 1)) if step > 5 else step)


def test_a_task_chooses_its_average():
    task = TwoRoles()
    assert chosen(task) is None
    task.average = 0.5
    assert chosen(task).share(1000) == 0.5
    task.average, task.swa, task.steps = 0.0, 0.25, 100
    assert chosen(task).share(74) == chosen(task).share(75) == 1
    assert chosen(task).share(99) == pytest.approx(1 / 25)


def test_own_randomness_leaves_the_outer_state_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with own_randomness(0):
        torch.randn(10)
    assert torch.equal(before, torch.get_rng_state())


def test_measuring_leaves_the_task_as_it_was():
    torch.manual_seed(0)
    task = TwoRoles()
    before, random = [p.clone() for p in task.parameters()], torch.get_rng_state()
    measured, chosen = cost(task), fastest_precision(task)
    assert measured.seconds_per_step > 0
    assert measured.memory_bytes > 2**20
    assert chosen in candidates("cpu", pictures=False)
    assert all(torch.equal(p, q) for p, q in zip(before, task.parameters(), strict=True))
    assert torch.equal(random, torch.get_rng_state())


def test_threads_are_chosen_among_one_and_all_and_put_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert fewest_threads(TwoRoles()) in (1, 2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_precision_is_chosen_only_for_a_real_gain(monkeypatch):
    clock = iter(range(10**6))
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))  # every step takes one tick, whatever the precision
    assert fastest(lambda precision: None, "cpu")[0] == FLOAT32


def test_an_unknown_precision_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"float32, .*got 'float16'"):
        named("float16")
