"""The doctor's part of the report: verdict, causes, notes folded away, and what the trials proved."""

import json
import re

import pytest
import synthetic_run as made
from test_report import HOSTILE, Page, assert_sound

from visus.doctor.chart import Chart
from visus.doctor.during import update_size
from visus.report import page
from visus.report.figures import curves


def trial(change, score, diverged=False):
    length = {"seed": 0, "share": 0.25, "steps": 165, "seconds": 2.0, "outcome": ""}
    return {"change": change, "scored": "validation_accuracy", "score": score, "diverged": diverged, **length}


def compared(change, before, after, low, high, helps):
    scores = {"before": before, "after": after, "difference": after - before, "low": low, "high": high, "n": 3}
    pairs = [[before, after + gap] for gap in (-0.01, 0.0, 0.01)]
    return {
        "change": change,
        "cause": "x",
        "helps": helps,
        "pairs": pairs,
        "outcomes": [["hurt", "fine"]] * 3,
        **scores,
    }


def treatment(**more):
    rows = [
        compared({"lr": 0.05}, 0.1, 0.9, 0.7, 0.95, True),
        compared({"dropout": 0.2}, 0.1, 0.11, -0.02, 0.04, False),
    ]
    found = {
        "event": "treatment",
        "state": "helped",
        "verdict": "lr 0.05 helps: validation accuracy 10.0 % to 90.0 %.",
        "diff": [["-", "lr = 50"], ["+", "lr = 0.05"]],
        "command": "visus train digits_mlp lr=0.05",
        "as_is": trial({}, 0.0, True),
        "screened": [[{"lr": 5.0}, "learning_rate_too_high", trial({"lr": 5.0}, 0.0, True)]],
        "compared": rows,
        "best": rows[0],
        "plan": {"share": 0.25, "screening": 0.125, "whole_s": 8.0, "steps": 165},
        "by_hand": ["labels unrelated (targets): look at pictures with their labels"],
        "why": "",
        "seconds": 41.0,
    }
    return found | more


def diverged_chart():
    """Of a run whose loss grew beyond all bounds."""
    chart = Chart(facts={"planned_steps": 200, "optimizers": [{"name": "SGD", "lr": 50.0}]}, steps=60)
    for step in range(60):
        chart.losses.add(step, 2.3 * 1.5**step)
    for step in range(0, 60, 4):
        chart.add_sample({"step": step, "update": {"lr": [50.0], "ratio": 2.0}, "outputs": {"classes": 10}})
    return chart


@pytest.fixture
def folder(tmp_path):
    folder = made.build(tmp_path / "run")
    made.write_events(folder, [event for event in made.read_events(folder) if event["event"] != "finding"])
    return folder


def shown(folder):
    found = Page(page.write(folder).read_text(encoding="utf-8"))
    assert_sound(found)
    return re.sub(r"\s+", " ", " ".join(found.text)), found


def test_an_alarm_is_shown_with_its_cause_and_the_change(folder):
    (folder / "chart.json").write_text(json.dumps(diverged_chart().to_dict()))
    words, _ = shown(folder)
    assert "ALARM after 60 steps" in words
    assert "1. learning rate too high (lr)" in words
    assert "- lr = 0.0031 + lr = 0.00031" in words  # what the run's settings say, not what a schedule came to
    assert "Not to be relied on" in words


def test_a_run_without_alarm_says_so_and_folds_its_notes(folder):
    words, found = shown(folder)
    assert "ALARM" not in words
    assert re.search(r"(No alarm|Healthy) after 660 steps", words)
    assert "chart.json is missing" in words
    assert "details" in found.tags


def test_what_was_charted_is_not_told_twice(folder):
    said = {"event": "finding", "watcher": "learning_rate", "severity": "warning", "what": "said while it ran"}
    made.write_events(folder, [*made.read_events(folder), said])
    assert "said while it ran" in shown(folder)[0]
    (folder / "chart.json").write_text(json.dumps(diverged_chart().to_dict()))
    assert "said while it ran" not in shown(folder)[0]


def test_a_treatment_is_shown_with_its_figures(folder):
    made.write_events(folder, [*made.read_events(folder), treatment()])
    words, found = shown(folder)
    assert "Proved lr 0.05 helps" in words
    assert "- lr = 50 + lr = 0.05" in words
    assert "visus train digits_mlp lr=0.05" in words
    assert "Compared over 165 steps, 25 % of the run. Took 41 s." in words
    assert "lr 0.05 10.0 % 90.0 % 3 3 → 0" in words
    assert "lr 5 0.0 % diverged learning rate too high" in words
    assert "labels unrelated (targets): look at pictures" in words
    assert any("a remedy helps where its whole bar lies clear" in figure["caption"] for figure in found.figures)


def test_the_last_of_several_treatments_counts(folder):
    none = treatment(state="nothing helped", verdict="None of the 6 helps.", command="", diff=[], best=None)
    made.write_events(folder, [*made.read_events(folder), treatment(), none])
    words, _ = shown(folder)
    assert "Not proved None of the 6 helps." in words


def test_hostile_words_in_a_treatment_are_words(folder):
    hostile = treatment(
        verdict=HOSTILE[0],
        command=HOSTILE[1],
        diff=[["-", HOSTILE[3]], [HOSTILE[0], "x" * 4000]],
        by_hand=list(HOSTILE),
        compared=[compared({HOSTILE[2]: HOSTILE[0]}, 0.1, 0.2, 0.05, 0.15, True)],
    )
    made.write_events(folder, [*made.read_events(folder), hostile])
    assert "<script>alert(1)</script>" in shown(folder)[0]


@pytest.mark.parametrize(
    "odd",
    [
        {"compared": [3, {}, {"pairs": [1], "outcomes": ["?"], "low": None}], "screened": ["?", [1, 2, 3]]},
        {"as_is": 5, "plan": None, "diff": ["+", ["+"]], "by_hand": "hands", "seconds": None, "verdict": None},
        {"compared": [compared({"lr": 1}, 0.1, 0.2, float("nan"), float("inf"), True)]},
    ],
)
def test_an_odd_treatment_does_no_harm(odd, folder):
    made.write_events(folder, [*made.read_events(folder), treatment(**odd)])
    shown(folder)


def test_the_band_of_usual_updates_is_the_watchers():
    assert curves.USUAL_UPDATE == (update_size.LOW, update_size.HIGH)
    assert update_size.LOW < 1e-3 < update_size.HIGH
