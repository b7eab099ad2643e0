"""Is every value of a picture told from those before it, and from none that comes later?"""

import time
from itertools import islice

import torch
from torch import Tensor

from ...engine.precision import FLOAT32
from ...engine.task import Task
from ..finding import BLOCKER, PASS, WARNING, Finding
from ..instruments import generative
from ..instruments.generative import Pictures
from ._copy import descending, patient

UPDATES, SECONDS = 3, 3.0  # a last layer that starts at 0 tells nothing of what it sees
READ = 16_000_000  # chances read at a time
ROUNDING = 1e-7  # of a chance in float64
COARSE = 1e-5  # of one in float32
EVEN, SUM = 1e-3, 1e-3  # by how much a sum of chances may miss 1; and a likelihood, as a share, the sum of its parts


def examine(task: Task) -> list[Finding]:
    """One value of a picture is changed at a time: the chances of it and of all before it must stay as they were."""
    if not generative.are_drawings(task) or generative.offers(task, "log_probabilities") is None:
        return [Finding(PASS, "no value of a picture is told from those before it")]
    with patient(task) as copy:
        began = time.monotonic()
        for batch in islice(copy.batches(), UPDATES):
            if time.monotonic() - began < SECONDS:
                descending(copy)[0].improve(batch)
        copy.run_at(FLOAT32)
        copy.double().eval()
        seen = generative.pictures(copy, next(iter(copy.batches())))
        with torch.no_grad():
            return [*_leaks(copy, seen), *_counts(copy, seen)]


def _leaks(task: Task, seen: Pictures) -> list[Finding]:
    moved, places = _moved(task, seen)
    own = [i for i, t in enumerate(places) if moved[i, t]]
    n_colours = seen.levels.shape[1]
    pixels = [t // n_colours * n_colours for t in places]  # the first value of the pixel
    colours = [i for i, t in enumerate(places) if moved[i, pixels[i] : t].any()]
    earlier = [i for i in range(len(places)) if moved[i, : pixels[i]].any()]
    if not (own or colours or earlier):
        reached = any(moved[i, t + 1 :].any() for i, t in enumerate(places))
        return (
            [Finding(PASS, f"none of {len(places)} values reaches itself or one before it")] if reached else [_blind()]
        )
    signs = [
        f"{len(found)} of {len(places)} values change the chances of {whom}"
        for found, whom in ((earlier, "pixels before theirs"), (colours, "colours before theirs"), (own, "themselves"))
        if found
    ]
    causes = [
        cause
        for found, cause in (
            (earlier, "a convolution is not masked, or shifted the wrong way"),
            (colours, "red, green and blue stand in another order in the masks than in the likelihood"),
            (own, "a value sees itself: the first layer has mask B in place of A" if not earlier else ""),
        )
        if found and cause
    ]
    return [
        Finding(
            BLOCKER,
            "; ".join(signs),
            "none",
            "; ".join(causes) + ": the likelihood looks at what it is to tell, and is none",
            "mask A (without the centre) in the first layer, B in the others, colours in groups of red, green, blue; "
            "rows above and the row so far, nothing below or to the right",
            kind="likelihood_leak",
            where="masks",
            weight=0.95,
            defect=True,
        )
    ]


def _moved(task: Task, seen: Pictures) -> tuple[Tensor, list[int]]:
    """Which values' chances change, bool (N, H * W * C) in the order of the likelihood, if value places[i] does."""
    picture = seen.levels[:1]
    _, channels, height, width = picture.shape
    n_levels = generative.model_of(task).canvas.levels
    pixels = sorted({(y, x) for y in _spread(height) for x in _spread(width)})
    changed, places = [picture], []
    for y, x in pixels:
        for c in range(channels):
            other = picture.clone()
            other[0, c, y, x] = (int(other[0, c, y, x]) + max(1, n_levels // 2)) % n_levels
            changed.append(other)
            places.append((y * width + x) * channels + c)
    at_once = max(1, READ // (picture.numel() * n_levels) - 1)
    rows = []
    for first in range(1, len(changed), at_once):
        chances = _chances(task, torch.cat([picture, *changed[first : first + at_once]]), seen.labels)
        limit = ROUNDING if chances.dtype == torch.float64 else COARSE
        difference = (chances[1:] - chances[:1]).abs().amax(1) > limit  # (N, C, H, W)
        rows.append(difference.permute(0, 2, 3, 1).flatten(1))
    return torch.cat(rows), places


def _spread(n: int) -> set[int]:
    """First, second, middle, last but one and last of n."""
    return {i for i in (0, 1, n // 2, n - 2, n - 1) if 0 <= i < n}


def _chances(task: Task, levels: Tensor, labels: Tensor | None) -> Tensor:
    labels = None if labels is None else labels[:1].expand(len(levels))
    found: Tensor = generative.model_of(task).log_probabilities(levels, labels)
    return found.exp()


def _counts(task: Task, seen: Pictures) -> list[Finding]:
    """Whether chances sum to 1, and whether the likelihood is their product."""
    few = max(1, min(4, len(seen), READ // (seen.levels[0].numel() * generative.model_of(task).canvas.levels)))
    levels, labels = seen.levels[:few], None if seen.labels is None else seen.labels[:few]
    told: Tensor = generative.model_of(task).log_probabilities(levels, labels)
    sums = told.exp().sum(1)
    off = float((sums - 1).abs().max())
    if off > EVEN:
        return [
            _miscounted(
                f"the chances of a value's levels sum to {float(sums.amin()):.3g} to {float(sums.amax()):.3g}",
                "1",
                "scores are not normalised over the levels, or a level is left out",
                "log_softmax over the levels; the first and the last level take the tails of a continuous density",
            )
        ]
    whole = told.gather(1, levels.long().unsqueeze(1)).flatten(1).sum(1)
    say = getattr(generative.model_of(task), "log_likelihood", None)
    if say is None or not getattr(generative.model_of(task), "exact", True):
        return []
    said: Tensor = say(levels, labels, dice=torch.Generator().manual_seed(0))
    if bool(((said - whole).abs() <= SUM * whole.abs() + SUM).all()):
        return []
    return [
        _miscounted(
            f"the likelihood of a picture is {float(said[0]):.4g} nats, the sum over its values {float(whole[0]):.4g}",
            "the same",
            "the likelihood is of other values, another order, or a mean where it should be a sum",
            "sum over channels, rows and columns, and divide by nothing",
        )
    ]


def _miscounted(what: str, against: str, cause: str, remedy: str) -> Finding:
    return Finding(
        BLOCKER, what, against, cause, remedy, kind="likelihood_miscounted", where="likelihood", weight=0.9, defect=True
    )


def _blind() -> Finding:
    return Finding(
        WARNING,
        "no value changes the chances of those after it",
        "some",
        "the network tells each value without looking at those before it",
        "look whether masks leave anything, and whether the picture reaches the network",
        kind="inputs_ignored",
        where="model",
        weight=0.6,
    )
