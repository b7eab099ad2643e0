"""Which tokens are ever asked for, and is one of them most of what is asked for?"""

from typing import Any

import torch
from torch import Tensor

from .outputs import Answers
from .tensors import rounded


class Tokens:
    """Counts the targets of a model of sequences at measured steps; padding was left out of them before."""

    def __init__(self) -> None:
        self._counts: Tensor | None = None

    @torch.no_grad()
    def saw(self, answers: Answers) -> dict[str, Any]:
        """{'outputs': V, 'seen': tokens asked for so far, 'looked': in how many targets, 'most': [token, share]}."""
        v, labels = answers.n_classes, answers.labels
        sound = labels[(labels >= 0) & (labels < v)]
        counts = torch.bincount(sound, minlength=v).cpu()
        if self._counts is not None and len(self._counts) == v:
            counts += self._counts
        self._counts = counts
        total, most = int(counts.sum()), int(counts.argmax())
        return {
            "outputs": v,
            "seen": int((counts > 0).sum()),
            "looked": total,
            "most": [most, rounded(int(counts[most]) / max(1, total))],
        }
