"""An average of past weights: smoother than the last ones, often 1 % better, and free."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from .task import Task

Share = Callable[[int], float]  # of the new weights in the average, at update 0, 1, ...


def decaying(decay: float) -> Share:
    """An exponentially decaying average: average = decay * average + (1 - decay) * weights.

    decay: share kept at each step; early on it is (1 + t) / (10 + t), so that the random start is soon forgotten.
    Some course notes back up weights when the loss drops instead; that is not it: every step's weights enter.
    Source: Polyak and Juditsky, 1992; the warm-up of the decay follows TensorFlow's ExponentialMovingAverage.
    """
    return lambda update: 1 - min(decay, (1 + update) / (10 + update))


def equal(start: int) -> Share:
    """An equal average of all weights from update `start` on (SWA); before it, the weights themselves.

    It gains most where the rate stays high (schedule=constant); under one that falls to 0 the last weights are an
    average already. Source: Izmailov et al., 2018, Averaging Weights Leads to Wider Optima and Better Generalization.
    They average once a pass and then measure batch norm's statistics anew; here every step counts, and the statistics
    are averaged as the weights are.
    """
    return lambda update: 1 / max(1, update - start + 1)


def chosen(task: Task) -> "WeightAverage | None":
    """The average that the task asks for: `average` is a decay, `swa` the last share of the run; None for neither."""
    if task.swa:
        return WeightAverage(task, equal(round((1 - task.swa) * task.steps)))
    return WeightAverage(task, decaying(task.average)) if task.average else None


class WeightAverage:
    """The average over parameters and floating-point buffers; `share` says how much each step's weights count."""

    def __init__(self, module: nn.Module, share: Share) -> None:
        self.share, self.steps = share, 0
        self.values = {name: tensor.detach().clone() for name, tensor in _floating(module).items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the weights of one more step."""
        current = _floating(module)
        torch._foreach_lerp_([self.values[n] for n in current], list(current.values()), self.share(self.steps))
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
