"""Compare gradients with centred differences in double precision, a few entries of every tensor.

Source: the checklist of CS231n (Karpathy, Li and Johnson, 2015), notes on neural networks 3, "Gradient checks".
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..engine.seed import own_randomness
from .winners import Winners

WRONG, UNEASY, FINE, HAPPY, UNJUDGED = "wrong", "uneasy", "fine if kinks", "happy", "unjudged"
BANDS = ((1e-7, HAPPY), (1e-4, FINE), (1e-2, UNEASY))  # relative errors, from the course; above the last: wrong
STEPS = (1e-5, 1e-6, 1e-4)  # h: a smaller one against curvature and kinks, a larger one against rounding
BETWEEN_KINKS = (1e-7, 1e-8)  # only where the others all step over one; rounding then leaves four digits
DRAWS = 6  # entries tried in place of one that sits at a kink
ROUNDING = 16 * torch.finfo(torch.float64).eps  # of a loss, relative: a sum of many terms is off by some last digits


@dataclass(frozen=True)
class Verdict:
    """One tensor. error: worst relative error of the judged entries. entries: how many. at: the worst one.

    excluded: entries that sit at a kink whatever the step, with the operation that kinks: they were not judged.
    """

    name: str
    verdict: str
    error: float
    entries: int
    at: str = ""
    excluded: tuple[str, ...] = ()


@dataclass
class _Tally:
    error: float = 0.0
    entries: int = 0
    at: str = ""


def check_gradients(
    loss: Callable[[], Tensor],
    named: Iterable[tuple[str, Tensor]],
    *,
    entries: int = 3,
    seconds: float = math.inf,
    limit: float = math.inf,
    seed: int = 0,
) -> list[Verdict]:
    """A verdict per tensor on the gradient that autograd gives for `loss`, in order.

    loss: a closure that returns a scalar in float64; it is called with the same random numbers each time, so dropout
    may stay on. named: (name, float64 tensor that requires a gradient). Their values are as before afterwards.
    entries: tried of each tensor: the largest gradient, then random ones. seconds: after the first entry of every
    tensor, no further round begins once this time has passed. limit: after so many seconds no further tensor is asked,
    in an order drawn at random; those not asked are left out.
    Raises ValueError if the loss is no scalar, is not in float64, or differs between two evaluations.
    """
    tensors = dict(named)
    gradients = _analytic(loss, tensors, seed)
    return compare(loss, tensors, gradients, entries=entries, seconds=seconds, limit=limit, seed=seed)


def compare(
    loss: Callable[[], Tensor],
    tensors: Mapping[str, Tensor],
    gradients: Mapping[str, Tensor],
    *,
    entries: int = 3,
    seconds: float = math.inf,
    limit: float = math.inf,
    seed: int = 0,
) -> list[Verdict]:
    """As `check_gradients`, for gradients that are already there, whoever computed them."""
    began = time.monotonic()
    ruler = _Ruler(loss, seed)
    dice = torch.Generator().manual_seed(seed)
    tallies = {name: _Tally() for name in tensors}
    excluded: dict[str, list[str]] = {name: [] for name in tensors}
    asked = dict.fromkeys(tensors, limit == math.inf)
    order = list(tensors) if limit == math.inf else _shuffled(list(tensors), seed)
    for turn in range(entries):
        if turn and time.monotonic() - began > seconds:
            break
        for name in order:
            tensor = tensors[name]
            if turn < tensor.numel() and time.monotonic() - began <= limit:
                asked[name] = True
                _try_entry(ruler, name, tensor, gradients[name], turn, dice, tallies[name], excluded[name])
    return [
        Verdict(name, band(t.error) if t.entries else UNJUDGED, t.error, t.entries, t.at, tuple(excluded[name]))
        for name, t in tallies.items()
        if asked[name]
    ]


def band(error: float) -> str:
    """The word for a relative error."""
    return next((word for limit, word in BANDS if error <= limit), WRONG)


def relative_error(analytic: float, numeric: float, rounding: float = 0.0) -> float:
    """|a - n| / max(|a|, |n|); 0 if both are zero. What rounding alone explains counts as happy, and no less."""
    scale, difference = max(abs(analytic), abs(numeric)), abs(analytic - numeric)
    if math.isnan(difference):
        return math.inf
    if scale <= rounding:
        return 0.0
    return min(difference / scale, max(BANDS[0][0], (difference - rounding) / scale))


class _Ruler:
    """Measures centred differences of a loss, and says when one stepped over a kink."""

    def __init__(self, loss: Callable[[], Tensor], seed: int) -> None:
        self.loss, self.seed = loss, seed
        with Winners() as base:
            self.value = self._evaluate()
        self.expected, self.kinks = base.found, base.kinks
        again = self._evaluate()
        if again != self.value and not (math.isnan(again) and math.isnan(self.value)):
            raise ValueError(
                f"the loss was {self.value:.17g}, then {again:.17g} with the same weights, data and torch seed; "
                "switch off what draws random numbers elsewhere"
            )
        if base.lowered:
            raise ValueError(
                f"{base.lowered} leaves double precision, and a difference of two losses would be rounding; "
                "keep the type of what comes in (no .float(), no .half()) to have the gradient checked"
            )

    @torch.no_grad()
    def _evaluate(self) -> float:
        with own_randomness(self.seed):
            return float(self.loss())

    def slope(self, tensor: Tensor, index: tuple[int, ...], h: float) -> tuple[float, str]:
        """The centred difference at an entry, and the operation whose winners changed, if any."""
        values = tensor.data
        kept = values[index].clone()
        sides = []
        with Winners(self.expected) as above:
            values[index] = kept + h
            sides.append(self._evaluate())
        with Winners(self.expected) as below:
            values[index] = kept - h
            sides.append(self._evaluate())
        values[index] = kept
        return (sides[0] - sides[1]) / (2 * h), above.switched or below.switched

    def rounding(self, h: float) -> float:
        return ROUNDING * max(abs(self.value), 1e-3) / h


def _analytic(loss: Callable[[], Tensor], tensors: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float64:
            raise ValueError(f"{name} is {tensor.dtype}; a gradient check needs float64 (call .double())")
    with own_randomness(seed), torch.enable_grad():
        value = loss()
        if value.numel() != 1:
            raise ValueError(f"the loss has shape {tuple(value.shape)}; a single number is expected (take its mean)")
        if value.dtype != torch.float64:
            raise ValueError(f"the loss is {value.dtype} although weights and data are float64; keep its type")
        if not value.requires_grad:
            raise ValueError("the loss has no graph: it does not depend on the weights, or was detached")
        found = torch.autograd.grad(value, list(tensors.values()), materialize_grads=True)
    return {name: g.to_dense() if g.is_sparse else g for name, g in zip(tensors, found, strict=True)}


def _try_entry(
    ruler: _Ruler,
    name: str,
    tensor: Tensor,
    gradient: Tensor,
    turn: int,
    dice: torch.Generator,
    tally: _Tally,
    excluded: list[str],
) -> None:
    """Judge one entry; where it sits at a kink, name it and draw another."""
    for draw in range(DRAWS):
        flat = int(gradient.abs().argmax()) if turn == draw == 0 else _random(tensor.numel(), dice)
        index = tuple(int(i) for i in torch.unravel_index(torch.tensor(flat), tensor.shape))
        error, kink = _entry_error(ruler, tensor, index, float(gradient[index]))
        label = f"{name}[{', '.join(map(str, index))}]"
        if kink:
            if f"{label} ({kink})" not in excluded:
                excluded.append(f"{label} ({kink})")
            continue
        tally.entries += 1
        if error >= tally.error:
            tally.error, tally.at = error, label
        return


def _entry_error(ruler: _Ruler, tensor: Tensor, index: tuple[int, ...], analytic: float) -> tuple[float, str]:
    """The smallest error over the steps, and '' or the operation at whose kink the entry sits."""
    best, kink = math.inf, ""
    for h in (*STEPS, *BETWEEN_KINKS):
        if h in BETWEEN_KINKS and (not kink or best < math.inf):
            break
        if kink and h > min(STEPS):
            continue  # a longer step would cross it too
        numeric, switched = ruler.slope(tensor, index, h)
        error = relative_error(analytic, numeric, ruler.rounding(h))
        if switched:
            kink = switched
            continue
        best = min(best, error)
        if best <= BANDS[0][0]:
            break
    return best, kink if best == math.inf else ""


def _shuffled(names: list[str], seed: int) -> list[str]:
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(seed)).tolist()
    return [names[i] for i in order]


def _random(n: int, dice: torch.Generator) -> int:
    return int(torch.randint(n, (), generator=dice))
