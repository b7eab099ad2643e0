"""Batches of marked objects: the same for the same step, marks where the pixels are, and nothing asked for unfairly."""

from copy import deepcopy
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from visus.data.augment import _recolour
from visus.data.object_augment import ObjectAugment, recoloured
from visus.data.object_batches import REMAINS, ObjectBatches
from visus.data.prepared_objects import prepare_objects
from visus.data.shapes import shapes
from visus.geometry.objects import CROWD, NOTHING

ALL = ObjectAugment(flip=True, scale=0.6, shift=0.2, colour=0.3, flip_vertical=True)
MOVED = replace(ALL, colour=0.0)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    drawn = shapes(30, 64, 96, marked="keypoints", folder=tmp_path_factory.mktemp("shapes") / "drawn")
    return prepare_objects(drawn, size=96)


@pytest.fixture(scope="module")
def regions(prepared):
    return {
        name: np.concatenate([one.boxes, [[0, 0, 30, 20], [60, 40, 96, 64]]])
        for name, one in zip(prepared.pictures.collection.names, prepared.objects, strict=True)
    }


def batches(prepared, augment=ALL, batch=4, seed=0, **more):
    return ObjectBatches(prepared, batch, seed, augment, **more)


def test_a_batch_has_what_it_holds_in_its_order(prepared, regions):
    data = batches(prepared, holds=("keypoints", "masks"), proposals=regions)
    batch = data.batch(0)
    assert data.holds == ("masks", "keypoints", "proposals")
    images, labels, boxes, masks, keypoints, proposals = batch
    n = labels.shape[1]
    assert (images.dtype, tuple(images.shape)) == (torch.uint8, (4, 3, 64, 96))
    assert (labels.dtype, boxes.dtype, tuple(boxes.shape)) == (torch.int64, torch.float32, (4, n, 4))
    assert (masks.dtype, tuple(masks.shape)) == (torch.uint8, (4, n, 64, 96))
    assert tuple(keypoints.shape) == (4, n, 3, 3)
    assert proposals.shape[::2] == (4, 4)
    targets = data.targets(batch)
    assert torch.equal(targets.masks, masks)
    assert torch.equal(targets.proposals, proposals)
    assert batches(prepared).targets(batches(prepared).batch(0)).masks is None


def test_the_same_step_gives_the_same_batch_whenever_it_is_asked_for(prepared):
    straight = list(islice(batches(prepared, holds=("masks",)).batches(), 9))
    resumed = list(islice(batches(prepared, holds=("masks",)).batches(5), 4))
    for one, other in zip(straight[5:], resumed, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not torch.equal(straight[0][0], batches(prepared, seed=1).batch(0)[0])


def test_an_epoch_shows_every_picture_once_and_names_it(prepared):
    data = batches(prepared, batch=3)
    names = [name for step in range(data.steps_per_epoch) for name in data.sources(step)]
    assert len(set(names)) == len(names) == 3 * data.steps_per_epoch
    assert set(names) <= set(prepared.names("train"))


def test_a_picture_is_changed_alike_without_the_test_part(prepared):
    whole, part = (batches(data, batch=len(prepared.rows("train"))) for data in (prepared, prepared.without_test()))
    assert whole.sources(0) == part.sources(0)
    assert all(torch.equal(a, b) for a, b in zip(whole.batch(0), part.batch(0), strict=True))


def test_masks_stay_in_their_boxes_and_keypoints_on_their_masks(prepared):
    data = batches(prepared, MOVED, batch=6, holds=("masks", "keypoints"))
    n_points = 0
    for step in range(12):
        targets = data.targets(data.batch(step))
        for i in range(6):
            for j in targets.real(i).tolist():
                x1, y1, x2, y2 = targets.boxes[i, j].tolist()
                rows, columns = torch.nonzero(targets.masks[i, j], as_tuple=True)
                assert columns.min() >= x1 - 1.6
                assert columns.max() <= x2 + 0.6
                assert rows.min() >= y1 - 1.6
                assert rows.max() <= y2 + 0.6
                assert 0 <= x1 < x2 <= 96
                assert 0 <= y1 < y2 <= 64
                for x, y, seen in targets.keypoints[i, j].tolist():
                    if seen == 2 and 3 < x < 93 and 3 < y < 61:
                        near = targets.masks[i, j, int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4]
                        assert near.any()
                        n_points += 1
    assert n_points > 30


def test_left_stays_left_of_right_as_a_triangle_stands(prepared):
    """Corners turn one way around in every picture, mirrored or not: tip, right, left is clockwise."""
    data = batches(prepared, MOVED, batch=6, holds=("keypoints",))
    turned = []
    for step in range(12):
        points = data.targets(data.batch(step)).keypoints.flatten(0, 1)
        points = points[(points[..., 2] > 0).all(1)]
        a, b = points[:, 2, :2] - points[:, 0, :2], points[:, 1, :2] - points[:, 0, :2]
        turned += (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] > 0).tolist()
    assert len(turned) > 20
    assert all(turned)


def test_what_is_mostly_out_of_view_counts_neither_way(prepared):
    data = batches(prepared, ObjectAugment(scale=2.0, shift=0.3), batch=6)
    found = []
    for step in range(10):
        epoch, rows = data._rows(step)
        views = data.augment.views(0, epoch, rows, 64, 96)
        targets = data.targets(data.batch(step))
        for i, (row, view) in enumerate(zip(rows.tolist(), views, strict=True)):
            moved = view.boxes(prepared.objects[row].boxes)
            clipped = moved.clip(0, [96, 64, 96, 64])
            area, left = ((b[:, 2:] - b[:, :2]).clip(min=0).prod(1) for b in (moved, clipped))
            labels = targets.labels[i][targets.labels[i] != NOTHING]
            there = left > 0
            expected = np.where(left[there] / area[there] < REMAINS, CROWD, prepared.objects[row].labels[there])
            assert labels.tolist() == expected.tolist()
            found += expected.tolist()
    assert CROWD in found
    assert max(found) >= 0


def test_rows_that_fill_up_are_empty(prepared):
    data = batches(prepared, batch=8, holds=("masks", "keypoints"))
    _images, labels, boxes, masks, keypoints = data.batch(0)
    empty = labels == NOTHING
    assert empty.any()
    assert not boxes[empty].any()
    assert not masks[empty].any()
    assert not keypoints[empty].any()


def test_proposals_move_with_the_objects(prepared, regions):
    data = batches(prepared, MOVED, batch=6, proposals=regions)
    by_row = [regions[name] for name in prepared.pictures.collection.names]
    for step in range(4):
        batch = data.batch(step)
        targets = data.targets(batch)
        for i in range(6):
            for j in targets.real(i).tolist():
                assert (targets.proposals[i] - targets.boxes[i, j]).abs().amax(1).min() < 1e-4
        other = batches(prepared, MOVED, batch=6, proposals=by_row).batch(step)
        assert torch.equal(batch[-1], other[-1])


def test_parts_come_as_they_are_in_the_order_of_their_rows(prepared):
    data = batches(prepared, holds=("masks",))
    rows = data.part_rows("validation", 3)
    (batch,) = data.part("validation", 3)
    assert len(rows) == 3
    assert torch.equal(batch[0], prepared.pictures.images(rows))
    for i, row in enumerate(rows.tolist()):
        n = len(prepared.objects[row])
        assert torch.allclose(batch[2][i, :n].double(), torch.from_numpy(prepared.objects[row].boxes), atol=1e-4)
    assert sum(len(part[0]) for part in data.part("train")) == len(prepared.rows("train"))
    assert len(list(data.part("train"))) == data.part_steps("train")


def test_no_augmentation_changes_nothing(prepared):
    data = batches(prepared, ObjectAugment(), batch=2)
    _epoch, rows = data._rows(0)
    assert torch.equal(data.batch(0)[0], prepared.pictures.images(rows))
    assert deepcopy(data) is data


def test_pictures_are_read_when_needed_if_they_do_not_fit(prepared):
    bare = replace(prepared, pictures=replace(prepared.pictures, pixels=None))
    assert all(torch.equal(a, b) for a, b in zip(batches(bare).batch(3), batches(prepared).batch(3), strict=True))


def test_zooms_are_as_often_in_as_out():
    views = ObjectAugment(scale=1.0).views(0, 0, np.arange(2000), 64, 96)
    larger = np.array([view.rows < 64 for view in views])
    assert 0.45 < larger.mean() < 0.55
    assert all(32 <= view.rows <= 128 for view in views)
    inside = [view for view in views if view.rows < 64]
    assert all(0 <= view.top <= 64 - view.rows and 0 <= view.left <= 96 - view.columns for view in inside)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"batch": 0}, "at least 1 picture"),
        ({"holds": ("colours",)}, "'colours'"),
        ({"holds": ("proposals",)}, "needs them"),
    ],
)
def test_wrong_settings_are_named(prepared, wrong, said):
    with pytest.raises(ValueError, match=said):
        batches(prepared, **wrong)


@pytest.mark.parametrize("hold", ["masks", "keypoints"])
def test_what_is_not_marked_cannot_be_held(hold, tmp_path):
    boxes = prepare_objects(shapes(12, 32, 32, marked="boxes", folder=tmp_path / "drawn"))
    with pytest.raises(ValueError, match="model=faster_rcnn"):
        ObjectBatches(boxes, 2, 0, holds=(hold,))


@pytest.mark.parametrize("wrong", [{"scale": -1}, {"shift": 1.0}, {"colour": 2.0}])
def test_augmentation_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ObjectAugment(**wrong)


def test_the_colour_matrix_is_brightness_saturation_and_contrast_one_after_the_other():
    dice = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (5, 3, 20, 30), dtype=torch.uint8, generator=dice)
    factors = 0.5 + torch.rand(5, 3, generator=dice)
    apart = (recoloured(images, factors).int() - _recolour(images, factors).int()).abs()
    assert apart.max() <= 1
    assert (apart > 0).float().mean() < 0.001
