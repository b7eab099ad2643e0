"""Can the robustness that was measured be believed: more than the training's attack, pixels from 0 to 1, no masking?"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...runs import robustness
from ...runs.reader import Run
from ..finding import NOTE, PASS, WARNING, Finding
from ._record import mapping, number, settings

CONTROL, TRANSFER = "noise", "transfer"  # what is measured beside attacks that see the gradient
SURE = 2.0  # standard errors
BARE = 0.1  # of the accuracy: less left says that a model is not robust, and nobody claims it
FAR = 32 / 255  # a change that no classifier of small pictures is known to stand, of the largest value
STANDS = 0.7  # of the unattacked accuracy
PASSED_BY = 0.1  # of the accuracy


def examine(run: Run) -> list[Finding]:
    found = []
    for norm, measured in mapping(robustness.read(run.folder).get(robustness.ATTACKS)).items():
        table = _table(mapping(measured))
        if table:
            epsilons, n, standing = table
            problems = [
                _space(norm, epsilons),
                _same_attack(run, epsilons, standing),
                _masked(epsilons, n, standing),
                _too_good(norm, epsilons, n, standing),
            ]
            kept = [finding for finding in problems if finding]
            found += kept or [Finding(PASS, f"{len(standing)} attacks in {norm} agree with each other")]
    return found


Standing = Mapping[str, Sequence[float]]  # attack -> share right at each epsilon, that of 0 first


def _table(measured: Mapping[str, Any]) -> tuple[list[float], int, dict[str, list[float]]] | None:
    """Epsilons, pictures, shares right; None unless it is whole."""
    n, epsilons = number(measured.get("n")), [number(e) for e in measured.get("epsilons") or []]
    counts = {str(name): [number(c) for c in row or []] for name, row in mapping(measured.get("standing")).items()}
    if not n > 0 or len(epsilons) < 2 or any(len(row) != len(epsilons) for row in counts.values()) or not counts:
        return None
    if any(math.isnan(value) for row in (epsilons, *counts.values()) for value in row):
        return None
    return epsilons, int(n), {name: [count / n for count in row] for name, row in counts.items()}


def _space(norm: str, epsilons: Sequence[float]) -> Finding | None:
    if norm != "linf" or max(epsilons) <= 1:
        return None
    return Finding(
        WARNING,
        f"attacks reached as far as epsilon {max(epsilons):g}",
        "0 to 1, the range of a pixel",
        cause="epsilon is in grey levels, or in units of standardised inputs, not of pixels in 0 to 1",
        remedy="attack the model from its pixels, with the normalisation inside; 8 grey levels are 8/255",
        kind="epsilon_outside_pixels",
        where="epsilon",
        weight=0.9,
        defect=True,
    )


def _same_attack(run: Run, epsilons: Sequence[float], standing: Standing) -> Finding | None:
    """A model trained against an attack must be judged by others as well."""
    trained = str(settings(run).get("adversary", "none"))
    others = [name for name in standing if name != CONTROL and name.partition(":")[0] != trained]
    own = [name for name in standing if name.partition(":")[0] == trained]
    stronger = [name for name in own if trained == "pgd" and name != trained]  # more steps, or another aim
    if trained == "none" or not own or others or stronger or standing[own[0]][-1] < BARE:
        return None
    return Finding(
        WARNING,
        f"{standing[own[0]][-1]:.1%} right at epsilon {epsilons[-1]:.3g}, measured with {own[0]} alone, which it was "
        "trained against",
        "other attacks as well",
        cause="a model may have learned the attack of its training rather than to withstand attacks",
        remedy="measure with others: visus attack RUN --how pgd:steps=50 --how pgd:aim=margin",
        kind="robustness_unproved",
        where="attacks",
        weight=0.3,
    )


def _masked(epsilons: Sequence[float], n: int, standing: Standing) -> Finding | None:
    """Blind or single steps that take more than many steps which see the gradient (Athalye et al., 2018, 3.1)."""
    steps = standing.get("pgd", standing.get("pgd_l2"))
    weaker = {name: row for name in (CONTROL, TRANSFER, "fgsm") if (row := standing.get(name)) is not None}
    if steps is None:
        return None
    for name, row in weaker.items():
        for epsilon, less, more in zip(epsilons[1:], row[1:], steps[1:], strict=True):
            noise = SURE * math.sqrt(max(less * (1 - less) + more * (1 - more), 1e-4) / n)
            if more - less > max(PASSED_BY, noise):
                return Finding(
                    WARNING,
                    f"at epsilon {epsilon:.3g} {name} leaves {less:.1%} right and pgd {more:.1%}",
                    "many steps with the gradient leave least",
                    cause="the gradient leads nowhere (masked): saturated scores, a step that cannot be differentiated",
                    remedy="believe the lower figure; attack with aim=margin, or by transfer",
                    kind="gradient_masked",
                    where="attacks",
                    weight=0.5,
                    defect=True,
                )
    return None


def _too_good(norm: str, epsilons: Sequence[float], n: int, standing: Standing) -> Finding | None:
    name = next((name for name in ("pgd", *standing) if name in standing and name != CONTROL), None)
    if norm != "linf" or name is None or not FAR - 1e-9 <= epsilons[-1] <= 1:
        return None
    first, last = standing[name][0], standing[name][-1]
    if first < 2 * BARE or last < STANDS * first:
        return None
    return Finding(
        NOTE,
        f"{name} leaves {last:.1%} of {n} pictures right at epsilon {epsilons[-1]:.3g}, of {first:.1%} unattacked",
        "hardly any: so large a change can hide what a picture shows",
        cause="the attack does not reach the pixels (another scale, or a gradient that is zero), or the classes are "
        "told apart by something very coarse",
        remedy="look at the attacked pictures: visus attack RUN PICTURE --epsilon 32/255",
        kind="attack_without_effect",
        where="attacks",
        weight=0.2,
    )
