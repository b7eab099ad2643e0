"""Does an untrained model start at the loss of a blind guess?"""

import math

from ...engine.objective import Objective, sum_of
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, WARNING, Finding
from ..instruments import acting
from ._copy import descending, first_batch, patient, unexamined
from ._look import Look, failure, look
from ._loss_call import VALUES, LossCall

TOLERANCE = 0.25  # share of the blind loss; a random last layer of sane size moves the loss by some percent
TOO_FAR = 0.5  # beyond this share it is a blocker, if it is also
TOO_MUCH = 1.0  # in the loss's own unit: half of ln 2 more is soon unlearned


def examine(task: Task) -> list[Finding]:
    if acting.acts(task):
        return [Finding(PASS, "the first loss says what the first steps brought, and nothing of the model")]
    with patient(task) as copy:
        batch = first_batch(copy)
        return [_examine(objective, look(copy, objective, batch)) for objective in descending(copy)]


def _examine(objective: Objective, seen: Look) -> Finding:
    """Theory comes from the objective (ln K, K - 1); else from the same loss function, asked about blind guesses."""
    if seen.error:
        return unexamined(f"the loss cannot be computed: {failure(seen.error)}")
    calls = [call for call in seen.losses if call.outputs.requires_grad and call.value is not None]
    if objective.blind_loss is not None:
        whole = len(calls) == 1 and calls[0].value is not None and calls[0].value.numel() == 1
        known = _informed(calls[0]) if whole and len(seen.terms) == 1 else []
        regression = bool(calls) and all(call.expects == VALUES for call in calls)
        return _judge(float(sum_of(seen.terms).detach()), [objective.blind_loss, *known], regression)
    if not calls:
        return unexamined("no theory is known for a loss written by hand")
    values = [call.value for call in calls if call.value is not None]
    if any(value.numel() != 1 for value in values):
        return unexamined("the loss function returns one value per example, and what becomes of them is not followed")
    guesses = [call.blind() for call in calls]
    even, informed = (sum(found[i] for found in guesses if found) for i in (0, -1))
    return _judge(
        sum(float(v.detach()) for v in values), [even, informed], all(call.expects == VALUES for call in calls)
    )


def _informed(call: LossCall) -> list[float]:
    """What the guess that knows the frequencies scores: a mean, also where the loss divides a sum itself."""
    n = len(call.labels) if call.settings.get("reduction") == "sum" and call.labels is not None else 1
    return [guess / max(1, n) for guess in call.blind()[1:]]


def _judge(loss: float, theories: list[float], regression: bool = False) -> Finding:
    """theories: a blind guess, and if known the guess that knows how frequent each class is (a bias may hold that)."""
    low, high = min(theories), max(theories)
    what, against = f"loss at start {loss:.3g}", f"expected {theories[0]:.3g}"
    if len(theories) > 1 and abs(high - low) > 0.05 * abs(high):
        against += f", or {theories[-1]:.3g} if the bias knows the class frequencies"
    if not math.isfinite(loss):
        return Finding(
            BLOCKER, f"loss at start is {loss}", against, "an input, a weight or a target is not finite, or a "
            "logarithm or a division meets zero", "look at the first batch, and at the last layer's outputs",
            kind="not_finite", where="loss", weight=1.0,
        )  # fmt: skip
    if (1 - TOLERANCE) * low <= loss <= (1 + TOLERANCE) * high:
        return Finding(PASS, what, against)
    if loss < low:
        return Finding(
            NOTE if loss > 0 else WARNING,
            what,
            against,
            cause="it already knows something: it was trained before, or the answer is among its inputs"
            if loss > 0
            else "a loss of likelihoods cannot be below zero: it is fed something else than it expects",
            remedy="expected when fine-tuning; else look at what reaches the network and the loss",
            kind="wrong_loss" if loss <= 0 else "",
            where="loss",
        )
    far = loss > (1 + TOO_FAR) * high and loss - high > TOO_MUCH and not regression
    if regression:
        cause, remedy = "the targets are far from zero, where the network starts", "subtract the targets' mean, or "
        remedy += "start the last bias there"
    else:
        cause = "the last layer starts too large, or the loss does not fit the scores (a softmax before the loss?)"
        remedy = "start the last layer with smaller weights, and hand raw scores to the loss"
    return Finding(
        BLOCKER if far else WARNING,
        what,
        against,
        cause,
        remedy,
        kind="initialisation",
        where="last layer",
        weight=0.4,
    )
