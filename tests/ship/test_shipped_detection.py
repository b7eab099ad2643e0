"""A detector on disk: what it finds after it was loaded, where in the file that is, how it is asked."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from visus.cli._app import run
from visus.data.decode import UnreadablePictureError
from visus.data.prepared_objects import prepare_objects
from visus.data.shapes import shapes
from visus.engine.loop import fit
from visus.geometry.masks import mask_box, rle_decode, uncompressed
from visus.geometry.objects import Detections
from visus.recipes import detect
from visus.ship import looking, model
from visus.ship.kinds import detection
from visus.ship.kinds.detection import Detector, Way
from visus.ship.opened import opened, told_by

pytest.importorskip("faster_coco_eval")

SMALL = {"model": "one_stage", "batch": 8, "epochs": 1.0, "arithmetic": "float32", "score_threshold": 0.001}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Drawn pictures with boxes."""
    return shapes(24, 64, 96, marked="boxes", folder=tmp_path_factory.mktemp("shapes"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, drawn):
    """Run folder and task of a detector that was trained for two steps: it finds little, but always the same."""
    prepared = prepare_objects(drawn)
    task = detect.build(prepared, **SMALL)
    fit(task, 2)
    folder = tmp_path_factory.mktemp("run")
    detection.save(folder, task, SMALL, {"train": {"best": 0.1}, "split": {"train": 16, "test": 4}})
    return folder, task


class Told(torch.nn.Module):
    """A detector that finds the same in every picture."""

    def __init__(self, found: Detections) -> None:
        super().__init__()
        self.found = found

    def forward(self, images):
        return [self.found] * len(images)


def telling(found, image=(3, 64, 96), framing="pad", **facts):
    facts = {"image": list(image), "framing": framing, "classes": ["disc", "square"], "threshold": 0.5, **facts}
    return Detector(Told(found), facts)


def some(masks=None, keypoints=None):
    boxes = torch.tensor([[10.0, 20, 30, 40], [50, 10, 90, 60], [0, 0, 20, 20]])
    return Detections(boxes, torch.tensor([0.9, 0.6, 0.2]), torch.tensor([1, 0, 0]), masks, keypoints)


def picture(path, height, width):
    Image.fromarray(np.zeros((height, width, 3), dtype=np.uint8)).save(path)
    return path


def test_what_was_saved_finds_what_the_task_finds(trained, drawn):
    folder, task = trained
    detector = opened(folder)
    assert told_by(folder) == "detection"
    images = task.data.prepared.pictures.images(task.data.prepared.rows("test"))
    for ours, theirs in zip(detector.find(images), task.look(images), strict=True):
        torch.testing.assert_close(ours.boxes, theirs.boxes, atol=0.5, rtol=0.01)  # the task may use bfloat16
    assert detector.sure == pytest.approx(task.threshold())
    card = (folder / "model" / "card.md").read_text(encoding="utf-8")
    assert "not tested" in card
    assert "disc, square, triangle" in card


@pytest.mark.parametrize("size", [(64, 96), (128, 192), (200, 100), (50, 300)], ids=str)
@pytest.mark.parametrize("framing", ["pad", "stretch"])
def test_places_are_those_of_the_file_whatever_its_size(tmp_path, size, framing):
    """A white rectangle is looked for in the frame, where it was brought, and reported where it stands in the file."""
    height, width = size
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    x1, y1, x2, y2 = width // 4, height // 4, width // 2, height // 4 * 3
    pixels[y1:y2, x1:x2] = 255
    Image.fromarray(pixels).save(tmp_path / "one.png")
    detector = telling(some(), framing=framing)
    framed = detection.read_with_header(tmp_path / "one.png", detector.frame)[0]
    box = mask_box(framed[..., 0] > 127)
    found = Detections(torch.tensor(box[None]).float(), torch.ones(1), torch.zeros(1, dtype=torch.long))
    (thing,) = next(telling(found, framing=framing).look(tmp_path / "one.png")).things
    pixel = max(height / 64, width / 96)  # of the frame, in the file
    assert np.abs(np.array(thing.box) - [x1, y1, x2, y2]).max() <= pixel


def test_masks_and_keypoints_go_with_their_box(tmp_path):
    masks, points = torch.ones(3, 28, 28), torch.tensor([[[20.0, 30, 0.9], [10, 20, 0.1]]]).repeat(3, 1, 1)
    detector = telling(some(masks, points))
    for thing in next(detector.look(picture(tmp_path / "one.png", 128, 192))).things:
        mask = rle_decode(thing.mask.counts, thing.mask.height, thing.mask.width)
        assert mask.shape == (128, 192)
        assert np.abs(mask_box(mask) - thing.box).max() <= 1
        assert thing.keypoints.tolist() == [[40, 60, pytest.approx(0.9)], [20, 40, pytest.approx(0.1)]]


def test_what_lies_in_the_black_border_is_no_object(tmp_path):
    found = Detections(torch.tensor([[0.0, 0, 96, 10]]), torch.ones(1), torch.zeros(1, dtype=torch.long))
    assert not next(telling(found).look(picture(tmp_path / "one.png", 20, 96))).things


def test_only_what_is_sure_is_told_of_and_the_threshold_can_be_chosen(tmp_path):
    file, detector = picture(tmp_path / "one.png", 64, 96), telling(some())
    sighting = next(detector.look(file))
    assert sighting.label == "1 square, 1 disc"
    assert len(sighting.things) == 3
    assert len(detector.predict(file)[0]) == 2
    assert len(detector.predict(file, Way(0.1))[0]) == 3
    assert next(detector.look(file, Way(0.95))).label == "nothing"
    assert len(detector.predict(np.zeros((2, 64, 96, 3), dtype=np.uint8))) == 2
    with pytest.raises(ValueError, match="a score from 0 to 1"):
        Way(50)


def test_results_are_as_coco_writes_them(tmp_path):
    masks, points = torch.ones(3, 28, 28), torch.ones(3, 2, 3)
    detector = telling(some(masks, points), category_ids=[17, 90])
    files = [picture(tmp_path / f"{number:012d}.png", 64, 96) for number in (7, 12)]
    results = detector.results(list(detector.look(files)))
    assert [one["image_id"] for one in results] == [7, 7, 7, 12, 12, 12]
    first = results[0]
    assert first["category_id"] == 90
    assert first["bbox"] == [10, 20, 20, 20]
    assert first["score"] == pytest.approx(0.9)
    assert len(first["keypoints"]) == 6
    counts = uncompressed(first["segmentation"]["counts"])
    assert rle_decode(counts, *first["segmentation"]["size"]).sum() == 400
    json.dumps(results)
    named = detector.results(list(detector.look(picture(tmp_path / "cat.png", 64, 96))))
    assert named[0]["image_id"] == str(tmp_path / "cat.png")
    assert telling(some()).results(list(telling(some()).look(files)))[0]["category_id"] == 2


def test_results_are_read_by_cocos_own_program(tmp_path):
    coco = pytest.importorskip("pycocotools.coco").COCO()
    coco.dataset = {
        "images": [{"id": 7, "height": 64, "width": 96}],
        "annotations": [],
        "categories": [{"id": 17, "name": "disc"}, {"id": 90, "name": "square"}],
        "info": {},
    }
    coco.createIndex()
    detector = telling(some(torch.ones(3, 28, 28)), category_ids=[17, 90])
    results = detector.results(list(detector.look(picture(tmp_path / "7.png", 64, 96))))
    loaded = coco.loadRes(results)
    assert [one["area"] for one in loaded.loadAnns(loaded.getAnnIds())] == pytest.approx([400, 2000, 400])


def test_predict_prints_counts_json_and_draws(trained, drawn, tmp_path, capsys):
    folder = trained[0]
    files = [str(path) for path in drawn.paths[:2]]
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert run(["predict", str(folder), *files, str(tmp_path / "bad.png"), "--threshold", "0"]) == 1
    said = capsys.readouterr()
    assert said.out.count(".png") == 2
    assert "bad.png" in said.err
    assert run(["predict", str(folder), files[0], "--threshold", "0"]) == 0
    assert "x " in capsys.readouterr().out  # asked about alone: a line for each object
    assert run(["predict", str(folder), *files, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert {one["image_id"] for one in results} <= {0, 1}  # the drawn files are called by numbers
    assert run(["predict", str(folder), *files, "--draw", str(tmp_path / "drawn")]) == 0
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["00000.png", "00001.png"]


def test_a_drawing_never_takes_the_place_of_its_picture(trained, tmp_path, capsys):
    file = picture(tmp_path / "one.png", 64, 96)
    before = file.read_bytes()
    assert run(["predict", str(trained[0]), str(file), "--draw", str(tmp_path)]) == 1
    assert "would be overwritten; draw elsewhere" in capsys.readouterr().err
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--views", "six"], "averages answers about classes"),
        (["--beam", "3"], "tells detection, for which --beam means nothing; leave it out"),
        (["--sample"], "for which --sample means nothing"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_options_of_other_kinds_are_refused_in_a_sentence(trained, drawn, capsys, options, complaint):
    assert run(["predict", str(trained[0]), str(drawn.paths[0]), *options]) == 1
    assert complaint in " ".join(capsys.readouterr().err.split())


def test_a_detector_is_no_classifier_and_bad_files_are_named(trained, tmp_path):
    with pytest.raises(ValueError, match="visus predict"):
        model.load(trained[0])
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    with pytest.raises(UnreadablePictureError, match=r"bad\.jpg"):
        opened(trained[0]).predict(tmp_path / "bad.jpg")
    facts = json.loads((trained[0] / "model" / "model.json").read_text())
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text(json.dumps({**facts, "tells": "captions"}))
    (tmp_path / "model" / "weights.safetensors").write_bytes(
        (trained[0] / "model" / "weights.safetensors").read_bytes()
    )
    with pytest.raises(ValueError, match="no detector"):
        detection.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="holds no trained model"):
        looking.looker(tmp_path / "nowhere")
