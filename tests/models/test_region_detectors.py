"""What detectors that judge regions learn from, and how they see them."""

import numpy as np
import pytest
import torch
from PIL import Image

from visus.geometry.boxes import iou
from visus.geometry.objects import CROWD, NOTHING, Targets
from visus.models.backbone import backbone
from visus.models.detectors import _regions, fast_rcnn, rcnn


def drawn(n, seed=0):
    dice = torch.Generator().manual_seed(seed)
    corner = torch.rand(2, n, 2, generator=dice) * 60
    return torch.cat([corner, corner + 5 + torch.rand(2, n, 2, generator=dice) * 40], 2)


def marked(labels=((2, 0), (1, NOTHING))):
    boxes = torch.tensor([[10.0, 10, 40, 50], [50, 20, 90, 60]]).repeat(2, 1, 1)
    return Targets(torch.tensor(labels), boxes)


def test_a_quarter_of_the_regions_at_most_are_objects_and_each_has_the_class_of_its_own():
    proposals, targets = drawn(400), marked()
    torch.manual_seed(0)
    regions, rows, labels = _regions.learned_from(proposals, targets, 32)
    for picture in range(2):
        overlap = iou(regions[picture], targets.boxes[picture][targets.labels[picture] >= 0])
        yes = labels[picture] > 0
        assert len(regions[picture]) == 32
        assert 0 < int(yes.sum()) <= 8
        assert bool((overlap[yes].amax(1) >= 0.5).all())
        assert bool((overlap[~yes].amax(1) < 0.5).all())
        assert labels[picture][yes].tolist() == (targets.labels[picture][rows[picture][yes]] + 1).tolist()


def test_the_true_boxes_are_learned_from_where_no_proposal_meets_them():
    nowhere = torch.tensor([[0.0, 0, 4, 4]]).repeat(2, 6, 1)
    regions, _, labels = _regions.learned_from(nowhere, marked(), 16)
    assert sorted(labels[0][labels[0] > 0].tolist()) == [1, 3]
    assert labels[1][labels[1] > 0].tolist() == [2]
    assert [10.0, 10.0, 40.0, 50.0] in regions[1].tolist()


def test_a_region_inside_a_crowd_is_not_learned_as_background():
    inside = torch.tensor([[12.0, 12, 30, 30]]).repeat(2, 5, 1)
    regions, _, _ = _regions.learned_from(inside, marked(((CROWD, NOTHING),) * 2), 16)
    assert all(len(own) == 0 for own in regions)


def test_warping_is_cropping_and_resizing():
    """Against Pillow, which cuts out and enlarges by bilinear weights as well."""
    dice = np.random.default_rng(0)
    picture = np.array(Image.fromarray(dice.integers(0, 255, (12, 16, 3), dtype=np.uint8)).resize((64, 48), 2))
    images = torch.from_numpy(picture).permute(2, 0, 1)[None].double()
    box = (12, 8, 28, 40)
    theirs = Image.fromarray(picture).resize((32, 32), Image.Resampling.BILINEAR, box=box)
    ours = _regions.warped(images, [torch.tensor([box], dtype=torch.float32)], 32)[0].permute(1, 2, 0).numpy()
    inner = (slice(2, -2),) * 2  # Pillow does not look beyond the box
    assert np.abs(ours[inner] - np.asarray(theirs)[inner].astype(float)).max() < 1.5


def test_context_shows_what_is_around_and_outside_is_the_mean():
    images = torch.ones(1, 1, 40, 40)
    images[..., 10:30, 10:30] = 5
    region = [torch.tensor([[10.0, 10, 30, 30]])]
    assert bool((_regions.warped(images, region, 20)[..., 1:-1, 1:-1] == 5).all())
    around = _regions.warped(images, region, 20, context=0.25)[0, 0]
    assert around[1, 1] == 1
    assert float(around[6:14, 6:14].min()) == pytest.approx(5)
    corner = _regions.warped(images, [torch.tensor([[-20.0, -20, 20, 20]])], 8)[0, 0]
    assert corner[0, 0] == 0
    assert corner[-1, -1] == 5


def test_regions_without_area_only_fill_up():
    padded = torch.tensor([[[0.0, 0, 5, 5], [0, 0, 0, 0]], [[1, 1, 1, 9], [2, 2, 8, 8]]])
    first, second = _regions.usable(padded)
    assert first.tolist() == [[0, 0, 5, 5]]
    assert second.tolist() == [[2, 2, 8, 8]]
    assert _regions.filled([first, second[:0]]).shape == (2, 1, 4)
    with pytest.raises(ValueError, match=r"given none; call it with proposals \(B, P, 4\)"):
        _regions.usable(None)


def test_hinge_leaves_out_what_is_neither_an_example_nor_none():
    margins = torch.tensor([[0.5, -2.0]]).repeat(5, 1)
    labels = torch.tensor([1, 1, 0, 0, 2])
    overlap = torch.tensor([0.9, 0.6, 0.1, 0.4, 1.0])
    found = rcnn.hinge(margins, labels, overlap)
    assert found.tolist() == pytest.approx([0.5, 0.0, 1.5, 0.0, 1.5 + 3.0])


def test_svms_and_regressions_do_not_change_the_network():
    torch.manual_seed(0)
    model = rcnn.build((3, 64, 96), 3, backbone("compact", (3, 64, 96), width=4), side=32, hidden=8, sampled=8)
    targets = marked()
    targets = Targets(targets.labels, targets.boxes, proposals=drawn(30))
    images = torch.randn(2, 3, 64, 96)
    terms = model.terms(images, targets)
    (terms["svm"] + terms["box"]).backward()
    assert all(p.grad is None for p in [*model.see.parameters(), *model.describe.parameters()])
    assert model.svm.weight.grad is not None
    assert model.move.weight.grad is not None


def test_fast_rcnn_looks_at_the_picture_once_however_many_regions():
    torch.manual_seed(0)
    trunk = backbone("compact", (3, 64, 96), width=4, deepest=8)
    model = fast_rcnn.build((3, 64, 96), 3, trunk, width=8, hidden=8).eval()
    looks = []
    trunk.register_forward_hook(lambda module, given, out: looks.append(given[0].shape))
    with torch.no_grad():
        model(torch.randn(1, 3, 64, 96), drawn(200)[:1])
    assert looks == [(1, 3, 64, 96)]


@pytest.mark.parametrize(
    ("module", "given", "says"),
    [
        (fast_rcnn, {"stride": 3}, "stride must be one of 1, 2, 4, 8, 16; got 3"),
        (fast_rcnn, {"proposer": "objectness"}, "no 'objectness' in data.proposals"),
        (rcnn, {"side": 8}, "at least 32 pixels"),
        (rcnn, {"n_proposals": 0}, "at least 1; got 0"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(module, given, says):
    with pytest.raises((ValueError, LookupError), match=says):
        module.build((3, 64, 96), 3, backbone("compact", (3, 64, 96), width=4), **given)
