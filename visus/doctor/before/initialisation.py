"""Do the weights start at a sane scale, with units that differ, so that signals survive the depth?"""

import math
from itertools import islice

import torch
from torch import Tensor, nn

from ...engine.objective import Objective
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, WARNING, Finding
from ..instruments import acting
from ._copy import descending, first_batch, patient, unexamined
from ._look import WEIGHTED, LayerCall, look

FACTOR = 4.0  # outside the span of the usual schemes by so much is no scheme
LOST, BLOWN_UP = 1e-2, 1e2  # how much examples differ in front of a layer, against how much they differ at the door
ROUNDED_AWAY = 1e-7  # differences this small are lost beside a bias in float32
STEPS = 3  # updates after which units that started alike must differ


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        return [_examine(copy, objective) for objective in descending(copy)]


def _examine(task: Task, objective: Objective) -> Finding:
    seen = look(task, objective, first_batch(task))
    layers = [call for call in seen.layers if isinstance(call.module, WEIGHTED)]
    trained = {id(parameter) for parameter in objective.parameters}
    layers = [call for call in layers if id(call.module.weight) in trained] or layers
    if not layers:
        return unexamined("no linear or convolutional layer of torch.nn was seen")
    odd = [call for call in layers[:-1] if _off_scale(call) > FACTOR or not _off_scale(call)]
    if acting.acts(task):  # a policy's head starts small, so that all actions begin as likely, and need not come last
        odd = [call for call in odd if _std(call) > _span(call)[1]]
    odd += [call for call in layers[-1:] if _std(call) > FACTOR * _span(call)[1]]  # it may well start small, or at 0
    signal = _signal(layers)
    if acting.acts(task) and not any(map(_between, (call.given for call in layers))):
        return Finding(PASS, "what is observed is always the same: there is nothing to tell apart")
    weakest = min(signal, key=lambda row: row[1])
    strongest = max(signal, key=lambda row: row[1])
    n = len(layers)
    what = f"{n} layer{'s' * (n > 1)}; differences between examples reach the last at {signal[-1][1]:.2g} of the first"
    if alike := _alike_for_good(task, objective, layers):
        return _symmetric(alike)
    lost = weakest[1] < ROUNDED_AWAY or (odd and weakest[1] < LOST)
    if lost or (odd and strongest[1] > BLOWN_UP) or not math.isfinite(strongest[1]):
        return _unsound(odd, weakest if lost else strongest, what)
    if odd:
        names = ", ".join(f"{call.name} ({_std(call):.2g}, usual {_usual(call)})" for call in odd[:3])
        return Finding(
            NOTE,
            f"{what}; unusual weights in {names}",
            "the signal survives",
            cause="set by hand, or trained before",
            remedy="nothing to do if it is meant",
            where=odd[0].name,
        )
    return Finding(PASS, what, "weights on the scale of He, Glorot or torch's own")


def _span(call: LayerCall) -> tuple[float, float]:
    """Smallest and largest deviation that the usual schemes give this layer.

    torch's own uniform(+-1/sqrt(n_in)), LeCun 1/sqrt(n_in), Glorot sqrt(2/(n_in+n_out)), He sqrt(2/n_in) or by n_out.
    """
    weight: Tensor = call.module.weight  # type: ignore[assignment]
    n_in, n_out = nn.init._calculate_fan_in_and_fan_out(weight)
    schemes = (1 / (3 * n_in), 1 / n_in, 2 / (n_in + n_out), 2 / n_in, 2 / n_out, 1 / (3 * n_out))
    return math.sqrt(min(schemes)), math.sqrt(max(schemes))


def _std(call: LayerCall) -> float:
    weight: Tensor = call.module.weight  # type: ignore[assignment]
    return float(weight.detach().float().std(correction=0))


def _off_scale(call: LayerCall) -> float:
    """How many times too large (above 1) or, for a layer that is not the last, too small; 0 for constant weights."""
    low, high = _span(call)
    std = _std(call)
    return max(std / high, low / std) if std > 0 else 0.0


def _usual(call: LayerCall) -> str:
    low, high = _span(call)
    return f"{low:.2g} to {high:.2g}"


def _signal(layers: list[LayerCall]) -> list[tuple[str, float]]:
    """How much examples differ at each layer's door, as a share of how much they differ at the first."""
    spreads = [(call.name, _between(call.given)) for call in layers]
    first = next((spread for _, spread in spreads if spread > 0), 1.0)
    return [(name, spread / first) for name, spread in spreads]


def _between(x: Tensor | None) -> float:
    if x is None or not x.is_floating_point() or len(x) < 2:
        return 0.0
    return float(x.detach().float().flatten(1).var(0, correction=0).mean().sqrt())


def _alike_for_good(task: Task, objective: Objective, layers: list[LayerCall]) -> list[str]:
    """Layers whose units all start with the same weights, and still have the same after a few updates."""
    suspects = [call for call in layers if len(call.module.weight) > 1 and _rows_alike(call.module.weight)]  # type: ignore[arg-type]
    if suspects:
        for batch in islice(task.batches(), STEPS):
            objective.improve(batch)
    return [call.name for call in suspects if _rows_alike(call.module.weight)]  # type: ignore[arg-type]


def _rows_alike(weight: Tensor) -> bool:
    rows = weight.detach().flatten(1)
    return bool(torch.allclose(rows, rows[:1].expand_as(rows), rtol=1e-5, atol=1e-8))


def _symmetric(names: list[str]) -> Finding:
    return Finding(
        BLOCKER,
        f"all units of {', '.join(names[:3])} start alike and are still alike after {STEPS} updates",
        "units that differ",
        cause="constant weights: every unit receives the same gradient for ever",
        remedy="draw the weights at random: nn.init.kaiming_normal_(layer.weight)",
        kind="initialisation",
        where=names[0],
        weight=0.9,
        defect=True,
    )


def _unsound(odd: list[LayerCall], at: tuple[str, float], what: str) -> Finding:
    where = odd[0].name if odd else at[0]
    weights = f"; weights of {where} have deviation {_std(odd[0]):.2g}, usual {_usual(odd[0])}" if odd else ""
    return Finding(
        WARNING,
        f"differences between examples are {at[1]:.2g} times as large before {at[0]} as at the door{weights}",
        f"between {LOST:g} and {BLOWN_UP:g}",
        cause="each layer shrinks or enlarges the signal, and the gradient with it",
        remedy="start with nn.init.kaiming_normal_ (ReLU) or xavier_uniform_ (tanh), or add normalisation",
        kind="initialisation",
        where=where,
        weight=0.7,
    )
