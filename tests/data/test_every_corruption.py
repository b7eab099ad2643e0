"""Promises every corruption keeps. A new file in `data/corruptions` is tested without being mentioned."""

import pytest
import torch

from visus.data import corruptions
from visus.data.corruptions._draws import chances
from visus.engine import catalogue

every_corruption = pytest.mark.parametrize("name", catalogue.names(corruptions))


def pictures(side=32, n=6):
    """Smooth coloured pictures: blurred noise, as photographs are smooth."""
    noise = torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0))
    smooth = torch.nn.functional.avg_pool2d(noise, 5, 1, 2)
    return (255 * (smooth - smooth.amin()) / (smooth.amax() - smooth.amin())).to(torch.uint8)


def corrupted(name, images, severity, rows=None):
    return catalogue.find(corruptions, name).corrupt(images, severity, chances(0, rows or range(len(images))))


@every_corruption
@pytest.mark.parametrize("side", [8, 32, 65])
def test_bytes_in_bytes_out_and_the_original_untouched(name, side):
    images = pictures(side)
    before = images.clone()
    found = corrupted(name, images, 3)
    assert found.shape == images.shape
    assert found.dtype == torch.uint8
    assert torch.equal(images, before)
    assert not torch.equal(found, images)


@every_corruption
def test_a_higher_severity_changes_more(name):
    images = pictures()
    change = [(corrupted(name, images, s).float() - images.float()).abs().mean() for s in (1, 3, 5)]
    assert change[0] < change[1] < change[2]


@every_corruption
def test_a_picture_is_changed_alike_in_any_batch(name):
    images = pictures()
    assert torch.equal(corrupted(name, images, 4)[3:4], corrupted(name, images[3:4], 4, rows=[3]))


@every_corruption
def test_is_the_same_at_any_time(name):
    images = pictures()
    assert torch.equal(corrupted(name, images, 2), corrupted(name, images, 2))
