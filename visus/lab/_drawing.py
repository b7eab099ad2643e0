"""A circuit on an experiment's page."""

from ..circuit.graph import Circuit
from ..report.figures.chart import Chart

READING = "Green above a wire: its value. Red below: the gradient of the output, arriving from the right."


def drawn(circuit: Circuit, title: str, reading: str = READING) -> Chart:
    """The drawing at its own size, over the full width of the page; where that is too narrow, it can be scrolled."""
    return Chart(title, f'<div class="wide">{circuit.svg()}</div>', reading)
