"""What a detector is found to be worth, and what of it is kept for the report."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from visus.data.annotations import KEYPOINTS, MASKS
from visus.data.decode import read_full
from visus.data.prepared_objects import prepare_objects
from visus.data.shapes import shapes
from visus.geometry.masks import polygon_mask, rle_decode
from visus.geometry.objects import Detections
from visus.playbook import _detection_evidence as evidence
from visus.playbook.pictured import detection as pictured
from visus.report import page
from visus.runs.reader import Run
from visus.ship.kinds.detection import Detector, Sighting, Thing

pytest.importorskip("faster_coco_eval")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare_objects(shapes(30, 64, 96, marked="keypoints", folder=tmp_path_factory.mktemp("shapes")))


class Knowing(torch.nn.Module):
    """A detector that knows what is marked in the pictures of a part, and answers in their order."""

    def __init__(self, prepared, part, change=lambda found: found):
        super().__init__()
        self.answers = [change(known(prepared.objects[row], prepared)) for row in prepared.rows(part).tolist()]
        self.at = 0

    def forward(self, images):
        self.at += len(images)
        return self.answers[self.at - len(images) : self.at]


def known(objects, prepared):
    """What is marked, as the perfect answer; its masks are cut out of the boxes."""
    height, width = prepared.frame.height, prepared.frame.width
    masks = torch.zeros(len(objects), 28, 28)
    for k, (outline, box) in enumerate(zip(objects.outlines, objects.boxes, strict=True)):
        if hasattr(outline, "counts"):
            mask = np.asarray(rle_decode(outline.counts, height, width))
        else:
            mask = polygon_mask(outline, height, width)
        x, y = (box[i] + (np.arange(28) + 0.5) / 28 * (box[i + 2] - box[i]) for i in (0, 1))
        cut = mask[y.astype(int).clip(0, height - 1)][:, x.astype(int).clip(0, width - 1)]
        masks[k] = torch.from_numpy(cut.astype(np.float32))
    middle = np.concatenate([(objects.boxes[:, :2] + objects.boxes[:, 2:]) / 2, np.ones((len(objects), 1))], 1)
    points = np.where(objects.keypoints[..., 2:] > 0, objects.keypoints, middle[:, None])
    points = torch.from_numpy(points).float()
    boxes, labels = torch.from_numpy(objects.boxes).float(), torch.from_numpy(objects.labels)
    return Detections(boxes, torch.linspace(0.99, 0.6, len(labels)), labels, masks, points)


def detector(prepared, kind, change=lambda found: found, part="test"):
    facts = {"image": list(prepared.image), "framing": "pad", "classes": list(prepared.classes), "kind": kind}
    facts |= {"threshold": 0.5, "skeleton": prepared.skeleton}
    return Detector(Knowing(prepared, part, change), facts)


@pytest.mark.parametrize("kind", [MASKS, KEYPOINTS])
def test_who_finds_all_scores_one_and_makes_no_mistake(prepared, kind):
    found = evidence.examine(detector(prepared, kind), prepared, "test")
    assert found.values["mAP@.5"] == pytest.approx(1)
    assert found.values["COCO's mAP"] == pytest.approx(1)
    assert found.values[evidence.FINER[kind]] > 0.95
    assert not any(found.errors.counts.values())
    assert found.interval == pytest.approx((1, 1))
    assert found.line.startswith("mAP@.5 100.0 % (95 % CI 100.0 to 100.0)")
    assert "costliest" not in found.line


def test_who_overlooks_the_unsure_half_is_told_so(prepared):
    found = evidence.examine(detector(prepared, "boxes", lambda d: d.at(d.scores > 0.8)), prepared, "test")
    low, high = found.interval
    assert low < found.scores.map50 < high < 1
    n_left = sum(len(one.scores) for one in found.matched)
    assert found.detail["errors"]["missed"] == {
        "count": found.detail["n_objects"] - n_left,
        "cost": pytest.approx(1 - found.scores.map50),
    }
    assert "costliest: missed" in found.line


def shifted(found):
    """Every second object named wrongly, and one that is not there."""
    labels = torch.where(torch.arange(len(found)) % 2 == 1, (found.labels + 1) % 3, found.labels)
    more = torch.tensor([[1.0, 1, 9, 9]])
    every = torch.cat([found.boxes, more]), torch.cat([found.scores, torch.tensor([0.95])])
    masks = torch.cat([found.masks, torch.ones(1, 28, 28)])
    return Detections(*every, torch.cat([labels, torch.tensor([0])]), masks, torch.zeros(len(labels) + 1, 3, 3))


def test_the_evidence_is_what_the_report_shows(prepared, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "events.jsonl").write_text("")
    found = evidence.keep(tmp_path, detector(prepared, MASKS, shifted), prepared, "test")
    assert found.errors.counts["class"] > 0
    assert found.errors.counts["background"] > 0
    text = " ".join(page.render(Run(tmp_path)).split())
    assert f"What was found in {len(found.rows)} test pictures" in text
    assert "Worst pictures" in text
    assert "Surest mistakes" in text
    assert f"{100 * found.scores.map50:.1f} %" in text
    before = (tmp_path / "evidence.safetensors").read_bytes()
    evidence.write(tmp_path, detector(prepared, MASKS), prepared, found)
    assert (tmp_path / "evidence.safetensors").read_bytes() == before  # the same answers give the same bytes


def test_a_part_in_which_nothing_is_marked_is_refused(prepared):
    bare = SimpleNamespace(
        rows=lambda part: np.array([0]), objects=[SimpleNamespace(crowd=np.ones(1, bool))], origin="x"
    )
    with pytest.raises(ValueError, match="marks no object in its test pictures"):
        evidence.examine(detector(prepared, "boxes"), bare, "test")


def test_what_was_told_is_drawn_on_the_picture_of_the_file(prepared):
    file = prepared.annotations.paths[0]
    things = [Thing(1, "square", 0.9, (10, 10, 40, 40)), Thing(2, "triangle", 0.2, (50, 10, 90, 60))]
    sighting = Sighting(str(file), "1 square", things=things, sure=0.5)
    seen = pictured.drawn(sighting, None)
    times = len(seen) // 64
    plain = np.repeat(np.repeat(read_full(file), times, 0), times, 1)
    changed = (seen != plain).any(2)
    assert changed[10 * times : 40 * times, 10 * times].all()
    assert not changed[:, 50 * times :].any()  # what is not sure is not drawn
