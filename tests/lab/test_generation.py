"""Facts behind the experiments on generative models."""

import math

import numpy as np
import pytest
import torch

from visus.lab import bits_per_dimension, blind_spot, latent_space, minimax_orbit, saturating_generator


def test_the_game_in_turn_is_back_after_six_steps_and_at_once_leads_outwards_by_a_fixed_factor():
    way = minimax_orbit.played("in turn", 1.0, 12)
    assert way[0] == way[6] == way[12] == (1.0, 1.0)
    assert (1.0, -2.0) in way
    out = [minimax_orbit.distance(point) for point in minimax_orbit.played("at once", 0.1, 50)]
    assert out[-1] / out[0] == pytest.approx(math.sqrt(1.01) ** 50)


@pytest.mark.parametrize("way", ["looking ahead", "optimistic"])
def test_two_ways_end_the_game(way):
    assert minimax_orbit.distance(minimax_orbit.played(way, 0.3, 500)[-1]) < 1e-6


def test_in_turn_keeps_what_an_ellipse_keeps():
    """x^2 + y^2 + step x y is the same at every step, so that smaller steps come no nearer."""
    for step in (0.5, 0.05):
        kept = [x * x + y * y + step * x * y for x, y in minimax_orbit.played("in turn", step, 40)]
        assert np.ptp(kept) < 1e-9


def test_the_generators_pull_is_by_hand_the_critics_slope_times_what_is_left():
    z, gap = torch.randn(500, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), 3.0
    chance = saturating_generator.scores(z, gap).sigmoid()
    for game, expected in (("minimax", gap * chance), ("non_saturating", gap * (1 - chance))):
        assert saturating_generator.pull(game, gap, z)[0] == pytest.approx(expected.mean().item())
    assert saturating_generator.pull("wasserstein", gap, z)[0] == pytest.approx(1)


def test_the_best_critic_is_the_ratio_of_two_normals():
    x, gap = torch.linspace(-3, 5, 9), 2.0
    ratio = torch.distributions.Normal(gap, 1).log_prob(x) - torch.distributions.Normal(0, 1).log_prob(x)
    torch.testing.assert_close(saturating_generator.scores(x, gap), ratio)


def test_only_pixelcnn_and_row_lstm_are_blind_beyond_the_diagonal():
    exhibit = blind_spot.run(side=7, layers=8)
    # beyond the diagonal of the middle of the last of 7 rows there are 2 pixels one row up, and 1 two rows up
    assert exhibit.data["missed"] == {"pixelcnn": 3, "gated_pixelcnn": 0, "row_lstm": 3, "diagonal_bilstm": 1}
    assert exhibit.data["leaked"] == 0


def test_pictures_halfway_of_a_fade_are_grey_and_a_sheet_has_them_row_by_row():
    black, white = torch.zeros(3, 1, 2, 2), torch.ones(3, 1, 2, 2)
    assert latent_space._grey((black + white) / 2) == 1
    assert latent_space._grey(white) == 0
    pictures = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 1, 2, 2)
    above, line, below = [0, 0, 0.5, 1, 1, 0.5], [0.5] * 6, [2, 2, 0.5, 3, 3, 0.5]
    assert latent_space._sheet(pictures, 2).tolist() == [above, above, line, below, below, line]


def test_classic_densities_have_names_of_their_own():
    assert "a coin" not in {*bits_per_dimension.CLASSIC.values(), *bits_per_dimension.NETWORKS}
