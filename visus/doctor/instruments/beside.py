"""Which parameters an answer does not hang on: heads that tell something else, as a critic beside a policy."""

from typing import Any

from torch import Tensor, nn


def beside(model: nn.Module, answered: Tensor) -> list[str]:
    """Names of the parameters whose gradient the answer does not give; none, if its graph shows no parameter at all."""
    reached = _reached(answered)
    named = dict(model.named_parameters())
    if not any(id(parameter) in reached for parameter in named.values()):
        return []  # a compiled or checkpointed model keeps its parameters to itself
    return [name for name, parameter in named.items() if parameter.requires_grad and id(parameter) not in reached]


def _reached(answered: Tensor) -> set[int]:
    """Identities of the leaves of a tensor's graph."""
    found, seen, waiting = set(), set(), [answered.grad_fn]
    while waiting:
        node: Any = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        waiting.extend(before for before, _ in node.next_functions)
    return found
