"""What the experiments on features find agrees with what is known by hand."""

import pytest
import torch

from visus.lab import _pictures, hog, pca, polar, whitening


def test_a_ring_is_linear_in_polar_coordinates_only():
    data = polar.run(n=200).data
    assert data["polar"] > 0.99
    assert data["cartesian"] < 0.7


def test_more_components_bring_pictures_back_more_exactly():
    data = pca.run(n=400).data
    assert data["error"] == sorted(data["error"], reverse=True)
    assert data["kept"] == sorted(data["kept"])
    assert data["half"] < data["most"]


def test_whitening_makes_noise_loud_and_a_larger_eps_quiet_again():
    data = whitening.run(n=400).data
    assert max(data["after"].values()) < data["before"]
    assert list(data["after"].values()) == sorted(data["after"].values())


def test_a_negative_has_the_same_edges_but_not_for_the_course():
    data = hog.run(side=64).data
    assert data["changed_by_inversion"]["correct"] < 1e-6
    assert data["changed_by_inversion"]["course"] > 0.5
    assert data["dropped"] == pytest.approx(0.5, abs=0.1)


def test_all_that_grows_lighter_to_the_left_is_dropped():
    rising = torch.arange(8.0).expand(1, 8, 8)
    assert hog.dropped(rising) == 0
    assert hog.dropped(-rising) == 1


def test_small_pictures_are_enlarged_by_whole_pixels_and_zero_is_grey():
    values = torch.zeros(1, 3, 8, 8)
    values[0, :, 0, 0] = -2
    found = _pictures.shown(_pictures.stretched(values))
    assert found.shape == (1, 96, 96, 3)
    assert (found[0, :12, :12] == 0).all()
    assert (found[0, 12:] == 128).all()
