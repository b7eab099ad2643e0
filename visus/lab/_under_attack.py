"""Networks of the laboratory under attack: held-out pictures, and how many are still named rightly."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ..attacks._contract import Scores, UnitPixels, said
from ..attacks._words import named
from ..data.batches import Prepared
from ..recipes._form import About, Limits
from ._exhibit import Plate, Table
from ._learn import Learnt
from ._pictures import shown

ADAM = {"optimizer": "adam", "lr": 3e-3}
CHANGE = 5  # times, for a change to be seen
SHOWN = 3

__all__ = [
    "ADAM",
    "About",
    "Limits",
    "before_and_after",
    "held_out",
    "names_rightly",
    "network_of",
    "standing",
    "table",
]


def network_of(learnt: Learnt) -> UnitPixels:
    """The trained network as one for pixels in [0, 1]."""
    return UnitPixels(learnt.task.model.eval())


def held_out(prepared: Prepared, most: int = 300) -> tuple[Tensor, Tensor]:
    """At most so many validation pictures, float (N, 3, H, W) in [0, 1], and their labels."""
    parts = list(prepared.part("validation", most))
    return torch.cat([images for images, _ in parts]).float() / 255, torch.cat([labels for _, labels in parts])


@torch.no_grad()
def names_rightly(network: Scores, pixels: Tensor, labels: Tensor) -> float:
    """Share of pictures named rightly, in evaluation mode."""
    if isinstance(network, nn.Module):
        network.eval()
    return float((network(pixels).argmax(1) == labels).double().mean())


def standing(network: Scores, pixels: Tensor, labels: Tensor, epsilon: float, hows: Sequence[str]) -> dict[str, float]:
    """Accuracy unchanged ('clean') and after each attack."""
    found = {"clean": names_rightly(network, pixels, labels)}
    for how in hows:
        attack = named(how)
        reach = epsilon if attack.norm == "linf" else as_length(epsilon, pixels)
        found[how] = names_rightly(network, attack(network, pixels, labels, reach), labels)
    return found


def as_length(epsilon: float, pixels: Tensor) -> float:
    """The L2 length of half of epsilon in every fourth value: about as hard to stand."""
    return 0.5 * epsilon * (pixels[0].numel() / 4) ** 0.5


def table(title: str, what: str, rows: Mapping[str, Mapping[str, float]], reading: str) -> Table:
    """Accuracies in per cent: a row each, a column for each attack."""
    columns = list(next(iter(rows.values())))
    cells = [[name, *(f"{100 * row[column]:.1f}" for column in columns)] for name, row in rows.items()]
    return Table(title, [what, *columns], cells, reading)


def before_and_after(
    network: Scores, pixels: Tensor, found: Tensor, classes: Sequence[str], title: str, epsilon: float
) -> Plate:
    """Of each three: a picture, its change enlarged about grey, the changed picture; captions: what it is taken for."""
    with torch.no_grad():
        first, second = (network(images).argmax(1) for images in (pixels, found))
    rows = torch.argsort((first == second).byte(), stable=True)[:SHOWN]  # those that changed their class, if there are
    pixels, found = pixels[rows], found[rows]
    words = [[classes[int(i)] for i in said_of[rows]] for said_of in (first, second)]
    triples = torch.stack([pixels, 0.5 + CHANGE * (found - pixels), found], 1).flatten(0, 1)
    captions = [text for a, b in zip(*words, strict=True) for text in (f"taken for {a}", "change", f"taken for {b}")]
    reading = (
        f"Each value is changed by at most {said(epsilon)} of the way from black to white; the change, {CHANGE} times."
    )
    return Plate(title, shown(triples), reading, captions)
