"""Trials on a copy of the model with a few kept examples: does it use its input, does it answer alike when it counts?"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...engine.seed import own_randomness
from .outputs import Answers, understand
from .tensors import first_tensor, rounded

DRAWS = 2  # of dropout, in training mode
LEAK_EXAMPLES = 4


def copied(model: nn.Module) -> nn.Module:
    """A deep copy without anybody's hooks. Raises what deepcopy raises."""
    twin = copy.deepcopy(model)
    for module in twin.modules():
        for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks):
            hooks.clear()
    return twin


@torch.no_grad()
def consult(model: nn.Module, inputs: Tensor, targets: Tensor) -> dict[str, Any]:
    """Losses and accuracies on the examples: in training and in evaluation mode, with inputs shuffled among them.

    Cross-entropy for classes, squared error otherwise, whatever the run's own loss: what counts is their ratios.
    """
    with own_randomness(0):
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
    """How much the answer to the first example changes with its neighbours, in deviations of the answers."""
    together, alone = first_tensor(model(inputs[:LEAK_EXAMPLES])), first_tensor(model(inputs[:1]))
    if together is None or alone is None or together.shape[1:] != alone.shape[1:] or len(alone) != 1:
        return 0.0
    scale = float(together.float().std(correction=0)) + 1e-6
    return rounded(float((together[:1].float() - alone.float()).abs().max()) / scale)


@torch.no_grad()
def after_update(model: nn.Module, inputs: Tensor, targets: Tensor, random: Tensor | None) -> float | None:
    """The run's cross-entropy or squared error on a batch it has just been updated on, in training mode, on a copy."""
    with torch.random.fork_rng():
        if random is not None:
            torch.set_rng_state(random)  # the same dropout as in the step itself
        judged = _judge(copied(model), inputs, targets)
    return judged[0] if judged else None


def first_not_finite(model: nn.Module, inputs: Tensor) -> str:
    """The first layer whose output is not finite, or '' if all are: one pass through a copy."""
    found: list[str] = []
    with own_randomness(0), torch.no_grad():
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
