"""Where a network's values, multiplications and parameters sit; and several networks beside each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from ..wording import scaled
from .canvas import BLUE, GREEN, INK, MUTED, ORANGE, draw, percent, scale
from .chart import Chart

LARGEST_BUBBLE, SMALLEST_BUBBLE = 1100.0, 12.0  # square points of the network with most parameters, and at least
LABEL_SIZE = 9.5
LETTER = 5.4  # width of a letter of that size, in the units of the drawing


@dataclass(frozen=True)
class Part:
    """A layer or block: values it writes, multiplications it makes, parameters it holds."""

    name: str
    activations: int
    macs: int
    parameters: int


@dataclass(frozen=True)
class Network:
    """A network's accuracy (a fraction), multiplications a picture, and parameters."""

    name: str
    accuracy: float
    macs: int
    parameters: int


def where(parts: Sequence[Part]) -> Chart:
    """Three rows of bars over the depth of a network, from the picture on the left to the scores on the right."""

    def paint(figure: Figure) -> None:
        rows = figure.subplots(3, sharex=True)
        panels = (("values", BLUE), ("multiplications", GREEN), ("parameters", ORANGE))
        columns = zip(*((part.activations, part.macs, part.parameters) for part in parts), strict=True)
        for axes, (title, colour), counts in zip(rows, panels, columns, strict=True):
            axes.grid(False)
            axes.bar(range(len(parts)), counts, 0.8, color=colour)
            most = max(range(len(parts)), key=counts.__getitem__)
            axes.set_title(f"{scaled(sum(counts))} {title}, most in {parts[most].name}")
            axes.set(yticks=[], ylim=(0, 1.05 * max(counts[most], 1)))
            axes.spines["left"].set_visible(False)
        rows[-1].set(xticks=[], xlim=(-0.6, len(parts) - 0.4))
        for x, name, side in ((0.0, parts[0].name, "left"), (1.0, parts[-1].name, "right")):
            rows[-1].annotate(name, (x, 0), (0, -4), "axes fraction", "offset points", ha=side, va="top", color=INK)

    reading = (
        "From the first layer on the left to the scores on the right. Values, and with them memory, usually belong to "
        "the first layers, whose maps are large, and parameters to the last ones, whose inputs have many channels."
    )
    return Chart("Where memory, work and parameters sit", draw(paint, 270), reading)


def bubbles(networks: Sequence[Network], of: str) -> Chart:
    """Accuracy over multiplications; the area of a bubble is the number of parameters."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        most = max(network.parameters for network in networks)
        for network in sorted(networks, key=lambda n: -n.parameters):
            area = max(SMALLEST_BUBBLE, LARGEST_BUBBLE * network.parameters / most)
            axes.scatter(network.macs / 1e9, network.accuracy, area, color=BLUE, alpha=0.35, linewidths=0)
            axes.scatter(network.macs / 1e9, network.accuracy, 6, color=BLUE, linewidths=0)
        works = [network.macs / 1e9 for network in networks]
        wide = max(works) > 4 * min(works)
        low, high = min(n.accuracy for n in networks), max(n.accuracy for n in networks)
        room = max(0.18 * (high - low), 0.01)
        axes.set(ylim=(low - room, min(high + 1.3 * room, 1.02)))
        if wide:
            axes.set_xlim(min(works) / 1.8, max(works) * 1.9)
        else:
            around = max(0.3 * (max(works) - min(works)), 0.2 * max(works))
            axes.set_xlim(max(0, min(works) - around), max(works) + around)
        scale(axes, "x", log=wide)
        percent(axes, "y")
        axes.set(xlabel="thousand million multiplications a picture", ylabel=f"{of} accuracy")
        figure.draw_without_rendering()  # the layout must stand before pixels can be asked for
        places = axes.transData.transform([(n.macs / 1e9, n.accuracy) for n in networks])
        sizes = [math.sqrt(max(SMALLEST_BUBBLE, LARGEST_BUBBLE * n.parameters / most) / math.pi) for n in networks]
        unit = figure.dpi / 72
        spots = labels([(x / unit, y / unit) for x, y in places], sizes, [n.name for n in networks])
        for network, (dx, dy) in zip(networks, spots, strict=True):
            axes.annotate(
                network.name,
                (network.macs / 1e9, network.accuracy),
                (dx, dy),
                textcoords="offset points",
                va="center",
                fontsize=LABEL_SIZE,
                color=INK,
                arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2},
            )

    fewest, most = min(networks, key=lambda n: n.parameters), max(networks, key=lambda n: n.parameters)
    reading = (
        "Up is better, left is cheaper; the area of a bubble is the number of parameters, from "
        f"{scaled(fewest.parameters)} ({fewest.name}) to {scaled(most.parameters)} ({most.name})."
    )
    return Chart("Accuracy, operations, parameters", draw(paint, 320), reading)


def labels(
    places: Sequence[tuple[float, float]], radii: Sequence[float], names: Sequence[str]
) -> list[tuple[float, float]]:
    """Where each name begins, relative to its place, so that names cover neither each other nor another's centre."""
    height = 1.2 * LABEL_SIZE
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in places]
    found = []
    for number, ((x, y), radius, name) in enumerate(zip(places, radii, names, strict=True)):
        width = LETTER * len(name)
        near = min(radius, 8.0) + 3
        offsets = [
            (dx, dy)
            for reach in (0, 1, 2, 3)
            for dx, dy in (
                (near, reach * height),
                (near, -reach * height),
                (-near - width, reach * height),
                (-near - width, -reach * height),
                (-width / 2, near + (0.6 + reach) * height),
                (-width / 2, -near - (0.6 + reach) * height),
            )
        ]

        def covered(
            offset: tuple[float, float], x: float = x, y: float = y, w: float = width, own: int = number
        ) -> float:
            left, middle = x + offset[0], y + offset[1]
            box = (left, middle - height / 2, left + w, middle + height / 2)
            return sum(_overlap(box, other) for k, other in enumerate(taken) if k != own)

        best = min(offsets, key=covered)
        taken.append((x + best[0], y + best[1] - height / 2, x + best[0] + width, y + best[1] + height / 2))
        found.append(best)
    return found


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
