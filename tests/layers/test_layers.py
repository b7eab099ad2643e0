"""Layers against arithmetic, against torch, and against each other."""

import pytest
import torch
from torch import nn

from visus.layers import activations, norms
from visus.layers.dropconnect import DropConnectLinear
from visus.layers.dropout import InvertedDropout, SpatialDropout, VanillaDropout, inverted
from visus.layers.max_norm import project, project_all
from visus.layers.maxout import Maxout
from visus.layers.stochastic_depth import StochasticDepth

DRAWS = 4000


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("form", [InvertedDropout, VanillaDropout, StochasticDepth])
def test_what_training_sees_on_average_is_what_use_sees(form, p):
    torch.manual_seed(0)
    layer, x = form(p), torch.tensor([[1.0, -2.0, 3.0]]).expand(DRAWS, 3)
    torch.testing.assert_close(layer.train()(x).mean(0), layer.eval()(x)[0], atol=0.2, rtol=0)


@pytest.mark.parametrize("p", [0.2, 0.8])
def test_vanilla_dropout_is_scaled_by_the_share_that_is_kept_and_inverted_is_left_alone(p):
    x = torch.full((2, 3), 5.0)
    torch.testing.assert_close(VanillaDropout(p).eval()(x), (1 - p) * x)
    assert torch.equal(InvertedDropout(p).eval()(x), x)
    torch.manual_seed(0)
    kept = VanillaDropout(p).train()(torch.ones(DRAWS))
    assert set(kept.tolist()) == {0.0, 1.0}
    assert float(kept.mean()) == pytest.approx(1 - p, abs=0.03)


def test_inverted_dropout_with_a_given_draw_passes_the_gradient_where_it_passed_the_value():
    x = torch.tensor([10.0, 11.0, 12.0], dtype=torch.float64, requires_grad=True)
    out = inverted(x, torch.tensor([True, False, True]), keep=0.25)
    out.backward(torch.tensor([1.0, 1.0, -2.0]))
    assert out.tolist() == [40.0, 0.0, 48.0]
    assert x.grad.tolist() == [4.0, 0.0, -8.0]


def test_spatial_dropout_drops_whole_channels():
    torch.manual_seed(0)
    found = SpatialDropout(0.5).train()(torch.ones(4, 8, 3, 3))
    assert torch.equal(found.amin((2, 3)), found.amax((2, 3)))
    assert {0.0, 2.0} == set(found.flatten().tolist())


def test_drop_connect_drops_weights_and_keeps_biases():
    torch.manual_seed(0)
    layer = DropConnectLinear(50, 40, p=0.5)
    one_hot = torch.eye(50)
    seen = layer.train()(one_hot) - layer.bias  # (50, 40): each weight by itself
    dropped = seen.T == 0
    assert float(dropped.float().mean()) == pytest.approx(0.5, abs=0.05)
    torch.testing.assert_close(seen.T[~dropped], 2 * layer.weight[~dropped], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(layer.eval()(one_hot), nn.functional.linear(one_hot, layer.weight, layer.bias))


def test_drop_connect_averages_to_its_mean_weights():
    torch.manual_seed(0)
    layer, x = DropConnectLinear(6, 2, p=0.3), torch.randn(3, 6)
    mean = torch.stack([layer.train()(x) for _ in range(DRAWS)]).mean(0)
    torch.testing.assert_close(mean, layer.eval()(x), atol=0.06, rtol=0)


def test_stochastic_depth_drops_whole_examples():
    torch.manual_seed(0)
    found = StochasticDepth(0.5).train()(torch.ones(32, 4, 3, 3)).flatten(1)
    assert torch.equal(found.amin(1), found.amax(1))
    assert set(found[:, 0].tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("form", [VanillaDropout, DropConnectLinear, StochasticDepth])
def test_nothing_is_dropped_with_probability_0_and_all_is_refused(form):
    sizes = (4, 4) if form is DropConnectLinear else ()
    layer, x = form(*sizes, p=0.0), torch.randn(3, 4)
    assert torch.equal(layer.train()(x), layer.eval()(x))
    for wrong in (1.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match="at least 0 and below 1"):
            form(*sizes, p=wrong)


def test_maxout_takes_the_larger_of_neighbours():
    x = torch.tensor([[1.0, 5.0, -2.0, -3.0]])
    assert Maxout()(x).tolist() == [[5.0, -2.0]]
    assert Maxout(pieces=4)(x).tolist() == [[5.0]]
    with pytest.raises(ValueError, match="3 features do not divide into 2 pieces"):
        Maxout()(x[:, :3])


def test_relu_is_maxout_with_one_piece_at_zero():
    x = torch.randn(5, 3)
    pieces = torch.stack([x, torch.zeros_like(x)], 2).flatten(1)
    assert torch.equal(Maxout()(pieces), x.relu())


@pytest.mark.parametrize(
    ("name", "below", "above"),
    [
        ("relu", 0.0, 2.0),
        ("leaky_relu", -0.02, 2.0),
        ("prelu", -0.5, 2.0),
        ("elu", -0.8646647, 2.0),
        ("tanh", -0.9640276, 0.9640276),
        ("sigmoid", 0.1192029, 0.8807971),
    ],
)
def test_activations_at_minus_two_and_two(name, below, above):
    found = activations.named(name)(torch.tensor([[-2.0, 2.0]]))
    assert found.tolist()[0] == pytest.approx([below, above], abs=1e-6)


def test_tanh_is_a_stretched_sigmoid():
    x = torch.linspace(-5, 5, 101)
    torch.testing.assert_close(activations.named("tanh")(x), 2 * activations.named("sigmoid")(2 * x) - 1)


@pytest.mark.parametrize("name", ["batch", "layer", "group"])
def test_norms_centre_and_scale_what_they_look_at(name):
    torch.manual_seed(0)
    x = 5 + 3 * torch.randn(64, 64)
    out = norms.of_features(name, 64).train()(x)
    looked_at = {"batch": out.T, "layer": out, "group": out.unflatten(1, (4, 16)).flatten(0, 1)}[name]
    torch.testing.assert_close(looked_at.mean(1), torch.zeros(len(looked_at)), atol=1e-5, rtol=0)
    torch.testing.assert_close(looked_at.var(1, unbiased=False), torch.ones(len(looked_at)), atol=1e-3, rtol=0)


def test_group_norm_finds_groups_for_any_width():
    assert [norms.groups(n) for n in (1024, 512, 256, 100, 64, 31, 7)] == [32, 32, 16, 5, 4, 1, 1]
    assert norms.of_features("group", 100)(torch.randn(2, 100)).shape == (2, 100)
    assert norms.of_features("group", 7)(torch.randn(2, 7)).shape == (2, 7)
    assert norms.of_features("none", 7) is None


@pytest.mark.parametrize("named", [activations.named, lambda name: norms.of_features(name, 4)])
def test_a_wrong_name_is_answered_with_the_right_ones(named):
    with pytest.raises(ValueError, match=r"must be one of .* got 'swash'"):
        named("swash")


def test_max_norm_shortens_long_neurons_along_their_direction_and_leaves_short_ones():
    weight = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    torch.testing.assert_close(project(weight, 1.0), torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]]))
    torch.testing.assert_close(project(weight.T, 1.0, dim=1), project(weight, 1.0).T)
    torch.testing.assert_close(project(weight.T, 1.0, dim=-1), project(weight, 1.0).T)
    with pytest.raises(ValueError, match="positive length"):
        project(weight, 0.0)


def test_max_norm_of_filters_equals_that_of_their_rows():
    torch.manual_seed(0)
    filters = torch.randn(8, 3, 5, 5)
    torch.testing.assert_close(
        project(filters, 3.0).flatten(1), filters.flatten(1).renorm(2, 0, 3.0), rtol=1e-4, atol=1e-5
    )


def test_max_norm_holds_for_every_layer_of_a_network():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 5))
    for parameter in network.parameters():
        parameter.data.fill_(7.0)
    project_all(network, 2.0)
    for module in (network[0], network[3]):
        assert float(module.weight.detach().flatten(1).norm(dim=1).max()) == pytest.approx(2.0, rel=1e-5)
        assert module.bias.eq(7).all()
    assert network[1].weight.eq(7).all()
