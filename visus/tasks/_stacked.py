"""Networks of one shape as one: the first layer of all of them is a single matrix product."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ELEMENTWISE = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.Tanh, nn.Sigmoid)


class Stacked(nn.Module):
    """P networks of linear layers: rows (B, D), or pictures that are flattened to them -> scores (P, B, K).

    networks: `nn.Sequential`s of linear layers and activations without parameters. Their weights are copied, as stacks
    (P, n_out, n_in) and (P, n_out). Raises ValueError for networks with other layers, or of different shapes.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        if not networks:
            raise ValueError("a population needs at least one network")
        shapes = {tuple((name, tuple(p.shape)) for name, p in network.named_parameters()) for network in networks}
        if len(shapes) > 1:
            raise ValueError(
                "the networks of a population must have the same layers; give their settings but not sizes"
            )
        self.layers = [_kind(layer) for layer in networks[0].children()]
        self.pattern = [copy.deepcopy(networks[0])]  # in a list: its weights are not ours to train
        parts = [[layer for layer in network.children() if isinstance(layer, nn.Linear)] for network in networks]
        columns = list(zip(*parts, strict=True))
        self.weights = nn.ParameterList(torch.stack([layer.weight.detach() for layer in column]) for column in columns)
        self.biases = nn.ParameterList(torch.stack([layer.bias.detach() for layer in column]) for column in columns)

    def __len__(self) -> int:
        return len(self.weights[0])

    def forward(self, x: Tensor) -> Tensor:
        x, depth = x.flatten(1), 0
        for layer in self.layers:
            if layer is not None:
                x = layer(x)
                continue
            weight, bias = self.weights[depth], self.biases[depth]
            if depth == 0:  # all members see the same rows: (B, D) @ (D, P * H)
                x = F.linear(x, weight.flatten(0, 1), bias.flatten()).unflatten(1, bias.shape).transpose(0, 1)
            else:
                x = torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))
            depth += 1
        return x

    @torch.no_grad()
    def member(self, number: int) -> nn.Module:
        """A network of its own with the weights of one member."""
        network = copy.deepcopy(self.pattern[0])
        layers = [layer for layer in network.children() if isinstance(layer, nn.Linear)]
        for layer, weight, bias in zip(layers, self.weights, self.biases, strict=True):
            layer.weight.copy_(weight[number])
            layer.bias.copy_(bias[number])
        return network


def _kind(layer: nn.Module) -> nn.Module | None:
    """What stands at this place: None for the stacked linear layer, else what all members share."""
    if type(layer) is nn.Linear and layer.bias is not None:
        return None
    if isinstance(layer, nn.Flatten) or (isinstance(layer, nn.Dropout) and not layer.p):
        return nn.Identity()
    if isinstance(layer, ELEMENTWISE):
        return layer
    raise ValueError(f"a population can stack linear layers and plain activations; got {type(layer).__name__}")
