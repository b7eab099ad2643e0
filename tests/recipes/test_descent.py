"""What a recipe's optimizer and schedule settings mean for the run that is built."""

import pytest
import torch

from visus.doctor.checkup import Checkup
from visus.engine.loop import fit
from visus.playbook import api
from visus.recipes import _descent, _form, classify
from visus.runs import checkpoint

PLAIN = {"data": "digits", "model": "linear", "arithmetic": "float32", "crop": 0}


def build(**settings):
    return classify.build(**{**PLAIN, **settings})


def factors(name, **settings):
    task = build(schedule=name, epochs=2, **settings)
    return [task.objectives[0].schedule(i) for i in range(task.steps)]


def test_step_goes_down_stairs_of_one_height_to_the_rate_that_is_asked_for():
    found = factors("step", decay=0.01, cycles=3)
    assert sorted(set(found), reverse=True) == pytest.approx([1, 0.1, 0.01])
    assert [round(found.count(level) / len(found), 1) for level in sorted(set(found))] == [0.3, 0.3, 0.3]


@pytest.mark.parametrize("name", ["exponential", "inverse"])
def test_decays_begin_at_the_full_rate_and_end_at_the_asked_share(name):
    found = factors(name, decay=0.2)
    assert found[0] == 1
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(0.2, rel=0.05)


def test_cycles_return_to_the_full_rate():
    assert factors("cyclic", cycles=4).count(1.0) == 4


def test_one_stair_is_a_constant_rate():
    assert set(factors("step", cycles=1)) == {1.0}


def test_momentum_rises_over_the_run():
    task = build(optimizer="nesterov", momentum_ramp=True, epochs=2)
    (objective,) = task.objectives
    assert (objective.momentum(0), objective.momentum(task.steps - 1)) == pytest.approx((0.5, 0.99))
    assert build(epochs=2).objectives[0].momentum is None


@pytest.mark.parametrize("rule", ["sgd", "adam", "rmsprop", "lbfgs"])
def test_a_rule_without_momentum_cannot_raise_it(rule):
    with pytest.raises(ValueError, match="momentum_ramp needs"):
        build(optimizer=rule, momentum_ramp=True)


def test_lbfgs_takes_the_whole_training_part_each_step_and_reaches_the_bottom():
    task = build(optimizer="lbfgs", epochs=60, weight_decay=1e-3)
    first, again = (next(task.batches(start)) for start in (0, 1))
    assert len(first[0]) == len(again[0]) == task.data.n
    fit(task, task.steps)
    objective = task.objectives[0]
    report = objective.improve(first)
    # At the bottom the slope of the loss and that of the penalty cancel.
    slope = torch.cat([(p.grad).flatten() for p in objective.parameters])
    assert float(slope.norm()) < 0.01
    assert float(report.loss) < 0.2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"batch": 100}, "batch=100 of 1259 pictures"),
        ({"crop": 1}, "leave flip, crop"),
        ({"flip": True}, "leave flip, crop"),
        ({"arithmetic": "bfloat16"}, "float32; got bfloat16"),
        ({"model": "mlp", "dropout": 0.5}, "set its dropout to 0"),
    ],
)
def test_lbfgs_refuses_what_would_change_the_loss_under_its_line_search(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(optimizer="lbfgs", **change)


def test_lbfgs_crops_nothing_unless_told_to():
    assert build(optimizer="lbfgs", crop=-1).steps == 30


def test_a_setting_that_a_line_search_finds_by_itself_is_refused():
    with pytest.raises(ValueError, match="no use for lr, schedule"):
        api.check_settings({"optimizer": "lbfgs", "lr": 0.1, "schedule": "cosine"})
    api.check_settings({"optimizer": "lbfgs", "weight_decay": 0.1})
    assert set(_form.fields(classify.build)) >= _descent.FOUND_BY_LINE_SEARCH


@pytest.mark.parametrize(
    "settings",
    [{"optimizer": "lbfgs"}, {"optimizer": "muon", "lr": 0.01, "batch": 600}, {"momentum_ramp": True, "batch": 600}],
)
def test_a_stopped_run_goes_on_exactly(settings, tmp_path):
    whole, half, resumed = (build(epochs=20, **settings) for _ in range(3))
    fit(whole, whole.steps)
    fit(half, half.steps // 2)
    state = {"objective": half.objectives[0].state_dict(), "weights": dict(half.state_dict())}
    checkpoint.save(tmp_path / "state.safetensors", state)
    saved = checkpoint.load(tmp_path / "state.safetensors")
    resumed.load_state_dict(saved["weights"])
    resumed.objectives[0].load_state_dict(saved["objective"])
    fit(resumed, resumed.steps, start=resumed.steps // 2)
    for p, q in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(p, q)


def test_the_margin_scales_what_a_blind_hinge_loses():
    found = [build(loss=name, margin=3.0).objectives[0].blind_loss for name in ("hinge", "squared_hinge")]
    assert found == [27.0, 81.0]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"margin": 2.0}, "margin=2 is a setting of hinge and squared_hinge, and loss is cross_entropy"),
        ({"loss": "hinge", "smoothing": 0.1}, r"smoothing=0.1 is a setting of cross_entropy, and loss is hinge"),
    ],
)
def test_a_setting_of_the_other_loss_is_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(**settings)


def test_the_doctor_takes_the_first_look_of_a_line_search_for_the_step():
    task, checkup = build(optimizer="lbfgs", epochs=40), Checkup()
    fit(task, task.steps, [checkup])
    assert any("outputs" in sample for sample in checkup.chart.samples)
    assert not [note for note in checkup.diagnosis().notes if "none of the usual" in note.what]


def test_what_means_nothing_to_a_line_search_is_not_searched():
    assert "lr" in _descent.idle("lbfgs")
    assert not _descent.idle("adam")
    assert not _descent.idle(None)


def test_a_recipe_whose_model_was_changed_refuses_its_own_architectures_settings():
    from visus.recipes import digits_mlp

    with pytest.raises(ValueError, match="model=linear has no setting hidden"):
        digits_mlp.build(model="linear")
