"""Suppression of 2,000 boxes and RoIAlign of 512: how long, paired with torchvision's operators where it imports.

One process, ours and theirs in turn, medians of the rounds. Boxes are drawn from a seed: crowded ones (100 places, 20
boxes each), sparse ones (next to none overlap) and a mixture. RoIAlign cuts 7 x 7 from 256 channels, and gives the
gradient back. Without torchvision only our times are stated. `regions.py [ROUNDS] [THREADS]`.
"""

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from _claim import state
from torch import Tensor

from visus.geometry.nms import nms
from visus.layers.roi import roi_align

N_BOXES, N_REGIONS, CHANNELS, BINS = 2000, 512, 256, 7
THRESHOLDS = (0.3, 0.5, 0.7)
MAPS, PICTURE_PX = (50, 200), 800
ROUNDS = 21
CUTS = 5  # rounds of RoIAlign for that many of suppression


def drawn(kind: str) -> tuple[Tensor, Tensor]:
    """Boxes (N, 4) and scores (N,) of one kind."""
    random = torch.Generator().manual_seed(0)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random)

    if kind == "crowded":
        place = torch.arange(N_BOXES) % 100
        centres = (uniform(100, 2) * PICTURE_PX)[place] + 8 * (uniform(N_BOXES, 2) - 0.5)
        sides = (60 * uniform(100, 2) + 50)[place] * (1 + 0.1 * (uniform(N_BOXES, 2) - 0.5))
    else:
        across, most = {"sparse": (1300, 64), "mixed": (PICTURE_PX, 200)}[kind]
        centres, sides = across * uniform(N_BOXES, 2), 16 + (most - 16) * uniform(N_BOXES, 2)
    return torch.cat([centres - sides / 2, centres + sides / 2], 1), uniform(N_BOXES)


def regions() -> Tensor:
    """Boxes of one picture (K, 5), of all sizes."""
    random = torch.Generator().manual_seed(1)
    centres = PICTURE_PX * torch.rand(N_REGIONS, 2, generator=random)
    sides = 16 + 300 * torch.rand(N_REGIONS, 2, generator=random)
    boxes = torch.cat([centres - sides / 2, centres + sides / 2], 1).clamp(0, PICTURE_PX)
    return torch.cat([torch.zeros(N_REGIONS, 1), boxes], 1)


def paired(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each, taken in turn; one round before is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, act in ways.items():
            began = time.perf_counter()
            act()
            if turn:
                taken[name].append(1e3 * (time.perf_counter() - began))
    return {name: round(median(times), 3) for name, times in taken.items()}


def suppression(peer: Any, rounds: int) -> dict[str, Any]:
    """Milliseconds for each kind of boxes and threshold, and whether the answers are the same."""
    found: dict[str, Any] = {}
    for kind in ("crowded", "sparse", "mixed"):
        boxes, scores = drawn(kind)
        for threshold in THRESHOLDS:
            kept = nms(boxes, scores, threshold)
            ways: dict[str, Callable[[], object]] = {"visus": lambda b=boxes, s=scores, t=threshold: nms(b, s, t)}  # type: ignore[misc]
            same = {}
            if peer:
                ways["torchvision"] = lambda b=boxes, s=scores, t=threshold: peer.nms(b, s, t)  # type: ignore[misc]
                same = {"same": kept.equal(peer.nms(boxes, scores, threshold))}
            found[f"{kind} {threshold}"] = paired(ways, rounds) | {"kept": len(kept)} | same
    return found


def alignment(peer: Any, rounds: int) -> dict[str, Any]:
    """Milliseconds of RoIAlign on each map, forward and with its gradient."""
    boxes, found = regions(), {}
    for side in MAPS:
        features = torch.randn(1, CHANNELS, side, side, generator=torch.Generator().manual_seed(2))
        scale = side / PICTURE_PX
        cuts = {"visus": lambda x, s=scale: roi_align(x, boxes, BINS, s, 2, True)}
        if peer:
            cuts["torchvision"] = lambda x, s=scale: peer.roi_align(x, boxes, (BINS, BINS), s, 2, True)
        found[f"{side} x {side}"] = paired({n: lambda c=c, x=features: c(x) for n, c in cuts.items()}, rounds)
        last = features.to(memory_format=torch.channels_last)
        found[f"{side} x {side}, channels last"] = paired(
            {n: lambda c=c, x=last: c(x) for n, c in cuts.items()}, rounds
        )

        def both(cut: Callable[[Tensor], Tensor], x: Tensor = features) -> None:
            leaf = x.detach().requires_grad_()
            cut(leaf).sum().backward()

        found[f"{side} x {side}, with gradient"] = paired(
            {n: lambda c=c, act=both: act(c) for n, c in cuts.items()}, rounds
        )
    return found


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    if len(sys.argv) > 2:
        torch.set_num_threads(int(sys.argv[2]))
    try:
        from torchvision import ops as peer
    except Exception as error:  # a build that does not fit torch fails in many ways
        print(f"without torchvision: {error}")
        peer = None
    suppressed, aligned = suppression(peer, rounds), alignment(peer, max(1, rounds // CUTS))
    times = [*suppressed.values(), *aligned.values()]
    held = all(one["visus"] <= one.get("torchvision", float("inf")) and one.get("same", True) for one in times)
    claim = (
        "suppression of 2,000 boxes and RoIAlign of 512 take no longer than torchvision's, suppression keeps the same"
    )
    state(
        "regions",
        claim if peer else "times of suppression and RoIAlign, with nothing to compare them with",
        held,
        beside="torchvision" if peer else "nothing: torchvision does not import here",
        suppression_ms=suppressed,
        roi_align_ms=aligned,
        threads=torch.get_num_threads(),
    )
