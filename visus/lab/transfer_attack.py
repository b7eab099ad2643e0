"""Does what fools one network fool another that has never been seen?"""

from typing import Annotated, Any

from matplotlib.figure import Figure

from ..attacks import noise
from ..attacks._words import named
from ..data.prepare import prepare
from ..recipes._form import About, Limits
from ..report.figures.canvas import CARD, INK, draw
from ..report.figures.chart import Chart
from ._exhibit import Exhibit
from ._learn import learn
from ._under_attack import ADAM, before_and_after, held_out, names_rightly, network_of

NETWORKS: dict[str, dict[str, Any]] = {
    "linear": {"model": "linear"},
    "net": {"model": "mlp", "hidden": 64},
    "net, other seed": {"model": "mlp", "hidden": 64, "seed": 7},
    "deep net": {"model": "mlp", "hidden": 64, "layers": 4},
    "conv net": {"model": "small_conv", "width": 8},
}
QUICK = {"epochs": 2.0}


def run(
    data: Annotated[str, About("a named set")] = "digits",
    epochs: Annotated[float, Limits(0.01), About("passes of each network over the training part")] = 12.0,
    epsilon: Annotated[float, Limits(0.0, 1.0), About("largest change of a value")] = 0.15,
    how: Annotated[str, About("the attack, made on one network and shown to all")] = "pgd",
) -> Exhibit:
    prepared = prepare(data)
    pixels, labels = held_out(prepared)
    networks = {
        name: network_of(learn(prepared, epochs=epochs, **{**ADAM, **settings})) for name, settings in NETWORKS.items()
    }
    changed = {name: named(how)(network, pixels, labels, epsilon) for name, network in networks.items()}
    changed["random signs"] = noise.attack(networks["net"], pixels, labels, epsilon)
    left = {
        made: {victim: names_rightly(network, images, labels) for victim, network in networks.items()}
        for made, images in changed.items()
    }
    clean = {name: names_rightly(network, pixels, labels) for name, network in networks.items()}
    others = [left[a][b] for a in networks for b in networks if a != b]
    own, blind = [left[a][a] for a in networks], left["random signs"]
    findings = [
        (
            f"Unchanged: {min(clean.values()):.1%} to {max(clean.values()):.1%} right; with random signs of "
            f"{epsilon:g} still "
            f"{min(blind.values()):.1%} to {max(blind.values()):.1%}."
        ),
        (
            f"{how} on the network itself leaves {sum(own) / len(own):.1%} on average; made on ANOTHER network it "
            "leaves "
            f"{sum(others) / len(others):.1%}: the attacker needs neither the weights nor a gradient of its victim."
        ),
        (
            f"The same net from another seed is left with {left['net']['net, other seed']:.1%}, the conv net with "
            f"{left['net']['conv net']:.1%}, by what was made on the net."
        ),
    ]
    plate = before_and_after(
        networks["net, other seed"],
        pixels,
        changed["net"],
        prepared.collection.classes,
        "Made on one net, shown to the same net of another seed",
        epsilon,
    )
    return Exhibit(
        "Adversarial examples transfer", findings, [_chart(left)], [plate], data={"left": left, "clean": clean}
    )


def _chart(left: dict[str, dict[str, float]]) -> Chart:
    makers, victims = list(left), list(next(iter(left.values())))
    values = [[left[maker][victim] for victim in victims] for maker in makers]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for i, row in enumerate(values):
            for j, share in enumerate(row):
                colour = CARD if share > 0.6 else INK
                axes.text(j, i, f"{100 * share:.0f}", ha="center", va="center", color=colour)
        axes.set_xticks(range(len(victims)), victims, rotation=30, ha="right")
        axes.set_yticks(range(len(makers)), makers)
        axes.set_ylabel("made on")
        axes.set_xlabel("shown to")
        axes.grid(visible=False)

    reading = "Accuracy in per cent; the diagonal is an attack that knows its victim, the last row no attack at all."
    return Chart("Made on one, shown to another", draw(paint, 270), reading)
