"""Does a saliency map depend on what the network learned?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from .. import explain
from ..engine import catalogue
from ..explain._contract import unit_pixels
from ..explain._sanity import cascade
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, PURPLE, RED, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate
from ._learn import learn, pictures
from ._pictures import of_each_class, shown

TECHNIQUES = {"saliency": BLUE, "gradient_times_input": PURPLE, "guided_backprop": ORANGE, "deconvolution": RED}
CONTROL = "edges"  # of the picture alone: what a map looks like that has never seen a network
QUICK = {"epochs": 0.5, "train": 100, "width": 4}


def edges(network: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """How much the brightness changes to the right and downwards, (B, H, W): no network needed."""
    grey = torch.nn.functional.pad(images.mean(1, keepdim=True), (0, 1, 0, 1), mode="replicate")[:, 0]
    return (grey[:, :-1, 1:] - grey[:, :-1, :-1]).abs() + (grey[:, 1:, :-1] - grey[:, :-1, :-1]).abs()


def run(
    data: Annotated[str, About("the named set that is learned")] = "digits",
    train: Annotated[int, Limits(0), About("training pictures; 0: all")] = 0,
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over them")] = 6.0,
    width: Annotated[int, Limits(1), About("channels of the first stage of the network")] = 16,
    seeds: Annotated[int, Limits(1, 20), About("shufflings of the weights")] = 3,
) -> Exhibit:
    prepared = pictures(data, train)
    learnt = learn(prepared, model="small_conv", width=width, epochs=epochs, lr=0.05)
    model = learnt.task.model
    images = of_each_class(prepared).float() / 255
    targets = torch.arange(len(images))
    curves: dict[str, list[float]] = {}
    places: list[str] = []
    with unit_pixels(model) as network:
        for name in TECHNIQUES:
            technique = catalogue.find(explain, name).explain
            found = [cascade(network, technique, images, targets, seed=seed) for seed in range(seeds)]
            curves[name] = [float(np.nanmean([one[i][1] for one in found])) for i in range(len(found[0]))]
            places = [place for place, _ in found[0]]
        curves[CONTROL] = [share for _, share in cascade(network, edges, images, targets)]
        maps = [catalogue.find(explain, name).explain(network, images, targets) for name in TECHNIQUES]
    return _exhibit(learnt.task.evaluate()["validation_accuracy"], curves, places, images, maps)


def _grey(maps: torch.Tensor) -> torch.Tensor:
    """Maps (B, H, W) as grey pictures (B, 3, H, W), white where each is strongest."""
    strength = maps.abs()
    return (strength / strength.amax((1, 2), keepdim=True).clamp_min(1e-12))[:, None].expand(-1, 3, -1, -1)


def _exhibit(
    accuracy: float,
    curves: dict[str, list[float]],
    places: list[str],
    images: torch.Tensor,
    maps: list[torch.Tensor],
) -> Exhibit:
    half = (len(places) - 1) // 2
    findings = [f"The network names {accuracy:.1%} of the validation pictures; it forgets from the head down."]
    findings += [
        f"{name}: rank correlation with the true map {curve[half]:.2f} when half of the layers have forgotten, "
        f"{curve[-1]:.2f} when all have."
        for name, curve in curves.items()
    ]
    steadiest = max(TECHNIQUES, key=lambda name: curves[name][half])
    findings.append(
        f"Of these, {steadiest} cares least about what the later layers learned; a map like the picture's edges "
        "looks convincing and explains nothing. Check any map this way before believing it."
    )

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, colour in {**TECHNIQUES, CONTROL: GREEN}.items():
            axes.plot(range(1, len(places) + 1), curves[name], color=colour, label=name.replace("_", " "))
        scale(axes, "y", log=False)
        scale(axes, "x", log=False)
        axes.set(xlabel="layers shuffled, from the head down", ylabel="rank correlation")
        legend(axes, columns=2)

    reading = "1: the map has not changed. A map that explains the network has to fall; edges of the picture cannot."
    chart = Chart("What is left of a map when the network forgets", draw(paint, 260), reading)
    n = min(5, len(images))
    rows = [images[:n], *(_grey(m[:n]) for m in maps)]
    names = ["picture", *TECHNIQUES]
    plate = Plate(
        "Maps of the trained network",
        np.concatenate([shown(row[i : i + 1]) for i in range(n) for row in rows]),
        "Each picture, and beside it the map of each technique, white where it is strongest.",
        [name.replace("_", " ") for _ in range(n) for name in names],
    )
    measured = {"layers": places, "correlation": curves}
    return Exhibit("Sanity checks for saliency", findings, [chart], [plate], data=measured)
