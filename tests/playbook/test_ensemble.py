"""Several models become one that predicts as any other, and its gain is measured on what none of them learned from."""

import json

import numpy as np
import pytest
import torch

from visus.cli._app import run as visus
from visus.data.prepare import prepare
from visus.engine.loop import StopTraining, fit
from visus.engine.schedules import cycle_ends
from visus.playbook import _snapshots, api, ensemble
from visus.playbook._session import InterruptedRunError, Silent
from visus.recipes import classify
from visus.runs.reader import SPLIT, Run, summaries
from visus.ship.model import load

from ..conftest import draw_folder

QUICK = {"model": "mlp", "hidden": 8, "epochs": 2.0, "arithmetic": "float32"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("ensemble")
    return root, {"data": str(draw_folder(root)), "size": 12, **QUICK}


@pytest.fixture(scope="module")
def seeds(place):
    root, settings = place
    return ensemble.of_seeds("classify", settings, 3, root / "runs")


@pytest.fixture(scope="module")
def runs(place):
    """Two runs of one recipe with one seed, so that they share their parts."""
    root, settings = place
    return [api.train_recipe("classify", {**settings, "hidden": n}, root / "single")[0] for n in (8, 9)]


def test_the_ensemble_predicts_the_mean_of_its_members_probabilities(seeds):
    pictures = np.random.default_rng(0).integers(0, 256, (5, 12, 12, 3), dtype=np.uint8)
    members = [load(seeds.folder / "members" / str(i)).probabilities(pictures) for i in (1, 2, 3)]
    assert not np.allclose(members[0], members[1])
    assert load(seeds.folder).probabilities(pictures) == pytest.approx(np.mean(members, 0), abs=1e-6)
    assert load(seeds.folder, "mirrored").probabilities(pictures).sum(1) == pytest.approx(1, abs=1e-5)


def test_gain_is_measured_on_the_common_validation_part_and_costs_no_look_at_the_test_part(seeds, place):
    data = prepare(place[1]["data"], 12)
    assert seeds.gain.n == len(data.split.validation)
    parts = json.loads((seeds.folder / SPLIT).read_text())
    for member in (seeds.folder / "members").iterdir():
        assert Run(seeds.folder).info["changes"][int(member.name) - 1]["seed"] == int(member.name) - 1
    assert sorted(parts["validation"]) == sorted(data.split.keys[row] for row in data.split.validation)
    assert not (seeds.folder.parent / "ledger.jsonl").exists()
    assert seeds.page.is_file()
    assert "https://" not in seeds.page.read_text()
    (summary,) = summaries(seeds.folder.parent)
    assert (summary.state, summary.validation) == ("done", seeds.gain.accuracy)


def test_a_member_is_what_the_recipe_alone_would_train(seeds, place, tmp_path):
    alone, _ = api.train_recipe("classify", {**place[1], "seed": 0}, tmp_path)
    member = load(seeds.folder / "members" / "1").network.state_dict()
    assert all(torch.equal(member[name], tensor) for name, tensor in load(alone).network.state_dict().items())


def test_an_interrupted_ensemble_goes_on_and_ends_the_same(seeds, place, monkeypatch):
    root, settings = place
    real, calls = ensemble.train_missing, []
    from visus.playbook import _members

    run = _members._run

    def stop_at_the_second(task, where, folder, show, extra):
        calls.append(where)
        if len(calls) == 2:
            raise InterruptedRunError("train", folder)
        return run(task, where, folder, show, extra)

    monkeypatch.setattr(_members, "_run", stop_at_the_second)
    with pytest.raises(InterruptedRunError, match="visus resume"):
        ensemble.of_seeds("classify", settings, 3, root / "stopped")
    monkeypatch.undo()
    assert ensemble.train_missing is real
    (folder,) = (root / "stopped").iterdir()
    assert api.resume(folder).healthy
    ours, whole = load(folder).network.state_dict(), load(seeds.folder).network.state_dict()
    assert all(torch.equal(ours[name], tensor) for name, tensor in whole.items())


def test_snapshots_are_the_weights_at_the_end_of_each_cycle(place, tmp_path):
    _, settings = place
    found = ensemble.of_snapshots("classify", settings, 2, tmp_path / "runs")
    task = classify.build(**{**settings, "schedule": "cyclic", "cycles": 2})
    first, last = cycle_ends(task.steps, 2)
    fit(task, first + 1)
    snapshot = load(found.folder / "members" / "1").network.state_dict()
    assert all(torch.equal(snapshot[name], tensor) for name, tensor in task.model.state_dict().items())
    fit(task, last + 1, start=first + 1)
    snapshot = load(found.folder / "members" / "2").network.state_dict()
    assert all(torch.equal(snapshot[name], tensor) for name, tensor in task.model.state_dict().items())
    assert found.gain.over_last.mean == pytest.approx(found.gain.accuracy - found.gain.members[-1])


def test_a_snapshot_due_when_the_run_was_killed_is_taken_on_resume(place, tmp_path):
    task = classify.build(**place[1])
    keep = _snapshots.KeepSnapshots(tmp_path, [1, 3])

    class Kill(_snapshots.KeepSnapshots):
        def after_step(self, step, task):
            if step == 1:
                raise StopTraining("killed")

    fit(task, 4, [Kill(tmp_path / "nowhere", [])])
    weights = {name: tensor.clone() for name, tensor in task.state_dict().items()}
    fit(task, 4, [keep], start=2)
    _snapshots.put(tmp_path / "snapshot-1.safetensors", task)
    assert all(torch.equal(weights[name], tensor) for name, tensor in task.state_dict().items())
    with pytest.raises(FileNotFoundError, match="snapshot-3"):
        _snapshots.put(tmp_path / "snapshot-3.safetensors", task)


def test_given_runs_are_measured_on_the_validation_pictures_they_share(runs, place):
    found = ensemble.of_runs(runs, place[0] / "joined", Silent())
    theirs = [set(json.loads((run / SPLIT).read_text())["validation"]) for run in runs]
    assert found.gain.n == len(theirs[0] & theirs[1]) > 0
    assert ensemble.resume(found.folder).gain == found.gain


def test_the_best_of_a_search_are_its_longest_and_best_trials(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    trials = [(1, 0.9, 0.1), (2, 0.7, 0.2), (2, 0.8, 0.3), (2, None, 0.5), (2, 0.6, 0.3)]
    events = [{"event": "trial", "round": r, "score": s, "settings": {"lr": lr}} for r, s, lr in trials]
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, events)))
    assert [best["lr"] for best in ensemble.best_settings(Run(tmp_path), 9)] == [0.3, 0.2, 0.1]


def test_the_command_makes_one_that_predicts(runs, place, capsys, monkeypatch):
    monkeypatch.chdir(place[0])
    assert visus(["ensemble", *map(str, runs)]) == 0
    assert "2 networks together" in capsys.readouterr().out
    picture = next((place[0] / "stripes" / "down").iterdir())
    assert visus(["predict", "runs/ensemble-1", str(picture)]) == 0
    assert "%" in capsys.readouterr().out
    assert visus(["evaluate", "runs/ensemble-1", str(place[0] / "stripes")]) == 0
    assert "77 were in the run's own" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["digits_mlp"], 2, "say where members come from"),
        (["digits_mlp", "--seeds", "1"], 1, "at least 2 members; got 1"),
        (["digits_mlp", "--seeds", "2", "--top", "2"], 2, "choose one"),
        (["digits_mlp", "hiden=3", "--seeds", "2"], 2, "no setting 'hiden'. Did you mean 'hidden'?"),
        (["digits_knn", "--seeds", "2"], 1, "every seed gives the same model"),
        (["digits_knn", "--snapshots", "2"], 1, "has no use for cycles, schedule"),
        (["nowhere", "elsewhere"], 1, "nowhere holds no trained model"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(arguments, code, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert visus(["ensemble", *arguments]) == code
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_averaged_is_refused(runs, place, tmp_path):
    other, _ = api.train_recipe("classify", {**place[1], "size": 10}, tmp_path / "runs")
    with pytest.raises(ValueError, match=r"see pictures differently \(image 12 x 12 and 10 x 10\)"):
        ensemble.of_runs([runs[0], other], tmp_path)
    digits, _ = api.train_recipe("digits_mlp", {"epochs": 0.1, "arithmetic": "float32"}, tmp_path / "runs")
    with pytest.raises(ValueError, match="tell different classes apart"):
        ensemble.of_runs([runs[0], digits], tmp_path)
    with pytest.raises(ValueError, match="at least 2 different runs"):
        ensemble.of_runs([runs[0], runs[0]], tmp_path)


def test_runs_that_share_no_validation_picture_are_refused(runs, tmp_path):
    parts = json.loads((runs[1] / SPLIT).read_text())
    (runs[1] / SPLIT).write_text(json.dumps({**parts, "validation": []}))
    with pytest.raises(ValueError, match="share no validation picture"):
        ensemble.of_runs(runs, tmp_path)
    (runs[1] / SPLIT).write_text(json.dumps(parts))
