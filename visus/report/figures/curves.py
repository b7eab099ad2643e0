"""The course of learning: loss, scores, learning rate and the size of the updates."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...doctor.during.update_size import HIGH, LOW
from ..wording import measured
from .canvas import BLUE, CARD, GREEN, MUTED, ORANGE, PURPLE, RED, draw, legend, percent, scale
from .chart import Chart, Floats, Line

USUAL_UPDATE = (LOW, HIGH)  # of norm(update) / norm(weights): what the doctor's watcher takes for usual
_MAX_POINTS = 300  # about one a unit of the drawing; more would only make the file larger
_CYCLE = (BLUE, ORANGE, GREEN, PURPLE)


def loss(
    batches: Mapping[str, Line],
    samples: Mapping[str, Line],
    x_name: str,
    resumed: Sequence[float] = (),
    moving: bool = False,
) -> Chart:
    """batches: loss of each batch, an entry an objective; samples: 'training' and 'validation', measured at rest.

    moving: what is to be learned changes while it is learned, as where a player meets what it brings about.
    """
    broken = int(sum(np.isnan(line.y).sum() for line in batches.values()))
    smooth = {name: Line(line.x, _smooth(line.y)) for name, line in batches.items()}

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        several = len(batches) > 1
        for (name, line), colour in zip(smooth.items(), _CYCLE if several else (MUTED,)):
            _cloud(axes, batches[name], colour)
            label = name if several else "batches, smoothed"
            axes.plot(*_thin(line), color=colour, label=label, linewidth=1.4, alpha=0.9)
            bad = line.x[np.isnan(batches[name].y)][:_MAX_POINTS]
            axes.plot(bad, np.full(len(bad), 0.97), "x", color=RED, transform=axes.get_xaxis_transform())
        for name, colour, style in (("training", ORANGE, "--"), ("validation", BLUE, "-")):
            if name in samples:
                axes.plot(*_thin(samples[name]), style, color=colour, label=name, marker=_marker(samples[name]))
        _frame(axes, [*smooth.values(), *samples.values()])
        _finish(axes, x_name, resumed)
        legend(axes)

    reading = "Falling and then levelling off is healthy; "
    if moving:
        reading = (
            "How far what it says is from targets that move while it learns: it may rise as more is earned, and a low "
            "one does not say that it plays well."
        )
    elif "training" in samples and "validation" in samples:
        reading += "validation (solid blue) turning up while training (dashed) falls on is overfitting."
    else:
        reading += "a line that rises or shakes more and more asks for a lower learning rate."
    if broken:
        reading += f" Red crosses: {broken} batch{'es' if broken > 1 else ''} whose loss was not a finite number."
    return Chart("Loss" if moving else "Loss, in nats", draw(paint, 230), reading + _resumption_note(resumed))


def score(name: str, train: Line | None, validation: Line | None, x_name: str, resumed: Sequence[float] = ()) -> Chart:
    """One score on training and validation pictures, the gap between them shaded, the best validation ringed."""
    lines = {"training": train, "validation": validation}
    known = np.concatenate([line.y for line in lines.values() if line is not None])
    as_percent = bool(np.nanmin(known, initial=0) >= 0 and np.nanmax(known, initial=0) <= 1)
    lower = ("loss", "error", "mae", "rmse", "nats", "perplexity", "fid", "reconstruction")
    best_of = np.nanargmin if name.endswith(lower) else np.nanargmax

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        if train is not None and validation is not None:
            gap = np.interp(validation.x, train.x, _tame(train.y))
            axes.fill_between(validation.x, _tame(validation.y), gap, color=MUTED, alpha=0.14, linewidth=0)
        for (label, line), colour, style in zip(lines.items(), (ORANGE, BLUE), ("--", "-")):
            if line is not None:
                axes.plot(*_thin(line), style, color=colour, label=label, marker=_marker(line))
        if validation is not None and np.isfinite(validation.y).any():
            best = int(best_of(validation.y))
            at = validation.x[best], _tame(validation.y)[best]
            axes.plot(*at, "o", mfc=CARD, mec=BLUE, mew=1.8, ms=7, label="best")
        if as_percent:
            percent(axes, "y")
        else:
            scale(axes, "y", log=False)
        _finish(axes, x_name, resumed)
        legend(axes)

    reading = "The ring is the validation best, whose weights are kept; "
    if train is not None and validation is not None:
        reading += "the shaded gap between the lines is overfitting: small and steady is good, widening is not."
    else:
        reading += "a line still rising at its end asks for longer training."
    said = measured(name)
    title = said if said != said.lower() else said.capitalize()
    return Chart(title, draw(paint, 230), reading + _resumption_note(resumed))


def learning_rate(rates: Mapping[str, Line], x_name: str) -> Chart:
    """The step size over time, a line an objective."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        _lines(axes, rates)
        peak = max(float(np.nanmax(_tame(line.y), initial=0)) for line in rates.values())
        axes.set_ylim(0, peak * 1.08 if peak > 0 else 1)
        scale(axes, "y", log=False)
        _finish(axes, x_name)

    reading = "How far one step goes; it should have come down before the training ended."
    return Chart("Learning rate", draw(paint, 190), reading)


def update_ratio(ratios: Mapping[str, Line], x_name: str) -> Chart:
    """norm(update) / norm(weights) on a log axis, with the usual band."""
    # a step of exactly nothing has no place on a log axis
    positive = {name: Line(line.x, np.where(line.y > 0, line.y, np.nan)) for name, line in ratios.items()}

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        low, high = USUAL_UPDATE
        axes.axhspan(low, high, color=GREEN, alpha=0.13, linewidth=0)
        axes.axhline(1e-3, color=GREEN, linewidth=0.9, linestyle=":")
        _lines(axes, positive)
        values = np.concatenate([_tame(line.y)[np.isfinite(line.y)] for line in positive.values()])
        # a schedule that ends at zero would stretch the axis without end
        ends = np.quantile(values, [0.03, 1]) if values.size else np.array(USUAL_UPDATE)
        axes.set_ylim(min(low, float(ends[0])) / 2, max(high, float(ends[1])) * 2)
        scale(axes, "y", log=True)
        _finish(axes, x_name)

    reading = (
        f"How much one step changes the weights. The green band, {LOW:.0e} to {HIGH:.0e}, is usual and 0.001 a good "
        "middle; beyond it the learning rate may be too high or too low, but for the first and last steps of a "
        "schedule."
    )
    return Chart("Update to weight ratio", draw(paint, 190), reading)


def _lines(axes: Axes, lines: Mapping[str, Line]) -> None:
    for (name, line), colour in zip(lines.items(), _CYCLE):
        axes.plot(*_thin(line), color=colour, label=name, linewidth=1.5, marker=_marker(line))
    if len(lines) > 1:
        legend(axes)


def _finish(axes: Axes, x_name: str, resumed: Sequence[float] = ()) -> None:
    for x in resumed:
        axes.axvline(x, color=MUTED, linewidth=1, linestyle=":")
    scale(axes, "x", log=False)
    axes.set_xlabel(x_name)


def _frame(axes: Axes, lines: Sequence[Line]) -> None:
    """Show the lines in full, on a log axis where they span too much; single batches may reach beyond."""
    values = np.concatenate([_tame(line.y) for line in lines])
    values = values[np.isfinite(values)]
    if not values.size:
        return scale(axes, "y", log=False)
    low, high = float(values.min()), float(values.max())
    wide = low > 0 and high > 30 * low
    if wide:
        axes.set_ylim(low / 1.5, high * 1.5)
    else:
        room = max(high - low, 1e-3 * abs(high), 1e-9)
        axes.set_ylim(0 if 0 <= low < 2 * room else low - 0.1 * room, high + 0.12 * room)
    return scale(axes, "y", log=wide)


def _cloud(axes: Axes, line: Line, colour: str) -> None:
    """Every value, faintly; where there are more than can be told apart, the band they fill."""
    if len(line.x) <= _MAX_POINTS:
        axes.plot(line.x, _tame(line.y), color=colour, linewidth=0.8, alpha=0.35)
        return
    parts = [part for part in np.array_split(np.arange(len(line.x)), _MAX_POINTS) if np.isfinite(line.y[part]).any()]
    middle = [float(line.x[part].mean()) for part in parts]
    low, high = ([float(end(_tame(line.y[part]))) for part in parts] for end in (np.nanmin, np.nanmax))
    axes.fill_between(middle, low, high, color=colour, alpha=0.18, linewidth=0)


def _thin(line: Line) -> tuple[Floats, Floats]:
    keep = np.unique(np.linspace(0, len(line.x) - 1, min(len(line.x), _MAX_POINTS)).astype(int))
    return line.x[keep], _tame(line.y[keep])


def _smooth(y: Floats) -> Floats:
    """Running mean over a twentieth of the run, of the finite values in reach."""
    window = np.ones(min(2 * (len(y) // 40) + 1, len(y)))
    finite = np.isfinite(y)
    total = np.convolve(np.where(finite, _tame(y), 0), window, "same")
    mean = np.full(len(y), np.nan)
    np.divide(total, np.convolve(finite, window, "same"), out=mean, where=finite)
    return mean


def _tame(y: Floats) -> Floats:
    """A diverging loss reaches 1e300; drawing takes differences, and they must not overflow."""
    return np.clip(y, -1e30, 1e30)


def _marker(line: Line) -> str:
    return "o" if len(line.x) == 1 else ""


def _resumption_note(resumed: Sequence[float]) -> str:
    return " Dotted: where the run was resumed." if len(resumed) else ""
