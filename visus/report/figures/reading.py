"""One line over an axis of counts: what a technique read off a language model."""

from matplotlib.figure import Figure

from .canvas import BLUE, draw, scale
from .chart import Floats


def curve(x: Floats, y: Floats, x_name: str, y_name: str) -> str:
    """The drawing of y (n,) over x (n,) > 0, on a logarithmic axis where x spans more than 30 times its start."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(x, y, color=BLUE)
        scale(axes, "x", log=bool(x[-1] > 30 * x[0] > 0))
        scale(axes, "y", log=False)
        axes.set(xlabel=x_name, ylabel=y_name)

    return draw(paint, 230)
