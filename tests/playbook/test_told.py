"""`fit`, `train`, `predict` and `evaluate` of models that tell numbers or attributes instead of classes."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import visus
from visus.cli._app import run as command
from visus.engine import catalogue
from visus.playbook import _patient, _worker, api, crossvalidate, ensemble, problems, search_recipe, stress
from visus.playbook._session import Silent
from visus.playbook.evaluate import evaluate
from visus.report.page import write
from visus.runs.reader import Run
from visus.ship import model as ship
from visus.ship.ensemble import merged

from .shows import STAGES

QUICK = {"model": "linear", "size": 12, "crop": 0, "epochs": 15.0, "arithmetic": "float32", "batch": 16}


@pytest.fixture(scope="module")
def shades(tmp_path_factory, draw_shades) -> Path:
    """80 grey pictures with their brightness, and whether they are bright or have a mark."""
    return draw_shades(tmp_path_factory.mktemp("shades"), 80, "filename")


@pytest.fixture(scope="module")
def numbers(shades, tmp_path_factory):
    return visus.fit(shades, runs=tmp_path_factory.mktemp("runs"), targets="shade", lr=0.02, skip=["search"], **QUICK)


@pytest.fixture(scope="module")
def attributes(shades, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    return visus.fit(shades, runs=runs, targets="bright,mark", lr=0.02, skip=["search", "checks"], **QUICK)


def test_the_columns_choose_the_recipe_and_all_stages_speak(numbers, attributes):
    assert [event["stage"] for event in Run(numbers.folder).events("verdict")] == STAGES
    assert Run(numbers.folder).info["learns"] == "regress"
    assert Run(attributes.folder).info["learns"] == "attributes"
    assert numbers.healthy
    assert attributes.healthy


def test_the_test_of_numbers_states_errors_in_their_unit_with_intervals(numbers):
    verdict = Run(numbers.folder).verdict("test")
    mae = verdict["detail"]["figures"]["shade"]["mae"]
    assert 0 < mae["low"] < mae["value"] < mae["high"] < 40
    assert verdict["detail"]["score"] > 0.7
    assert verdict["line"].startswith(f"shade off by {mae['value']:.3g} on average (95 % CI ")
    baselines = Run(numbers.folder).verdict("baselines")["detail"]
    assert baselines["off_by"]["mean"][0] > 2 * mae["value"]
    assert baselines["ridge"] > baselines["mean"]


def test_the_test_of_attributes_states_each_of_them(attributes):
    detail = Run(attributes.folder).verdict("test")["detail"]
    assert detail["measure"] == "mean average precision"
    assert detail["score"] > 0.8
    assert list(detail["figures"]) == ["bright", "mark=cross", "mark=none"]
    assert detail["figures"]["bright"]["accuracy"]["value"] > 0.7


def test_other_columns_of_the_same_pictures_are_another_question(shades, numbers, attributes, tmp_path):
    hashes = {Run(run.folder).verdict("test")["detail"]["split_hash"] for run in (numbers, attributes)}
    assert len(hashes) == 2


def test_a_saved_model_tells_files_what_was_measured(shades, numbers, attributes):
    file = shades.parent / "00.png"
    (said,) = numbers.model.look(file)
    assert said.label == f"shade {said.numbers['shade']:.4g}"
    assert abs(said.numbers["shade"] - np.asarray(Image.open(shades.parent / "01.png")).mean()) < 200
    evidence, facts = Run(numbers.folder).evidence()
    again = [next(numbers.model.look(shades.parent / name)).numbers["shade"] for name in facts["test.names"]]
    assert np.abs(evidence["test.numbers"][:, 0].numpy() - again).max() < 1e-3
    (said,) = attributes.model.look(file)
    there = [name for name, chance in said.probabilities.items() if chance > 0.5]
    assert said.label == (", ".join(there) or "none of them")
    assert 0.5 <= said.probability <= 1


def test_predict_prints_numbers_and_attributes(shades, numbers, attributes, capsys):
    assert command(["predict", str(numbers.folder), str(shades.parent / "00.png")]) == 0
    assert capsys.readouterr().out.startswith("shade ")
    assert command(["predict", str(numbers.folder), str(shades.parent / "00.png"), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"name", "label", "numbers"}
    assert command(["predict", str(attributes.folder), str(shades.parent / "00.png"), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["probabilities"]) == {"bright", "mark=cross", "mark=none"}


def test_evaluate_measures_a_table_with_the_same_columns(shades, numbers, attributes, capsys):
    found = evaluate(numbers.folder, str(shades), Silent())
    assert (found.n, found.severity) == (80, "warning")
    assert found.headings[1:] == ["mean error", "RMSE", "R2"]
    assert command(["evaluate", str(attributes.folder), str(shades)]) == 0
    assert "mark=cross" in capsys.readouterr().out


def test_evaluate_refuses_what_the_model_does_not_tell(shades, attributes, tmp_path):
    text = shades.read_text().replace("cross", "ring")
    for picture in shades.parent.glob("*.png"):
        (tmp_path / picture.name).write_bytes(picture.read_bytes())
    (tmp_path / "other.csv").write_text(text)
    with pytest.raises(ValueError, match="has 'mark=ring', which the model does not tell; it tells bright, mark=cross"):
        evaluate(attributes.folder, str(tmp_path / "other.csv"), Silent())


def test_the_report_shows_them(numbers, attributes):
    page = write(numbers.folder).read_text()
    for words in (
        "shade: predicted against true",
        "shade: errors",
        "Furthest off",
        "ridge regression",
        "misses shade by",
    ):
        assert words in page
    page = write(attributes.folder).read_text()
    for words in ("Attributes, the weakest first", "mean average precision", "mark=cross"):
        assert words in page


def test_the_card_says_what_is_told(numbers, attributes):
    card = (numbers.folder / "model" / "card.md").read_text()
    assert "that tells numbers: shade." in card
    assert "shade: off by" in card
    assert (
        "3 attributes, each there or not: bright, mark=cross, mark=none."
        in (attributes.folder / "model" / "card.md").read_text()
    )


def test_the_recipe_alone_trains_resumes_and_can_be_treated(shades, tmp_path):
    settings = {"data": str(shades), "targets": "shade", "lr": 0.02, **QUICK}
    folder, outcome = api.train_recipe("regress", settings, tmp_path)
    assert outcome.best > 0.7
    assert api.resume(folder).healthy
    assert ship.load(folder).tells == "numbers"
    patient = _patient.admit(Run(folder))
    assert patient.task({"lr": 0.01}, 0, 0.1).evaluate().keys() >= {"validation_r2"}


def test_a_search_looks_for_the_best_score_of_its_kind(shades, tmp_path):
    settings = {"targets": "shade", **QUICK, "epochs": 2.0}
    run = visus.fit(shades, runs=tmp_path, skip=["baselines", "checks", "test", "report"], **settings)
    assert "score" in next(Run(run.folder).events("trial"))
    chosen = next(Run(run.folder).events("settings"))["settings"]
    assert chosen["targets"] == "shade"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["targets=shad"], r"has no column 'shad' to tell. Did you mean 'shade'?"),
        (["targets=shade", "task=regres"], "no task 'regres'. Did you mean 'regress'?"),
        (["targets=shade", "task=classify"], "task=classify tells classes, from the column 'label'; leave targets out"),
        (["task=regress"], "task=regress needs the columns of a CSV table to tell, for example targets=age"),
        (["targets=shade", "smoothing=0.1"], "no setting 'smoothing'"),
        (["targets=shade", "loss=hinge"], "loss must be one of l2, l1, half_squared; got 'hinge'"),
        (["targets=shade,mark"], "'shade' looks like a number and 'mark' like categories"),
    ],
)
def test_a_mistake_gets_one_sentence_before_anything_is_written(shades, tmp_path, capsys, words, sentence):
    assert command(["fit", str(shades), *words, "--runs", str(tmp_path / "runs")]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_the_search_of_a_recipe_prepares_its_columns(shades, tmp_path):
    bench, space = search_recipe._bench(_Named({"data": str(shades), "targets": "shade", "size": "12"}))
    assert bench.prepared.collection.kind == "numbers"
    assert set(space) == {"lr", "weight_decay"}
    _worker.hand_over(bench, tmp_path / "bench")
    taken = _worker.take_up(tmp_path / "bench").prepared
    rows = bench.prepared.rows("validation")
    assert taken.truth(rows).tolist() == bench.prepared.truth(rows).tolist()
    assert taken.collection.kind == "numbers"


def test_every_kind_answers_what_the_stages_ask():
    assert catalogue.names(problems) == ["attributes", "classes", "numbers"]
    for kind in catalogue.names(problems):
        module = catalogue.find(problems, kind)
        assert all(callable(getattr(module, name)) for name in ("baselines", "blind_score", "test", "said"))
        assert catalogue.card(problems, kind).endswith("?")


class _Named:
    """As much of a search's record as its bench is made of."""

    def __init__(self, typed: dict[str, str]) -> None:
        self.info = {"of": "regress", "typed": typed, "seed": 0}


@pytest.mark.parametrize("make", [crossvalidate.CrossValidation, lambda name, typed: ensemble.of_seeds(name, typed, 3)])
def test_what_counts_right_classes_refuses_recipes_of_others(make):
    with pytest.raises(ValueError, match="are made for recipes that tell classes, and regress tells numbers"):
        make("regress", {"targets": "age", "lr": "0.1,0.2"})


def test_what_is_about_classes_says_so(numbers, attributes):
    with pytest.raises(ValueError, match="tells numbers, and this measures how often the right class is named"):
        stress.stress(numbers.folder, "", Silent())
    with pytest.raises(
        ValueError, match="an ensemble averages the probabilities of classes and these models tell attr"
    ):
        merged([attributes.model.facts, attributes.model.facts])
