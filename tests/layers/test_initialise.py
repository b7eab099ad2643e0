"""Starting weights: their spread by hand, and what it does to a signal on its way through ten layers."""

import pytest
import torch

from visus.layers import initialise

SHAPE = (300, 200)  # n_out, n_in


@pytest.mark.parametrize(
    ("name", "deviation"),
    [
        ("zero", 0.0),
        ("small_normal", 0.01),
        ("inverse_sqrt", 200**-0.5),
        ("glorot", (2 / 500) ** 0.5),
        ("he", 0.1),
        ("sparse", (10 / 200 / 10) ** 0.5),
    ],
)
def test_weights_have_the_deviation_their_name_promises(name, deviation):
    torch.manual_seed(0)
    weight = initialise.named(name)(torch.empty(SHAPE))
    assert float(weight.std()) == pytest.approx(deviation, rel=0.03)
    assert abs(float(weight.mean())) <= 0.05 * deviation


def test_a_filter_counts_its_channels_and_pixels_as_inputs():
    torch.manual_seed(0)
    assert initialise.inputs(torch.empty(64, 8, 5, 5)) == 200
    assert float(initialise.he(torch.empty(64, 8, 5, 5)).std()) == pytest.approx(0.1, rel=0.03)
    assert (initialise.sparse(torch.empty(64, 8, 5, 5)).flatten(1) != 0).sum(1).unique().tolist() == [10]


def test_sparse_units_listen_to_ten_inputs_or_to_all_there_are():
    assert (initialise.sparse(torch.full(SHAPE, 9.0)) != 0).sum(1).unique().tolist() == [10]
    assert (initialise.sparse(torch.empty(5, 4)) != 0).all()


@pytest.mark.parametrize(
    ("activation", "name", "low", "high"),
    [
        ("tanh", "small_normal", 0, 1e-6),
        ("tanh", "inverse_sqrt", 0.1, 1),
        ("tanh", "glorot", 0.1, 1),
        ("relu", "inverse_sqrt", 0, 0.1),
        ("relu", "he", 0.3, 3),
    ],
)
def test_a_signal_keeps_its_size_through_ten_layers_only_with_the_right_start(activation, name, low, high):
    torch.manual_seed(0)
    x = torch.randn(100, 200)
    for _ in range(10):
        x = getattr(torch, activation)(x @ initialise.named(name)(torch.empty(200, 200)).T)
    assert low <= float(x.std()) <= high


def test_a_wrong_name_is_answered_with_the_right_ones():
    with pytest.raises(ValueError, match=r"init must be one of he, .* got 'xavier'"):
        initialise.named("xavier")
