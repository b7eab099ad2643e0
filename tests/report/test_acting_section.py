"""The section on players, from evidence made up: what it shows, other seeds beside it, and what is damaged."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from synthetic_run import write_events, write_info

from visus.report import measures, page, wording
from visus.report import record as records
from visus.report.figures import acting as figures
from visus.report.figures.chart import Line
from visus.report.sections import acting, search
from visus.runs import film
from visus.runs.reader import RUN, Run

SETTINGS = {"world": "CartPole-v1", "lr": 1e-3, "epochs": 3}
NAMES = ["left", "<b>right</b>"]


def played(folder, seed=0, without=(), events=(), tensors=None, **changes):
    """A run folder of a player that was tested, evaluated three times while it learned."""
    folder.mkdir(parents=True, exist_ok=True)
    write_info(folder)
    info = json.loads((folder / RUN).read_text())
    settings = {**SETTINGS, "seed": seed, **changes}
    told = {
        "name": folder.name,
        "subject": "acting",
        "recipe": "dqn",
        "source": None,
        "seed": seed,
        "settings": settings,
    }
    (folder / RUN).write_text(json.dumps({**info, **told}))
    write_events(folder, [{"event": "opened"}, *scores(seed), baselines(), the_test(), *events])
    dice = np.random.default_rng(seed)
    frames = [dice.integers(0, 255, (8, 12, 3), dtype=np.uint8) for _ in range(4)]
    kept = {
        "returns": torch.tensor([480.0, 500.0, 490.0]), "lengths": torch.tensor([480.0, 500.0, 490.0]),
        "random.returns": torch.tensor([20.0, 22.0]), "counts": torch.tensor([30, 70]),
        "expected": torch.arange(50.0) + 2, "earned": torch.arange(50.0), "film.values": torch.rand(9),
        "film.rewards": torch.ones(9), "amounts": torch.rand(30, 2),
        "film": torch.frombuffer(bytearray(film.encode(frames, 10, ".webp")), dtype=torch.uint8), **(tensors or {}),
    }  # fmt: skip
    facts = {
        "world": "CartPole-v1", "options": "", "player": "q_network", "gamma": 0.99, "part": "test", "drawn": False,
        "limit": 500, "solved": 475.0, "fps": 50.0, "cut": 1, "actions": NAMES, "clipped": False,
        "film": {"return": 490.0, "steps": 490, "shown": 9, "width": 12, "height": 8},
    }  # fmt: skip
    named = {f"{acting.TENSORS}{name}": tensor for name, tensor in kept.items() if name not in without}
    save_file(named, folder / "evidence.safetensors", {"facts": json.dumps({acting.FACTS: facts})})
    return folder


def scores(seed, returns=(20.0, 200.0, 490.0)):
    for number, value in enumerate(returns):
        told = {
            "validation_return": value + seed, "validation_return_spread": 3.0, "validation_length": value,
            "train_return": value / 2, "env_steps": 1000.0 * (number + 1), "q_mean": 9.0, "q_gap": 0.5,
            "epsilon": 0.9 - 0.4 * number, "own_figure": 3.0,
        }  # fmt: skip
        yield {"event": "scores", "step": 10 * number, "epoch": number + 1.0, "scores": told}


def baselines():
    detail = {"random actions": 21.5, "always left": 9.5}
    return {"event": "verdict", "stage": "baselines", "severity": "pass", "line": "21.5", "detail": detail}


def the_test(score=490.0):
    rival = {"name": "player of random actions", "low": 450.0, "high": 480.0}
    figures_of = {"measure": "mean return", "score": score, "low": score - 7, "high": score + 6, "n": 100}
    detail = {**figures_of, "solved": 475.0, "use": 1, "rival": rival}
    return {"event": "verdict", "stage": "test", "severity": "pass", "line": f"{score}", "detail": detail}


def gathered(folder):
    run = Run(folder)
    return acting.gather(run, records.read(run))


def rendered(folder):
    return " ".join(page.render(Run(folder)).split())


def test_the_page_shows_what_is_earned_expected_and_done(tmp_path):
    text = rendered(played(tmp_path / "runs" / "one"))
    for wanted in (
        "490", "mean return on 100 test episodes", "between 483 and 496", "It is solved",
        "better than the best simple method, the player of random actions", "Q network in CartPole-v1",
        "The episode whose return is in the middle: 490 in 490 steps, its first 9 shown.",
        "data:image/webp;base64,UklG",
        "random actions", "Expected and earned", "expected 2 more than it earned", "70 %", "time limit",
        "How often it tries a random action", "Own figure", "Q beyond earned", "480 to 500",
        "1 of them cut by the time limit", "steps of the world to learn from",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert "<b>right</b>" not in text
    assert "Loss, in nats" not in text


def test_a_world_that_is_not_solved_is_said_not_to_be(tmp_path):
    folder = played(tmp_path / "runs" / "one", events=[the_test(300.0)])
    assert "It is not solved yet: a mean return of 475" in rendered(folder)


def test_runs_that_differ_in_the_seed_alone_stand_beside_it_and_others_do_not(tmp_path):
    runs = tmp_path / "runs"
    for name, seed, changes in (
        ("one", 0, {}), ("two", 1, {}), ("three", 2, {}), ("again", 1, {}), ("faster", 3, {"lr": 1e-2}),
    ):  # fmt: skip
        played(runs / name, seed, **changes)
    (runs / "torn").mkdir()
    (runs / "torn" / RUN).write_text("{")
    (runs / "torn" / "events.jsonl").write_text("")
    found = gathered(runs / "one")
    names = [name for name, _, _ in found["seeds"]["rows"]]
    assert names[0] == "this run"
    assert len(names) == 3
    assert "three" in names
    assert {"faster", "torn"}.isdisjoint(names)
    best = [490.0, 491.0, 492.0]
    assert f"Over 3 seeds the best evaluation is {np.median(best):g} (median), 490 to 492" in found["seeds"]["said"]
    assert f"deviation of {np.std(best, ddof=1):.4g}" in found["seeds"]["said"]
    assert "the evaluations of 3 runs" in found["curves"][0].reading


def test_without_a_test_the_best_evaluation_is_told_and_called_no_test(tmp_path):
    folder = played(tmp_path / "runs" / "one")
    write_events(folder, list(scores(0)))
    text = rendered(folder)
    assert "best validation return" in text
    assert "not a test result" in text
    assert "Not tested yet" in text


def test_another_kind_of_run_has_no_such_section_and_one_that_only_learned_has_its_curve(tmp_path):
    folder = played(tmp_path / "runs" / "one")
    (folder / "evidence.safetensors").unlink()
    found = gathered(folder)
    assert found["lead"] == "What was earned while it learned."
    assert found["curves"][0].title == "Return"
    assert not found["values"]
    assert found["film"] is None
    info = json.loads((folder / RUN).read_text())
    (folder / RUN).write_text(json.dumps({**info, "subject": "pictures"}))
    assert gathered(folder) is None


@pytest.mark.parametrize("without", [("film", "expected", "counts"), ("returns", "lengths", "amounts", "film.values")])
def test_what_is_missing_is_left_out(without, tmp_path):
    assert 'id="acting"' in rendered(played(tmp_path / "runs" / "one", without=without))


def test_what_is_damaged_is_left_out(tmp_path):
    broken = {
        "returns": torch.tensor([float("nan")]), "film": torch.rand(3, 3), "counts": torch.rand(2, 2),
        "expected": torch.rand(3), "amounts": torch.full((3, 2), float("inf")), "film.values": torch.rand(2),
    }  # fmt: skip
    folder = played(tmp_path / "runs" / "one", tensors=broken)
    found = gathered(folder)
    assert found["film"] is None
    assert [chart.title for chart in found["charts"]] == ["Lengths of episodes"]
    assert 'id="acting"' in rendered(folder)


def test_returns_that_are_no_numbers_do_not_stop_the_page(tmp_path):
    odd = [
        {"event": "scores", "step": step, "epoch": 1.0, "scores": {"validation_return": value}}
        for step, value in enumerate((float("nan"), None, "much", 1e300))
    ]
    assert 'id="acting"' in rendered(played(tmp_path / "runs" / "one", events=odd))


def test_seeds_are_compared_where_all_have_values():
    lines = [
        Line(np.array([0.0, 10.0, 20.0]), np.array([0.0, 10.0, 20.0])),
        Line(np.array([5.0, 15.0]), np.array([1.0, 1.0])),
        Line(np.array([0.0, 10.0, 30.0]), np.array([0.0, np.nan, 30.0])),
    ]
    x, values = figures.together(lines)
    assert (x[0], x[-1]) == (5.0, 15.0)
    assert np.allclose(values[0], x)
    assert np.allclose(values[1], 1)
    assert np.allclose(values[2], x)  # a value that is no number is passed over


def test_the_reading_says_on_which_side_the_values_err():
    earned = np.linspace(0, 10, 40)
    assert "expected 2 more than" in figures.expected(earned + 2, earned, "Q").reading
    assert "expected 2 less than" in figures.expected(earned - 2, earned, "V").reading
    assert "NaN" not in figures.expected(np.ones(3), np.ones(3), "V").svg


def test_a_return_is_no_share_however_small_it_is():
    assert wording.figure_of("validation_return", 0.73) == "0.73"
    assert wording.score("validation_return", 12345.6) == wording.plain(12345.6)
    assert measures.of_subject("acting").difference(1.5) == "+1.5"
    assert measures.named("mean return").brief(-21.0) == "return -21"


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("acting", "the validation return"),
        ("text", "that in nats"),
        ("detection", "the validation mAP@.5"),
        ("pictures", ""),
    ],
)
def test_a_search_says_what_its_scores_are(subject, told):
    assert search._measure(measures.of_subject(subject)) == told
