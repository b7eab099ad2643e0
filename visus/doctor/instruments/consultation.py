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

from . import sequences
from .outputs import Answers, understand
from .tensors import first_tensor, rounded

DRAWS = 2  # of dropout, in training mode
LEAK_EXAMPLES = 4
LANGUAGE = 0.95  # share of the targets that are the next input, from which a model is one of language


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
def consult(model: nn.Module, inputs: tuple[Tensor, ...], targets: Tensor, most: int | None = None) -> dict[str, Any]:
    """Losses and accuracies on the examples: in training and in evaluation mode, with inputs shuffled among them.

    Cross-entropy for classes, squared error otherwise, whatever the run's own loss: what counts is their ratios.
    inputs: all that the network is called with, each (B, ...); the first is what is shuffled. most: examples.
    """
    inputs, targets = tuple(x[-most:] if most else x for x in inputs), targets[-most:] if most else targets
    first = inputs[0]
    with apart(0):
        twin = copied(model)
        evaluated = _judge(twin.eval(), inputs, targets)
        if evaluated is None:
            return {}
        found: dict[str, Any] = {"n": len(first), "loss": evaluated[0], "right": evaluated[1]}
        mixed = first[torch.randperm(len(first)).to(first.device)]
        shuffled = _judge(twin, (mixed, *inputs[1:]), targets)
        if shuffled:
            found |= {"shuffled_loss": shuffled[0], "shuffled_right": shuffled[1]}
        if len(first) > LEAK_EXAMPLES:
            found["leak"] = _leak(twin, inputs)
        if (ahead := _looks_ahead(twin, inputs, targets)) is not None:
            found["ahead"] = ahead
        if any(isinstance(m, nn.modules.batchnorm._BatchNorm | nn.modules.dropout._DropoutNd) for m in twin.modules()):
            trained = [_judge(twin.train(), inputs, targets) for _ in range(DRAWS)]
            whole = [t for t in trained if t]
            if whole:
                found["training_loss"] = rounded(sum(t[0] for t in whole) / len(whole))
                found["training_right"] = rounded(sum(t[1] for t in whole) / len(whole))
    return found


def _judge(model: nn.Module, inputs: tuple[Any, ...], targets: Tensor) -> tuple[float, float] | None:
    outputs = first_tensor(model(*inputs))
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


def detached(value: Any) -> Any:
    """Tensors in nested tuples and lists without their history; anything else as it is."""
    if isinstance(value, Tensor):
        return value.detach()
    return tuple(map(detached, value)) if isinstance(value, tuple | list) else value


def others(called: tuple[Any, ...] | None, given: Tensor) -> tuple[Tensor, ...]:
    """What else a network is called with, one row for each example: all tensors that follow the first, if such.

    States, which come as tuples or have their layers first, are left out: a network starts without one.
    """
    if not called or not isinstance(called[0], Tensor) or len(called[0]) != len(given):
        return ()
    rows: list[Tensor] = []
    for value in called[1:]:
        if not isinstance(value, Tensor) or not value.ndim or len(value) != len(given):
            break
        rows.append(value)
    return tuple(rows)


def _looks_ahead(model: nn.Module, inputs: tuple[Tensor, ...], targets: Tensor) -> float | None:
    """How much earlier answers of a model of sequences change with later tokens, in deviations of answers.

    None where targets are not one of the inputs moved by one: then the answers may well depend on what comes later.
    """
    at = next((i for i, x in enumerate(inputs) if sequences.moved(x, targets).get("next", 0.0) > LANGUAGE), None)
    if at is None:
        return None
    tokens, half = inputs[at][:LEAK_EXAMPLES], inputs[at].shape[1] // 2
    later = tokens.clone()
    later[:, half:] = tokens[:, half:].flip(0).flip(1)  # other tokens of its own vocabulary
    few = [x[:LEAK_EXAMPLES] for x in inputs]
    answers = [first_tensor(model(*few[:at], x, *few[at + 1 :])) for x in (tokens, tokens, later)]
    if any(a is None or a.ndim != 3 or a.shape[:2] != tokens.shape for a in answers):
        return None
    plain, again, changed = (a[:, :half].float() for a in answers if a is not None)
    if torch.equal(tokens, later) or not torch.equal(plain, again):
        return None
    return rounded(float((changed - plain).abs().max()) / (float(plain.std(correction=0)) + 1e-6))


def _leak(model: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    """How much the answers to the first and the last example change with their neighbours, in deviations of answers.

    0 for a network that throws dice in evaluation mode: it answers otherwise anyway.
    """
    some = [x[:LEAK_EXAMPLES] for x in inputs]
    together, again = first_tensor(model(*some)), first_tensor(model(*some))
    if together is None or again is None or len(together) != len(some[0]) or not torch.equal(together, again):
        return 0.0
    scale, worst = float(together.float().std(correction=0)) + 1e-6, 0.0
    for i in (0, len(some[0]) - 1):  # what flows one way only, as time does, changes only one end
        alone = first_tensor(model(*(x[i : i + 1] for x in some)))
        if alone is not None and alone.shape == together[i : i + 1].shape:
            worst = max(worst, float((together[i : i + 1].float() - alone.float()).abs().max()))
    return rounded(worst / scale)


@torch.no_grad()
def after_update(model: nn.Module, inputs: tuple[Any, ...], targets: Tensor, randomness: Tensor | None) -> float | None:
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
