"""Every chart of the report: numbers in, a drawing with its title and one sentence on how to read it out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ..metrics.calibration import Reliability
from ..metrics.intervals import wilson
from ._canvas import (
    BLUE,
    CARD,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    WIDTH,
    draw,
    legend,
    percent,
    plain,
    scale,
    short,
)

Floats = NDArray[np.float64]

HEALTHY_UPDATE = (1e-4, 1e-2)  # a decade either way of 1e-3, the rule of thumb for norm(update) / norm(weights)
MAX_NAMED = 12  # classes whose names and counts fit a phone's width; beyond, classes are numbered
_MAX_POINTS = 300  # about one a unit of the drawing; more would only make the file larger
_CYCLE = (BLUE, ORANGE, GREEN, PURPLE)


@dataclass(frozen=True)
class Chart:
    """A drawing (SVG), what it shows, and one sentence that says how to read it."""

    title: str
    svg: str
    reading: str


@dataclass(frozen=True)
class Line:
    """Values y (n,) over x (n,); y may hold NaN where a value was not finite."""

    x: Floats
    y: Floats


@dataclass(frozen=True)
class Trial:
    """One trial of the search as one chart shows it: its value of one setting, its score (NaN if it diverged)."""

    value: float | str
    score: float
    round: int


def loss(batches: Mapping[str, Line], samples: Mapping[str, Line], x_name: str, resumed: Sequence[float] = ()) -> Chart:
    """batches: loss of each batch, an entry an objective; samples: 'training' and 'validation', measured at rest."""
    broken = int(sum(np.isnan(line.y).sum() for line in batches.values()))

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        everything = np.concatenate([line.y for line in (*batches.values(), *samples.values())] or [np.empty(0)])
        many = len(batches) > 1
        for (name, line), colour in zip(batches.items(), _CYCLE if many else (MUTED,)):
            _cloud(axes, line, colour)
            label = name if many else "each batch, smoothed"
            axes.plot(line.x, _smooth(line.y), color=colour, label=label, linewidth=1.4, alpha=0.9)
            bad = np.isnan(line.y)
            if bad.any():
                top = np.full(bad.sum(), 0.97)
                axes.plot(
                    line.x[bad][:_MAX_POINTS], top[:_MAX_POINTS], "x", color=RED, transform=axes.get_xaxis_transform()
                )
        for name, colour, style in (("training", ORANGE, "--"), ("validation", BLUE, "-")):
            if name in samples:
                axes.plot(samples[name].x, _tame(samples[name].y), style, color=colour, label=name)
        _resumptions(axes, resumed)
        scale(axes, "y", _wide(everything))
        scale(axes, "x", log=False)
        axes.set_xlabel(x_name)
        legend(axes, columns=2)

    reading = "Falling and then levelling off is healthy; validation (blue) turning up while training (dashed) falls on is overfitting."
    if broken:
        reading += f" Red crosses: {broken} batch{'es' if broken > 1 else ''} whose loss was not a finite number."
    return Chart("Loss, in nats", draw(paint, 230), reading + _resumption_note(resumed))


def score(name: str, train: Line | None, validation: Line | None, x_name: str, resumed: Sequence[float] = ()) -> Chart:
    """One score on training and validation pictures, the gap between them shaded, the best validation ringed."""
    lines = {"training": train, "validation": validation}
    known = np.concatenate([line.y for line in lines.values() if line is not None])
    as_percent = bool(np.nanmin(known, initial=0) >= 0 and np.nanmax(known, initial=0) <= 1)
    lower_is_better = name.endswith(("loss", "error"))

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        if train is not None and validation is not None:
            gap = np.interp(validation.x, train.x, train.y)
            axes.fill_between(validation.x, validation.y, gap, color=MUTED, alpha=0.14, linewidth=0)
        for (label, line), colour, style in zip(lines.items(), (ORANGE, BLUE), ("--", "-")):
            if line is not None:
                axes.plot(
                    line.x, _tame(line.y), style, color=colour, label=label, marker="." if len(line.x) == 1 else ""
                )
        if validation is not None and np.isfinite(validation.y).any():
            best = int(np.nanargmin(validation.y) if lower_is_better else np.nanargmax(validation.y))
            axes.plot(validation.x[best], validation.y[best], "o", mfc=CARD, mec=BLUE, mew=1.8, ms=7, label="best")
        _resumptions(axes, resumed)
        (percent if as_percent else lambda axes, which: scale(axes, which, log=False))(axes, "y")
        scale(axes, "x", log=False)
        axes.set_xlabel(x_name)
        legend(axes)

    reading = "The ring is the validation best, whose weights were kept; "
    if train is not None and validation is not None:
        reading += "the shaded gap between the lines is overfitting: small and steady is good, widening is not."
    else:
        reading += "a line still rising at its end asks for longer training."
    return Chart(name.replace("_", " ").capitalize(), draw(paint, 230), reading)


def learning_rate(rates: Mapping[str, Line], x_name: str) -> Chart:
    """The step size over time, a line an objective."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        _lines(axes, rates)
        values = np.concatenate([line.y for line in rates.values()])
        peak = float(np.nanmax(values, initial=0))
        axes.set_ylim(0, peak * 1.08 if peak > 0 else 1)
        scale(axes, "y", log=False)
        scale(axes, "x", log=False)
        axes.set_xlabel(x_name)

    return Chart(
        "Learning rate", draw(paint, 190), "How far one step goes; it should have come down before the training ended."
    )


def update_ratio(ratios: Mapping[str, Line], x_name: str) -> Chart:
    """norm(update) / norm(weights) on a log axis, with the healthy band."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        low, high = HEALTHY_UPDATE
        axes.axhspan(low, high, color=GREEN, alpha=0.13, linewidth=0)
        axes.axhline(1e-3, color=GREEN, linewidth=0.9, linestyle=":")
        for line in ratios.values():
            line.y[line.y <= 0] = np.nan  # a step of exactly nothing has no place on a log axis
        _lines(axes, ratios)
        values = np.concatenate([line.y for line in ratios.values()])
        axes.set_ylim(np.nanmin(values, initial=low) / 2, np.nanmax(values, initial=high) * 2)
        scale(axes, "y", log=True)
        scale(axes, "x", log=False)
        axes.set_xlabel(x_name)

    reading = "How much one step changes the weights: inside the green band, around 0.001, is healthy; above it lower the learning rate, below it raise it."
    return Chart("Update to weight ratio", draw(paint, 190), reading)


def baselines(
    names: Sequence[str], accuracies: Sequence[float], ours: Sequence[bool], ends: Sequence[tuple[float, float]]
) -> Chart:
    """Bars of accuracy, one a method; `ours` marks the network; `ends` are intervals (NaN, NaN where unknown)."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(False)
        rows = np.arange(len(names))[::-1]
        reach = np.nanmax([*accuracies, *(high for _, high in ends)])
        for row, name, accuracy, mine, (low, high) in zip(rows, names, accuracies, ours, ends):
            axes.barh(row, accuracy, height=0.42, color=BLUE if mine else MUTED, alpha=1 if mine else 0.45, linewidth=0)
            axes.text(0, row + 0.32, name, va="bottom", color=INK, fontweight="bold" if mine else "normal")
            if np.isfinite(low):
                axes.plot([low, high], [row, row], color=INK, linewidth=1.4, marker="|", ms=8, mew=1.4)
            end = np.nanmax([accuracy, high])
            axes.text(end + 0.02 * reach, row, f"{100 * accuracy:.1f} %", va="center", color=INK)
        axes.set_xlim(0, reach * 1.2)
        axes.set_ylim(-0.5, len(names) - 0.1)
        axes.set_axis_off()

    reading = "The network's bars (blue) must end well to the right of the grey ones, or the effort bought nothing; the whisker is the 95 % interval."
    return Chart("Accuracy against simple methods", draw(paint, 38 * len(names) + 12), reading)


def class_counts(names: Sequence[str], counts: Sequence[int]) -> Chart:
    """Pictures a class: named bars for few classes, the sorted profile for many."""
    order = sorted(range(len(names)), key=lambda k: -counts[k])
    if len(names) > 24:
        return _class_profile([names[k] for k in order], [counts[k] for k in order])

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(False)
        rows = np.arange(len(names))[::-1]
        axes.barh(rows, [counts[k] for k in order], height=0.6, color=BLUE, alpha=0.75, linewidth=0)
        for row, k in zip(rows, order):
            axes.text(counts[k], row, f" {plain(counts[k])}", va="center", color=INK)
        axes.set_yticks(rows, [short(names[k], 16) for k in order], color=INK)
        axes.set_xlim(0, max(*counts, 1) * 1.14)
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.spines[["bottom", "left"]].set_visible(False)
        axes.set_xticks([])

    return Chart("Pictures in each class", draw(paint, 19 * len(names) + 16), _COUNTS_READING)


def confusion(matrix: NDArray[np.int64], names: Sequence[str]) -> Chart:
    """Counts (K, K), rows truth; each cell shaded by its share of its row."""
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    reading = "Row: what the picture is; column: what the network said. Blue on the diagonal is right, orange is a mistake; deeper means a larger share of the row."
    if len(names) > MAX_NAMED:
        reading += " Classes carry the numbers of the table of classes."
        return Chart("Confusion matrix", draw(lambda figure: _confusion_picture(figure, shares), WIDTH), reading)
    return Chart(
        "Confusion matrix", draw(lambda figure: _confusion_cells(figure, matrix, shares, names), WIDTH + 10), reading
    )


def calibration(bins: Reliability) -> Chart:
    """Accuracy against confidence, with intervals, over a histogram of confidence."""

    def paint(figure: Figure) -> None:
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
        filled = np.flatnonzero(bins.count)
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.1, linestyle=(0, (4, 3)), label="says what is true")
        for m in filled:
            low, high = wilson(int(bins.right[m]), int(bins.count[m]))
            axes.plot([bins.confidence[m]] * 2, [low, high], color=BLUE, linewidth=1.2, alpha=0.55)
        axes.plot(
            bins.confidence[filled], bins.accuracy[filled], "o-", color=BLUE, ms=5, linewidth=1.4, label="this network"
        )
        axes.set_ylim(-0.02, 1.02)
        axes.set_title("share that was right")
        axes.annotate("too modest", (0.04, 0.93), color=MUTED)
        axes.annotate("too sure", (0.98, 0.05), color=MUTED, ha="right")
        width = float(np.diff(bins.edges)[0])
        below.bar(bins.edges[:-1], bins.count, width * 0.86, align="edge", color=MUTED, alpha=0.5, linewidth=0)
        below.set_title("pictures")
        below.set_xlabel("probability the network gave to its answer")
        scale(below, "y", log=False)
        below.yaxis.get_major_locator().set_params(nbins=2, integer=True)
        percent(axes, "y")
        percent(below, "x")
        below.set_xlim(0, 1)

    reading = "Points on the dashed line mean that 80 % sure is right 80 % of the time; points below it boast. Bars are 95 % intervals."
    return Chart("Is it as sure as it should be?", draw(paint, 300), reading)


def search(name: str, trials: Sequence[Trial], log: bool = False, bounds: tuple[float, float] | None = None) -> Chart:
    """Score over one searched setting: rounds by colour and marker, diverged trials along the bottom, the best ringed.

    `bounds` are the ends of the range searched, drawn as dotted lines. Settings that are words sit side by side.
    """
    words = sorted({str(trial.value) for trial in trials if isinstance(trial.value, str)})

    def place(trial: Trial) -> float:
        if not isinstance(trial.value, str):
            return float(trial.value)
        peers = [other for other in trials if other.value == trial.value]
        return words.index(trial.value) + 0.5 * (peers.index(trial) / max(len(peers) - 1, 1) - 0.5)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        scored = [trial for trial in trials if np.isfinite(trial.score)]
        for number in sorted({trial.round for trial in trials}):
            mine = [trial for trial in scored if trial.round == number]
            marker, colour = "osD^"[(number - 1) % 4], (MUTED, BLUE, ORANGE, PURPLE)[(number - 1) % 4]
            axes.plot(
                [place(t) for t in mine],
                [t.score for t in mine],
                marker,
                color=colour,
                ms=5,
                alpha=0.85,
                mew=0,
                label=f"round {number}",
            )
        lost = [trial for trial in trials if not np.isfinite(trial.score)]
        if lost:
            axes.plot(
                [place(t) for t in lost],
                [0.04] * len(lost),
                "x",
                color=RED,
                ms=6,
                mew=1.6,
                transform=axes.get_xaxis_transform(),
                label="diverged",
            )
        if scored:
            best = max(scored, key=lambda trial: trial.score)
            axes.plot(place(best), best.score, "o", mfc="none", mec=INK, mew=1.6, ms=11)
            low, high = min(t.score for t in scored), best.score
            room = max(high - low, 0.02)
            axes.set_ylim(low - (0.2 if lost else 0.08) * room, high + 0.1 * room)
        if bounds and not words:
            for bound in bounds:
                axes.axvline(bound, color=MUTED, linewidth=1, linestyle=":")
        if words:
            axes.set_xticks(range(len(words)), [short(word, 12) for word in words])
            axes.set_xlim(-0.6, len(words) - 0.4)
        else:
            scale(axes, "x", log)
        percent(axes, "y")
        axes.set_xlabel(short(name, 40))
        legend(axes, columns=4)

    reading = "Each mark is one trial, the ring the best: it should sit on a hill inside the dotted limits, not lean against one of them."
    return Chart(f"Validation accuracy over {short(name, 40)}", draw(paint, 220), reading)


_COUNTS_READING = "Bars of about the same length are easiest to learn from; a class with few pictures will be recognised poorly and measured poorly."


def _class_profile(names: Sequence[str], counts: Sequence[int]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.bar(np.arange(len(counts)) + 1, counts, width=1, color=BLUE, alpha=0.75, linewidth=0)
        axes.set_xlim(0.5, len(counts) + 0.5)
        axes.set_xlabel("classes, from the largest to the smallest")
        scale(axes, "y", log=False)
        scale(axes, "x", log=False)

    ends = (
        f" Largest: {short(names[0], 30)} ({plain(counts[0])}); smallest: {short(names[-1], 30)} ({plain(counts[-1])})."
    )
    return Chart("Pictures in each class", draw(paint, 200), _COUNTS_READING + ends)


def _confusion_cells(figure: Figure, matrix: NDArray[np.int64], shares: Floats, names: Sequence[str]) -> None:
    axes = figure.add_subplot()
    axes.grid(False)
    n = len(names)
    for row, column in np.argwhere(matrix):
        share = float(shares[row, column])
        # mistakes are rarer than hits: the root lifts a share of 4 % to a tint that can be seen
        alpha = 0.1 + 0.9 * (share if row == column else share**0.5)
        axes.add_patch(
            Rectangle(
                (column - 0.47, row - 0.47),
                0.94,
                0.94,
                color=BLUE if row == column else ORANGE,
                alpha=alpha,
                linewidth=0,
            )
        )
        axes.text(
            column,
            row,
            str(matrix[row, column]),
            ha="center",
            va="center",
            color=CARD if alpha > 0.6 else INK,
            fontsize=10 if n < 9 else 9,
        )
    labels = [short(name, 14) for name in names]
    axes.set_xticks(
        range(n),
        labels,
        rotation=45 if n > 3 else 0,
        ha="left" if n > 3 else "center",
        rotation_mode="anchor",
        color=INK,
    )
    axes.set_yticks(range(n), labels, color=INK)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
    axes.spines[:].set_visible(False)


def _confusion_picture(figure: Figure, shares: Floats) -> None:
    axes = figure.add_subplot()
    axes.grid(False)
    n = len(shares)
    pixels = np.zeros((n, n, 4))
    pixels[..., :3] = np.array([224, 108, 30]) / 255  # tints that stand out on white and on black paper alike
    pixels[np.eye(n, dtype=bool), :3] = np.array([52, 134, 204]) / 255
    pixels[..., 3] = np.where(shares > 0, 0.12 + 0.88 * shares**0.5, 0)
    axes.imshow(pixels, extent=(0.5, n + 0.5, n + 0.5, 0.5), interpolation="none")
    axes.spines[["top", "right"]].set_visible(True)
    scale(axes, "x", log=False)
    scale(axes, "y", log=False)
    axes.set_xlabel("number of the class the network said")
    axes.set_ylabel("number of the true class")


def _lines(axes: Axes, lines: Mapping[str, Line]) -> None:
    for (name, line), colour in zip(lines.items(), _CYCLE):
        axes.plot(*_thin(line), color=colour, label=name, linewidth=1.5)
    if len(lines) > 1:
        legend(axes)


def _cloud(axes: Axes, line: Line, colour: str) -> None:
    """Every value, faintly; where there are more than can be told apart, the band they fill."""
    if len(line.x) <= _MAX_POINTS:
        axes.plot(line.x, _tame(line.y), color=colour, linewidth=0.8, alpha=0.35)
        return
    parts = [part for part in np.array_split(np.arange(len(line.x)), _MAX_POINTS) if np.isfinite(line.y[part]).any()]
    middle = [float(line.x[part].mean()) for part in parts]
    low, high = ([float(f(_tame(line.y[part]))) for part in parts] for f in (np.nanmin, np.nanmax))
    axes.fill_between(middle, low, high, color=colour, alpha=0.18, linewidth=0)


def _thin(line: Line) -> tuple[Floats, Floats]:
    keep = np.unique(np.linspace(0, len(line.x) - 1, min(len(line.x), _MAX_POINTS)).astype(int))
    return line.x[keep], _tame(line.y[keep])


def _smooth(y: Floats) -> Floats:
    """Running mean over a twentieth of the run, of the finite values in reach."""
    window = np.ones(2 * (len(y) // 40) + 1)
    finite = np.isfinite(y)
    total = np.convolve(np.where(finite, _tame(y), 0), window, "same")
    n = np.convolve(finite.astype(float), window, "same")
    mean = np.full(len(y), np.nan)
    np.divide(total, n, out=mean, where=finite)
    return mean


def _tame(y: Floats) -> Floats:
    """A diverging loss reaches 1e300; drawing needs differences of it that do not overflow."""
    return np.clip(y, -1e30, 1e30)


def _wide(values: Floats) -> bool:
    """Whether values span so much that only a log axis shows them."""
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() > 0 and finite.max() > 50 * finite.min())


def _resumptions(axes: Axes, resumed: Iterable[float]) -> None:
    for x in resumed:
        axes.axvline(x, color=MUTED, linewidth=1, linestyle=":")


def _resumption_note(resumed: Sequence[float]) -> str:
    return " Dotted: where the run was resumed." if len(resumed) else ""
