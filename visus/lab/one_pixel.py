"""How many pixels must change before a network is wrong?"""

from collections.abc import Sequence
from typing import Annotated

import torch
from matplotlib.figure import Figure

from ..attacks import one_pixel
from ..data.prepare import prepare
from ..metrics.intervals import wilson
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, draw, legend, percent
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate
from ._learn import learn
from ._pictures import shown
from ._under_attack import ADAM, held_out, names_rightly, network_of

PIXELS = (1, 2, 3, 5)
SHOWN = 6
QUICK = {"epochs": 2.0, "pictures": 4, "candidates": 16, "generations": 2}


def run(
    data: Annotated[str, About("a named set")] = "digits",
    epochs: Annotated[float, Limits(0.01), About("passes over the training part")] = 12.0,
    pictures: Annotated[int, Limits(1), About("held-out pictures that are attacked")] = 40,
    candidates: Annotated[int, Limits(4), About("of a generation; 400 in the paper")] = 100,
    generations: Annotated[int, Limits(0), About("at most; 100 in the paper")] = 30,
    seed: Annotated[int, Limits(0), About("of the network and of the search")] = 0,
) -> Exhibit:
    prepared = prepare(data)
    network = network_of(learn(prepared, model="small_conv", width=16, epochs=epochs, seed=seed, **ADAM))
    pixels, labels = held_out(prepared, 1000)
    with torch.no_grad():
        right = network(pixels).argmax(1) == labels
    pixels, labels = pixels[right][:pictures], labels[right][:pictures]
    evolved, guessed, example = {}, {}, pixels
    for n in PIXELS:
        found = one_pixel.attack(
            network, pixels, labels, 1.0, pixels=n, candidates=candidates, generations=generations, seed=seed
        )
        # the first generation alone: as many random changes, and the best of them
        blind = one_pixel.attack(
            network, pixels, labels, 1.0, pixels=n, candidates=candidates, generations=0, seed=seed
        )
        evolved[n] = 1 - names_rightly(network, found, labels)
        guessed[n] = 1 - names_rightly(network, blind, labels)
        example = found if n == PIXELS[0] else example
    side = f"{pixels.shape[2]} x {pixels.shape[3]}"
    findings = [
        (
            f"One pixel of {side} is enough for {evolved[1]:.0%} of {len(labels)} pictures that were named rightly; "
            f"the best of {candidates} random pixels already for {guessed[1]:.0%}."
        ),
        (
            f"{PIXELS[-1]} pixels are enough for {evolved[PIXELS[-1]]:.0%} (the best of {candidates} random changes: "
            f"{guessed[PIXELS[-1]]:.0%})."
        ),
        (
            f"Differential evolution asks only for probabilities, never for a gradient: {candidates} candidates, at "
            f"most {generations} generations. In pictures this small a pixel is a large part of the whole."
        ),
    ]
    return Exhibit(
        "One pixel",
        findings,
        [_chart(evolved, guessed, len(labels))],
        [_plate(network, pixels[:SHOWN], example[:SHOWN], prepared.collection.classes)],
        data={"evolved": evolved, "guessed": guessed, "n": len(labels)},
    )


def _plate(network: torch.nn.Module, before: torch.Tensor, after: torch.Tensor, classes: Sequence[str]) -> Plate:
    with torch.no_grad():
        words = [[classes[int(i)] for i in network(images).argmax(1)] for images in (before, after)]
    pairs = torch.stack([before, after], 1).flatten(0, 1)
    captions = [f"taken for {word}" for pair in zip(*words, strict=True) for word in pair]
    return Plate("One pixel changed", shown(pairs), "Of each two: before, and after the best change found.", captions)


def _chart(evolved: dict[int, float], guessed: dict[int, float], n: int) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, shares, colour in (("evolved", evolved, BLUE), ("best random", guessed, MUTED)):
            ends = [wilson(round(share * n), n) for share in shares.values()]
            low, high = zip(*ends, strict=True)
            axes.fill_between(list(shares), low, high, color=colour, alpha=0.13, linewidth=0)
            axes.plot(list(shares), list(shares.values()), color=colour, marker="o", ms=4, label=name)
        axes.set_ylim(0, 1.02)
        axes.set_xticks(list(evolved))
        percent(axes, "y")
        axes.set_xlabel("pixels changed")
        legend(axes, columns=2)

    return Chart(
        "Pictures fooled", draw(paint, 220), "Share of pictures that are named wrongly; bands: 95 % intervals."
    )
