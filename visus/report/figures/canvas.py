"""From a matplotlib figure to a small SVG that takes the page's colours, fonts and dark mode.

The SVG is put straight into the page rather than behind an <img>: its text stays text (searchable, selectable, in
the reader's own font) and its colours are the page's CSS variables, so that one drawing serves light, dark and print.
"""

import hashlib
import io
import re
import warnings
from collections.abc import Callable
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from ..wording import plain

# Blue against orange stays apart in all common kinds of colour blindness (after Okabe and Ito); each hue is also
# told by its place, dash or marker. The key is the CSS variable of style.html that replaces the colour in the page.
PALETTE = {
    "ink": "#1d2730",
    "muted": "#5a6673",
    "grid": "#e3e7eb",
    "card": "#fefefe",
    "blue": "#0a64a4",
    "orange": "#c2500a",
    "green": "#157a55",
    "purple": "#8a4b8f",
    "red": "#b3261e",
}
INK, MUTED, GRID, CARD, BLUE, ORANGE, GREEN, PURPLE, RED = PALETTE.values()

WIDTH = 340  # units of the SVG; a phone shows them at about 1:1, a desktop column at 1:1.4, both with legible text
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "visus",  # ids depend on the drawing alone: the same run gives the same bytes
    "text.parse_math": False,  # a class may be called "$\\frac{"
    "image.interpolation": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that the layout is the same everywhere
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titlecolor": MUTED,
    "axes.titlepad": 8,
    "axes.labelsize": 11,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 11,
    "legend.handlelength": 1.4,
    "legend.columnspacing": 1.2,
    "legend.handletextpad": 0.5,
    "legend.borderpad": 0,
    "legend.borderaxespad": 0,
}


def draw(paint: Callable[[Figure], None], height: float, width: float = WIDTH) -> str:
    """The SVG of what `paint` draws; height and width in the units of the SVG."""
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # the browser has the letters that matplotlib's own font lacks, and it is the browser that draws the text
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        paint(figure)
        file = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    return _themed(file.getvalue())


def legend(axes: Axes, columns: int = 3) -> None:
    """The names of the lines, above the drawing where they cover nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.02), ncols=columns)


def scale(axes: Axes, which: str, log: bool, ticks: int = 5) -> None:
    """Make one axis ('x' or 'y') linear or logarithmic, with ticks in plain numbers."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if log:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,), numticks=6))
        axis.set_minor_locator(NullLocator())
    else:
        axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _label(value)))


def percent(axes: Axes, which: str) -> None:
    """Show fractions as percentages on one axis."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{_label(100 * value)} %"))


def _label(value: float) -> str:
    return plain(round(value, 12)).replace("-", "−").replace("e−0", "e−")


def _themed(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.S)  # it would reach out of the figure into the page
    svg = re.sub(r'^<svg[^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', svg)
    # text is escaped, so "<" opens a tag and nothing else; only tags are rewritten, never what people called a class
    svg = re.sub(r"<[^>]*>", lambda tag: _themed_tag(tag[0]), svg)
    mark = hashlib.sha256(svg.encode()).hexdigest()[:6]  # ids must be unique in the page, not only in the figure
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{mark}-", svg)
    return re.sub(r"\s*\n\s*", " ", svg).strip()


def _themed_tag(tag: str) -> str:
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    tag = re.sub(r' id="[a-zA-Z.]+(2d)?_[\da-z_]*"', "", tag)  # axes_1 and the like: nothing refers to them
    for name, colour in PALETTE.items():
        tag = tag.replace(colour, f"var(--{name})")
    return tag.replace("xlink:href=", "href=")
