"""Where a network looked: frames where its glimpses were, and nothing seen that lies outside them."""

import numpy as np
import pytest
import torch

from visus.explain import glimpses as technique
from visus.geometry import glimpses

from .networks import SIDE, glimpsing, network, pictures

MIDDLE = torch.zeros(1, 1, 2)


def test_a_frame_surrounds_what_was_seen_and_leaves_it_as_it_was():
    picture = torch.randint(0, 256, (1, 3, 24, 24), dtype=torch.uint8)
    times = round(glimpses.WANTED_PX / 24)
    drawn, whole = glimpses.drawn(picture, MIDDLE, 8), picture.repeat_interleave(times, 2).repeat_interleave(times, 3)
    changed = (drawn != whole).any(1)[0]
    inside = slice(8 * times + 4, 16 * times - 4)
    assert drawn.shape == whole.shape
    assert not changed[inside, inside].any()
    assert changed[8 * times, inside].all()  # the upper side of the frame
    assert not changed[: 8 * times - 4].any()


def test_the_way_begins_blue_and_ends_orange():
    black = torch.zeros(1, 3, 24, 24, dtype=torch.uint8)
    drawn = glimpses.drawn(black, torch.tensor([[[-0.5, -0.5], [0.5, 0.5]]]), 4)[0].permute(1, 2, 0)
    quarter, half = drawn.shape[0] // 4, 2 * drawn.shape[0] // 24
    assert drawn[quarter - half, quarter].tolist() == pytest.approx(glimpses.FIRST, abs=40)
    assert drawn[3 * quarter - half, 3 * quarter].tolist() == pytest.approx(glimpses.LAST, abs=40)
    assert drawn[2 * quarter, 2 * quarter].tolist() == pytest.approx(glimpses.FIRST, abs=40)  # the line between them


def test_what_was_seen_is_sharp_then_coarse_then_dark():
    picture = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    seen = glimpses.seen(picture, MIDDLE, [4, 8])
    assert torch.equal(seen[:, :, 14:18, 14:18], picture[:, :, 14:18, 14:18])
    block = picture[0, :, 12:14, 12:14].float().mean((1, 2))
    torch.testing.assert_close(seen[0, :, 12, 12].float(), block, atol=0.6, rtol=0)
    assert torch.equal(seen[0, :, 12, 12], seen[0, :, 13, 13])
    assert seen[:, :, :12].float().max() <= glimpses.DIMMED * 255 + 1


@pytest.mark.parametrize("corner", [-1.0, 1.0])
def test_a_glimpse_beyond_the_edge_is_drawn_as_far_as_there_is_picture(corner):
    picture = torch.full((1, 3, 20, 20), 200, dtype=torch.uint8)
    place = torch.full((1, 1, 2), corner)
    seen, end = glimpses.seen(picture, place, [6]), 0 if corner < 0 else -1
    assert seen[0, 0, end, end] == 200
    assert seen[0, 0, 10, 10] < 50
    assert glimpses.drawn(picture, place, 6).shape[2] == 20 * round(glimpses.WANTED_PX / 20)


def test_the_sheets_show_each_way_and_what_it_came_to():
    images, _ = pictures()
    ways, views = technique.sheets(glimpsing(), images, list("abcd"), courses=2)
    assert len(ways.pictures) == len(ways.captions) == 6
    assert all(caption.endswith(" %)") and caption[0] in "abcd" for caption in ways.captions)
    assert len(views.pictures) == 3
    assert views.pictures.shape[1] % SIDE == 0
    assert not np.array_equal(ways.pictures[0], ways.pictures[1])


def test_networks_that_see_all_at_once_are_told_apart():
    images, _ = pictures()
    with pytest.raises(ValueError, match=r"sees the whole picture at once.*visus train ram_mnist"):
        technique.sheets(network(), images)
    with pytest.raises(ValueError, match="courses must be at least 1; got 0"):
        technique.sheets(glimpsing(), images, courses=0)
