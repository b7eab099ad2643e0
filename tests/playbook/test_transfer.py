"""The rule of data size and similarity follows from what is measured, and the command it prints can be typed."""

import json
import shlex

import numpy as np
import pytest
from PIL import Image

from visus.cli._app import run
from visus.playbook import transfer
from visus.playbook.train import model_facts
from visus.recipes import _form, classify
from visus.ship import embed
from visus.ship import model as ship

PLAIN = {"arithmetic": "float32", "device": "cpu"}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The folder of a small network for pictures of 16 pixels that was not trained: good enough to be looked at."""
    settings = {"model": "small_conv", "width": 4, "size": 16, "epochs": 1, **PLAIN}
    task = classify.build("digits", **settings)
    folder = tmp_path_factory.mktemp("source")
    ship.save(folder, task.model, model_facts(task.data.prepared, _form.resolved(classify.build, settings)), "")
    return folder


def told(share, n=200):
    return np.arange(n) < share * n


@pytest.mark.parametrize(
    ("per_class", "top", "early", "pixels", "expected"),
    [
        (20, 0.9, 0.7, 0.5, {"freeze": "backbone"}),
        (500, 0.9, 0.7, 0.5, {"freeze": "early"}),
        (20, 0.6, 0.8, 0.5, {"freeze": "early"}),
        (500, 0.5, 0.5, 0.6, {"lower_rate": 0.7}),
    ],
)
def test_each_of_the_four_cases(per_class, top, early, pixels, expected):
    right = {"pixels": told(pixels), "HOG": told(0.3), "early": told(early), "top": told(top)}
    cell = transfer.judge(per_class, right, ["early", "top"])
    assert expected.items() <= cell.settings.items()
    assert cell.much is (per_class >= transfer.LITTLE)


def test_a_difference_that_may_be_chance_is_not_believed():
    dice = np.random.default_rng(0)
    a, b = dice.random(100) < 0.52, dice.random(100) < 0.5
    assert not transfer.surely_better(a, b)
    assert transfer.surely_better(told(0.9), told(0.5))


def test_neighbours_vote_as_scikit_learns_do_when_each_row_is_held_out():
    from sklearn.model_selection import LeaveOneOut, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier

    dice = np.random.default_rng(1)
    labels = np.arange(60) % 3
    rows = (dice.normal(size=(60, 8)) + np.eye(8)[labels]).astype(np.float32)
    rows[1] = rows[0]  # twins: each is the other's neighbour, and never its own
    model = KNeighborsClassifier(transfer.NEIGHBOURS, metric="cosine")
    expected = cross_val_predict(model, rows, labels, cv=LeaveOneOut()) == labels
    assert (transfer.told_by_neighbours(rows, labels) == expected).all()


def test_columns_that_tell_the_class_are_found_and_noise_is_not():
    dice = np.random.default_rng(0)
    labels = np.arange(120) % 3
    rows = dice.normal(size=(120, 5)).astype(np.float32)
    assert transfer.told_right(rows, labels).mean() < 0.6
    rows[:, 0] = labels == 0
    rows[:, 1] = labels == 1
    assert transfer.told_right(rows, labels).mean() > 0.95
    with pytest.raises(ValueError, match="a class has a single training picture"):
        transfer.told_right(rows, np.array([9, *labels[1:]]))


def test_the_command_measures_explains_and_prints_what_can_be_typed(source, stripes, tmp_path, capsys):
    assert run(["transfer", str(stripes), "--pretrained", str(source), "--runs", str(tmp_path / "out")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "training pictures a class: little (the border is 100)" in said
    numbers = json.loads((tmp_path / "out" / "transfer-stripes.json").read_text())
    assert {"pixels", "HOG", "stages.2.refine_norm"} <= numbers["accuracy"].keys()
    words = shlex.split(numbers["command"])
    assert words[:3] == ["visus", "fit", str(stripes)]
    classify.build(str(stripes), **_form.read(classify.build, _form.words(words[3:])), **PLAIN)


def test_what_cannot_be_typed_is_said_in_one_line(source, stripes, tmp_path, capsys):
    assert run(["transfer", str(stripes), "--pretrained", "imagnet"]) == 2
    assert "Did you mean 'imagenet'?" in capsys.readouterr().err
    assert run(["features", str(source), str(stripes), "--layer", "stages.7"]) == 2
    assert "no layer 'stages.7'" in capsys.readouterr().err
    assert run(["features", str(source), str(stripes), "--out", "x.txt"]) == 2
    assert "--out must end in .npz or .csv" in capsys.readouterr().err


def test_features_of_files_arrays_and_tensors_are_the_same(source, stripes):
    model = ship.load(source)
    paths = [str(path) for path in sorted((stripes / "down").iterdir())[:3]]
    arrays = np.stack([np.asarray(Image.open(path)) for path in paths])
    of_files = embed.embed(model, paths)
    assert of_files.shape == (3, 16)
    np.testing.assert_array_equal(of_files, embed.embed(model, arrays))
    deep = embed.embed(model, paths, "stages.1", grid=2)
    np.testing.assert_array_equal(deep, embed.embed(model, paths, "network.stages.1", grid=2))
    assert deep.shape == (3, 8 * 2 * 2)
    assert embed.embed(model, paths, "stages.1", grid=0).shape == (3, 8 * 4 * 4)


def test_features_are_written_and_a_file_that_is_no_picture_is_named(source, stripes, tmp_path, capsys):
    (stripes / "down" / "note.png").write_text("no picture")
    for kind in ("npz", "csv"):
        assert run(["features", str(source), str(stripes / "down"), "--out", str(tmp_path / f"f.{kind}")]) == 1
        assert "note.png" in capsys.readouterr().err
    found = np.load(tmp_path / "f.npz")
    assert found["features"].shape == (30, 16)
    lines = (tmp_path / "f.csv").read_text().splitlines()
    assert len(lines) == 31
    assert lines[1].startswith(str(found["names"][0]))
