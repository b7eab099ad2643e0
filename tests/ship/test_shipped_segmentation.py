"""A segmenter on disk: what it paints after it was loaded, at the size of the file, and how it is asked."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from visus.cli._app import run
from visus.data.decode import UnreadablePictureError
from visus.data.label_maps import IGNORE
from visus.data.map_pixels import read_classes
from visus.data.prepared_maps import prepare_maps
from visus.data.shapes import shape_maps
from visus.engine.loop import fit
from visus.playbook import _segmentation_evidence as evidence
from visus.recipes import segment
from visus.report import record as records
from visus.report.sections import segmentation as section
from visus.runs.reader import Run
from visus.ship import looking
from visus.ship.kinds import segmentation
from visus.ship.kinds.segmentation import Segmenter
from visus.ship.opened import opened, told_by

SMALL = {"arithmetic": "float32", "epochs": 1.0, "batch": 8, "backbone": "compact:width=4:layout=imagenet", "width": 4}
COLOURS = [[0, 0, 0], [200, 0, 0], [0, 200, 0]]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare_maps(shape_maps(24, 32, 48, folder=tmp_path_factory.mktemp("maps")))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, prepared):
    """Run folder and task of a segmenter that was trained for two steps."""
    task = segment.build(prepared, **SMALL)
    fit(task, 2)
    folder = tmp_path_factory.mktemp("run")
    segmentation.save(folder, task, SMALL, {"train": {"best": 0.1}, "split": {"train": 16, "test": 4}})
    return folder, task


class Bands(nn.Module):
    """Scores the class of a pixel by its grey: dark 0, middle 1, bright 2."""

    def forward(self, images):
        return -(images[:, :1].float() - torch.tensor([0.0, 128, 255]).view(1, 3, 1, 1)).abs() / 20


def banded(height=30, width=40, framing="pad"):
    facts = {"image": [3, height, width], "framing": framing, "classes": ["a", "b", "c"], "colours": COLOURS}
    return Segmenter(Bands(), facts)


def bands(height, width):
    """A picture of three upright bands, and its classes."""
    classes = (np.arange(width) * 3 // width).astype(np.uint8)[None].repeat(height, 0)
    return np.repeat(np.array([0, 128, 255], dtype=np.uint8)[classes][..., None], 3, axis=2), classes


def test_a_loaded_model_paints_what_the_task_painted(trained, prepared):
    folder, task = trained
    assert told_by(folder) == "segmentation"
    loaded = opened(folder)
    images = prepared.pictures.images(np.arange(3))
    torch.testing.assert_close(loaded.scores(images), task.scores(images))
    one = loaded.painted(loaded.scores(images)[0], (32, 48))
    assert (one == task.scores(images)[0].argmax(0).numpy()).all()
    card = (folder / "model" / "card.md").read_text(encoding="utf-8")
    assert "segmenter of 4 classes, looking through a `compact`" in card
    assert "mean IoU is 10.0 %; not tested" in card


@pytest.mark.parametrize("framing", ["pad", "stretch"])
@pytest.mark.parametrize("size", [(30, 40), (60, 80), (200, 90), (45, 150)], ids=str)
def test_maps_have_the_size_of_the_file_and_lie_over_it(size, framing):
    model = banded(framing=framing)
    picture, classes = bands(*size)
    (painted,) = model.predict(picture[None])
    assert painted.shape == size
    scale = model.frame.placed(*size)[0]
    edges = [np.argmax(classes[0] == k) for k in (1, 2)]
    sure = np.all([abs(np.arange(size[1]) - edge) > 2 + 2 / scale for edge in edges], axis=0)
    assert (painted[:, sure] == classes[:, sure]).all()


def test_what_a_crop_cut_off_is_painted_as_unknown():
    model = banded(30, 30, "crop")
    picture, classes = bands(30, 60)
    (painted,) = model.predict(picture[None])
    assert (painted[:, :14] == IGNORE).all()
    assert (painted[:, 24:36] == classes[:, 24:36]).all()


def test_an_answer_says_shares_and_the_lines_are_for_people(tmp_path):
    picture, _ = bands(30, 40)
    Image.fromarray(picture).save(tmp_path / "p.png")
    (tmp_path / "q.png").write_bytes(b"no")
    good, bad = banded().look([tmp_path / "p.png", tmp_path / "q.png"])
    assert list(good.shares) == ["a", "b", "c"] or sum(good.shares.values()) == pytest.approx(1)
    assert good.line(40).endswith("p.png")
    assert "% a" in good.line(40)
    assert len(good.table()) == 3
    assert json.loads(json.dumps(good.facts()))["size"] == [30, 40]
    assert "q.png" in bad.error
    assert set(bad.facts()) == {"name", "error"}
    with pytest.raises(UnreadablePictureError, match=r"q\.png"):
        banded().predict(tmp_path / "q.png")


def test_a_written_map_is_read_as_what_was_painted(tmp_path):
    classes = np.random.default_rng(0).integers(0, 3, (20, 30), dtype=np.uint8)
    classes[:3, :4] = IGNORE
    segmentation.write_map(tmp_path / "m.png", classes, COLOURS)
    back, unknown = read_classes(tmp_path / "m.png", {0: 0, 1: 1, 2: 2, IGNORE: IGNORE})
    assert (back == classes).all()
    assert not unknown
    with Image.open(tmp_path / "m.png") as image:
        shown = np.asarray(image.convert("RGB"))
    assert (shown[classes == 1] == COLOURS[1]).all()
    assert (shown[classes == IGNORE] == 0).all()


def test_the_command_writes_maps_and_drawn_pictures(trained, prepared, tmp_path, capsys):
    folder, _ = trained
    picture = prepared.source.paths[0]
    asked = ["predict", str(folder), str(picture), "--maps", str(tmp_path / "m"), "--draw", str(tmp_path / "d")]
    assert run(asked) == 0
    assert "%" in capsys.readouterr().out
    with Image.open(tmp_path / "m" / picture.name) as painted:
        assert painted.mode == "P"
        assert painted.size == (48, 32)
    assert (tmp_path / "d" / picture.name).is_file()
    assert run(["predict", str(folder), str(picture), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"name", "label", "probability", "size", "shares"}


def test_other_kinds_options_and_other_models_are_refused(trained, tmp_path):
    folder, _ = trained
    with pytest.raises(ValueError, match="--threshold means nothing; leave it out"):
        looking.looker(folder, way={"threshold": 0.3})
    facts = json.loads((folder / "model" / "model.json").read_text(encoding="utf-8"))
    other = tmp_path / "model"
    other.mkdir()
    (other / "model.json").write_text(json.dumps(facts | {"tells": "text"}), encoding="utf-8")
    (other / "weights.safetensors").write_bytes((folder / "model" / "weights.safetensors").read_bytes())
    with pytest.raises(ValueError, match="holds no segmenter"):
        segmentation.load(other)


def test_evidence_says_the_figures_and_shows_pictures(trained, prepared):
    folder, task = trained
    found = evidence.keep(folder, task, prepared, "test")
    task_says, _ = task.judged("test")
    assert (found.confusions.sum(0) == task_says).all()
    assert found.interval[0] <= found.scores.mean_iou <= found.interval[1]
    assert found.detail["n"] == len(prepared.rows("test"))
    assert "mean IoU" in found.line
    (folder / "run.json").write_text("{}", encoding="utf-8")
    (folder / "events.jsonl").write_text("", encoding="utf-8")
    gathered = section.gather(records.read(Run(folder)))
    assert gathered["values"][0][0] == "mean IoU"
    assert {gallery["title"] for gallery in gathered["galleries"]} == {title for title, _ in section.KINDS.values()}
    assert all(len(card["pictures"]) == 4 for gallery in gathered["galleries"] for card in gallery["cards"])


def test_a_part_without_a_single_class_is_refused(trained, prepared):
    blank = np.zeros_like(prepared.counts)
    bare = type(prepared)(prepared.pictures, prepared.sizes, _unpainted(prepared.source), blank)
    with pytest.raises(ValueError, match="paints no pixel of its test pictures"):
        evidence.examine(opened(trained[0]), bare, "test")


def _unpainted(source):
    return type(source)(**{**vars(source), "codes": dict.fromkeys(source.codes, IGNORE)})


def test_intervals_are_narrow_where_pictures_are_alike():
    one = np.array([[50, 10], [5, 35]])
    (low, high), own_low, own_high = evidence.bootstrapped(np.stack([one] * 20))
    assert low == pytest.approx(high)
    assert own_low.tolist() == pytest.approx([50 / 65, 35 / 50])
    assert own_high.tolist() == pytest.approx(own_low.tolist())
