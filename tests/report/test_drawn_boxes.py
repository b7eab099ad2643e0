"""Drawn boxes, masks and keypoints: they stand where they belong, are told apart and cover what they must not."""

import numpy as np
import pytest

from visus.report.figures.boxes import HUES, LEGIBLE, Mark, colour_of, drawn

GROUND = 90


def ground(height=LEGIBLE, width=LEGIBLE):
    return np.full((height, width, 3), GROUND, dtype=np.uint8)


def painted(picture, colour):
    """Rows and columns of the pixels that have exactly this colour."""
    return np.argwhere((picture == np.array(colour)).all(2))


def test_a_box_is_drawn_on_the_pixels_it_covers():
    seen = painted(drawn(ground(), [Mark((100, 120, 300, 200))]), colour_of(0))
    assert seen.min(0).tolist() == [120, 100]
    assert seen.max(0).tolist() == [199, 299]  # a box covers x1 <= x < x2


def test_a_small_picture_is_enlarged_by_a_whole_factor_and_the_box_with_it():
    small = ground(60, 100)
    picture = drawn(small, [Mark((10, 20, 30, 40))])
    assert picture.shape == (300, 500, 3)
    seen = painted(picture, colour_of(0))
    assert (seen.min(0).tolist(), seen.max(0).tolist()) == ([100, 50], [199, 149])
    assert (small == GROUND).all()  # what was handed in is left alone


def test_a_mask_tints_its_pixels_and_no_other():
    mask = np.zeros((LEGIBLE, LEGIBLE), dtype=bool)
    mask[50:80, 60:90] = True
    picture = drawn(ground(), [Mark((300, 300, 310, 310), mask=mask)])
    changed = (picture[:280] != GROUND).any(2)
    assert (changed == mask[:280]).all()
    assert picture[60, 70].tolist() != list(colour_of(0))  # the picture shows through
    assert picture[50, 60].tolist() == list(colour_of(0))  # its rim does not


def test_only_known_keypoints_are_drawn_and_joined():
    points = np.array([[50, 50, 0.9], [150, 50, 0.9], [300, 300, 0.1]])
    picture = drawn(ground(), [Mark((0, 0, 1, 1), keypoints=points)], [(0, 1), (1, 2)])
    assert picture[50, 50].tolist() == [255, 255, 255]
    assert picture[50, 100].tolist() == list(colour_of(0))
    assert (picture[200:] == GROUND).all()


def test_labels_never_cover_each_other():
    marks = [Mark((100, 100, 200, 200), f"cell number {k}", k) for k in range(8)]
    together = drawn(ground(), marks)
    filled = [len(painted(together, colour_of(k))) for k in range(8)]
    assert together[86, 99].tolist() == list(colour_of(7))  # the last, which is on top, has the usual place
    assert sum(n > 1000 for n in filled) == 4  # the four places around a box; the others have no label


def test_what_was_missed_is_broken_black_and_white():
    picture = drawn(ground(), [Mark((100, 100, 300, 300), "missed", dashed=True)])
    assert len(painted(picture, (255, 255, 255))) > 200
    assert len(painted(picture, (0, 0, 0))) > 200
    assert not len(painted(picture, colour_of(0)))


@pytest.mark.parametrize("box", [(-50, -50, 900, 900), (470, 470, 480, 480), (10, 10, 10, 10), (0, 0, 1, 1)])
def test_boxes_at_the_border_beyond_it_and_without_area_do_no_harm(box):
    assert drawn(ground(), [Mark(box, "a label of some length")]).shape == (LEGIBLE, LEGIBLE, 3)


def test_the_first_21_classes_have_colours_of_their_own():
    colours = [colour_of(k) for k in range(3 * len(HUES))]
    assert len(set(colours)) == len(colours)
    assert colour_of(3 * len(HUES)) == colour_of(0)
    near = min(np.abs(np.subtract(a, b)).sum() for i, a in enumerate(HUES) for b in HUES[:i])
    assert near > 80
