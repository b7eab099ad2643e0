"""Does the network answer in evaluation mode as it does in training mode?"""

import math
from typing import Any

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "a few kept examples through a copy in both modes at each validation"

WORSE, FALL = 1.5, 0.15  # loss ratio and accuracy lost in evaluation mode
SLOW, FAST = 0.001, 0.9  # momentum of running statistics
DRIFT = 2.0  # of a batch norm's input from its running statistics


def look(chart: Chart) -> list[Finding]:
    found: list[Finding] = []
    now = chart.consultation
    norms = [layer for layer in chart.facts.get("layers", []) if layer["norm"]]
    trained, evaluated = now.get("training_loss"), now.get("loss")
    # Running statistics lag behind fast changes of the weights: it counts when it was so before, too.
    earlier = [e["consulted"] for e in chart.evaluations[-3:-1] if e.get("consulted")]
    worse = _apart(now) and bool(earlier) and all(_apart(e) for e in earlier)
    if worse and norms:
        momenta = sorted({n.get("momentum") for n in norms if n.get("momentum") is not None})
        odd = [m for m in momenta if not 0.005 <= m <= 0.5]
        batch = readings.middle([o["n"] for o in chart.values("outputs")])
        cause = "running statistics of batch normalisation are wrong"
        if odd:
            cause += f": their momentum is {odd[0]:g}"
        elif batch <= 4:
            cause += f": batches of {batch:.0f} are too small for them"
        found.append(
            Finding(
                NOTE,
                f"on the same training examples the loss is {trained:.3g} in training mode "
                f"and {evaluated:.3g} in evaluation mode",
                f"at most {WORSE} times",
                cause,
                "momentum 0.1 and larger batches, group or layer normalisation, "
                "or statistics computed anew before evaluation",
                kind="norm_statistics",
                where=f"{norms[0]['name']} (momentum)" if odd else norms[0]["name"],
                weight=0.9,
                defect=True,
            )
        )
    elif worse:
        found.append(
            Finding(
                NOTE,
                f"on the same training examples the loss is {trained:.3g} in training mode "
                f"and {evaluated:.3g} in evaluation mode",
                f"at most {WORSE} times",
                "something works in another way in evaluation mode",
                "look for code under `if self.training`",
                kind="norm_statistics",
                where="model.eval()",
                weight=0.6,
                defect=True,
            )
        )
    found += _odd_momentum(norms) if not found else []
    found += _frozen_norms(chart, [n["name"] for n in norms])
    return found


def _odd_momentum(norms: list[dict[str, Any]]) -> list[Finding]:
    odd = [n for n in norms if n.get("momentum") is not None and not SLOW < n["momentum"] < FAST]
    if not odd:
        return []
    return [
        Finding(
            NOTE,
            f"batch norm {odd[0]['name']} has momentum {odd[0]['momentum']:g}",
            "0.1: the share of a new batch in the running statistics",
            "running statistics follow single batches"
            if odd[0]["momentum"] >= FAST
            else "running statistics never arrive",
            "momentum=0.1 (other libraries count it the other way round: their 0.9 is 0.1 here)",
            kind="norm_statistics",
            where=f"{odd[0]['name']} (momentum)",
            weight=0.7,
            defect=True,
        )
    ]


def _apart(seen: dict[str, Any]) -> bool:
    """Whether evaluation mode answers the same examples much worse than training mode."""
    trained, evaluated = seen.get("training_loss"), seen.get("loss")
    if trained is None or evaluated is None:
        return False
    fell = seen["training_right"] - seen["right"]
    return bool(evaluated > WORSE * trained + 0.2 and (fell > FALL or evaluated > 3 * trained + 1))


def _frozen_norms(chart: Chart, norms: list[str]) -> list[Finding]:
    """Batch norms that are in evaluation mode while the network trains, with statistics that do not fit."""
    rows = [flows[name] for flows in chart.values("layers") for name in norms if name in flows]
    frozen = [row for row in rows if not row["training"]]
    if not rows or len(frozen) < 0.5 * len(rows):
        return []
    drift = readings.middle([row["drift"] for row in frozen])
    untouched = sum(row.get("untouched", False) for row in frozen) > 0.5 * len(frozen)
    if math.isnan(drift) or (drift < 0.5 and not untouched):
        return []
    return [
        Finding(
            NOTE,
            "batch norms are in evaluation mode while training; "
            f"their input is {drift:.1f} deviations from the running statistics",
            "training mode, or statistics of a pretrained network",
            "they normalise with statistics that were never learned",
            "call model.train() before training; freeze batch norms only with pretrained statistics",
            kind="norm_in_eval_mode",
            where=norms[0],
            weight=0.85 if drift > DRIFT or untouched else 0.6,
            defect=untouched,
        )
    ]
