"""The range test reads a good rate off a sweep, and leaves everything as it was."""

import json

import numpy as np
import pytest
import torch

from visus.cli._app import run
from visus.engine.loop import fit
from visus.playbook import rate
from visus.recipes import classify, digits_knn, digits_mlp

RATES = np.geomspace(1e-6, 10, 120)


def valley(best, wall, start=2.3, noise=0.0, seed=0):
    """The losses of a made-up sweep: flat, falling around the rate `best`, blowing up at `wall`."""
    dice = np.random.default_rng(seed)
    fallen = start - 1.8 / (1 + np.exp(-3 * np.log(RATES / best)))
    losses = fallen * np.exp(noise * dice.standard_normal(len(RATES)))
    stop = int(np.searchsorted(RATES, wall))
    return [start, *losses[:stop], *([float("inf")] if stop < len(RATES) else [])]


def test_the_steepest_rate_is_found_through_noise():
    found = rate.read(RATES, [valley(1e-2, 5.0, noise=0.05, seed=seed) for seed in range(3)])
    assert 3e-3 < found.steepest < 3e-2
    assert found.unstable == pytest.approx(5.0, rel=0.2)
    assert found.rate == pytest.approx(found.steepest, rel=0.5)
    assert "fastest" in found.reason


def test_a_rate_close_to_the_wall_is_not_proposed():
    found = rate.read(RATES, [valley(1e-1, 0.15)])
    assert found.rate == pytest.approx(found.unstable / 3, rel=0.3)
    assert found.rate < found.steepest
    assert "blows up at" in found.reason


def test_the_seed_that_blows_up_first_decides():
    found = rate.read(RATES, [valley(1e-3, 3.0), valley(1e-3, 0.3)])
    assert found.unstable == pytest.approx(0.3, rel=0.2)


def test_a_network_that_collapses_to_a_blind_guess_counts_as_blown_up():
    losses = valley(1e-3, 20.0)
    collapsed = [loss if k == 0 or RATES[k - 1] < 0.5 else losses[0] for k, loss in enumerate(losses)]
    assert rate.read(RATES, [collapsed]).unstable == pytest.approx(0.5, rel=0.5)


def test_where_nothing_falls_nothing_is_proposed():
    found = rate.read(RATES, [[2.3] * (len(RATES) + 1)])
    assert found.rate is None
    assert rate.sentence(found).startswith("no rate to propose")


def test_a_loss_that_is_not_finite_from_the_first_step_on_proposes_nothing():
    found = rate.read(RATES, [[2.3, float("nan")]])
    assert found.rate is None


def test_smoothing_keeps_a_constant_and_the_middle_of_a_line():
    np.testing.assert_allclose(rate.smoothed(np.full(30, 1.7)), 1.7)
    np.testing.assert_allclose(rate.smoothed(np.arange(41.0))[20], 20)


SMALL = {"data": "digits", "model": "mlp", "hidden": 32, "arithmetic": "float32", "crop": 0}


def test_a_sweep_leaves_weights_optimizer_and_random_state_alone():
    task = classify.build(**SMALL)
    before = {name: value.clone() for name, value in task.state_dict().items()}
    random, lr = torch.get_rng_state(), task.objectives[0].lr
    losses = rate.sweep(task, np.geomspace(1e-4, 0.1, 30).tolist())
    assert len(losses) == 31
    assert torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in task.state_dict().items())
    assert (task.objectives[0].lr, task.objectives[0].improvements) == (lr, 0)
    assert not task.objectives[0].optimizer.state
    assert rate.sweep(task, np.geomspace(1e-4, 0.1, 30).tolist()) == losses


def test_a_sweep_ends_where_the_loss_has_blown_up():
    losses = rate.sweep(classify.build(**SMALL, optimizer="sgd"), np.geomspace(1e-3, 1e6, 60).tolist())
    assert len(losses) < 61
    assert not np.isfinite(losses[-1]) or losses[-1] > losses[0]


@pytest.mark.parametrize("change", [{"model": "linear"}, {"optimizer": "adam"}, {"weight_decay": 0.1}])
def test_the_proposal_trains_nearly_as_well_as_the_best_of_many(change):
    settings = {"data": "digits", "model": "mlp", "arithmetic": "float32", "crop": 0, **change}
    found = rate.RangeTest(classify.build, settings, seeds=1, steps=60).run()

    def accuracy(lr):
        task = classify.build(**settings, lr=lr, epochs=2)
        fit(task, task.steps)
        return task.evaluate()["validation_accuracy"]

    best = max(accuracy(lr) for lr in (1e-3, 1e-2, 1e-1))
    assert accuracy(found.rate) > best - 0.06


@pytest.mark.parametrize(
    ("build", "settings", "options", "sentence"),
    [
        (digits_knn.build, {}, {}, "learns by remembering"),
        (digits_mlp.build, {"lr": 0.1}, {}, "leave it out"),
        (digits_mlp.build, {"optimizer": "lbfgs"}, {}, "no rate to look for"),
        (digits_mlp.build, {}, {"seeds": 0}, "at least 1 seed"),
        (digits_mlp.build, {}, {"steps": 3}, "and 20 steps"),
        (digits_mlp.build, {}, {"lowest": 1.0, "highest": 0.1}, "rises from above 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(build, settings, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        rate.RangeTest(build, settings, **options).run()


def test_the_command_says_a_rate_and_writes_a_page(tmp_path, capsys):
    assert run(["rate", "digits_mlp", "--seeds", "1", "--runs", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert " lr=" in said
    assert "Learning rate range test" in (tmp_path / "rate-digits_mlp.html").read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / "rate-digits_mlp.json").read_text(encoding="utf-8"))
    assert f"lr={numbers['rate']:g}" in said
    assert run(["rate", "digits_mlp", "lr=0.1", "--runs", str(tmp_path)]) == 2
    assert "leave it out" in capsys.readouterr().err
