"""How many layers with weights lie between the answer and the input, on the longest way and on the shortest?"""

from dataclasses import dataclass

from torch import Tensor
from torch.autograd.graph import Node

WEIGHTED = {"ConvolutionBackward": 0, "AddmmBackward": 1, "MmBackward": 0, "LinearBackward": 0}  # argument: the input
MOST_NODES = 50_000
# Plain nets of 20 layers learn CIFAR-10 better than plain nets of 32, 44 and 56, also the training part; on ImageNet 18
# layers learn better than 34 (He et al., 2016, figures 1, 4 and 6). VGG-19 was the deepest that was trained plainly.
MANY, TOO_MANY = 25, 40  # layers on the shortest way


@dataclass(frozen=True)
class Ways:
    """Layers with weights on the longest and on the shortest way. Without shortcuts both are the same."""

    longest: int
    shortest: int


def ways(answered: Tensor) -> Ways | None:
    """Read off the graph of operations behind an answer; None where there is none, or a very large one.

    What needs no gradient ends a way: of a network with frozen lower layers the trained part is counted, and a shortcut
    that begins at the input itself leaves no trace in a sum.
    """
    if answered.grad_fn is None:
        return None
    known: dict[Node, Ways | None] = {}  # None: leads to parameters only
    stack = [answered.grad_fn]
    while stack:
        node = stack[-1]
        open_ones = [below for below in _below(node) if below is not None and below not in known]
        if open_ones:
            stack += open_ones
        else:
            known[stack.pop()] = _joined(node, known)
        if len(known) > MOST_NODES:
            return None
    return known[answered.grad_fn]


def _below(node: Node) -> list[Node | None]:
    """What the inputs of an operation came from; a layer's weights and biases are none of its inputs."""
    found = [below for below, _ in node.next_functions]
    place = WEIGHTED.get(_kind(node))
    return found if place is None else found[place : place + 1]


def _joined(node: Node, known: dict[Node, Ways | None]) -> Ways | None:
    below = _below(node)
    if _kind(node) == "AccumulateGrad":
        return None
    layer = int(_kind(node) in WEIGHTED)
    ways_below = [found for b in below if b is not None and (found := known[b]) is not None]
    if not ways_below:  # data, unless everything that came in is a parameter
        only_parameters = not layer and any(b is not None for b in below)
        return None if only_parameters else Ways(layer, layer)
    return Ways(layer + max(w.longest for w in ways_below), layer + min(w.shortest for w in ways_below))


def _kind(node: Node) -> str:
    return node.name().rpartition("::")[2].rstrip("0123456789")
