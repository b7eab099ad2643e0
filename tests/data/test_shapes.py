"""The drawn set: what is marked is what is to be seen, and it is always the same."""

import numpy as np
import pytest
from PIL import Image

from visus.data.annotations import Rle
from visus.data.decode import read_full
from visus.data.label_maps import IGNORE
from visus.data.object_masks import painted
from visus.data.shapes import CLASSES, shape_maps, shapes

N, H, W = 24, 64, 80


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes") / "drawn"
    return {kind: shapes(N, H, W, marked=kind, folder=folder) for kind in ("boxes", "masks", "keypoints")} | {
        "maps": shape_maps(N, H, W, folder=folder)
    }


def masks_of(objects):
    return [painted(outline, H, W) for outline in objects.outlines]


def test_each_way_to_mark_says_what_it_is(drawn):
    assert [drawn[kind].kind for kind in ("boxes", "masks", "keypoints")] == ["boxes", "masks", "keypoints"]
    assert all(len(drawn[kind]) == N for kind in drawn)
    assert {label for one in drawn["masks"].objects for label in one.labels.tolist()} == set(range(len(CLASSES)))


def test_some_outlines_are_polygons_and_some_run_lengths(drawn):
    outlines = [outline for one in drawn["masks"].objects for outline in one.outlines]
    assert 0.2 < np.mean([isinstance(outline, Rle) for outline in outlines]) < 0.8


def test_masks_fill_their_boxes_and_do_not_overlap(drawn):
    for one in drawn["masks"].objects:
        masks = masks_of(one)
        for mask, (x1, y1, x2, y2) in zip(masks, one.boxes, strict=True):
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            seen = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
            assert np.abs(np.array(seen) - [x1, y1, x2, y2]).max() <= 1.5  # a tip is thinner than a pixel
        rims = 2 * (H + W)  # polygons are filled from the middle of their border pixels on
        assert (np.sum([mask.astype(int) for mask in masks], axis=0) > 1).sum() < rims if masks else True


def test_shapes_stand_out_where_their_masks_are(drawn):
    found = drawn["masks"]
    for path, one in zip(found.paths, found.objects, strict=True):
        picture = read_full(path).astype(float)
        masks = masks_of(one)
        ground = picture[~np.any(masks, axis=0)].mean(0) if masks else None
        for mask in masks:
            assert np.abs(picture[mask].mean(0) - ground).max() > 25


def test_label_maps_show_the_masks_and_ignore_the_rims(drawn):
    for path, one in zip(drawn["maps"].maps, drawn["masks"].objects, strict=True):
        classes = np.asarray(Image.open(path))
        assert set(np.unique(classes)) <= {0, 1, 2, 3, IGNORE}
        expected = np.zeros((H, W), dtype=int)
        for mask, label in zip(masks_of(one), one.labels, strict=True):
            expected[mask] = 1 + label
        counted = classes != IGNORE
        assert counted.mean() > 0.85
        assert (classes == expected)[counted].mean() > 0.998


def test_keypoints_are_the_corners_of_triangles_alone(drawn):
    found = drawn["keypoints"]
    for one in found.objects:
        for keypoints, label, (x1, y1, x2, y2) in zip(one.keypoints, one.labels, one.boxes, strict=True):
            if CLASSES[label] != "triangle":
                assert not keypoints.any()
                continue
            marked = keypoints[keypoints[:, 2] > 0]
            assert ((marked[:, :2] >= [x1, y1]) & (marked[:, :2] <= [x2 + 1, y2 + 1])).all()
            if len(marked) == 3:
                (_, tip_y), (left_x, left_y), (right_x, right_y) = keypoints[:, :2]
                assert tip_y < min(left_y, right_y)
                assert left_x < right_x


def test_a_picture_is_the_same_however_many_are_drawn(drawn, tmp_path):
    few = shapes(3, H, W, folder=tmp_path / "few")
    for k in range(3):
        assert np.array_equal(read_full(few.paths[k]), read_full(drawn["masks"].paths[k]))
        assert np.array_equal(few.objects[k].boxes, drawn["masks"].objects[k].boxes)
    other = shapes(3, H, W, seed=1, folder=tmp_path / "other")
    assert not np.array_equal(read_full(few.paths[0]), read_full(other.paths[0]))


def test_some_pictures_are_bare(drawn):
    assert any(len(one) == 0 for one in shapes(60, 32, 32).objects)


@pytest.mark.parametrize(("wrong", "said"), [({"n": 0}, "at least 1 picture"), ({"marked": "dots"}, "'dots'")])
def test_what_cannot_be_drawn_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        shapes(**wrong)
