"""Trials on a copy of the model with a few kept examples: does it use its input, and answer alike when it counts?"""

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .outputs import Answers, understand
from .tensors import first_tensor, rounded

DRAWS = 2  # of dropout, in training mode
LEAK_EXAMPLES = 4


@contextmanager
def apart(seed: int) -> Iterator[None]:
    """Inside, torch, NumPy and Python draw from `seed`; afterwards the state of all three is what it was."""
    python, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - the user's network may draw from it
    try:
        with torch.random.fork_rng():
            _seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002


def _seed(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002


class NoCopyError(RuntimeError):
    """The model cannot be copied; the text says why."""


def copied(model: nn.Module) -> nn.Module:
    """A deep copy without anybody's hooks. Raises NoCopyError."""
    try:
        twin = copy.deepcopy(model)
    except Exception as error:
        raise NoCopyError(f"the model cannot be copied ({str(error).splitlines()[0][:120]})") from error
    for module in twin.modules():
        for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks):
            hooks.clear()
    return twin


@torch.no_grad()
def consult(model: nn.Module, inputs: Tensor, targets: Tensor) -> dict[str, Any]:
    """Losses and accuracies on the examples: in training and in evaluation mode, with inputs shuffled among them.

    Cross-entropy for classes, squared error otherwise, whatever the run's own loss: what counts is their ratios.
    """
    with apart(0):
        twin = copied(model)
        evaluated = _judge(twin.eval(), inputs, targets)
        if evaluated is None:
            return {}
        found: dict[str, Any] = {"n": len(inputs), "loss": evaluated[0], "right": evaluated[1]}
        shuffled = _judge(twin, inputs[torch.randperm(len(inputs)).to(inputs.device)], targets)
        if shuffled:
            found |= {"shuffled_loss": shuffled[0], "shuffled_right": shuffled[1]}
        if len(inputs) > LEAK_EXAMPLES:
            found["leak"] = _leak(twin, inputs)
        if any(isinstance(m, nn.modules.batchnorm._BatchNorm | nn.modules.dropout._DropoutNd) for m in twin.modules()):
            trained = [_judge(twin.train(), inputs, targets) for _ in range(DRAWS)]
            whole = [t for t in trained if t]
            if whole:
                found["training_loss"] = rounded(sum(t[0] for t in whole) / len(whole))
                found["training_right"] = rounded(sum(t[1] for t in whole) / len(whole))
    return found


def _judge(model: nn.Module, inputs: Tensor, targets: Tensor) -> tuple[float, float] | None:
    outputs = first_tensor(model(inputs))
    answers = understand(outputs, targets) if outputs is not None else None
    if answers is None:
        return None
    return rounded(_loss(answers)), rounded(_right(answers))


def _loss(answers: Answers) -> float:
    if answers.n_classes:
        scores = answers.scores
        if bool((scores >= 0).all()) and bool(((scores.sum(1) - 1).abs() < 1e-2).all()):
            scores = scores.clamp_min(1e-9).log()  # chances already
        labels = answers.labels
        sound = (labels >= 0) & (labels < answers.n_classes)
        return float(F.cross_entropy(scores[sound], labels[sound]))
    return float((answers.scores - answers.labels).square().mean())


def _right(answers: Answers) -> float:
    return float((answers.scores.argmax(1) == answers.labels).float().mean()) if answers.n_classes else 0.0


def _leak(model: nn.Module, inputs: Tensor) -> float:
    """How much the answers to the first and the last example change with their neighbours, in deviations of answers.

    0 for a network that throws dice in evaluation mode: it answers otherwise anyway.
    """
    some = inputs[:LEAK_EXAMPLES]
    together, again = first_tensor(model(some)), first_tensor(model(some))
    if together is None or again is None or len(together) != len(some) or not torch.equal(together, again):
        return 0.0
    scale, worst = float(together.float().std(correction=0)) + 1e-6, 0.0
    for i in (0, len(some) - 1):  # what flows one way only, as time does, changes only one end
        alone = first_tensor(model(some[i : i + 1]))
        if alone is not None and alone.shape == together[i : i + 1].shape:
            worst = max(worst, float((together[i : i + 1].float() - alone.float()).abs().max()))
    return rounded(worst / scale)


@torch.no_grad()
def after_update(model: nn.Module, inputs: Tensor, targets: Tensor, randomness: Tensor | None) -> float | None:
    """The run's cross-entropy or squared error on a batch it has just been updated on, in training mode, on a copy."""
    with apart(0):
        if randomness is not None:
            torch.set_rng_state(randomness)  # the same dropout as in the step itself
        judged = _judge(copied(model), inputs, targets)
    return judged[0] if judged else None


def first_not_finite(model: nn.Module, inputs: Tensor) -> str:
    """The first layer whose output is not finite, or '' if all are: one pass through a copy."""
    found: list[str] = []
    with apart(0), torch.no_grad():
        twin = copied(model)
        for name, module in twin.named_modules():
            if not any(True for _ in module.children()):
                module.register_forward_hook(_Alarm(name, found))
        twin(inputs)
    return found[0] if found else ""


class _Alarm:
    def __init__(self, name: str, found: list[str]) -> None:
        self.name, self.found = name, found

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        made = first_tensor(output)
        if made is not None and made.is_floating_point() and not bool(torch.isfinite(made).all()):
            self.found.append(self.name)
