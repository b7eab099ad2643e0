"""Two-stage detectors: names of torchvision's, what is learned from, what is said, against loops and by hand."""

import gzip
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visus.geometry import boxes as box
from visus.geometry.objects import CROWD, NOTHING, Targets
from visus.layers.pyramid import Pyramid
from visus.models import published, published_detectors
from visus.models.backbone import backbone
from visus.models.detectors import _building, _heads, faster_rcnn, keypoint_rcnn, mask_rcnn
from visus.models.detectors._rpn import RegionProposals
from visus.models.detectors._sampling import AN_OBJECT, LEFT_OUT, NO_OBJECT, assigned, drawn

KNOWN = json.loads(gzip.decompress((Path(__file__).parent / "data" / "torchvision_detectors.json.gz").read_bytes()))
MODULES = {"faster_rcnn": faster_rcnn, "mask_rcnn": mask_rcnn, "keypoint_rcnn": keypoint_rcnn}
THEIRS = {
    "faster_rcnn": "fasterrcnn_resnet50_fpn",
    "mask_rcnn": "maskrcnn_resnet50_fpn",
    "keypoint_rcnn": "keypointrcnn_resnet50_fpn",
}
every_model = pytest.mark.parametrize("name", THEIRS)


def laid_out(name, norm="batch", n_classes=None):
    """A detector in torchvision's layout, for COCO's classes; without memory for its weights."""
    see = backbone("resnet50", (3, 64, 64), norm=norm, layout="imagenet")
    with torch.device("meta"):
        n = len(published_detectors.classes(name)) if n_classes is None else n_classes
        return MODULES[name].build((3, 64, 64), n, see, layout="torchvision")


def small(name="faster_rcnn", n_classes=3, **own):
    torch.manual_seed(0)
    own = {"width": 16, "hidden": 32, "proposals": 40, "sampled": 16, "anchors": "12,24;24,48;48,96", "stride": 8} | own
    see = backbone("compact", (3, 96, 128), width=8, deepest=MODULES[name].deepest(own))
    return MODULES[name].build((3, 96, 128), n_classes, see, **own)


def marked(*rows):
    """Targets of one picture: (label, x1, y1, x2, y2) each."""
    labels, corners = torch.tensor([[row[0] for row in rows]]), torch.tensor([[row[1:] for row in rows]])
    return Targets(labels, corners.float().reshape(1, len(rows), 4))


# ---- published weights


@every_model
def test_names_and_shapes_are_torchvisions(name):
    own = {key: list(tensor.shape) for key, tensor in laid_out(name).state_dict().items()}
    assert own == KNOWN[THEIRS[name]]


def test_frozen_norms_have_the_same_names_without_their_counters():
    own = set(laid_out("faster_rcnn", "frozen").state_dict())
    assert own == {key for key in KNOWN[THEIRS["faster_rcnn"]] if not key.endswith("num_batches_tracked")}


def test_old_names_of_published_files_are_brought_up_to_date(tmp_path):
    old = {
        "rpn.head.conv.weight": "rpn.head.conv.0.0.weight",
        "backbone.fpn.inner_blocks.3.bias": "backbone.fpn.inner_blocks.3.0.bias",
        "backbone.fpn.layer_blocks.0.weight": "backbone.fpn.layer_blocks.0.0.weight",
        "roi_heads.mask_head.mask_fcn4.weight": "roi_heads.mask_head.3.0.weight",
        "roi_heads.keypoint_head.14.weight": "roi_heads.keypoint_head.14.weight",
        "rpn.head.cls_logits.bias": "rpn.head.cls_logits.bias",
    }
    known = {key for names in KNOWN.values() for key in names}
    torch.save({key: torch.zeros(1) for key in old}, tmp_path / "old.pth")
    assert set(published.read(tmp_path / "old.pth")) == set(old.values()) <= known


def test_what_is_known_of_a_class_goes_along_by_its_name():
    theirs = {
        "roi_heads.box_predictor.cls_score.bias": torch.arange(4.0),
        "roi_heads.box_predictor.bbox_pred.bias": torch.arange(16.0),
        "rpn.head.cls_logits.bias": torch.arange(3.0),
    }
    ours = {name: -torch.ones(n) for name, n in zip(theirs, (3, 12, 3), strict=True)}
    found = published_detectors.for_classes(theirs, ours, ["person", "", "dog"], ["dog", "llama"])
    assert found["roi_heads.box_predictor.cls_score.bias"].tolist() == [0, 3, -1]
    assert found["roi_heads.box_predictor.bbox_pred.bias"].tolist() == [0, 1, 2, 3, 12, 13, 14, 15, -1, -1, -1, -1]
    assert found["rpn.head.cls_logits.bias"].tolist() == [0, 1, 2]


def test_classes_of_coco_stand_at_their_ids():
    assert len(published_detectors.CLASSES) == 90
    assert sum(not name for name in published_detectors.CLASSES) == 10
    at = {1: "person", 13: "stop sign", 44: "bottle", 67: "dining table", 88: "teddy bear", 90: "toothbrush"}
    assert all(published_detectors.CLASSES[number - 1] == name for number, name in at.items())


def test_weights_that_nobody_published_are_refused_by_name():
    with pytest.raises(LookupError, match="no COCO weights are published for 'one_stage'; available: faster_rcnn"):
        published_detectors.state("one_stage")


# ---- which boxes are learned from


def test_boxes_are_assigned_as_by_hand():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 7], [0, 0, 10, 4], [40, 40, 50, 50], [5, 5, 5, 9]])
    row, label = assigned(boxes, marked((2, 0, 0, 10, 10), (0, 40, 40, 50, 56)), 0.7, 0.3)
    assert label.tolist() == [[AN_OBJECT, AN_OBJECT, LEFT_OUT, LEFT_OUT, LEFT_OUT]]
    assert row[0, :4].tolist() == [0, 0, 0, 1]


def test_the_best_box_of_each_object_is_taken_however_little_it_overlaps():
    boxes = torch.tensor([[0.0, 0, 10, 10], [38, 38, 44, 44], [60, 60, 70, 70]])
    _, plain = assigned(boxes, marked((0, 40, 40, 60, 60)), 0.7, 0.3)
    _, rescued = assigned(boxes, marked((0, 40, 40, 60, 60)), 0.7, 0.3, rescue=True)
    assert plain.tolist() == [[NO_OBJECT] * 3]
    assert rescued.tolist() == [[NO_OBJECT, AN_OBJECT, NO_OBJECT]]


def test_boxes_inside_a_crowd_count_neither_way():
    boxes = torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60]])
    _, label = assigned(boxes, marked((CROWD, 0, 0, 40, 40), (NOTHING, 0, 0, 0, 0)), 0.5, 0.5)
    assert label.tolist() == [[LEFT_OUT, NO_OBJECT]]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-1, 1), min_size=1, max_size=60), st.integers(1, 40), st.sampled_from([0.25, 0.5]))
def test_as_many_are_drawn_as_there_can_be(labels, n, share):
    label = torch.tensor([labels])
    rows, real, positive = drawn(label, n, share)
    yes, no = labels.count(1), labels.count(0)
    n = min(n, len(labels))
    n_yes = min(int(n * share), yes)
    assert int(positive.sum()) == n_yes
    assert int(real.sum()) == n_yes + min(no, n - n_yes)
    taken = rows[real].tolist()
    assert len(set(taken)) == len(taken)
    assert all(labels[row] != -1 for row in taken)


def test_the_losses_of_anchors_are_those_of_a_loop():
    torch.manual_seed(3)
    rpn = RegionProposals(4, 1, 50, 10)
    anchors = torch.tensor([[x, y, x + 20, y + 20] for x in range(0, 60, 10) for y in range(0, 40, 10)]).float()
    said = [(torch.randn(1, len(anchors)), 0.1 * torch.randn(1, len(anchors), 4))]
    targets = marked((1, 2, 1, 21, 22), (0, 31, 10, 52, 29))
    terms = rpn.terms(said, [anchors], targets)
    overlap = box.iou(anchors, targets.boxes[0])
    surprise, off, n = 0.0, 0.0, 0
    for a in range(len(anchors)):
        best, of = float(overlap[a].max()), int(overlap[a].argmax())
        is_object = best >= 0.7 or any(best > 0 and overlap[a, j] == overlap[:, j].max() for j in range(2))
        if 0.3 <= best < 0.7 and not is_object:
            continue
        n += 1
        surprise += float(torch.nn.functional.softplus(-said[0][0][0, a] if is_object else said[0][0][0, a]))
        if is_object:
            gap = (said[0][1][0, a] - box.encode(targets.boxes[0, of], anchors[a])).abs()
            off += float(torch.where(gap < 1 / 9, gap.square() * 4.5, gap - 1 / 18).sum())
    assert n < 128
    assert float(terms["rpn_objectness"]) == pytest.approx(surprise / n, rel=1e-5)
    assert float(terms["rpn_box"]) == pytest.approx(off / n, rel=1e-4)


def test_proposals_lie_in_the_picture_and_do_not_overlap_more_than_allowed():
    torch.manual_seed(1)
    model = small().eval()
    with torch.no_grad():
        _, regions, _ = model.propose(torch.randn(2, 3, 96, 128))
    for own in regions:
        assert len(own) <= 40
        assert bool((own >= 0).all() and (own[:, 2] <= 128).all() and (own[:, 3] <= 96).all())


# ---- what is said of regions


def test_masks_are_learned_where_they_lie_in_the_region():
    masks = torch.zeros(2, 20, 20, dtype=torch.uint8)
    masks[0, 4:12, 4:12] = 1
    masks[1, :, 10:] = 1
    regions, rows, labels = torch.tensor([[2.0, 2, 16, 16], [0, 0, 20, 20]]), torch.tensor([0, 1]), torch.tensor([1, 2])
    logits = torch.zeros(2, 3, 28, 28, requires_grad=True)
    _heads.mask_loss(logits, labels, regions, masks, rows).backward()
    wanted = logits.grad < 0  # half a chance is too little where the mask is
    inside = torch.zeros(28, dtype=torch.bool)
    inside[4:20] = True  # pixels 4 to 12 of 2 to 16, in halves of a pixel
    assert torch.equal(wanted[0, 1], inside[:, None] & inside)
    assert torch.equal(wanted[1, 2], (torch.arange(28) >= 14).expand(28, 28))
    assert not logits.grad[0, [0, 2]].any()
    assert not logits.grad[1, [0, 1]].any()


def test_keypoints_are_placed_where_their_map_is_highest_and_learned_there():
    regions = torch.tensor([[10.0, 20.0, 66.0, 76.0]])
    points = torch.tensor([[[15.5, 30.5, 2.0], [66.0, 76.0, 1.0], [100.0, 30.0, 2.0], [30.0, 30.0, 0.0]]])
    logits = torch.zeros(1, 4, 56, 56)
    logits[0, 0, 10, 5] = logits[0, 1, 55, 55] = 60.0
    found = _heads.placed(logits, regions)
    assert found[0, 0].tolist() == pytest.approx([15.5, 30.5, 60.0], abs=1e-3)
    assert found[0, 1, :2].tolist() == pytest.approx([65.5, 75.5], abs=1e-3)
    # one outside the region and one that is not marked count neither way; the others are right
    assert float(_heads.keypoint_loss(logits, regions, points)) == pytest.approx(0, abs=1e-4)
    assert float(_heads.keypoint_loss(0 * logits, regions, points)) == pytest.approx(8.05, abs=0.01)  # ln 3136


def test_a_pyramid_adds_what_the_coarser_map_knows():
    torch.manual_seed(0)
    fpn = Pyramid([3, 5], 4, extra=True)
    fine, coarse = torch.randn(1, 3, 6, 8), torch.randn(1, 5, 3, 4)
    out = fpn([fine, coarse])
    inner = fpn.inner_blocks[1](coarse)
    known = fpn.inner_blocks[0](fine) + inner.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.allclose(out[0], fpn.layer_blocks[0](known), atol=1e-6)
    assert torch.allclose(out[1], fpn.layer_blocks[1](inner), atol=1e-6)
    assert torch.equal(out[2], out[1][:, :, ::2, ::2])


# ---- building


def test_anchors_are_written_as_they_are_read():
    sizes = [[14.0, 21.5], [32.0, 48.0]]
    assert _building.read_anchors(_building.written(sizes)) == sizes


@pytest.mark.parametrize("text", ["a", "1;", "1,-2", "nan", "16;;32"])
def test_anchors_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="sides in pixels"):
        _building.read_anchors(text)


def test_what_does_not_go_together_is_said():
    with pytest.raises(ValueError, match="looks at 3, each with"):
        small(anchors="16;32")
    with pytest.raises(ValueError, match="stride must be one of 2, 4, 8, 16, 32"):
        small(stride=12)


def test_a_single_map_has_no_weights_behind_it():
    model = small(pyramid=False, stride=16, anchors="16,32,64")
    targets = marked((1, 20, 20, 60, 60))
    sum(model.terms(torch.randn(1, 3, 96, 128), targets).values()).backward()
    assert not [name for name, p in model.named_parameters() if p.grad is None]
