"""Marks in pixels of the frame lie where the pixels lie, and the way back leads to the file."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from visus.data.annotations import Annotations, Objects, Rle
from visus.data.decode import FRAMINGS, ORIENTATION_TAG, Frame, read
from visus.data.object_masks import ObjectMasks, painted
from visus.data.prepared_objects import choose_frame, in_frame, prepare_objects
from visus.data.shapes import shapes
from visus.geometry.masks import rle_encode

SIZES = [(40, 60), (60, 40), (37, 91), (120, 200), (64, 64), (300, 211)]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return shapes(40, 64, 96, marked="keypoints", folder=tmp_path_factory.mktemp("shapes") / "drawn")


@pytest.fixture(scope="module")
def prepared(drawn):
    return prepare_objects(drawn, size=64)


def bright(folder, height, width, box, suffix="png", orientation=1):
    """A black picture of this size, as shown, with a white box in it; x1, y1, x2, y2."""
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    x1, y1, x2, y2 = box
    picture[y1:y2, x1:x2] = 255
    image = Image.fromarray(picture)
    if orientation == 6:  # to be turned clockwise when shown
        image = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    path = folder / f"{height}x{width}-{orientation}.{suffix}"
    image.save(path, quality=95, exif=exif) if suffix == "jpg" else image.save(path)
    return path


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize(("suffix", "orientation"), [("png", 1), ("jpg", 1), ("jpg", 6)])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_box_is_brought_to_where_its_pixels_are(tmp_path, framing, suffix, orientation, height, width):
    box = (width // 3, height // 2, width // 3 + width // 4, height // 2 + height // 5)
    frame = Frame(64, 96, framing)
    seen = read(bright(tmp_path, height, width, box, suffix, orientation), frame)[:, :, 0] / 255
    scale_x, scale_y, left, top = frame.placed(height, width)
    x1, x2 = (np.clip(box[i] * scale_x + left, 0, 96) for i in (0, 2))
    y1, y2 = (np.clip(box[i] * scale_y + top, 0, 64) for i in (1, 3))
    across = np.clip(np.minimum(np.arange(96) + 1, x2) - np.maximum(np.arange(96), x1), 0, 1)
    down = np.clip(np.minimum(np.arange(64) + 1, y2) - np.maximum(np.arange(64), y1), 0, 1)
    expected = down[:, None] * across
    weight = expected.sum()
    assert seen.sum() == pytest.approx(weight, rel=0.12, abs=6)
    x, y = np.arange(96) + 0.5, np.arange(64) + 0.5
    assert (seen.sum(0) @ x) / seen.sum() == pytest.approx((expected.sum(0) @ x) / weight, abs=0.4)
    assert (seen.sum(1) @ y) / seen.sum() == pytest.approx((expected.sum(1) @ y) / weight, abs=0.4)


@pytest.mark.parametrize("framing", ["pad", "stretch"])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_polygons_and_run_lengths_of_the_same_box_agree_with_it(framing, height, width):
    box = [width // 4, height // 4, 3 * width // 4, 3 * height // 4]
    x1, y1, x2, y2 = box
    mask = np.zeros((height, width), dtype=bool)
    mask[y1:y2, x1:x2] = True
    outlines = [[[x1, y1, x2, y1, x2, y2, x1, y2]], Rle(height, width, list(rle_encode(mask))), None]
    marks = Objects(np.array([box] * 3, dtype=float), np.zeros(3, dtype=np.int64), np.zeros(3, dtype=bool), outlines)
    frame = Frame(96, 64, framing)
    moved = in_frame(marks, frame, height, width)
    (left, top, right, bottom) = moved.boxes[0]
    for outline in moved.outlines[:2]:
        seen = painted(outline, 96, 64)
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        assert np.abs(np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) - moved.boxes[0]).max() <= 1.01
        assert seen.sum() == pytest.approx((right - left) * (bottom - top), rel=0.1)
    assert moved.outlines[2] is None


def test_what_lies_outside_the_frame_goes_and_the_rest_is_clipped():
    boxes = np.array([[-20, -5, 30, 10], [200, 10, 240, 20], [50, 30, 90, 70]], dtype=float)
    marks = Objects(
        boxes, np.array([0, 1, 2]), np.array([False, False, True]), [None] * 3, facts=[{"id": k} for k in "abc"]
    )
    moved = in_frame(marks, Frame(60, 80, "pad"), 60, 80)
    assert moved.boxes.tolist() == [[0, 0, 30, 10], [50, 30, 80, 60]]
    assert moved.labels.tolist() == [0, 2]
    assert moved.crowd.tolist() == [False, True]
    assert [fact["id"] for fact in moved.facts] == ["a", "c"]


def test_the_way_back_leads_to_the_file(tmp_path):
    folder, sizes = tmp_path, [(50, 90), (90, 50), (70, 70), (33, 77), (50, 81), (64, 90)]
    boxes = [(10, 12, 40, 31), (5, 50, 45, 88), (0, 0, 70, 70), (70, 3, 77, 30), (1, 1, 5, 5), (20, 20, 50, 60)]
    found = Annotations(
        "boxes",
        [bright(folder, *size, box) for size, box in zip(sizes, boxes, strict=True)],
        [f"{k}.png" for k in range(6)],
        np.array(sizes),
        [Objects(np.array([box], float), np.zeros(1, np.int64), np.zeros(1, bool), [None]) for box in boxes],
        ["thing"],
    )
    prepared = prepare_objects(found, size=96)
    for row, (name, moved) in enumerate(zip(prepared.annotations.names, prepared.objects, strict=True)):
        scale_x, scale_y, left, top = prepared.to_original(row)
        back = moved.boxes[0] * [scale_x, scale_y, scale_x, scale_y] + [left, top, left, top]
        assert np.allclose(back, boxes[int(name[0])], atol=1e-9)


def test_the_frame_has_the_pictures_proportions_in_multiples_of_32():
    assert (choose_frame(np.array([[480, 640]] * 3)).height, choose_frame(np.array([[480, 640]] * 3)).width) == (
        480,
        640,
    )
    frame = choose_frame(np.array([[480, 640], [640, 480], [300, 400]]), size=416)
    assert (frame.height, frame.width, frame.framing) == (320, 416, "pad")
    upright = choose_frame(np.array([[4000, 3000]] * 2))
    assert (upright.height, upright.width) == (640, 480)
    assert choose_frame(np.array([[10, 12]])).height == 32


def test_parts_hold_every_picture_once_and_keep_the_classes_alike(prepared, drawn):
    rows = np.concatenate([prepared.rows(part) for part in ("train", "validation", "test")])
    assert sorted(rows.tolist()) == list(range(len(drawn)))
    assert prepared.kind == "keypoints"
    assert prepared.n_classes == 3
    assert prepared.image == (3, 32, 64)
    facts = prepared.facts()
    assert sum(facts[part]["objects"] for part in ("train", "validation", "test")) == sum(map(len, drawn.objects))
    assert all(min(facts[part]["of_class"]) > 0 for part in ("train", "validation", "test"))


def test_nothing_of_the_test_part_is_left_without_it(prepared):
    part = prepared.without_test()
    gone = set(prepared.names("test"))
    assert not len(part.rows("test"))
    assert not gone & set(part.pictures.collection.names)
    assert not gone & set(part.annotations.names)
    assert len(part.objects) == len(part.annotations) == len(part.sizes)
    for name in ("train", "validation"):
        assert part.names(name) == prepared.names(name)
        for mine, theirs in zip(part.rows(name), prepared.rows(name), strict=True):
            assert part.objects[mine] is prepared.objects[theirs]
            assert np.array_equal(part.pictures.images(np.array([mine])), prepared.pictures.images(np.array([theirs])))


def test_limits_and_copies(prepared):
    few = prepared.limited(train=5, validation=2)
    assert len(few.rows("train")) == 5
    assert len(few.rows("validation")) == 2
    assert deepcopy(prepared) is prepared


def test_an_unreadable_picture_is_left_out_with_its_marks(drawn, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    paths = [broken, *drawn.paths[1:]]
    prepared = prepare_objects(replace(drawn, paths=paths), size=64)
    assert len(prepared.objects) == len(drawn) - 1
    assert drawn.names[0] in prepared.problems[-1]
    for row, name in enumerate(prepared.pictures.collection.names):
        assert prepared.annotations.names[row] == name
        assert len(prepared.annotations.objects[row]) == len(prepared.objects[row])


@pytest.mark.parametrize(("rows", "said"), [(range(3), "has 3 pictures that can be read; at least 6")])
def test_too_few_pictures_are_refused(drawn, rows, said):
    with pytest.raises(ValueError, match=said):
        prepare_objects(drawn.subset(np.array(rows)))


def test_a_set_of_one_class_and_one_object_each_can_be_split(drawn):
    one = [
        Objects(o.boxes[:1], np.zeros(len(o.boxes[:1]), np.int64), o.crowd[:1], [None] * len(o.boxes[:1]))
        for o in drawn.objects
    ]
    prepared = prepare_objects(replace(drawn, objects=one, classes=["thing"], keypoint_names=()), size=32)
    assert all(len(prepared.rows(part)) for part in ("train", "validation", "test"))
    assert prepared.kind == "boxes"


@pytest.mark.parametrize(("wrong", "said"), [({"framing": "crop"}, "pad, stretch"), ({"size": -1}, "long side")])
def test_wrong_settings_are_named(drawn, wrong, said):
    with pytest.raises(ValueError, match=said):
        prepare_objects(drawn, **wrong)


def test_masks_are_the_same_kept_or_painted_anew(prepared):
    kept = ObjectMasks(prepared.objects, prepared.frame.height, prepared.frame.width)
    anew = ObjectMasks(prepared.objects, prepared.frame.height, prepared.frame.width, most_bytes=0)
    for row in range(len(prepared.objects)):
        masks = kept.of(row)
        assert np.array_equal(masks, kept.of(row))
        assert np.array_equal(masks, anew.of(row))
        for mask, outline in zip(masks, prepared.objects[row].outlines, strict=True):
            assert np.array_equal(mask.numpy(), painted(outline, prepared.frame.height, prepared.frame.width))
