"""How many steps until integrated gradients add up to the score?"""

from typing import Annotated

import torch
from matplotlib.figure import Figure

from ..explain import gradient_times_input, integrated_gradients
from ..explain._contract import unit_pixels
from ..explain.integrated_gradients import Baseline
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit
from ._learn import learn, pictures
from ._pictures import of_each_class

STEPS = (1, 2, 5, 10, 20, 50, 100)
BASELINES: dict[Baseline, str] = {"black": BLUE, "grey": ORANGE, "blurred": GREEN}
ENOUGH = 0.01
QUICK = {"epochs": 0.5, "train": 100, "width": 4}


def run(
    data: Annotated[str, About("the named set that is learned")] = "digits",
    train: Annotated[int, Limits(0), About("training pictures; 0: all")] = 0,
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over them")] = 6.0,
    width: Annotated[int, Limits(1), About("channels of the first stage of the network")] = 16,
) -> Exhibit:
    prepared = pictures(data, train)
    model = learn(prepared, model="small_conv", width=width, epochs=epochs, lr=0.05).task.model
    images = of_each_class(prepared).float() / 255
    targets = torch.arange(len(images))
    gaps: dict[str, list[float]] = {}
    with unit_pixels(model) as network:
        for baseline in BASELINES:
            for steps in STEPS:
                maps = integrated_gradients.explain(network, images, targets, baseline, steps)
                missed = integrated_gradients.gap(network, images, targets, maps, baseline)
                gaps.setdefault(baseline, []).append(float(missed.mean()))
        plain = gradient_times_input.explain(network, images, targets)
        one_step = float(integrated_gradients.gap(network, images, targets, plain).mean())
    findings = []
    for start, missed_by in gaps.items():
        enough = next((steps for steps, gap in zip(STEPS, missed_by, strict=True) if gap <= ENOUGH), None)
        findings.append(
            f"From a {start} picture: {100 * missed_by[0]:.1f} % of the map is unaccounted for with one step, "
            f"{100 * missed_by[-1]:.2f} % with {STEPS[-1]}; "
            + (f"{enough} steps bring it below 1 %." if enough else "more steps are needed for 1 %.")
        )
    findings.append(
        f"Gradient times input, which looks at the end of the way only, misses the score by {100 * one_step:.0f} %: "
        "the network is not linear, and its gradient there says nothing of the way."
    )

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for baseline, colour in BASELINES.items():
            axes.plot(STEPS, [100 * gap for gap in gaps[baseline]], color=colour, marker="o", label=baseline)
        scale(axes, "x", log=True)
        scale(axes, "y", log=True)
        axes.set(xlabel="steps", ylabel="unaccounted for, per cent")
        legend(axes)

    reading = "Completeness: the map has to add up to the score of the picture minus that of the empty one."
    chart = Chart("How far the map misses the score", draw(paint, 240), reading)
    return Exhibit("Completeness", findings, [chart], data={"steps": list(STEPS), "gap": gaps})
