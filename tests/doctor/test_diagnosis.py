"""An unusual figure is a note; a hurt outcome or a mistake in itself is an alarm; and the planted cause comes first."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from visus.doctor import diagnosis
from visus.doctor.chart import Chart
from visus.doctor.diagnosis import diagnose, rank
from visus.doctor.finding import BLOCKER, NOTE, WARNING, Finding

from ._patients import HEALTHY, ILL, run

ODD = Finding(NOTE, "3 of 4 units are green", "none", "paint", "white spirit", kind="dead_units", where="0", weight=0.8)
GOOD, HURT, PLAIN = "convolutions", "labels unrelated", "SGD at 0.1 without"

# Planted causes that a person would name at once, from the figures alone.
CLEAR = [
    "pretrained and torn down",
    "fifty layers without shortcuts",
    "a regression that sees nothing",
    "softmax before the loss",
    "sigmoid before the loss",
    "ReLU on the scores",
    "gradients not cleared",
    "gradients cleared too late",
    "clipped to 1e-4",
    "no step",
    "optimizer of another model",
    "optimizer without the last layer",
    "optimizer anew at each step",
    "rate far too high",
    "rate far too low",
    "rate zero",
    "momentum 0.999",
    "eps 10",
    "maximised",
    "minus the loss",
    "loss summed",
    "labels smoothed away",
    "nll of raw scores",
    "classes without weight",
    "logarithm of nothing",
    "raw pixels",
    "inputs all the same",
    "a broken example",
    "channels last",
    "labels unrelated",
    "a class missing",
    "sorted by class",
    "twenty examples",
    "all weights zero",
    "weights start huge",
    "deep sigmoids",
    "tanh saturated",
    "half the units dead",
    "one unit wide",
    "cut in the middle",
    "neighbours mixed in",
    "last layer frozen",
    "body frozen by mistake",
    "decay 1",
    "dropout 0.95",
    "batches of one with norms",
    "norms that never learn",
    "norms in evaluation mode",
    "trained in evaluation mode",
    "scored in training mode",
    "validation prepared otherwise",
    "validation renumbered",
    "an old copy scored",
    "weights drawn anew",
    "rate gone at once",
    "warm-up without end",
]
EARLY = ["softmax before the loss", "gradients not cleared", "gradients cleared too late", "optimizer of another model"]


@pytest.fixture
def found(monkeypatch):
    """Let the only watcher find this."""
    for patient in (GOOD, HURT, PLAIN):  # trained before, by the doctor as it is: others look at the same runs
        chart_of(patient)

    def let(*findings):
        def look(chart):
            return list(findings)

        monkeypatch.setattr(diagnosis, "watchers", lambda: {"stub": SimpleNamespace(look=look)})

    return let


def chart_of(patient):
    return run((ILL | HEALTHY)[patient]).chart


def test_an_unusual_figure_is_a_note_where_the_outcome_is_good_and_a_cause_where_it_is_hurt(found):
    found(ODD)
    good, hurt = diagnose(chart_of(GOOD)), diagnose(chart_of(HURT))
    assert not good.alarm
    assert [f.kind for f in good.notes] == ["dead_units"]
    assert good.notes[0].severity == NOTE
    assert hurt.alarm
    assert hurt.outcome.state == "hurt"
    assert [f.kind for f in hurt.causes] == ["dead_units"]
    assert hurt.causes[0].severity == WARNING
    assert hurt.notes == []


def test_a_mistake_in_itself_alarms_though_the_outcome_is_good(found):
    found(replace(ODD, weight=0.95, defect=True))
    said = diagnose(chart_of(GOOD))
    assert said.outcome.state != "hurt"
    assert said.alarm
    assert [f.kind for f in said.causes] == ["dead_units"]


def test_a_blocker_stays_a_blocker(found):
    found(replace(ODD, severity=BLOCKER, weight=1.0, defect=True))
    assert diagnose(chart_of(GOOD)).causes[0].severity == BLOCKER


def test_a_hurt_outcome_that_nothing_explains_is_an_alarm_without_a_known_cause(found):
    found(replace(ODD, weight=0.05))
    said = diagnose(chart_of(HURT))
    assert said.alarm
    assert "not known" in said.causes[0].cause
    assert [f.kind for f in said.notes] == ["dead_units"]


def test_a_healthy_finding_is_neither_cause_nor_note(found):
    found(Finding("pass", "all is well"))
    for patient in (GOOD, HURT):
        said = diagnose(chart_of(patient))
        assert said.notes == []
        assert "all is well" not in [f.what for f in said.causes]


def test_a_watcher_that_stumbles_is_said_and_the_others_are_heard(monkeypatch):
    def stumble(chart):
        return [1 / 0]

    chart = Chart.from_dict(chart_of(HURT).to_dict())
    monkeypatch.setattr(
        diagnosis,
        "watchers",
        lambda: {"stub": SimpleNamespace(look=stumble), "other": SimpleNamespace(look=lambda chart: [ODD])},
    )
    said = diagnose(chart)
    assert [f.kind for f in said.causes] == ["dead_units"]
    assert any("'stub'" in sentence and "ZeroDivisionError" in sentence for sentence in said.unexamined)


def test_a_kind_is_named_once_and_a_second_sign_makes_it_likelier():
    (both,) = rank([replace(ODD, weight=0.5), replace(ODD, what="and the last is red", weight=0.4)])
    assert 0.5 < both.weight < 1
    assert "green" in both.what
    assert "red" in both.what


def test_a_consequence_steps_back_behind_its_cause():
    cause = replace(ODD, kind="gradients_not_cleared", weight=0.7)
    consequence = replace(ODD, kind="learning_rate_too_high", weight=0.8)
    assert [f.kind for f in rank([consequence, cause])] == ["gradients_not_cleared", "learning_rate_too_high"]
    assert rank([replace(ODD, weight=0.3), consequence])[0].kind == "learning_rate_too_high"


def test_a_known_good_score_decides_whether_a_run_is_hurt(found):
    found(ODD)
    chart = Chart.from_dict(chart_of(PLAIN).to_dict())
    score = chart.evaluations[-1]["score"]
    chart.consultation.pop("reference")
    for reference, hurt in ((score - 0.1, False), (score + 0.3, True)):
        chart.facts["reference"] = reference
        said = diagnose(chart)
        assert (said.outcome.state == "hurt") is hurt
        assert said.alarm is hurt


def test_what_only_the_end_can_tell_is_not_said_while_the_run_goes_on(found):
    found(replace(ODD, kind="too_short", weight=0.95, defect=True), replace(ODD, kind="overfitting", weight=0.95))
    chart = chart_of(HURT)
    assert {f.kind for f in diagnose(chart).causes} == {"too_short", "overfitting"}
    live = diagnose(chart, final=False)
    assert not {f.kind for f in (*live.causes, *live.notes)} & {"too_short", "overfitting"}


@pytest.mark.parametrize("patient", CLEAR)
def test_the_planted_cause_comes_first(patient):
    found = run(ILL[patient])
    assert found.diagnosis.alarm, str(found)
    assert found.kinds[0] in ILL[patient].kinds, str(found)
    first = found.diagnosis.causes[0]
    assert first.remedy
    assert first.where
    json.loads(found.diagnosis.to_json())


@pytest.mark.parametrize("patient", EARLY)
def test_what_can_be_seen_early_is_said_early(patient):
    chart = chart_of(patient)
    assert chart.first_alarm is not None
    assert chart.first_alarm < 0.5 * chart.steps


@pytest.mark.parametrize("patient", HEALTHY)
def test_a_hard_but_healthy_run_is_not_alarmed_neither_while_it_goes_on_nor_at_its_end(patient):
    found = run(HEALTHY[patient])
    assert not found.diagnosis.alarm, str(found)
    assert found.diagnosis.causes == []
    assert found.chart.first_alarm is None, str(found)
