"""Pictures grow with the run, at the same steps whoever asks."""

import pytest
import torch

from visus.data.growth import Growth


@pytest.mark.parametrize(("step", "side"), [(0, 24), (34, 24), (35, 28), (64, 28), (65, 32), (99, 32), (500, 32)])
def test_the_side_rises_to_the_full_one(step, side):
    images = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
    grown = Growth(0.75, 100)(images, step)
    assert grown.shape == (2, 3, side, side)
    assert grown.dtype == torch.uint8


def test_unless_asked_pictures_stay_as_they_are():
    images = torch.randint(256, (2, 3, 32, 20), dtype=torch.uint8)
    assert Growth()(images, 0) is images


def test_a_grey_picture_stays_that_grey():
    assert (Growth(0.5, 10)(torch.full((1, 3, 32, 32), 77, dtype=torch.uint8), 0) == 77).all()


def test_tiny_pictures_are_not_made_smaller_than_can_be_looked_at():
    assert Growth(0.25, 10)(torch.zeros(1, 3, 8, 16, dtype=torch.uint8), 0).shape[2:] == (8, 8)
