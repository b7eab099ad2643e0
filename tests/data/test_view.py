"""Marks move exactly as the pixels do: bright pixels are put somewhere, the picture is changed, and they are sought."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visus.data.view import View, whole

H, W = 48, 64
SIDES = st.integers(20, 110)


def views(shown=SIDES):
    return st.builds(
        View,
        st.just(H),
        st.just(W),
        st.integers(-20, 20),
        st.integers(-20, 20),
        shown,
        shown,
        st.booleans(),
        st.booleans(),
    )


@settings(max_examples=60, deadline=None)
@given(views(), st.integers(4, 30), st.integers(4, 30))
def test_a_box_is_where_its_bright_pixels_went(view, top, left):
    image = torch.zeros(3, H, W, dtype=torch.uint8)
    image[:, top : top + 12, left : left + 16] = 255
    seen = view.picture(image)[0].float() / 255
    (x1, y1, x2, y2) = view.boxes(np.array([[left, top, left + 16.0, top + 12.0]]))[0]
    columns, rows = np.arange(W) + 0.5, np.arange(H) + 0.5
    inside = ((columns > x1) & (columns < x2)) & ((rows > y1) & (rows < y2))[:, None]
    blur = 1.5 * max(1, W / view.columns, H / view.rows)
    far = ((columns < x1 - blur) | (columns > x2 + blur)) | ((rows < y1 - blur) | (rows > y2 + blur))[:, None]
    deep = ((columns > x1 + blur) & (columns < x2 - blur)) & ((rows > y1 + blur) & (rows < y2 - blur))[:, None]
    assert (seen.numpy()[deep] > 0.9).all()
    assert (seen.numpy()[far] < 0.1).all()
    assert abs(float(seen.sum()) - inside.sum()) <= 1.2 * (x2 - x1 + y2 - y1) + 8  # but for half pixels at the border


@settings(max_examples=60, deadline=None)
@given(views(), st.integers(0, 35), st.integers(0, 47))
def test_masks_move_with_their_boxes_to_the_pixel(view, top, left):
    mask = torch.zeros(1, H, W, dtype=torch.uint8)
    mask[0, top : top + 12, left : left + 16] = 1
    seen = view.classes(mask)[0].numpy().astype(bool)
    (x1, y1, x2, y2) = view.boxes(np.array([[left, top, left + 16.0, top + 12.0]]))[0]
    columns, rows = np.arange(W) + 0.5, np.arange(H) + 0.5
    sure = (np.minimum(abs(columns - x1), abs(columns - x2)) > 1e-6) & (
        np.minimum(abs(rows - y1), abs(rows - y2)) > 1e-6
    )[:, None]
    expected = ((columns > x1) & (columns < x2)) & ((rows > y1) & (rows < y2))[:, None]
    assert (seen == expected)[sure].all()


@settings(max_examples=60, deadline=None)
@given(views(), st.floats(0, W), st.floats(0, H))
def test_points_and_boxes_agree(view, x, y):
    point = view.points(np.array([[x, y]]))[0]
    box = view.boxes(np.array([[x, y, x + 3, y + 5]]))[0]
    assert any(np.allclose(point, corner) for corner in (box[:2], box[2:], box[[0, 3]], box[[2, 1]]))


def test_what_is_beyond_the_frame_is_nothing_in_pictures_and_to_be_ignored_in_maps():
    view = View(H, W, -24, -32, 2 * H, 2 * W)
    painted = torch.full((H, W), 7, dtype=torch.uint8)
    seen = view.classes(painted, outside=255)
    assert (seen[H // 4 : 3 * H // 4, W // 4 : 3 * W // 4] == 7).all()
    assert (seen == 255).sum() == H * W * 3 // 4
    assert view.picture(torch.full((3, H, W), 200, dtype=torch.uint8))[:, : H // 4 - 1].max() == 0


def test_the_whole_frame_is_seen_as_it_is():
    view, image = whole(H, W), torch.randint(0, 256, (3, H, W), dtype=torch.uint8)
    assert view.plain
    assert torch.equal(view.picture(image), image)
    assert torch.equal(view.classes(image), image)
    boxes = np.array([[1.5, 2, 30, 40]])
    assert np.array_equal(view.boxes(boxes), boxes)


def test_maps_of_a_window_of_whole_pixels_line_up_with_the_picture():
    """Twice as large: every pixel becomes four, in the picture (inside flat patches) and in the map alike."""
    patches = torch.arange(12, dtype=torch.uint8).view(1, 3, 4).repeat_interleave(16, 1).repeat_interleave(16, 2)
    view = View(H, W, 12, 16, H // 2, W // 2, mirrored=True)
    shown, classes = view.picture(patches * 20)[0], view.classes(patches[0])
    flat = torch.zeros(H, W, dtype=torch.bool)
    flat[2:-2, 2:-2] = True
    for side in (0, 1):
        for step in (1, -1):
            flat &= classes == classes.roll(step, side)
            flat &= classes == classes.roll(2 * step, side)
    assert flat.sum() > H * W / 2
    assert torch.equal(shown[flat], (classes * 20)[flat])


@pytest.mark.parametrize(
    ("mirrored", "upside_down", "names"),
    [(False, False, "tlr"), (True, False, "trl"), (False, True, "trl"), (True, True, "tlr")],
)
def test_left_and_right_swap_in_a_mirror_but_not_when_turned_half_around(mirrored, upside_down, names):
    keypoints = np.array([[[30, 5, 2], [10, 40, 1], [50, 40, 2]]], dtype=np.float64)  # tip, left, right
    view = View(H, W, 0, 0, H, W, mirrored, upside_down)
    seen = view.keypoints(keypoints, (0, 2, 1))[0]
    moved = {name: view.points(keypoints[0, i, :2]) for i, name in enumerate("tlr")}
    for place, name in zip(seen, names, strict=True):
        assert np.array_equal(place[:2], moved[name])
    left, right = (view.points(keypoints[0, i, :2]) for i in (1, 2))
    assert {tuple(seen[1, :2]), tuple(seen[2, :2])} == {tuple(left), tuple(right)}


def test_keypoints_out_of_view_are_not_marked():
    keypoints = np.array([[[5, 5, 2], [60, 40, 2], [0, 0, 0]]], dtype=np.float64)
    seen = View(H, W, 0, 0, H // 2, W // 2).keypoints(keypoints)[0]
    assert seen.tolist() == [[10, 10, 2], [0, 0, 0], [0, 0, 0]]
