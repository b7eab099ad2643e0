"""Spoiled pictures: how much, where, and nothing else."""

import pytest
import torch

from visus.layers.spoiling import SPOILING, gaussian, masking, salt

every_way = pytest.mark.parametrize("name", sorted(SPOILING))


def grey(n=4, channels=3):
    return torch.full((n, channels, 40, 40), 0.5)


@every_way
def test_keeps_shape_and_range_and_draws_anew_each_time(name):
    torch.manual_seed(0)
    first, second = (SPOILING[name](grey(), 0.5) for _ in range(2))
    assert first.shape == grey().shape
    assert 0 <= first.min() <= first.max() <= 1
    assert not torch.equal(first, second)


@every_way
def test_no_strength_leaves_a_picture_whole(name):
    torch.manual_seed(0)
    assert torch.equal(SPOILING[name](grey(), 0.0), grey())


def test_masking_blackens_whole_pixels_and_as_many_as_asked():
    torch.manual_seed(0)
    black = masking(grey(), 0.3) == 0
    assert torch.equal(black.any(1), black.all(1))
    assert float(black.float().mean()) == pytest.approx(0.3, abs=0.02)


def test_salt_is_black_and_white_in_equal_shares():
    torch.manual_seed(0)
    spoiled = salt(grey(channels=1), 0.4)
    assert float((spoiled == 0).float().mean()) == pytest.approx(0.2, abs=0.02)
    assert float((spoiled == 1).float().mean()) == pytest.approx(0.2, abs=0.02)


def test_gaussian_noise_has_the_deviation_asked_for():
    torch.manual_seed(0)
    assert float(gaussian(grey(), 0.1).std()) == pytest.approx(0.1, rel=0.03)
