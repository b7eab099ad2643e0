"""Does an optimizer own every trained parameter, and does every one of them change?"""

from typing import Any

from ..chart import Chart
from ..finding import NOTE, Finding

COST = "nothing while training: parameters are compared with the optimizer's once"

SHARE = 0.05  # of the trainable tensors; a stray unused one is a note
FEWEST = 4  # measured steps


def look(chart: Chart) -> list[Finding]:
    facts, found = chart.facts, []
    tensors = facts.get("tensors") or {}
    if not tensors or not facts.get("optimizers"):
        return []
    missing, trainable = facts.get("missing", []), [n for n, t in tensors.items() if t["trained"]]
    sampled = len(list(chart.having("update")))
    if not facts.get("owned") and trainable:
        return [
            Finding(
                NOTE,
                f"the optimizer holds none of the model's {len(tensors)} parameter tensors "
                f"({facts.get('foreign', 0)} of others)",
                "the model's parameters",
                cause="it was built for another model, or before the model was copied, moved or replaced",
                remedy="build the optimizer from this model's parameters, after the model is complete",
                kind="optimizer_of_another_model",
                where="optimizer",
                weight=0.99,
                defect=True,
            )
        ]
    if missing and not chart.counts.get("new_optimizers"):
        whole = sum(_size(tensors[n]) for n in missing) / max(1, sum(_size(tensors[n]) for n in trainable))
        found.append(
            Finding(
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
        )
    still = _still(chart)
    if still and sampled >= FEWEST:
        whole = sum(_size(tensors[n]) for n in still) / max(1, sum(_size(t) for t in tensors.values()))
        found.append(
            Finding(
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
        )
    frozen = facts.get("frozen", [])
    if frozen:
        whole = sum(_size(tensors[n]) for n in frozen) / max(1, sum(_size(t) for t in tensors.values()))
        head = _head(frozen, tensors)
        big = [n for n in frozen if len(tensors[n]["shape"]) >= 2]
        fresh = whole > SHARE and bool(big) and sum(tensors[n].get("fresh", False) for n in big) > 0.5 * len(big)
        found.append(
            Finding(
                NOTE,
                f"{len(frozen)} of {len(tensors)} parameter tensors ({whole:.0%} of the weights) are frozen: "
                f"{_few(frozen)}",
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
        )
    if chart.counts.get("new_optimizers", 0) >= 3:
        n = chart.counts["new_optimizers"]
        found.append(
            Finding(
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
        )
    if chart.steps >= 20 and not sampled and not chart.counts.get("new_optimizers"):
        found.append(
            Finding(
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
        )
    return found


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


def _head(names: list[str], tensors: dict[str, dict[str, Any]]) -> bool:
    return bool(names) and list(tensors)[-1] in names


def _size(tensor: dict[str, Any]) -> int:
    n = 1
    for side in tensor["shape"]:
        n *= side
    return n


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
