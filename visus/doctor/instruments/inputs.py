"""What enters the network: range, mean, spread, whether examples differ, in training and when it is validated."""

from typing import Any

import torch
from torch import Tensor

from .tensors import rounded, some

PICTURE = 16  # channels; more are features, whose neighbours need not be alike


@torch.no_grad()
def look(inputs: Tensor) -> dict[str, Any]:
    """Figures of one batch (B, ...). Whole numbers (tokens, raw pixels) are described as they are."""
    x = some(inputs, 65_536).float()
    finite = torch.isfinite(x)
    safe = x[finite] if not bool(finite.all()) else x
    found: dict[str, Any] = {
        "shape": list(inputs.shape),
        "type": str(inputs.dtype).removeprefix("torch."),
        "finite": bool(torch.isfinite(inputs).all()) if inputs.is_floating_point() else True,
        "mean": rounded(float(safe.mean())) if len(safe) else 0.0,
        "std": rounded(float(safe.std(correction=0))) if len(safe) else 0.0,
        "low": rounded(float(safe.min())) if len(safe) else 0.0,
        "high": rounded(float(safe.max())) if len(safe) else 0.0,
    }
    if inputs.ndim >= 2 and len(inputs) > 1 and inputs.is_floating_point():
        rows = inputs.detach().flatten(1)
        rows = rows[:, :: max(1, rows.shape[1] // 512)].float()
        found["between"] = rounded(float(rows.std(0, correction=0).mean()))  # how much examples differ
    if inputs.ndim == 4 and (inputs.shape[1] <= PICTURE or inputs.shape[3] <= 4 < inputs.shape[2]):
        x = inputs.detach().float()
        found["channels"] = [rounded(v) for v in x.mean((0, 2, 3)).tolist()[:8]]
        # Neighbouring pixels of a picture are alike; of a scrambled one they are not. 0: alike, 1: unrelated.
        spread = x.var(correction=0).clamp_min(1e-12) * 2
        across = (x[..., 1:] - x[..., :-1]).square().mean() / spread if x.shape[3] > 1 else x.new_zeros(())
        down = (x[:, :, 1:] - x[:, :, :-1]).square().mean() / spread if x.shape[2] > 1 else x.new_zeros(())
        found["rough"] = [rounded(float(across)), rounded(float(down))]
        if 1 <= x.shape[3] <= 4 < min(x.shape[1], x.shape[2]):  # a small grid of many features is none of it
            found["channels_last"] = True
    return found
