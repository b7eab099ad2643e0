"""Fully connected layers as convolutions: a classifier of one size then scores every place of a larger picture at once.

A linear layer over a map of C x h x w values is a convolution whose window is the whole map; those behind it are 1x1
convolutions. Slid over a larger picture, the convolutions before them are computed once and not once a place. The
scores are those of the network on a crop of every place: exactly where no convolution pads with zeros, and nearly where
they do, since a crop has zeros around it and its place in a larger picture has the picture.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from torch.fx import GraphModule, Node

Shape = tuple[int, int, int]
FLATTEN = (torch.flatten, "flatten", "view", "reshape")


def to_convolutional(network: nn.Module, features: Shape) -> nn.Module:
    """The same scores as a map: (B, C, H, W) -> (B, K, h, w), for pictures of any size from the network's own on.

    network: one linear layer, or a network that flattens a map once and ends in linear layers; features: that map's
    (C, h, w) at the network's own picture size. The network stays as it is; convolutions are shared with it. Raises
    ValueError for features that do not fit, and for a network whose course depends on its input.
    Source: Sermanet et al., 2014 (OverFeat), section 3.5.
    """
    if isinstance(network, nn.Linear):
        return as_convolution(network, features)
    from torch import fx

    try:
        graph = fx.symbolic_trace(network)
    except (fx.proxy.TraceError, TypeError, RuntimeError) as error:
        why = str(error).partition("\n")[0]
        raise ValueError(
            f"{type(network).__name__} takes no fixed course ({why}); convert its linear layers"
        ) from error
    modules = dict(graph.named_modules())
    state = _State(features)
    for node in list(graph.graph.nodes):
        _convert(graph, node, modules, state)
    if not state.converted:
        raise ValueError(f"{type(network).__name__} has no linear layer behind a flattened map; nothing to convert")
    graph.graph.lint()
    graph.recompile()
    return graph.train(network.training)


def as_convolution(linear: nn.Linear, features: Shape) -> nn.Conv2d:
    """A linear layer over a flattened map (C, h, w) as a convolution whose window is that map."""
    C, h, w = features
    if C * h * w != linear.in_features:
        raise ValueError(
            f"a map of {C} x {h} x {w} has {C * h * w} values, the linear layer takes {linear.in_features}; "
            "`visus describe` shows the map before it"
        )
    conv = nn.Conv2d(C, linear.out_features, (h, w), bias=linear.bias is not None).to(linear.weight)
    with torch.no_grad():
        conv.weight.copy_(linear.weight.view_as(conv.weight))
        if conv.bias is not None:
            conv.bias.copy_(linear.bias)
    return conv


class _State:
    """How far the conversion is: before the first linear layer its window is the map, behind it 1x1."""

    def __init__(self, features: Shape) -> None:
        self.features, self.converted = features, False

    def take(self, linear: nn.Linear) -> nn.Conv2d:
        shape = (linear.in_features, 1, 1) if self.converted else self.features
        self.converted = True
        return as_convolution(linear, shape)


def _convert(graph: "GraphModule", node: "Node", modules: dict[str, Any], state: _State) -> None:
    """Replace what works on rows by what works on maps."""
    module = modules.get(str(node.target)) if node.op == "call_module" else None
    if isinstance(module, nn.Linear):
        _set(graph, str(node.target), state.take(module))
    elif isinstance(module, nn.BatchNorm1d):
        _set(graph, str(node.target), _map_norm(module))
    elif isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        _check_pool(module, state.features)
        _skip(graph, node)
    elif isinstance(module, nn.Flatten) or node.target in FLATTEN:
        _skip(graph, node)


def _check_pool(module: nn.Module, features: Shape) -> None:
    size: Any = module.output_size
    size = (size, size) if isinstance(size, int) else tuple(size)
    if size != features[1:] or size == (1, 1):
        raise ValueError(
            f"{module} pools every size to {size[0]} x {size[1]}, so a larger picture has no more places; replace it "
            "by AvgPool2d with the side of its own map and stride 1 first"
        )


def _map_norm(norm: nn.BatchNorm1d) -> nn.BatchNorm2d:
    twin = nn.BatchNorm2d(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
    twin.load_state_dict(norm.state_dict())
    return twin


def _skip(graph: "GraphModule", node: "Node") -> None:
    node.replace_all_uses_with(node.args[0])  # type: ignore[arg-type]  # the first argument is what is flattened
    graph.graph.erase_node(node)


def _set(graph: "GraphModule", name: str, module: nn.Module) -> None:
    place, _, last = name.rpartition(".")
    setattr(graph.get_submodule(place), last, module)
