"""What are the features worth that a pretrained network began with, and what are they worth now?"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .consultation import apart, copied
from .examples import features, ridge_accuracy
from .tensors import first_tensor, rounded

FEWEST = 64  # examples; fewer tell nothing
LEARNED = 1.2  # times the largest singular value that a random matrix of the same size and scale has
LEAST_ROWS, LEAST_COLUMNS, MOST = 8, 32, 512  # of a weight matrix that is looked at, and that are looked at
TURNS = 12  # of the power iteration: what falls short of the largest singular value only hides what was learned
SINCE, SHARE = 50, 0.25  # steps, and share of the run, after which the question is settled and the copy is let go
HEADS = (nn.Linear, nn.Conv2d)


def is_pretrained(model: nn.Module) -> bool:
    """Whether the weights were trained before: norms with statistics, or matrices with directions of their own.

    The largest singular value of a random m x n matrix with entries of deviation s is near s (sqrt m + sqrt n);
    learning raises some beyond it (Martin and Mahoney, 2021, section 3).
    """
    for module in model.modules():
        mean = getattr(module, "running_mean", None)
        if isinstance(mean, Tensor) and bool((mean != 0).any()):
            return True
    wide = [p for p in model.parameters() if p.ndim >= 2 and len(p) >= LEAST_ROWS and p[0].numel() >= LEAST_COLUMNS]
    return len(wide) > 1 and sum(map(_learned, wide)) > len(wide) / 2


@torch.no_grad()
def _learned(p: Tensor) -> bool:
    matrix = p.detach()[:MOST].flatten(1)[:, :MOST].float()
    scale = float(matrix.std(correction=0))
    if not scale > 1e-6 * float(matrix.abs().max()):  # all alike, by hand
        return False
    right = torch.ones(matrix.shape[1], device=matrix.device)
    right = right + torch.linspace(-1, 1, len(right), device=right.device)  # no draw: the run's randomness is its own
    for _ in range(TURNS):
        right = matrix.T @ (matrix @ right)
        right = right / right.norm().clamp_min(1e-30)
    rows, columns = matrix.shape
    return float((matrix @ right).norm()) > LEARNED * scale * (rows**0.5 + columns**0.5)


class Pretraining:
    """Keeps a copy of a pretrained network until its features have been compared with what became of them."""

    def __init__(self, network: nn.Module) -> None:
        self.original = copied(network) if is_pretrained(network) else None

    def compare(
        self,
        network: nn.Module,
        examples: tuple[tuple[Tensor, ...], Tensor] | None,
        steps: int,
        planned: int | None,
    ) -> Any:
        """{'start', 'now': accuracies; 'n'; 'step'} of a linear classifier on the head's inputs; None if not asked.

        Each example is left out in turn, by ridge regression. Norms take the statistics of the batch, so that features
        are judged, not how well running statistics have followed.
        """
        if self.original is None or examples is None or steps < 1:
            return None
        inputs, labels = examples
        if labels.ndim != 1 or labels.is_floating_point() or len(labels) < FEWEST or len(labels.unique()) < 2:
            return None
        one_hot = (labels[:, None] == labels.unique()).float().cpu().numpy()
        with apart(0):
            start, now = worth(self.original, inputs, one_hot), worth(copied(network), inputs, one_hot)
        if steps >= max(SINCE, SHARE * (planned or 0)):
            self.original = None
        if start is None or now is None:
            return None
        return {"start": rounded(start), "now": rounded(now), "n": len(labels), "step": steps}


@torch.no_grad()
def worth(network: nn.Module, inputs: tuple[Tensor, ...], one_hot: NDArray[np.float32]) -> float | None:
    """Accuracy of ridge regression on what enters the last layer. The network is a copy: norms move in it."""
    network.eval()
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.train()
    seen: list[Tensor] = []

    def note(module: nn.Module, given: Any) -> None:
        entered = first_tensor(given)
        if entered is not None:
            seen[:] = [entered]

    handles = [m.register_forward_pre_hook(note) for m in network.modules() if isinstance(m, HEADS)]
    network(*inputs)
    for handle in handles:
        handle.remove()
    if not seen or len(seen[0]) != len(one_hot):
        return None
    x = np.nan_to_num(features(seen[0].float()).astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    x = (x - x.mean(0)) / (x.std() or 1.0)
    return ridge_accuracy(x @ x.T, one_hot)
