"""Does an optimizer own every trained parameter, and does every one of them change?"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "nothing while training: parameters are compared with the optimizer's once"

SHARE = 0.05  # of the trainable tensors; a stray unused one is a note
FEWEST = 4  # measured steps
RESTARTS = 3  # new optimizers; a second one may be meant, for fine-tuning
LONG_ENOUGH = 20  # steps without any update

Tensors = Mapping[str, dict[str, Any]]  # name -> what is known of a parameter


def look(chart: Chart) -> list[Finding]:
    tensors = chart.facts.get("tensors") or {}
    if not tensors or not chart.facts.get("optimizers"):
        return []
    if not chart.facts.get("owned") and _trainable(tensors):
        return [_another_model(chart, tensors)]
    found = (_missing(chart, tensors), _no_gradient(chart, tensors), _frozen(chart, tensors))
    return [finding for finding in (*found, _restarted(chart), _never_stepped(chart)) if finding]


def _another_model(chart: Chart, tensors: Tensors) -> Finding:
    foreign = chart.facts.get("foreign", 0)
    return Finding(
        NOTE,
        f"the optimizer holds none of the model's {len(tensors)} parameter tensors ({foreign} of others)",
        "the model's parameters",
        cause="it was built for another model, or before the model was copied, moved or replaced",
        remedy="build the optimizer from this model's parameters, after the model is complete",
        kind="optimizer_of_another_model",
        where="optimizer",
        weight=0.99,
        defect=True,
    )


def _missing(chart: Chart, tensors: Tensors) -> Finding | None:
    missing, trainable = chart.facts.get("missing", []), _trainable(tensors)
    if not missing or chart.counts.get("new_optimizers"):
        return None
    whole = _weights(missing, tensors) / max(1, _weights(trainable, tensors))
    return Finding(
        NOTE,
        f"{len(missing)} of {len(trainable)} trainable tensors ({whole:.0%} of the weights) "
        f"belong to no optimizer: {_few(missing)}",
        "every parameter with requires_grad in one optimizer",
        cause="they were not handed to the optimizer and stay as they were drawn",
        remedy="give the optimizer model.parameters(), or freeze them on purpose with requires_grad_(False)",
        kind="parameters_not_in_optimizer",
        where=_few(missing),
        weight=0.9 if whole > SHARE or _head(missing, tensors) else 0.55,
        defect=True,
    )


def _no_gradient(chart: Chart, tensors: Tensors) -> Finding | None:
    still = _still(chart)
    if readings.are_opponents(chart):  # where only differences of scores count, a critic's last bias cancels
        still = [name for name in still if tensors[name]["shape"] != [1]]
    if not still or _sampled(chart) < FEWEST:
        return None
    whole = _weights(still, tensors) / max(1, _weights(tensors, tensors))
    return Finding(
        NOTE,
        f"{len(still)} parameter tensors never get a gradient: {_few(still)}",
        "a gradient for everything the optimizer holds",
        cause="the loss does not depend on them: a detach(), a no_grad block, or a part that is not used",
        remedy="follow the forward pass to where these are left out or cut off",
        kind="no_gradient",
        where=_few(still),
        weight=0.85 if whole > SHARE else 0.4,
        defect=whole > SHARE,
    )


def _frozen(chart: Chart, tensors: Tensors) -> Finding | None:
    frozen = chart.facts.get("frozen", [])
    if not frozen:
        return None
    whole = _weights(frozen, tensors) / max(1, _weights(tensors, tensors))
    head = _head(frozen, tensors)
    big = [n for n in frozen if len(tensors[n]["shape"]) >= 2]
    fresh = whole > SHARE and bool(big) and sum(tensors[n].get("fresh", False) for n in big) > 0.5 * len(big)
    return Finding(
        NOTE,
        f"{len(frozen)} of {len(tensors)} parameter tensors ({whole:.0%} of the weights) are frozen: {_few(frozen)}",
        "meant, when fine-tuning",
        cause="they are not trained"
        + (", and the last layer is among them" if head else "")
        + (": they stay at their random start" if fresh else ""),
        remedy="requires_grad_(True) for what shall learn, before the optimizer is built",
        kind="parameters_frozen",
        where=_few(frozen),
        weight=0.9 if head else 0.8 if fresh else 0.45 * whole,
        defect=head,
    )


def _restarted(chart: Chart) -> Finding | None:
    n = chart.counts.get("new_optimizers", 0)
    if n < RESTARTS:
        return None
    return Finding(
        NOTE,
        f"{n:.0f} new optimizers appeared during the run",
        "one, that keeps its state",
        cause="the optimizer is built anew inside the loop, so momentum and step sizes are forgotten",
        remedy="build the optimizer once, before the loop",
        kind="optimizer_restarted",
        where="optimizer",
        weight=0.75,
        defect=n > 0.5 * chart.steps,
    )


def _never_stepped(chart: Chart) -> Finding | None:
    if chart.steps < LONG_ENOUGH or _sampled(chart) or chart.counts.get("new_optimizers"):
        return None
    return Finding(
        NOTE,
        f"no update of the model's parameters in {chart.steps} steps",
        "an update every step, or every few with accumulation",
        cause="optimizer.step() is never reached",
        remedy="call optimizer.step() after backward()",
        kind="parameters_not_updated",
        where="optimizer.step()",
        weight=0.95,
        defect=True,
    )


def _sampled(chart: Chart) -> int:
    """Measured updates."""
    return len(list(chart.having("update")))


def _trainable(tensors: Tensors) -> list[str]:
    return [name for name, tensor in tensors.items() if tensor["trained"]]


def _still(chart: Chart) -> list[str]:
    """Parameters of an optimizer that had no gradient, or only zeros, in all measured updates."""
    alive: set[str] = set()
    known: set[str] = set()
    for update in chart.values("update"):
        for name, norm in zip(update["names"], update["gradient_norms"], strict=True):
            known.add(name)
            if norm > 0 or norm != norm:
                alive.add(name)
    owned = known - set(chart.facts.get("frozen", []))
    # With every gradient lost the fault is elsewhere; see bookkeeping.
    return sorted(owned - alive) if alive else []


def _head(names: list[str], tensors: Tensors) -> bool:
    return bool(names) and list(tensors)[-1] in names


def _weights(names: Iterable[str], tensors: Tensors) -> int:
    """Numbers in all of these tensors."""
    return sum(math.prod(tensors[name]["shape"]) for name in names)


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
