"""A few training examples, kept for trials on a copy and for a simple reference: what can be learned from them?"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

RAW_BYTES, RAW_EXAMPLES = 8 << 20, 128  # newest examples, as the network gets them
ANSWERS = 4 << 20  # scores of all kept examples: those of 10,000 words at each step of a sequence are many
ROWS, FEATURES, ROWS_A_STEP = 1500, 1024, 64  # of the simple reference
RIDGES = (1e-2, 1e-1, 1.0, 10.0)


class Examples:
    """Newest raw examples, and small features of more of them."""

    def __init__(self) -> None:
        self._raw: list[tuple[tuple[Tensor, ...], Tensor]] = []
        self._rows: list[NDArray[np.float16]] = []
        self._labels: list[int] = []
        self._prints: set[int] = set()
        self._dice = np.random.default_rng(0)
        self._reference: dict[str, Any] = {}
        self.seen = 0  # examples offered to the reference
        self.again = 0  # of these, pixel for pixel seen before
        self.room = RAW_EXAMPLES  # examples that can be answered at once

    @torch.no_grad()
    def keep(
        self,
        inputs: Tensor,
        targets: Tensor | None,
        labels: Tensor | None,
        more: tuple[Tensor, ...] = (),
        answers: int = 0,
    ) -> None:
        """inputs (B, ...), targets (B, ...) as handed to the loss, labels (B,) whole numbers or None.

        more: what else the network is called with, each (B, ...). answers: numbers in its answer to all B.
        """
        if targets is not None and len(targets) == len(inputs):
            size = max(1, inputs[:1].numel() * inputs.element_size())
            room = max(8, min(RAW_EXAMPLES, RAW_BYTES // size))
            self.room = max(8, min(RAW_EXAMPLES, ANSWERS * len(inputs) // max(1, answers)))
            first = tuple(x[:room].detach().clone() for x in (inputs, *more))
            self._raw.append((first, targets[:room].detach().clone()))
            while len(self._raw) > 1 and sum(len(y) for _, y in self._raw[1:]) >= room:
                self._raw.pop(0)
        if labels is not None and len(labels) == len(inputs):
            # Any of them: a batch of the whole set always begins alike.
            rows = torch.from_numpy(self._dice.permutation(len(inputs))[:ROWS_A_STEP]).to(inputs.device)
            self._keep_rows(inputs[rows], labels[rows.to(labels.device)])

    def raw(self) -> tuple[tuple[Tensor, ...], Tensor] | None:
        """The newest examples whose shape agrees, oldest first: all that the network is called with, and targets."""
        if not self._raw:
            return None
        shape = _shape(*self._raw[-1])
        fitting = [pair for pair in self._raw if _shape(*pair) == shape]
        inputs = tuple(torch.cat(column)[-RAW_EXAMPLES:] for column in zip(*(x for x, _ in fitting), strict=True))
        return inputs, torch.cat([y for _, y in fitting])[-RAW_EXAMPLES:]

    def _keep_rows(self, inputs: Tensor, labels: Tensor) -> None:
        for row, label in zip(features(inputs), labels.tolist(), strict=True):
            self.seen += 1
            print_ = hash(row.tobytes())
            if print_ in self._prints:
                self.again += 1
                continue
            if len(self._rows) < ROWS and (not self._rows or self._rows[0].shape == row.shape):
                self._prints.add(print_)
                self._rows.append(row)
                self._labels.append(int(label))

    def reference(self) -> dict[str, Any]:
        """What simple methods get right of the kept examples, each left out in turn; only counts with too few of them.

        {'ridge', 'nearest': accuracies; 'n'; 'majority'; 'classes'}: one-vs-all ridge regression and the nearest
        neighbour, on small features. A network trained on at least as many examples should do no worse.
        """
        if self._reference.get("n") == len(self._labels):  # nothing new since
            return self._reference
        labels = np.asarray(self._labels)
        kinds, counts = np.unique(labels, return_counts=True) if len(labels) else (labels, labels)
        if len(labels) < 100 or len(kinds) < 2:
            return {"n": len(labels), "classes": len(kinds)}
        x = np.nan_to_num(np.stack(self._rows).astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        x = (x - x.mean(0)) / (x.std() or 1.0)
        y = (labels[:, None] == kinds[None]).astype(np.float32)
        gram = x @ x.T
        distance = np.diag(gram)[:, None] + np.diag(gram) - 2 * gram
        np.fill_diagonal(distance, np.inf)
        near = labels[distance.argmin(1)] == labels
        self._reference = {
            "ridge": ridge_accuracy(gram, y),
            "nearest": float(near.mean()),
            "majority": float(counts.max() / len(labels)),
            "n": len(labels),
            "classes": len(kinds),
        }
        return self._reference


def ridge_accuracy(gram: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    """Share of rows right when each is left out in turn, by the best of several strengths.

    gram (N, N): products of centred rows; y (N, K): one-hot. Leaving a row out needs no second fit: its residual is
    the fitted one over 1 - leverage (Allen, 1974).
    """
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0)
    centred = y - y.mean(0)
    projected = vectors.T @ centred
    best = 0.0
    for ridge in RIDGES:
        shrink = values / (values + ridge * max(float(values.mean()), 1e-9))
        leverage = np.minimum((vectors**2) @ shrink + 1 / len(y), 0.9999)
        left_out = centred - (centred - vectors @ (shrink[:, None] * projected)) / (1 - leverage)[:, None]
        best = max(best, float(((left_out + y.mean(0)).argmax(1) == y.argmax(1)).mean()))
    return best


def features(inputs: Tensor) -> NDArray[np.float16]:
    """(B, ...) -> (B, at most FEATURES): pictures shrunk, sequences and vectors thinned, tokens counted."""
    b = len(inputs)
    if not inputs.is_floating_point() and inputs.ndim == 2:  # tokens (B, T), counted by a hash of their number
        counts = torch.zeros(b, FEATURES, device=inputs.device)
        counts.scatter_add_(1, (inputs % FEATURES).long(), torch.ones_like(inputs, dtype=torch.float32))
        return counts.cpu().numpy().astype(np.float16)
    x = inputs.detach().float()
    if x.ndim == 4 and x[0].numel() > FEATURES:
        side = max(2, int((FEATURES / max(1, x.shape[1])) ** 0.5))
        x = F.adaptive_avg_pool2d(x, (min(side, x.shape[2]), min(side, x.shape[3])))
    x = x.flatten(1)
    x = x[:, :: -(-x.shape[1] // FEATURES)]
    return x.clamp(-6e4, 6e4).cpu().numpy().astype(np.float16)


def _shape(inputs: tuple[Tensor, ...], targets: Tensor) -> tuple[torch.Size, ...]:
    return (*(x.shape[1:] for x in inputs), targets.shape[1:])
