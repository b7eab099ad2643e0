"""Every watcher is tried on a planted illness and on its healthy twin."""

import math

import pytest
import torch

from visus.doctor import during
from visus.doctor.during import not_finite, overfitting, still_improving, update_size
from visus.engine import catalogue
from visus.engine.loop import fit
from visus.engine.objective import Report

from .test_before import Toy


def watched(lr, steps=60):
    task = Toy()
    task.objectives[0].lr = lr
    watches = [catalogue.find(during, name).Watch() for name in catalogue.names(during)]
    why = fit(task, steps, watches)
    return why, {type(w).__module__.rpartition(".")[2]: w.findings() for w in watches}


def test_a_healthy_run_raises_nothing():
    why, findings = watched(lr=0.05)
    assert why == ""
    assert all(f.healthy for found in findings.values() for f in found)


@pytest.mark.parametrize(("lr", "remedy"), [(20.0, "lower"), (1e-7, "raise")])
def test_update_size_turns_the_learning_rate_the_right_way(lr, remedy):
    _, findings = watched(lr)
    (finding,) = findings["update_size"]
    assert finding.remedy.startswith(remedy)


def test_a_loss_that_is_not_finite_stops_the_run_and_is_named():
    watch = not_finite.Watch()
    objective = Toy().objectives[0]
    watch.after_improvement(
        0, objective, Report("toy", torch.tensor(1.0), {"kl": torch.tensor(1.0)}, torch.tensor(2.0))
    )
    assert watch.findings() == []
    with pytest.raises(Exception, match="kl is not finite at step 10"):
        watch.after_improvement(
            10, objective, Report("toy", torch.tensor(math.nan), {"kl": torch.tensor(math.nan)}, torch.tensor(1.0))
        )
    (finding,) = watch.findings()
    assert finding.severity == "blocker"
    assert "learning rate" in finding.remedy


def curve(watch, train, validation):
    for step, (t, v) in enumerate(zip(train, validation, strict=True)):
        watch.after_evaluation(step, None, {"validation_accuracy": 1 - v / 3, "train_loss": t, "validation_loss": v})
    return watch.findings()


def test_rising_validation_loss_with_falling_training_loss_is_overfitting():
    down = [2.0 * 0.8**i for i in range(12)]
    up = [1.5, 1.2, 1.0, 0.9, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6]
    (ill,) = curve(overfitting.Watch(), down, up)
    assert not ill.healthy
    (twin,) = curve(overfitting.Watch(), down, [d + 0.2 for d in down])
    assert twin.healthy


def test_one_bad_epoch_is_no_overfitting():
    down = [2.0 * 0.8**i for i in range(12)]
    jump = [d + 0.2 for d in down]
    jump[5] = 3.0
    (finding,) = curve(overfitting.Watch(), down, jump)
    assert finding.healthy


def test_a_curve_that_still_rises_at_the_end_is_noted_and_a_flat_one_is_not():
    rising, flat = [0.1 + 0.05 * i for i in range(15)], [0.9 - 0.8 * 0.5**i for i in range(15)]
    for scores, healthy in ((rising, False), (flat, True)):
        watch = still_improving.Watch()
        for step, score in enumerate(scores):
            watch.after_evaluation(step, None, {"validation_accuracy": score})
        (finding,) = watch.findings()
        assert finding.healthy is healthy


@pytest.mark.parametrize("name", catalogue.names(during))
def test_a_watcher_remembers_across_a_stop(name):
    first, second = catalogue.find(during, name).Watch(), catalogue.find(during, name).Watch()
    for step in range(8):
        report = Report("toy", torch.tensor(1.0), {}, torch.tensor(1.0), 0.1, torch.tensor(0.5))
        first.after_improvement(step, Toy().objectives[0], report)
        first.after_evaluation(
            step, None, {"validation_accuracy": step / 8, "train_loss": 1 / (step + 1), "validation_loss": 1.0 + step}
        )
    second.restore(first.state())
    assert second.findings() == first.findings()


def test_update_size_of_nothing_says_nothing():
    assert update_size.Watch().findings() == []
