"""Softmax cross-entropy over the steps of sequences, where padding does not count."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

OUT = -100  # the target of a step that does not count, as torch has it
Per = Literal["token", "sequence"]


def temporal_cross_entropy(
    scores: Tensor,
    targets: Tensor,
    mask: Tensor | None = None,
    ignore: int | None = None,
    smoothing: float = 0.0,
    per: Per = "token",
) -> Tensor:
    """-log softmax(scores)[target] of the steps that count, in nats: a scalar in [0, inf).

    scores: (B, T, V) logits; targets: (B, T) integers in [0, V). mask: (B, T), true where a step counts; ignore: a
    target that never counts, such as the index of padding; both may be given. smoothing: share of the truth spread over
    all V, in [0, 1). per: "token" divides by the steps that count, so a blind guess scores ln V; "sequence" divides by
    B, as course notes do: the sum over time, averaged over the batch. Where no step counts the loss is 0.

    Half precision is computed in float32: a sum over thousands of words has more digits than bfloat16.
    Raises ValueError where the shapes do not fit.
    """
    if scores.ndim != 3 or targets.shape != scores.shape[:2] or (mask is not None and mask.shape != targets.shape):
        masked = "" if mask is None else f" and mask {tuple(mask.shape)}"
        raise ValueError(
            f"scores are {tuple(scores.shape)}, targets {tuple(targets.shape)}{masked}; "
            "scores must be (B, T, V), targets and mask (B, T)"
        )
    if mask is not None:
        targets = targets.masked_fill(~mask.bool(), OUT)
    if ignore is not None:
        targets = targets.masked_fill(targets == ignore, OUT)
    flat = scores.flatten(0, 1)
    flat = flat.float() if flat.dtype in (torch.bfloat16, torch.float16) else flat
    total = F.cross_entropy(flat, targets.flatten(), ignore_index=OUT, label_smoothing=smoothing, reduction="sum")
    return total / ((targets != OUT).sum().clamp_min(1) if per == "token" else len(targets))
