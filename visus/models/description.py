"""What a network is made of: its layers' sizes, parameters, multiplications, memory and receptive fields."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..geometry.arithmetic import Reach
from ._trace import Trace

BYTES = 4  # of a float32
COPIES = 3  # of every weight while it is trained with momentum: itself, its gradient, its velocity


@dataclass(frozen=True)
class Layer:
    """One layer, or one operation outside any.

    output: (C, H, W) or (D,), without the batch; parameters: its own, counted where it is first used; macs:
    multiplications with their additions, of convolutions and matrix products; activations: values it writes, 0 for
    what can work in place (normalisation, ReLU, dropout, sums); field: (height, width) in input pixels that one value
    has seen, of branches the largest; jump: input pixels between neighbours; remark: what is unusual, or ''.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int = 0
    macs: int = 0
    activations: int = 0
    field: tuple[int, int] = (1, 1)
    jump: tuple[int, int] = (1, 1)
    remark: str = ""


@dataclass(frozen=True)
class Description:
    """image: (C, H, W); layers in the order of their work; idle: names and parameters that had no part in it."""

    image: tuple[int, int, int]
    layers: Sequence[Layer]
    parameters: int
    idle: Sequence[tuple[str, int]] = ()

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def activations(self) -> int:
        """Values of the picture and of all layers, each once."""
        C, H, W = self.image
        return C * H * W + sum(layer.activations for layer in self.layers)

    @property
    def weight_bytes(self) -> int:
        """Of the parameters as float32; training with momentum keeps three times as much."""
        return BYTES * self.parameters

    @property
    def activation_bytes(self) -> int:
        """Of one picture's values as float32; training keeps them, and their gradients, for each picture of a batch."""
        return BYTES * self.activations

    def training_bytes(self, batch: int) -> int:
        """Weights, gradients and velocity, and the values with their gradients of a batch, as float32."""
        return COPIES * self.weight_bytes + 2 * batch * self.activation_bytes

    def main(self) -> list[Layer]:
        """The layers that write or hold something; what works in place on another's values is left out."""
        return [layer for layer in self.layers if layer.activations or layer.parameters or layer.macs]

    def blocks(self, at_most: int) -> list[Layer]:
        """The layers, joined by the first parts of their names until there are at most so many, if that can be done."""
        layers = self.main()
        depth = max((layer.name.count(".") for layer in layers), default=0)
        found = layers
        while len(found) > at_most and depth > 0:
            found = _joined(layers, depth)
            depth -= 1
        return found


def describe(network: nn.Module, image: tuple[int, int, int]) -> Description:
    """What happens to a picture (C, H, W) in a network, in evaluation mode, layer by layer.

    Only shapes are computed, on the meta device, so that the largest network takes no memory; one that cannot do so is
    run on a black picture. The network is left as it is. Raises ValueError that names the layer that a picture of this
    size cannot pass.
    """
    where = next((p.device for p in network.parameters()), torch.device("cpu"))
    shadow = _shadow(network)
    try:
        trace = _traced(shadow, torch.zeros(1, *image, device="meta"))
    except Exception as error:  # it looked at values: what that raises depends on how
        if where.type == "meta" or isinstance(error, _ImpassableError):
            raise
        shadow = copy.deepcopy(network).eval()
        trace = _traced(shadow, torch.zeros(1, *image, device=where))
    return _described(shadow, image, trace)


class _ImpassableError(ValueError):
    """A picture does not pass a layer because of its size."""


def _shadow(network: nn.Module) -> nn.Module:
    """A copy on the meta device, made without copying a weight."""
    tensors = [*network.parameters(), *network.buffers()]
    memo: dict[int, Any] = {}
    for tensor in tensors:
        empty = torch.empty_like(tensor, device="meta")
        memo[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty
    return copy.deepcopy(network, memo).eval()


@torch.no_grad()
def _traced(network: nn.Module, picture: Tensor) -> Trace:
    trace = Trace(network)
    try:
        with trace.follow(picture):
            network(picture)
    except (RuntimeError, NotImplementedError) as error:
        why = str(error).partition("\n")[0]
        if any(word in why for word in ("size", "shape", "small", "expected input")):
            raise _ImpassableError(
                f"a picture of {_times(picture.shape[1:])} does not pass {_place(trace)}: {why}; take the size and the "
                "channels that the network was made for"
            ) from error
        raise
    return trace


def _described(network: nn.Module, image: tuple[int, int, int], trace: Trace) -> Description:
    counted: set[int] = set()
    layers = []
    for step in trace.steps:
        fresh = [p for p in (step.module.parameters() if step.module else ()) if id(p) not in counted]
        counted.update(id(p) for p in fresh)
        height, width = step.seen
        field, jump = _pairs(height, width)
        own = sum(p.numel() for p in fresh)
        kind, written = step.kind, step.written
        layers.append(Layer(step.name, kind, step.output, own, step.macs, written, field, jump, step.remark))
    return Description(image, layers, sum(p.numel() for p in network.parameters()), _idle(network, counted))


def _idle(network: nn.Module, counted: set[int]) -> list[tuple[str, int]]:
    """What holds parameters and was not called, by the highest module of which no part was: (name, parameters)."""
    found: list[tuple[str, int]] = []
    for name, module in network.named_modules():
        own = [p for p in module.parameters() if id(p) not in counted]
        whole = own and len(own) == sum(1 for _ in module.parameters())
        direct = any(id(p) not in counted for p in module.parameters(recurse=False))
        if (whole or direct) and not any(name.startswith(f"{above}.") or not above for above, _ in found):
            found.append((name, sum(p.numel() for p in own)))
    return found


def _joined(layers: Sequence[Layer], parts: int) -> list[Layer]:
    """Neighbours whose names begin with the same parts, as one: sums, and the last one's output and field."""
    found: list[list[Layer]] = []
    for layer in layers:
        start = _start(layer.name, parts)
        if found and _start(found[-1][0].name, parts) == start:
            found[-1].append(layer)
        else:
            found.append([layer])
    return [_block(group, _start(group[0].name, parts)) for group in found]


def _block(group: Sequence[Layer], name: str) -> Layer:
    if len(group) == 1:
        return group[0]
    last = group[-1]
    widest = max(group, key=lambda layer: layer.field)
    kinds = [layer.kind.split()[0] for layer in group]
    kind = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))
    parameters, macs = sum(layer.parameters for layer in group), sum(layer.macs for layer in group)
    values, remark = sum(layer.activations for layer in group), next((g.remark for g in group if g.remark), "")
    return Layer(name, kind, last.output, parameters, macs, values, widest.field, last.jump, remark)


def _start(name: str, parts: int) -> str:
    return ".".join(name.split(".")[:parts])


def _place(trace: Trace) -> str:
    if trace.current:
        return f"{trace.current.name} ({trace.current.kind})"
    return (trace.names[trace.open[-1]] if trace.open else "") or "the network"


def _pairs(height: Reach, width: Reach) -> tuple[tuple[int, int], tuple[int, int]]:
    return (height.field, width.field), (height.jump, width.jump)


def _times(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
