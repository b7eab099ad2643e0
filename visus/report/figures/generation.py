"""How likely pictures are, of their own kind and of others; how near samples are; which latents are used."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..wording import short
from .canvas import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, draw, legend, scale
from .chart import Chart, Floats, Line

BINS = 24
LINE_STYLES = ((ORANGE, "--"), (BLUE, "-"), (GREEN, ":"))
FAR = 20.0  # times the smallest: beyond it an axis is logarithmic
MOST_BARS = 60
TERM_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)


def histograms(parts: Mapping[str, Floats]) -> Chart:
    """Nats of pictures (N,) of each part."""
    every = np.concatenate(list(parts.values()))
    edges = np.linspace(every.min(), max(every.max(), every.min() + 1e-6), BINS + 1)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, nats), (colour, style) in zip(parts.items(), LINE_STYLES, strict=False):
            shares = np.histogram(nats, edges)[0] / len(nats)
            axes.stairs(shares, edges, color=colour, linestyle=style, linewidth=1.6, label=name)
        axes.set_title("share of the pictures", pad=24)
        axes.set_xlabel("nats a picture; less is likelier")
        scale(axes, "x", log=False)
        scale(axes, "y", log=False, ticks=4)
        legend(axes)

    reading = (
        "The curves should lie over each other. A training curve far to the left of the others: these pictures are "
        "known by heart."
    )
    return Chart("How likely pictures of its kind are", draw(paint, 240), reading)


def kinds(nats: Mapping[str, Floats], own: Sequence[str]) -> Chart:
    """Nats of pictures (N,) of each kind, a row each: the middle nine tenths, the quartiles and the median."""
    smallest, largest = min(v.min() for v in nats.values()), max(v.max() for v in nats.values())
    log = bool(smallest > 0 and largest > FAR * smallest)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(visible=False)
        for row, (name, values) in zip(reversed(range(len(nats))), nats.items(), strict=False):
            low, first, middle, third, high = np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
            colour = BLUE if name in own else ORANGE
            axes.plot([low, high], [row, row], color=colour, linewidth=1.4, alpha=0.6)
            axes.plot([first, third], [row, row], color=colour, linewidth=7, alpha=0.45, solid_capstyle="butt")
            axes.plot([middle], [row], "|", color=INK, ms=11, mew=2)
            axes.annotate(short(name, 30), (0, row + 0.28), xycoords=axes.get_yaxis_transform(), color=INK, va="bottom")
        axes.set(ylim=(-0.5, len(nats) - 0.1), yticks=[])
        axes.spines["left"].set_visible(False)
        scale(axes, "x", log=log)
        axes.set_xlabel("nats a picture; less is likelier")

    reading = (
        "Blue: pictures of the kind it learned from; orange: others. Bars hold the middle half, lines nine tenths. "
        "Orange bars to the left of the blue ones are pictures that the model finds likelier than its own kind: being "
        "likely is not being of a kind (Nalisnick et al., 2019)."
    )
    return Chart("How likely pictures of other kinds are", draw(paint, 34 * len(nats) + 44), reading)


def nearness(samples: Floats, held_out: Floats) -> Chart:
    """Distances (N,) and (M,) to the nearest training picture."""
    top = float(max(samples.max(), held_out.max())) or 1.0
    edges = np.linspace(0, top * 1.001, BINS + 1)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, values, colour, fill in (
            ("held-out pictures", held_out, MUTED, True),
            ("samples", samples, BLUE, False),
        ):
            shares = np.histogram(values, edges)[0] / len(values)
            axes.stairs(shares, edges, color=colour, fill=fill, alpha=0.3 if fill else 1, linewidth=1.6, label=name)
        axes.set_title("share", pad=24)
        axes.set_xlabel("distance to the nearest training picture")
        scale(axes, "x", log=False)
        scale(axes, "y", log=False, ticks=4)
        legend(axes, 2)

    reading = (
        "Distances of brightness, pixel by pixel. Samples far to the left of the grey are copies; far to the right "
        "they look like no training picture."
    )
    return Chart("How near samples are to training pictures", draw(paint, 240), reading)


def latents(kl: Floats) -> Chart:
    """Nats that each latent (Z,) tells of a picture, the most telling first."""
    shown = kl[:MOST_BARS]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.bar(np.arange(1, len(shown) + 1), shown, color=BLUE, width=0.8)
        axes.set_title("nats a picture")
        axes.set_xlabel(
            f"latents, the most telling first{'' if len(shown) == len(kl) else f' ({len(shown)} of {len(kl)})'}"
        )
        scale(axes, "x", log=False)
        scale(axes, "y", log=False, ticks=4)

    reading = (
        "How far the posterior of each latent is from the prior, on average (its KL). One at 0 tells nothing of a "
        "picture: fewer latents would do."
    )
    return Chart("What each latent tells", draw(paint, 210), reading)


def terms(title: str, lines: Mapping[str, Line], x_name: str, reading: str) -> Chart:
    """Parts of a loss over time, or what the critic thinks."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, line), colour in zip(lines.items(), TERM_COLOURS, strict=False):
            axes.plot(
                line.x, line.y, color=colour, label=name.replace("_", " "), marker="o" if len(line.x) == 1 else ""
            )
        scale(axes, "x", log=False)
        scale(axes, "y", log=False, ticks=4)
        axes.set_xlabel(x_name)
        legend(axes, 2)

    rows = -(-len(lines) // 2)
    return Chart(title, draw(paint, 200 + 16 * rows), reading)


def heat(maps: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values (N, H, W) as colours (N, H, W, 3), dark for none and bright for much; one scale for all."""
    import matplotlib

    top = float(np.quantile(maps, 0.995)) or 1.0
    seen = matplotlib.colormaps["magma"](np.clip(maps / top, 0, 1))[..., :3]
    colours: NDArray[np.uint8] = np.rint(255 * seen).astype(np.uint8)
    return colours
