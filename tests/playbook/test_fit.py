"""`fit`: eight stages, each with a verdict; what the user names is kept; what is stopped goes on."""

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import visus
from visus.playbook import api, search
from visus.playbook._session import BlockedError, InterruptedRunError, Silent
from visus.playbook.evaluate import evaluate
from visus.playbook.problems import classes
from visus.runs import ledger
from visus.runs.reader import Run, summaries
from visus.runs.recorder import Recorder

from ..conftest import draw_folder
from .shows import STAGES, Lines, StopAt

QUICK = {"width": 16, "epochs": 30, "arithmetic": "float32", "lr": 0.05, "weight_decay": 1e-4}


@pytest.fixture(scope="module", autouse=True)
def _short_searches():
    """What is tested here is the sequence; long searches would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"TRIALS": 9, "EPOCHS": 2.0, "REPEATS": 2}.items():
            patch.setattr(search, name, value)
        yield


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """One whole run on stripes, shared by the tests that only look at it; with it what was shown."""
    root = tmp_path_factory.mktemp("fit")
    pictures = draw_folder(root)
    show = Lines()
    settings = {name: value for name, value in QUICK.items() if name not in ("lr", "weight_decay")}
    return visus.fit(pictures, runs=root / "runs", show=show, **settings), show


def test_every_stage_speaks_once_and_in_order(fitted):
    run, show = fitted
    assert [stage for stage, _, _ in show.verdicts] == STAGES
    assert [event["stage"] for event in Run(run.folder).events("verdict")] == STAGES
    assert run.healthy
    assert any(text.startswith("forecast") for text in show.said)


def test_the_network_learns_the_stripes(fitted):
    detail = Run(fitted[0].folder).verdict("test")["detail"]
    assert detail["accuracy"] > 0.8
    assert detail["low"] < detail["accuracy"] <= detail["high"]
    assert detail["use"] == 1


def test_a_run_folder_holds_what_it_promises_and_no_pickle(fitted):
    folder = fitted[0].folder
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {
        "run.json", "events.jsonl", "chart.json", "split.json", "evidence.safetensors", "report.html",
        "checkpoints/last.safetensors",
        "checkpoints/best.safetensors", "model/weights.safetensors", "model/model.json", "model/card.md",
    }  # fmt: skip
    info = Run(folder).info
    assert info["split_hash"] == Run(folder).verdict("split")["detail"]["hash"]
    assert info["data"]["n"] == 90
    for path in folder.rglob("*.safetensors"):
        assert int.from_bytes(path.read_bytes()[:8], "little") < path.stat().st_size  # a header, not an opcode


def test_the_model_says_of_files_what_the_test_stage_measured(fitted):
    run, _ = fitted
    evidence, facts = Run(run.folder).evidence()
    files = [Path(Run(run.folder).info["source"]) / name for name in facts["test.names"]]
    said = run.model.predict(files)
    best = [facts["classes"][i] for i in evidence["test.probabilities"].argmax(1)]
    assert said == best
    arrays = np.stack([np.asarray(Image.open(file)) for file in files])
    assert run.model.predict(arrays) == said


def test_searched_settings_are_used_and_named_ones_kept(fitted):
    run = Run(fitted[0].folder)
    (settings,) = [event["settings"] for event in run.events("settings")]
    best = run.verdict("search")["detail"]["best"]
    assert {name: settings[name] for name in best} == best
    assert {name: settings[name] for name in ("width", "epochs")} == {"width": 16, "epochs": 30}
    assert len(list(run.events("trial"))) > 5


def test_a_second_test_of_the_same_split_is_counted(fitted, tmp_path):
    run, _ = fitted
    runs = tmp_path / "runs"
    shutil.copytree(run.folder.parent, runs)
    again = visus.fit(
        Run(run.folder).info["source"], runs=runs, skip=["search", "baselines", "checks", "report"], **QUICK
    )
    detail = Run(again.folder).verdict("test")["detail"]
    assert detail["use"] == 2
    assert "no longer" in Run(again.folder).verdict("test")["line"]
    assert len(ledger.uses(runs, detail["split_hash"])) == 2


def test_evaluating_other_pictures_is_counted_and_training_pictures_are_recognised(fitted, tmp_path):
    run, _ = fitted
    runs = tmp_path / "runs"
    shutil.copytree(run.folder.parent, runs)
    source = Run(run.folder).info["source"]
    found = evaluate(runs / run.folder.name, source, Silent())
    assert found.n == 90
    assert found.seen > 60
    assert found.severity == "warning"
    assert evaluate(runs / run.folder.name, source, Silent()).use == 2


def test_evaluating_an_unknown_class_is_refused_by_name(fitted, tmp_path):
    for name in ("across", "zigzag"):
        (tmp_path / "other" / name).mkdir(parents=True)
        Image.new("RGB", (20, 20), "red").save(tmp_path / "other" / name / "1.png")
    with pytest.raises(ValueError, match=r"has the class 'zigzag', which the model does not know; it knows across, "):
        evaluate(fitted[0].folder, str(tmp_path / "other"), Silent())


def test_the_table_of_runs_tells_how_far_they_are(fitted):
    (line,) = summaries(fitted[0].folder.parent)
    assert (line.state, line.recipe.split()[0]) == ("done", "fit")
    assert line.test == Run(fitted[0].folder).verdict("test")["detail"]["accuracy"]


def test_mirroring_is_switched_off_where_it_changes_the_class(stripes, tmp_path):
    """Diagonal stripes mirrored are another class: kNN on mirrored pictures must notice. Plain ones are symmetric."""
    left, right = stripes / "diagonal", stripes / "other_diagonal"
    right.mkdir()
    for file in left.iterdir():
        Image.open(file).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(right / f"m{file.name}")
    for name in ("across", "down"):
        shutil.rmtree(stripes / name)
    skip = ["checks", "search", "test", "report"]
    run = visus.fit(stripes, runs=tmp_path / "runs", skip=skip, **{**QUICK, "epochs": 1})
    detail = Run(run.folder).verdict("baselines")["detail"]
    assert detail["flip"] is False
    assert detail["mirrored"] < detail["knn"]
    assert classes.SAME < 1


def test_skipped_stages_say_so(stripes, tmp_path):
    show = Lines()
    visus.fit(
        stripes,
        runs=tmp_path / "runs",
        show=show,
        skip=["baselines", "checks", "search", "test"],
        **{**QUICK, "epochs": 1},
    )
    assert [line for _, line, _ in show.verdicts].count("skipped, as asked") == 4


def weights_of(folder):
    return visus.load(folder).network.state_dict()


@pytest.mark.parametrize(
    ("stage", "share"),
    [
        *(("audit", 0.5), ("baselines", 0.3), ("checks", 0.5), ("search", 0.4), ("search", 0.9)),
        *(("train", 0.1), ("train", 0.55)),
    ],
)
def test_stopped_anywhere_and_resumed_it_ends_as_if_never_stopped(stripes, tmp_path, stage, share):
    settings = {name: value for name, value in QUICK.items() if name != "lr"} | {
        "epochs": 3,
        "average": 0.9,
        "dropout": 0.2,
    }
    whole = visus.fit(stripes, runs=tmp_path / "whole", skip=["report"], **settings)
    show = StopAt(stage, share)
    with pytest.raises(InterruptedRunError, match=f"stopped in {stage}; `visus resume") as stopped:
        visus.fit(stripes, runs=tmp_path / "cut", skip=["report"], show=show, **settings)
    (folder,) = [path.parent for path in (tmp_path / "cut").glob("*/run.json")]
    assert str(folder) in str(stopped.value)
    resumed = api.resume(folder)
    for name, tensor in weights_of(whole.folder).items():
        assert torch.equal(tensor, weights_of(resumed.folder)[name]), name
    trials = [[event["settings"] for event in Run(f).events("trial", "repeat")] for f in (whole.folder, folder)]
    assert trials[0] == trials[1]


def test_resuming_a_finished_run_repeats_nothing(fitted, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(fitted[0].folder.parent, runs)
    before = (runs / "ledger.jsonl").read_text()
    assert api.resume(runs / fitted[0].folder.name).healthy
    assert (runs / "ledger.jsonl").read_text() == before


def test_resuming_after_the_pictures_changed_is_refused(stripes, tmp_path):
    show = StopAt("train", 0.1)
    with pytest.raises(InterruptedRunError):
        visus.fit(stripes, runs=tmp_path / "runs", skip=["search", "report"], show=show, **QUICK)
    (folder,) = [path.parent for path in (tmp_path / "runs").glob("*/run.json")]
    for file in list((stripes / "down").iterdir())[:12]:
        file.unlink()
    with pytest.raises(BlockedError, match=r"the pictures in .* have changed since this run began"):
        api.resume(folder)


def test_a_budget_is_kept(stripes, tmp_path):
    """Not a test of speed: the plan must adapt to the clock, whatever the machine."""
    began = time.monotonic()
    settings = {name: value for name, value in QUICK.items() if name not in ("epochs", "lr", "weight_decay")}
    run = visus.fit(stripes, runs=tmp_path / "runs", budget="25s", **settings)
    assert run.healthy
    assert time.monotonic() - began < 60  # far more than the budget: a loaded test machine must not fail this


def test_a_failed_save_ends_in_one_sentence_and_keeps_the_best(stripes, tmp_path, monkeypatch):
    from visus.runs import checkpoint

    really, calls = checkpoint.save, []

    def full_disk(path, state):
        calls.append(path.name)
        if len(calls) > 2:
            raise checkpoint.SaveError(
                f"could not save {path}: No space left on device; what was saved before is whole"
            )
        really(path, state)

    monkeypatch.setattr(checkpoint, "save", full_disk)
    with pytest.raises(OSError, match="No space left on device"):
        visus.fit(stripes, runs=tmp_path / "runs", skip=["search", "report"], **QUICK)
    (folder,) = [path.parent for path in (tmp_path / "runs").glob("*/run.json")]
    monkeypatch.setattr(checkpoint, "save", really)
    assert checkpoint.load(folder / "checkpoints" / "best.safetensors")["score"] > 0
    assert api.resume(folder).healthy


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"lr": -1.0}, "lr must be at least"),
        ({"epoch": 3}, "no setting 'epoch'. Did you mean 'epochs'"),
        ({"model": "resnet81"}, "no 'resnet81' in classifiers. Did you mean 'resnet18'"),
        ({"model": "knn", "lr": 0.1}, "knn learns by remembering and has no use for lr; leave it out"),
        ({"data": "digits"}, "data is what `fit` is given first"),
        ({"skip": ["train"]}, "cannot skip 'train'"),
        ({"budget": "soon"}, "budget must be a time such as 90s"),
    ],
)
def test_impossible_wishes_are_refused_before_anything_is_written(stripes, tmp_path, settings, sentence):
    with pytest.raises((ValueError, LookupError), match=sentence):
        visus.fit(stripes, runs=tmp_path / "runs", **settings)
    assert not (tmp_path / "runs").exists()


def test_memory_alone_is_a_model_too(stripes, tmp_path):
    run = visus.fit(stripes, runs=tmp_path / "runs", model="knn", k=3)
    assert run.healthy
    assert run.model.predict(stripes / "down")
    settings = json.loads((run.folder / "model" / "model.json").read_text())["settings"]
    assert (settings["k"], settings["metric"]) == (3, "l2")


def test_pictures_that_do_not_fit_in_memory_are_streamed_and_learned(stripes, tmp_path):
    run = visus.fit(stripes, runs=tmp_path / "runs", memory=0.0, workers=1, skip=["search"], **QUICK)
    assert run.healthy
    assert Run(run.folder).verdict("audit")["detail"]["how"] == "streamed from disk"
    assert Run(run.folder).verdict("test")["detail"]["accuracy"] > 0.5


def test_the_recorders_best_is_what_is_shipped(fitted):
    run, _ = fitted
    best = Recorder(run.folder)
    from visus.runs import checkpoint

    saved = checkpoint.load(run.folder / "checkpoints" / "best.safetensors")["task"]
    best.journal.close()
    for name, tensor in weights_of(run.folder).items():
        assert torch.equal(saved[f"model.{name}"], tensor)
