"""A few training examples, kept for trials on a copy and for a simple reference: what can be learned from them at all?"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

RAW_BYTES, RAW_EXAMPLES = 8 << 20, 128  # newest examples, as the network gets them
ROWS, FEATURES, ROWS_A_STEP = 1500, 1024, 64  # of the simple reference
FOLDS, RIDGES = 5, (1e-2, 1e-1, 1.0, 10.0)


class Examples:
    """Newest raw examples, and small features of more of them."""

    def __init__(self) -> None:
        self._raw: list[tuple[Tensor, Tensor]] = []
        self._rows: list[NDArray[np.float16]] = []
        self._labels: list[int] = []
        self._prints: set[int] = set()
        self._dice = np.random.default_rng(0)
        self.seen = 0  # examples offered to the reference
        self.again = 0  # of these, pixel for pixel seen before

    @torch.no_grad()
    def keep(self, inputs: Tensor, targets: Tensor | None, labels: Tensor | None) -> None:
        """inputs (B, ...), targets (B, ...) as handed to the loss, labels (B,) whole numbers or None."""
        if targets is not None and len(targets) == len(inputs):
            size = max(1, inputs[:1].numel() * inputs.element_size())
            room = max(8, min(RAW_EXAMPLES, RAW_BYTES // size))
            self._raw.append((inputs[:room].detach().clone(), targets[:room].detach().clone()))
            while len(self._raw) > 1 and sum(len(x) for x, _ in self._raw[1:]) >= room:
                self._raw.pop(0)
        if labels is not None and len(labels) == len(inputs):
            # Any of them: a batch of the whole set always begins alike.
            rows = torch.from_numpy(self._dice.permutation(len(inputs))[:ROWS_A_STEP]).to(inputs.device)
            self._keep_rows(inputs[rows], labels[rows.to(labels.device)])

    def raw(self) -> tuple[Tensor, Tensor] | None:
        """The newest examples whose shape agrees, oldest first."""
        if not self._raw:
            return None
        shape = self._raw[-1][0].shape[1:], self._raw[-1][1].shape[1:]
        fitting = [(x, y) for x, y in self._raw if (x.shape[1:], y.shape[1:]) == shape]
        return torch.cat([x for x, _ in fitting])[-RAW_EXAMPLES:], torch.cat([y for _, y in fitting])[-RAW_EXAMPLES:]

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
        """What simple methods get right on held-out folds of the kept examples; {} with too few of them.

        {'ridge', 'nearest': accuracies; 'n'; 'majority'; 'classes'}: one-vs-all ridge regression and the nearest
        neighbour, on small features. A network trained on at least as many examples should do no worse.
        """
        labels = np.asarray(self._labels)
        kinds, counts = np.unique(labels, return_counts=True) if len(labels) else (labels, labels)
        if len(labels) < 100 or len(kinds) < 2:
            return {"n": len(labels), "classes": len(kinds)}
        x = np.stack(self._rows).astype(np.float32)
        x = np.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)
        spread = x.std()
        x = (x - x.mean(0)) / (spread if spread > 0 else 1.0)
        y = (labels[:, None] == kinds[None]).astype(np.float32)
        fold = np.random.default_rng(0).permutation(len(x)) % FOLDS
        right = dict.fromkeys(RIDGES, 0)
        near = 0
        for k in range(FOLDS):
            train, test = fold != k, fold == k
            for ridge, hits in _ridge_hits(x[train], y[train], x[test], y[test]).items():
                right[ridge] += hits
            distance = (x[test] ** 2).sum(1)[:, None] + (x[train] ** 2).sum(1) - 2 * x[test] @ x[train].T
            near += int((labels[train][distance.argmin(1)] == labels[test]).sum())
        n = len(labels)
        return {
            "ridge": max(right.values()) / n,
            "nearest": near / n,
            "majority": float(counts.max() / n),
            "n": n,
            "classes": len(kinds),
        }


def _ridge_hits(
    x: NDArray[np.float32], y: NDArray[np.float32], held_x: NDArray[np.float32], held_y: NDArray[np.float32]
) -> dict[float, int]:
    """How many held-out rows each strength of ridge regression gets right; the dual form, for fewer rows than features."""
    gram = x @ x.T
    values, vectors = np.linalg.eigh(gram.astype(np.float64))
    projected, across = vectors.T @ (y - y.mean(0)), held_x @ x.T @ vectors
    found = {}
    for ridge in RIDGES:
        scale = ridge * max(values.mean(), 1e-9)
        scores = across @ (projected / (np.maximum(values, 0) + scale)[:, None]) + y.mean(0)
        found[ridge] = int((scores.argmax(1) == held_y.argmax(1)).sum())
    return found


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
