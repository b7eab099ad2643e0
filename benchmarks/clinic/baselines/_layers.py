"""What the rules look at: outputs of every layer in training, gradients and weights by layer."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ..plan import Run
from ..watchers import Evaluation, Verdict

RELUS = (nn.ReLU, nn.LeakyReLU)
SQUASHING = (nn.Sigmoid, nn.Tanh)


class RuleBook:
    """A watcher with a verdict, and the outputs of the latest training batch by name of layer."""

    def __init__(self) -> None:
        self.verdict = Verdict()
        self.outputs: dict[str, Tensor] = {}
        self.inputs: dict[str, Tensor] = {}
        self.kinds: dict[str, type[nn.Module]] = {}

    def begin(self, run: Run) -> None:
        self._handles = []
        for name, module in run.model.named_modules():
            if not list(module.children()):
                self.kinds[name] = type(module)
                self._handles.append(module.register_forward_hook(self._keep(name)))

    def step(self, run: Run, loss: Tensor, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        self.examine(run, float(loss.detach()), inputs, targets, outputs.detach())
        self.outputs, self.inputs = {}, {}

    def examine(self, run: Run, loss: float, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """The rules for one training step."""

    def validate(self, run: Run, found: Evaluation) -> None:
        self.outputs, self.inputs = {}, {}

    def finish(self, run: Run) -> None:
        for handle in self._handles:
            handle.remove()

    def alarm(self, run: Run, reason: str, *kinds: str) -> None:
        """The first alarm of each reason counts."""
        if reason in self.verdict.reasons:
            return
        self.verdict.alarm = True
        self.verdict.reasons.append(reason)
        self.verdict.kinds += [kind for kind in kinds if kind not in self.verdict.kinds]
        self.verdict.first = run.step if self.verdict.first is None else self.verdict.first

    def gradients(self, run: Run) -> Iterator[tuple[str, Tensor]]:
        """(name, gradient) of the weight matrices, first layer first."""
        for name, p in run.model.named_parameters():
            if p.grad is not None and p.dim() > 1:
                yield name, p.grad

    def _keep(self, name: str):  # type: ignore[no-untyped-def]
        def hook(module: nn.Module, given: tuple[Tensor, ...], answer: Tensor | tuple[Tensor, ...]) -> None:
            if not torch.is_grad_enabled():
                return
            first = answer[0] if isinstance(answer, tuple) else answer
            self.outputs[name] = first.detach()
            if given and isinstance(given[0], Tensor):
                self.inputs[name] = given[0].detach()

        return hook


def right(outputs: Tensor, targets: Tensor) -> float:
    """Share of a batch answered right."""
    labels = targets.argmax(1) if targets.dim() == 2 else targets
    n = min(len(labels), len(outputs))
    return float((outputs[:n].argmax(1) == labels[:n]).float().mean())
