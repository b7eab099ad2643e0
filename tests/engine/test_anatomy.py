"""A network's layers are found by name, and looking at them leaves it as it was."""

import pytest
import torch
from torch import Tensor, nn

from visus.engine import anatomy
from visus.models.classifiers import resnet18, small_conv


class Twice(nn.Module):
    """A reused in-place ReLU between two linear layers, and one layer that is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.late = nn.Linear(4, 3)
        self.first = nn.Linear(4, 4)
        self.relu = nn.ReLU(inplace=True)
        self.idle = nn.Linear(9, 9)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.late(self.relu(self.first(x))))


def test_layers_are_leaves_in_module_order():
    assert list(anatomy.layers(Twice())) == ["late", "first", "relu", "idle"]
    assert list(anatomy.layers(nn.Linear(2, 2))) == [""]


def test_call_order_is_that_of_the_forward_pass():
    assert anatomy.call_order(Twice(), torch.ones(1, 4)) == ["first", "relu", "late"]


def test_any_dotted_name_is_found_and_a_wrong_one_names_the_nearest():
    network = resnet18.build((3, 32, 32), 10)
    assert anatomy.layer(network, "layer2.0") is network.get_submodule("layer2.0")
    with pytest.raises(LookupError, match=r"no layer 'layer2.0.conv' .* Did you mean 'layer2.0.conv\d'\?"):
        anatomy.layer(network, "layer2.0.conv")


def test_outputs_are_what_a_chain_computes_even_before_an_in_place_layer():
    torch.manual_seed(0)
    network, x = Twice(), torch.randn(5, 4)
    found = anatomy.outputs(network, x, ["first", "late"])
    torch.testing.assert_close(found["first"], network.first(x))
    torch.testing.assert_close(found["late"], network.late(network.first(x).relu()))
    assert (found["first"] < 0).any()


def test_gradients_reach_an_output_through_an_in_place_layer():
    torch.manual_seed(0)
    network, x = Twice(), torch.randn(5, 4)
    seen = anatomy.outputs(network, x, ["first", "relu"])
    (gradient,) = torch.autograd.grad(seen["relu"].sum(), seen["first"])
    first = network.first(x).detach().requires_grad_()
    (expected,) = torch.autograd.grad(network.late(first.relu()).relu().sum(), first)
    torch.testing.assert_close(gradient, expected)


def test_looking_leaves_no_hook_and_no_graph_behind():
    network = small_conv.build((3, 8, 8), 4).eval()
    with torch.no_grad():
        found = anatomy.outputs(network, torch.zeros(2, 3, 8, 8), ["stages.1", "decide"])
    assert found["stages.1"].shape == (2, 128, 2, 2)
    assert not found["decide"].requires_grad
    assert not any(module._forward_hooks for module in network.modules())


def test_a_layer_that_is_not_called_or_puts_out_no_tensor_is_refused():
    with pytest.raises(ValueError, match="'idle' is never called"):
        anatomy.outputs(Twice(), torch.ones(1, 4), ["idle"])
    with pytest.raises(ValueError, match="puts out tuple, not a tensor"):
        anatomy.outputs(nn.Sequential(nn.LSTM(4, 4)), torch.ones(1, 2, 4), ["0"])


def test_the_head_is_the_last_layer_that_puts_out_a_value_a_class():
    assert anatomy.head(small_conv.build((3, 8, 8), 7), 7) == "decide"
    assert anatomy.head(nn.Sequential(nn.Conv2d(3, 5, 3), nn.Conv2d(5, 5, 1), nn.Flatten()), 5) == "1"
    assert anatomy.head(nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 5)), 5) == "2"
    with pytest.raises(LookupError, match=r"puts out 9 values .*'decide' puts out 7"):
        anatomy.head(small_conv.build((3, 8, 8), 7), 9)
