"""What do IoU and GIoU say of two boxes that move apart?"""

from typing import Annotated, Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..geometry.boxes import from_centre, iou, paired_giou
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

PLACES = 241
FAR = 3.0  # sides of a box that the other is moved by at most
CASES = (  # what, and the second box beside a first of (0, 0, 10, 10)
    ("the same", (0, 0, 10, 10)),
    ("half a side aside", (5, 0, 15, 10)),
    ("half a side aside and down", (5, 5, 15, 15)),
    ("the middle quarter", (2.5, 2.5, 7.5, 7.5)),
    ("twice as wide and high", (-5, -5, 15, 15)),
    ("side by side", (10, 0, 20, 10)),
    ("a side apart", (20, 0, 30, 10)),
)


def run(
    side: Annotated[float, Limits(2.0, 1000.0), About("of both boxes in pixels")] = 32.0,
    rate: Annotated[float, Limits(0.01, 100.0), About("learning rate of a box that is to be moved, in pixels²")] = 20.0,
    steps: Annotated[int, Limits(1, 5000), About("of the descent")] = 600,
) -> Exhibit:
    shifts = torch.linspace(0, FAR, PLACES)
    curves = {name: values.tolist() for name, values in moved(side, shifts).items()}
    slopes = {name: slope(name, side, 1.5) for name in ("IoU", "GIoU")}
    small, large = ((side_ - 4) / (side_ + 4) for side_ in (16.0, 128.0))
    paths = {name: descent(name, side, 1.5, rate, steps) for name in ("IoU", "GIoU")}
    findings = [
        (
            "Half a side aside, two boxes share a third: IoU 0.33. Half a side aside and down it is 1/7 = 0.14, "
            "although a quarter of each is shared: the union grows while the intersection shrinks."
        ),
        (
            f"Four pixels aside cost a box of 16 px more than one of 128 px: IoU {small:.2f} against {large:.2f}. A "
            "small object has to be placed more exactly for the same number."
        ),
        (
            f"Once the boxes are apart IoU is 0 wherever they are: its slope at 1.5 sides is {slopes['IoU']:.3f}. That "
            f"of GIoU is {slopes['GIoU']:.3f} for each side moved: it counts the empty part of the hull around both."
        ),
        (
            f"A box that starts 1.5 sides away and descends 1 - IoU ends at an overlap of {paths['IoU'][-1]:.2f}; "
            f"with 1 - GIoU it reaches {max(paths['GIoU']):.2f} within {steps} steps."
        ),
    ]
    charts = [
        Chart(
            "A box that moves aside",
            draw(lambda figure: _curves(figure, shifts.tolist(), curves), 240),
            "1: the boxes are the same. From one side on they are apart, where IoU says nothing more.",
        ),
        Chart(
            "A box that is to find another",
            draw(lambda figure: _paths(figure, paths), 240),
            "Overlap while gradient descent moves a box's corners; it starts one and a half sides away. Flutter "
            "at the end: the slope does not fade near the goal, so the rate has to.",
        ),
    ]
    first = torch.tensor([[0.0, 0, 10, 10]])
    rows = []
    for what, corners in CASES:
        second = torch.tensor([corners], dtype=torch.float32)
        rows.append([what, f"{float(iou(first, second)):.3f}", f"{float(paired_giou(first, second)):.3f}"])
    tables = [Table("Beside a box of 10 x 10", ["the other", "IoU", "GIoU"], rows)]
    data = {"shifts": shifts.tolist(), "curves": curves, "slopes": slopes, "paths": paths}
    return Exhibit("Overlap", findings, charts, tables=tables, data=data)


def moved(side: float, shifts: Tensor) -> dict[str, Tensor]:
    """IoU and GIoU of a square box with itself moved aside by so many of its sides."""
    rest = torch.tensor([[0.0, 0, side, side]]).expand(len(shifts), 4)
    step = side * shifts[:, None] * torch.tensor([1.0, 0, 1, 0])
    return {"IoU": iou(rest[:, None], (rest + step)[:, None])[:, 0, 0], "GIoU": paired_giou(rest, rest + step)}


def slope(name: str, side: float, shift: float) -> float:
    """By how much it changes for each side that the box moves on."""
    where = torch.tensor([shift], requires_grad=True)
    (gradient,) = torch.autograd.grad(moved(side, where)[name].sum(), where)
    return float(gradient)


def descent(name: str, side: float, shift: float, rate: float, steps: int) -> list[float]:
    """The overlap (IoU) after each step of a box that starts so many sides aside and descends 1 - its overlap."""
    goal = torch.tensor([[0.0, 0, side, side]])
    box = from_centre(torch.tensor([[side / 2 + shift * side, side / 2, side, side]])).requires_grad_()
    found = []
    for _ in range(steps):
        found.append(float(iou(box.detach(), goal)))
        near: Any = iou(box, goal)[0, 0] if name == "IoU" else paired_giou(box, goal)[0]
        (gradient,) = torch.autograd.grad(1 - near, box)
        box = (box - rate * gradient).detach().requires_grad_()
    return [*found, float(iou(box.detach(), goal))]


def _curves(figure: Figure, shifts: list[float], curves: dict[str, list[float]]) -> None:
    axes = figure.add_subplot()
    for name, colour, dash in (("IoU", BLUE, "-"), ("GIoU", ORANGE, "--")):
        axes.plot(shifts, curves[name], dash, color=colour, label=name)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    scale(axes, "x", log=False)
    axes.set(xlabel="moved by so many sides")
    legend(axes)


def _paths(figure: Figure, paths: dict[str, list[float]]) -> None:
    axes = figure.add_subplot()
    for name, colour, dash in (("IoU", BLUE, "-"), ("GIoU", ORANGE, "--")):
        axes.plot(paths[name], dash, color=colour, label=f"1 - {name}")
    scale(axes, "x", log=False)
    axes.set(xlabel="step", ylabel="IoU", ylim=(-0.03, 1.03))
    legend(axes)
