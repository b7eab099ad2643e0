"""Post-mortems: each is tried on a planted illness and on its healthy twin; then the diagnosis of whole records."""

import json
import math
import shutil
import signal

import numpy as np
import pytest

from visus.doctor import after
from visus.doctor.after import (
    baselines_not_beaten,
    best_on_border,
    blocked,
    failed_checks,
    resume_changed,
    robustness_claim,
    saliency_sanity,
    winner_is_luck,
)
from visus.doctor.after import test_set_reused as reused  # by its own name pytest would take it for a test
from visus.doctor.finding import Finding
from visus.doctor.post_mortem import post_mortem
from visus.engine import catalogue
from visus.playbook import api
from visus.playbook._session import InterruptedRunError
from visus.runs import checkpoint, ledger, robustness
from visus.runs.reader import Run

VERSIONS = {"torch": "2.13.0", "visus": "0.1.0"}


def record(folder, events=(), **info):
    """A run folder with these events."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"name": folder.name, "recipe": "fit", "settings": {"lr": 0.1, "smoothing": 0.0}, "seed": 0}
    data = {"classes": ["cat", "dog"], "n": 100}
    (folder / "run.json").write_text(json.dumps({**facts, "versions": VERSIONS, "data": data, **info}))
    lines = [json.dumps({"time": 1000.0 + i, **event}) + "\n" for i, event in enumerate(events)]
    (folder / "events.jsonl").write_text("".join(lines))
    return Run(folder)


def verdict(stage, severity="pass", line="", **detail):
    return {"event": "verdict", "stage": stage, "severity": severity, "line": line, "detail": detail}


def metrics(first, last, level=0.6, fall=0.5, lr=0.1, seed=0, lift=0.0):
    """Logged losses of a run of 200 steps: falling and noisy, a function of the step; lr: a number or a function."""
    dice = np.random.default_rng(seed).normal(0, 0.02, 400)
    rate = lr if callable(lr) else (lambda step: lr)
    losses = {step: level * math.exp(-fall * step / 200) + dice[step] + lift for step in range(3, 200, 4)}
    return [
        {
            "event": "metrics",
            "step": step,
            "objective": "classify",
            "loss": loss,
            "terms": {"cross_entropy": loss},
            "gradient_norm": 1.0,
            "lr": rate(step),
            "update_ratio": 1e-3,
        }
        for step, loss in losses.items()
        if first <= step < last
    ]


STARTED, RESUMED, STOPPED = (
    {"event": "started", "step": 0},
    {"event": "resumed", "step": 100},
    {"event": "stopped", "step": 200, "why": ""},
)


def linear(step):
    return 0.1 * (1 - step / 200)


def ill(finding):
    return [f for f in finding if not f.healthy]


@pytest.mark.parametrize("name", catalogue.names(after))
def test_every_post_mortem_keeps_the_contract(name, tmp_path):
    """One question as its card; findings of a record with everything, of an empty one, and of an odd one."""
    assert catalogue.card(after, name).endswith("?")
    odd = [{"event": "trial"}, {"event": "verdict"}, {"event": "scores", "scores": 3}, {**RESUMED, "step": 0}]
    odd += [verdict("search", best=None, border=[3], ranges=[]), verdict("checks", findings=["?"])]
    odd += [verdict("baselines", knn="high"), verdict("test", use="two"), {"event": "trial", "score": "x"}]
    for number, events in enumerate(([], [STARTED, *metrics(0, 200), STOPPED], odd)):
        run = record(tmp_path / f"run-{number}", events)
        found = catalogue.find(after, name).examine(run)
        assert all(isinstance(f, Finding) for f in found)
        assert all(f.kind and f.remedy for f in ill(found))


# -- resume_changed ---------------------------------------------------------------------------------------------------


def test_a_resume_that_goes_on_is_healthy(tmp_path):
    run = record(tmp_path, [STARTED, *metrics(0, 100, lr=linear), RESUMED, *metrics(100, 200, lr=linear), STOPPED])
    (finding,) = resume_changed.examine(run)
    assert finding.healthy


@pytest.mark.parametrize("seed", range(20))
def test_noise_at_a_resume_is_no_jump(seed, tmp_path):
    run = record(tmp_path, [STARTED, *metrics(0, 100, seed=seed), RESUMED, *metrics(100, 200, seed=seed), STOPPED])
    assert resume_changed.examine(run)[0].healthy


def test_a_loss_that_jumps_at_the_resume_is_found(tmp_path):
    run = record(tmp_path, [STARTED, *metrics(0, 100), RESUMED, *metrics(100, 200, lift=0.3), STOPPED])
    (finding,) = ill(resume_changed.examine(run))
    assert finding.kind == "resume_changed"
    assert "the loss jumps from 0.4" in finding.what


def test_a_schedule_that_began_anew_is_found(tmp_path):
    anew = metrics(100, 200, lr=lambda step: linear(step - 100))
    run = record(tmp_path, [STARTED, *metrics(0, 100, lr=linear), RESUMED, *anew, STOPPED])
    (finding,) = ill(resume_changed.examine(run))
    assert "the learning rate leaps from 0.0505 to 0.0985" in finding.what
    assert finding.defect


@pytest.mark.parametrize("end", range(8, 196, 4))
def test_wherever_a_schedule_is_resumed_it_does_not_leap(end, tmp_path):
    def one_cycle(step):
        return 0.1 * ((step + 1) / 41 if step < 40 else (200 - step) / 160)

    parts = [STARTED, *metrics(0, end, lr=one_cycle), {**RESUMED, "step": end}, *metrics(end, 200, lr=one_cycle)]
    assert resume_changed.examine(record(tmp_path, parts))[0].healthy


def test_steps_repeated_after_a_kill_must_come_out_the_same(tmp_path):
    lost = [STARTED, *metrics(0, 140, lr=linear), RESUMED]
    same = record(tmp_path / "same", [*lost, *metrics(100, 200, lr=linear), STOPPED])
    assert resume_changed.examine(same)[0].healthy
    other = record(tmp_path / "other", [*lost, *metrics(100, 200, lr=linear, seed=5), STOPPED])
    (finding,) = ill(resume_changed.examine(other))
    assert "losses repeated after the resume at step 100 differ by" in finding.what
    faster = record(tmp_path / "faster", [*lost, *metrics(100, 200, lr=0.3), STOPPED])
    assert any("a repeated step has lr 0.3, not" in f.what for f in ill(resume_changed.examine(faster)))


def test_other_versions_are_named_where_the_resume_recorded_them(tmp_path):
    resumed = {**RESUMED, "versions": {"torch": "2.14.0", "visus": "0.1.0"}}
    run = record(tmp_path, [STARTED, *metrics(0, 100), resumed, *metrics(100, 200)])
    (finding,) = ill(resume_changed.examine(run))
    assert "torch 2.13.0 to 2.14.0" in finding.what


# -- the search, the baselines, the test, the stages ------------------------------------------------------------------

RANGES = {"lr": [1e-3, 1.0, True], "weight_decay": [1e-5, 1e-2, True]}


@pytest.mark.parametrize(("best", "times", "way"), [(0.9, 3.0, "higher"), (1.1e-3, 1 / 3, "lower")])
def test_a_best_value_on_the_border_points_beyond_it(best, times, way, tmp_path):
    run = record(tmp_path, [verdict("search", best={"lr": best}, border=["lr"], ranges=RANGES)])
    (finding,) = best_on_border.examine(run)
    assert finding.change == {"lr": {"times": times}}
    assert way in finding.remedy


def test_a_best_value_inside_is_healthy(tmp_path):
    run = record(tmp_path, [verdict("search", best={"lr": 0.03}, border=[], ranges=RANGES)])
    assert best_on_border.examine(run)[0].healthy


def trial(number, lr, score):
    return {"event": "trial", "round": number, "settings": {"lr": lr, "weight_decay": 1e-4}, "score": score}


def test_a_winner_far_from_a_second_as_good_may_be_luck(tmp_path):
    split = verdict("split", validation=268)
    luck = record(tmp_path / "luck", [split, trial(1, 1.0, 0.99), trial(2, 0.01, 0.81), trial(2, 0.5, 0.80)])
    (finding,) = winner_is_luck.examine(luck)
    assert finding.kind == "winner_is_luck"
    assert "seed=1" in finding.remedy
    for name, events in {
        "clear": [trial(2, 0.01, 0.90), trial(2, 0.5, 0.80)],
        "agree": [trial(2, 0.01, 0.81), trial(2, 0.012, 0.80)],
    }.items():
        assert winner_is_luck.examine(record(tmp_path / name, [split, *events]))[0].healthy


def test_a_winner_that_was_tried_again_is_judged_by_that(tmp_path):
    rows = [{"settings": {"lr": lr}, "scores": [0.8, 0.8]} for lr in (0.5, 0.01)]
    leads = {"open": {"mean": 0.01, "low": -0.02, "high": 0.04}, "clear": {"mean": 0.03, "low": 0.01, "high": 0.05}}
    for name, lead in leads.items():
        run = record(tmp_path / name, [verdict("search", repeats=rows, lead=lead, clear=name == "clear")])
        (finding,) = winner_is_luck.examine(run)
        assert finding.healthy is (name == "clear")
        assert f"lead by {100 * lead['mean']:.1f} points" in finding.what


def test_a_second_look_at_the_test_is_noted_and_the_first_is_not(tmp_path):
    run = record(tmp_path / "run-1", [verdict("test", accuracy=0.9, use=1, split_hash="abc")])
    ledger.record(tmp_path, "abc", "run-1", 100, 0.9)
    ledger.record(tmp_path, "abc", "run-2", 100, 0.9)
    assert reused.examine(run)[0].healthy
    second = record(tmp_path / "run-2", [verdict("test", accuracy=0.9, use=2, split_hash="abc")])
    (finding,) = reused.examine(second)
    assert finding.what == "this run is use 2 of its test split, 1 other run among them"


def scores(*values):
    return [
        {"event": "scores", "step": 40 * (i + 1) - 1, "epoch": i + 1, "scores": {"validation_accuracy": value}}
        for i, value in enumerate(values)
    ]


@pytest.mark.parametrize(("best", "healthy"), [(0.6, False), (0.9, True)])
def test_simple_methods_must_be_beaten(best, healthy, tmp_path):
    run = record(tmp_path, [verdict("baselines", majority=0.5, knn=0.8, linear=0.7), *scores(0.5, best, 0.55)])
    (finding,) = baselines_not_beaten.examine(run)
    assert finding.healthy is healthy
    assert finding.against == "the nearest neighbours: 80.0%"


def test_a_blocked_stage_and_a_failed_check_are_told(tmp_path):
    warned = {"check": "first_loss", "severity": "warning", "what": "loss at start 9", "remedy": "see the head"}
    events = [verdict("checks", "blocker", "loss at start 9", findings=[warned, {"severity": "pass", "what": "fine"}])]
    run = record(tmp_path, events)
    (stage,), (check,) = blocked.examine(run), failed_checks.examine(run)
    assert stage.kind == "blocked"
    assert (check.kind, check.what) == ("first_loss", "before training: loss at start 9")
    diagnosis = post_mortem(run)
    assert diagnosis.alarm
    assert diagnosis.causes[0].kind == "blocked"


# -- what it stands ---------------------------------------------------------------------------------------------------


def measured(folder, standing, adversary="none", epsilons=(0.0, 4 / 255, 8 / 255), n=200, norm="linf"):
    """A run whose model was attacked: of n pictures so many right at each epsilon."""
    run = record(folder, settings={"adversary": adversary})
    table = {
        "epsilons": list(epsilons),
        "norm": norm,
        "n": n,
        "standing": standing,
        "together": [],
        "part": "validation",
    }
    robustness.add(folder, robustness.ATTACKS, {norm: table})
    return run


SOUND = {"noise": [180, 179, 178], "fgsm": [180, 90, 40], "pgd": [180, 70, 20]}


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("epsilon_outside_pixels", {"standing": SOUND, "epsilons": (0.0, 4.0, 8.0)}),
        ("robustness_unproved", {"standing": {"noise": [180, 179, 178], "fgsm": [180, 160, 150]}, "adversary": "fgsm"}),
        ("robustness_unproved", {"standing": {"pgd": [180, 120, 90]}, "adversary": "pgd"}),
        ("gradient_masked", {"standing": {"fgsm": [180, 60, 30], "pgd": [180, 150, 120]}}),
        ("gradient_masked", {"standing": {"noise": [180, 100, 60], "pgd": [180, 150, 120]}}),
        ("attack_without_effect", {"standing": {"pgd": [180, 178, 176]}, "epsilons": (0.0, 16 / 255, 32 / 255)}),
    ],
)
def test_robustness_that_cannot_be_believed_is_named(kind, given, tmp_path):
    (finding,) = robustness_claim.examine(measured(tmp_path, **given))
    assert finding.kind == kind
    assert not finding.healthy
    assert finding.remedy


@pytest.mark.parametrize(
    "given",
    [
        {"standing": SOUND},
        {"standing": SOUND, "adversary": "fgsm"},
        {"standing": {"pgd": [180, 120, 90], "pgd:aim=margin": [180, 118, 86]}, "adversary": "pgd"},
        {"standing": {"fgsm": [180, 10, 3]}, "adversary": "fgsm"},
        {"standing": {"fgsm": [180, 61, 40], "pgd": [180, 64, 44]}},
        {"standing": {"pgd_l2": [180, 120, 90]}, "norm": "l2", "epsilons": (0.0, 1.0, 2.0)},
    ],
)
def test_robustness_measured_as_it_should_be_is_healthy(given, tmp_path):
    (finding,) = robustness_claim.examine(measured(tmp_path, **given))
    assert finding.healthy, finding


@pytest.mark.parametrize(
    "torn", ["{", "[]", '{"attacks": 3}', '{"attacks": {"linf": {"n": 0, "standing": {"pgd": null}}}}']
)
def test_a_torn_record_of_attacks_is_passed_over(torn, tmp_path):
    run = record(tmp_path)
    (tmp_path / "robustness.json").write_text(torn)
    assert robustness_claim.examine(run) == []


# -- what it looks at -------------------------------------------------------------------------------------------------


def explained(folder, **techniques):
    """A run whose maps were compared with those of shuffled weights, from the head down."""
    run = record(folder)
    (folder / "explain").mkdir()
    rows = {name: {"sanity": [["fc", 0.9], ["conv1", last]]} for name, last in techniques.items()}
    (folder / "explain" / "explain.json").write_text(json.dumps({"techniques": {**rows, "filters": {"sanity": []}}}))
    return run


def test_a_map_that_does_not_care_what_was_learned_is_noted(tmp_path):
    (finding,) = saliency_sanity.examine(explained(tmp_path / "ill", guided_backprop=0.82, saliency=0.11))
    assert finding.kind == "map_ignores_the_model"
    assert finding.where == "guided_backprop"
    assert finding.remedy.endswith("look at saliency")
    (twin,) = saliency_sanity.examine(explained(tmp_path / "well", grad_cam=-0.02, saliency=0.11))
    assert twin.healthy
    assert saliency_sanity.examine(explained(tmp_path / "none")) == []
    for number, torn in enumerate(("{", "[]", '{"techniques": {"saliency": {"sanity": [3]}, "x": 1}}')):
        run = explained(tmp_path / f"torn-{number}")
        (run.folder / "explain" / "explain.json").write_text(torn)
        assert saliency_sanity.examine(run) == []


# -- whole records ----------------------------------------------------------------------------------------------------


def test_an_old_run_without_a_chart_is_judged_and_says_so(tmp_path):
    falling = [e for e in metrics(0, 200, fall=4) if e]
    well = post_mortem(record(tmp_path / "well", [STARTED, *falling, *scores(0.7, 0.8, 0.9, 0.95, 0.98), STOPPED]))
    assert not well.alarm
    assert "chart.json is missing" in well.unexamined[0]
    assert not any("the question of" in said for said in well.unexamined)
    ill_one = post_mortem(record(tmp_path / "ill", [STARTED, *metrics(0, 200, fall=-5, lr=9.0), *scores(0.5, 0.5)]))
    assert ill_one.alarm
    assert ill_one.causes[0].kind == "learning_rate_too_high"
    assert ill_one.settings["lr"] == 0.1  # what was asked for, not the highest that the schedule came to


def test_a_network_that_simple_methods_beat_is_hurt(tmp_path):
    beaten = [verdict("baselines", knn=0.97), *metrics(0, 200, fall=1), *scores(0.6, 0.62, 0.61, 0.6, 0.61), STOPPED]
    diagnosis = post_mortem(record(tmp_path, beaten))
    assert diagnosis.outcome.state == "hurt"
    assert any("97.0%" in reason for reason in diagnosis.outcome.reasons)
    assert any(note.kind == "baselines_not_beaten" for note in diagnosis.notes)


@pytest.mark.parametrize("torn", ["{", "[]", '{"losses": 3}', "null", '{"losses": {}, "unknown": 1}'])
def test_a_torn_chart_is_named_and_the_rest_is_judged(torn, tmp_path):
    run = record(tmp_path, [STARTED, *metrics(0, 200, fall=4), *scores(0.9, 0.98), STOPPED])
    (tmp_path / "chart.json").write_text(torn)
    diagnosis = post_mortem(run)
    assert not diagnosis.alarm
    assert "chart.json cannot be read" in diagnosis.unexamined[0]


def test_a_record_of_nothing_is_refused_with_the_next_step(tmp_path):
    with pytest.raises(ValueError, match="has recorded nothing to judge yet"):
        post_mortem(record(tmp_path))
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ValueError, match=r"run\.json is damaged"):
        post_mortem(Run(tmp_path))


def test_a_changed_resume_is_an_alarm_even_where_the_outcome_is_fine(tmp_path):
    anew = metrics(100, 200, lr=lambda step: linear(step - 100))
    run = record(tmp_path, [STARTED, *metrics(0, 100, lr=linear), RESUMED, *anew, *scores(0.9, 0.98), STOPPED])
    diagnosis = post_mortem(run)
    assert diagnosis.alarm
    assert diagnosis.causes[0].kind == "resume_changed"


def test_a_memory_that_only_remembers_is_not_alarmed(tmp_path):
    kept = [{"event": "metrics", "step": s, "objective": "memory", "loss": 0.0, "lr": 0.0, "terms": {}} for s in (0, 1)]
    assert not post_mortem(record(tmp_path, [STARTED, *kept, *scores(0.97), STOPPED])).alarm


# -- a real resume ----------------------------------------------------------------------------------------------------


class PressCtrlC:
    """Presses Ctrl-C half-way through the training."""

    def __init__(self):
        self.pressed = False

    def progress(self, stage, done, total, text=""):
        if not self.pressed and stage == "train" and done >= 0.5 * total:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)

    def verdict(self, stage, line, severity): ...

    def say(self, text): ...


def test_our_own_resume_is_healthy_and_one_that_lost_the_schedule_is_not(tmp_path):
    settings = {"epochs": 4.0, "arithmetic": "float32"}
    with pytest.raises(InterruptedRunError):
        api.train_recipe("digits_mlp", settings, tmp_path, PressCtrlC())
    ours, other = tmp_path / "digits-mlp-1", tmp_path / "other"
    shutil.copytree(ours, other)
    api.resume(ours)
    assert resume_changed.examine(Run(ours))[0].healthy
    last = other / "checkpoints" / "last.safetensors"
    state = checkpoint.load(last)
    state["objectives"][0]["improvements"] = 0
    checkpoint.save(last, state)
    api.resume(other)
    assert any("the learning rate leaps" in f.what for f in ill(resume_changed.examine(Run(other))))
    assert post_mortem(Run(other)).alarm
    assert not post_mortem(Run(ours)).alarm
