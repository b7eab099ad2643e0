"""An exponentially decaying average of past weights: smoother than the last weights, often 1 % better."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """average = decay * average + (1 - decay) * weights, over parameters and floating-point buffers.

    decay: share kept at each step; early on it is (1 + t) / (10 + t), so that the random start is soon forgotten.
    Source: Polyak and Juditsky, 1992; the warm-up of the decay follows TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.values = {name: tensor.detach().clone() for name, tensor in _floating(module).items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the weights of one more step."""
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        current = _floating(module)
        torch._foreach_lerp_([self.values[n] for n in current], list(current.values()), 1 - decay)
        self.steps += 1

    @contextmanager
    def applied(self, module: nn.Module) -> Iterator[None]:
        """Inside, the module has the averaged weights; afterwards its own again, bit for bit."""
        own = {name: tensor.detach().clone() for name, tensor in _floating(module).items()}
        _put(module, self.values)
        try:
            yield
        finally:
            _put(module, own)

    def state(self) -> dict[str, Tensor | int]:
        return {"steps": self.steps, **{f"value.{name}": tensor for name, tensor in self.values.items()}}

    def restore(self, state: Mapping[str, Tensor | int]) -> None:
        self.steps = int(state["steps"])
        for name, tensor in self.values.items():
            saved = state[f"value.{name}"]
            assert isinstance(saved, Tensor)
            tensor.copy_(saved)


def _floating(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in module.state_dict().items() if tensor.is_floating_point()}


@torch.no_grad()
def _put(module: nn.Module, values: Mapping[str, Tensor]) -> None:
    for name, tensor in _floating(module).items():
        tensor.copy_(values[name])
