"""How robust a model is: its accuracy on pictures changed, ever so little, by someone who wants it to be wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..attacks._contract import UnitPixels, check_epsilon, said
from ..attacks._words import Attack, check_norm, named
from ..metrics.intervals import wilson
from ..report import page as report
from ..report.exhibit import Exhibit, Plate, Table, write
from ..report.figures.robustness import CONTROL, curve
from ..runs import robustness as kept
from ..runs.reader import REPORT
from ..ship import model as ship
from ._attacked import captions, classifier, difference, enlarged, surrogate, unit
from ._held_out import held_out
from ._session import Show

USUAL = {"linf": (CONTROL, "fgsm", "pgd", "pgd:aim=margin"), "l2": ("pgd_l2", "pgd_l2:aim=margin")}
EPSILONS = {"linf": tuple(grey / 255 for grey in (1, 2, 4, 8, 16, 32)), "l2": (0.1, 0.25, 0.5, 1.0, 2.0)}
PARTS = (1 / 4, 1 / 2, 1)  # of an epsilon that was named
MOST, BATCH, SHOWN = 200, 100, 3
PAGE, TRANSFER = "attack", "transfer"
MEANING = {"linf": "the largest change of a value", "l2": "the L2 length of the change"}
MASKED = 0.1  # by so much more must a blind attack take than one that sees the gradient, to speak of masking


@dataclass(frozen=True)
class Robustness:
    """standing: of each attack, how many of n pictures are named rightly at each of epsilons, 0 the first."""

    epsilons: Sequence[float]
    norm: str
    n: int
    standing: Mapping[str, Sequence[int]]
    together: Sequence[int]
    part: str
    page: Path

    def share(self, name: str, index: int = -1) -> float:
        return self.standing[name][index] / max(1, self.n)

    @property
    def data(self) -> dict[str, Any]:
        return {
            "epsilons": list(self.epsilons),
            "norm": self.norm,
            "n": self.n,
            "standing": {name: list(counts) for name, counts in self.standing.items()},
            "together": list(self.together),
            "part": self.part,
        }


def robustness(
    folder: Path,
    source: str,
    show: Show,
    *,
    hows: Sequence[str] = (),
    epsilon: float | None = None,
    norm: str = "linf",
    transfer_from: Path | None = None,
    most: int = MOST,
) -> Robustness:
    """Attack the validation pictures of a run (or those of `source`) at several epsilons.

    hows: names of `attacks`, each with its settings as pgd:steps=50:aim=margin; none: the usual ones of the norm.
    epsilon: the largest one; None: the usual ones. transfer_from: a run whose network the attacker has instead.
    Nothing is counted in the test ledger. Raises ValueError, LookupError, FileNotFoundError in one sentence.
    """
    check_norm(norm)
    trained = classifier(folder)
    attacks = [named(how, norm) for how in hows or USUAL[norm]]
    network = UnitPixels(trained.network)
    if transfer_from:
        attacks.append(Attack(TRANSFER, norm, {"source": surrogate(transfer_from, trained), "how": _strongest(norm)}))
    epsilons = _epsilons(epsilon, norm, trained)
    images, labels, part = held_out(folder, trained, source, show, most)
    pixels = unit(images)
    with torch.no_grad():
        right = torch.cat([network(x).argmax(1) for x in pixels.split(BATCH)]).eq(labels)
    standing: dict[str, list[Tensor]] = {}
    for i, attack in enumerate(attacks):
        standing[attack.name] = [right]
        for k, reach in enumerate(epsilons[1:]):
            show.progress("attack", i * len(epsilons) + k, len(attacks) * len(epsilons), f"{attack.name} {said(reach)}")
            stood = _stood(attack, network, pixels, labels, standing[attack.name][-1], reach)
            standing[attack.name].append(stood)
    counts = {name: [int(stood.sum()) for stood in course] for name, course in standing.items()}
    together = [int(torch.stack(at).all(0).sum()) for at in zip(*standing.values(), strict=True)]
    result = Robustness(epsilons, norm, len(labels), counts, together, part, folder / f"{PAGE}.html")
    course = standing[attacks[-1].name]
    lost = torch.argsort(course[_index_to_tell(result)].byte(), stable=True)  # those that fell first
    rows = lost[right[lost]][:SHOWN]
    _write(folder, result, _plate(trained, attacks[-1], result, pixels[rows], labels[rows]))
    kept.add(folder, kept.ATTACKS, {**kept.read(folder).get(kept.ATTACKS, {}), norm: result.data})
    if (folder / REPORT).is_file():
        report.write(folder)
    return result


def findings(result: Robustness) -> list[str]:
    """Sentences: how good it is unattacked, what each attack leaves, and whether the figures can be believed."""
    n, first = result.n, next(iter(result.standing.values()))[0]
    low, high = wilson(first, n)
    interval = f"95 % CI {100 * low:.1f} to {100 * high:.1f}"
    sentences = [f"Unattacked: {100 * first / max(1, n):.1f} % of {n:,} {result.part} ({interval})."]
    at = _index_to_tell(result)
    reach = said(result.epsilons[at])
    left = [
        f"{'random noise of that size' if name == CONTROL else name} {100 * result.share(name, at):.1f} %"
        for name in result.standing
    ]
    sentences.append(f"Changed by at most {reach}, this is left: {', '.join(left)}.")
    low, high = wilson(result.together[at], n)
    if len(result.standing) > 1:
        sentences.append(
            f"{100 * result.together[at] / max(1, n):.1f} % stand all of these at {reach} (95 % CI {100 * low:.1f} to "
            f"{100 * high:.1f}); a stronger attack may leave less, never more."
        )
    return sentences + _masking(result, at)


def _masking(result: Robustness, at: int) -> list[str]:
    """Signs that a gradient leads nowhere although the network can be fooled (Athalye et al., 2018, section 3.1)."""
    seeing = [name for name in result.standing if name not in (CONTROL, TRANSFER)]
    blind = [name for name in result.standing if name in (CONTROL, TRANSFER)]
    found = [
        f"{other} takes more than {name}, which sees the gradient: it is masked, and the model is less robust than "
        "that attack says."
        for other in blind
        for name in seeing
        if result.share(name, at) - result.share(other, at) > MASKED
    ]
    steps = {"fgsm", "pgd"} <= result.standing.keys()
    if steps and result.share("fgsm", at) - result.share("pgd", at) > 4 * MASKED:
        found.append(
            "It stands one step far better than many: if it was trained against one step, it has overfitted to it."
        )
    return found[:2]


def _stood(attack: Attack, network: UnitPixels, pixels: Tensor, labels: Tensor, before: Tensor, reach: float) -> Tensor:
    """(N,): which of the pictures that stood so far stand `reach` as well; the others are not attacked again."""
    stood = before.clone()
    for rows in before.nonzero()[:, 0].split(BATCH):
        found = attack(network, pixels[rows], labels[rows], reach)
        with torch.no_grad():
            stood[rows] = network(found).argmax(1) == labels[rows]
    return stood


def _epsilons(epsilon: float | None, norm: str, trained: ship.TrainedModel) -> list[float]:
    if epsilon is None:
        return [0.0, *EPSILONS[norm]]
    check_epsilon(epsilon, norm, 3 * trained.frame.height * trained.frame.width)
    if not epsilon:
        raise ValueError("epsilon=0 changes nothing; give for example 8/255")
    return [0.0, *(part * epsilon for part in PARTS)]


def _strongest(norm: str) -> str:
    return "pgd" if norm == "linf" else "pgd_l2"


def _index_to_tell(result: Robustness) -> int:
    """The epsilon to speak of: the usual one if it was measured, else the largest."""
    usual = {"linf": 8 / 255, "l2": 0.5}[result.norm]
    return next((i for i, e in enumerate(result.epsilons) if abs(e - usual) < 1e-9), len(result.epsilons) - 1)


def _plate(
    trained: ship.TrainedModel, attack: Attack, result: Robustness, pixels: Tensor, labels: Tensor
) -> list[Plate]:
    """A few pictures before and after, if any was named rightly."""
    if not len(pixels):
        return []
    reach = result.epsilons[_index_to_tell(result)]
    found = attack(UnitPixels(trained.network), pixels, labels, reach)
    shown = torch.stack([pixels, difference(pixels, found), found], 1).flatten(0, 1)
    pairs = zip(captions(trained, pixels), captions(trained, found), strict=True)
    words = [text for before, after in pairs for text in (before, "change x 10", after)]
    reading = (
        "Of each three: a picture and what the model says; the change, ten times enlarged about grey; the changed "
        "picture, which is the same to you."
    )
    return [Plate(f"Before and after: {attack.name}, epsilon {said(reach)}", enlarged(shown), reading, words)]


def _write(folder: Path, result: Robustness, plates: Sequence[Plate]) -> None:
    courses = dict(result.standing)
    if len(courses) > 1:
        courses["all together"] = result.together
    table = Table(
        "Accuracy in per cent, by attack and epsilon",
        ["attack", *(said(e) for e in result.epsilons)],
        [[name, *(f"{100 * count / max(1, result.n):.1f}" for count in counts)] for name, counts in courses.items()],
        f"Pixels run from 0 to 1, and epsilon is {MEANING[result.norm]}. A picture counts only if it stood all smaller "
        "epsilons.",
    )
    chart = curve(result.epsilons, result.standing, result.n, result.norm)
    exhibit = Exhibit(
        f"What it takes to mislead {folder.name}", findings(result), [chart], plates, [table], result.data
    )
    write(PAGE, "How little must a picture change before the model is wrong?", {}, exhibit, folder, "attack")
