"""A circuit as a drawing: inputs on the left, the output on the right, values above the wires, gradients below."""

from collections.abc import Mapping
from html import escape

from .graph import Circuit
from .layout import COLUMN_GAP, LINE, RADIUS, SMALL_LINE, Cell, Layout, place
from .text import written
from .wording import inline

PARTS = {  # of the drawing: a colour, and the page's name for it
    "ink": ("#1d2730", "ink"),
    "muted": ("#5a6673", "muted"),
    "wire": ("#8a949e", "muted"),
    "card": ("#fefefe", "card"),
    "value": ("#157a55", "green"),
    "gradient": ("#b3261e", "red"),
    "gate": ("#0a64a4", "blue"),
}
PLAIN = {part: colour for part, (colour, _) in PARTS.items()}
THEMED = {part: f"var(--{name}, {colour})" for part, (colour, name) in PARTS.items()}
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
SANS = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', 'DejaVu Sans', sans-serif"
MARGIN, LEGEND, NARROWEST = 12.0, 24.0, 330.0
MOST_GATES = 300  # more can be traced and listed, but not looked at


def draw(circuit: Circuit, colours: Mapping[str, str]) -> str:
    """SVG that stands on its own. colours: of each part, PLAIN for a file, THEMED for a page with its own.

    Raises ValueError for a circuit of more than MOST_GATES gates.
    """
    if len(circuit.gates) > MOST_GATES:
        raise ValueError(
            f"this circuit has {len(circuit.gates):,} gates and a drawing shows at most {MOST_GATES}; trace a smaller "
            "part, or read .text()"
        )
    layout = place(circuit)
    width, height = max(NARROWEST, layout.width + 2 * MARGIN), layout.height + 2 * MARGIN + LEGEND
    parts = [_rectangle(0, 0, width, height, colours["card"], radius=6)]
    parts += [_link(cell, after, layout, colours) for cell in layout.cells for after in cell.after]
    for cell in layout.cells:
        parts += _cell(cell, layout, colours)
    parts += _legend(height, colours)
    told = f"computational graph of {written(circuit.gates[-1]) if circuit.gates else circuit.output.name}"
    told += f" = {inline(circuit.value)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" style="width:{width:g}px;height:{height:g}px;max-width:none" role="img" '
        f'aria-label="{escape(told)}">{"".join(parts)}</svg>'
    )


def _cell(cell: Cell, layout: Layout, colours: Mapping[str, str]) -> list[str]:
    """The gate or name, its stretch of wire, and the numbers above and below it."""
    x, y = cell.x + MARGIN, cell.y + MARGIN
    right = x + layout.column_widths[cell.column]
    parts = []
    start = x
    if cell.gate:
        middle, half = x + cell.box / 2, _half(cell)
        start = middle + half
        parts.append(_gate(cell, middle, y, half, colours))
        parts += [
            _text(middle, y + RADIUS + 11 + i * SMALL_LINE, line, colours["muted"], 9, SANS)
            for i, line in enumerate(cell.caption)
        ]
    elif cell.value:
        weight = 600 if cell.value.kind == "input" else 400
        start = x + cell.box
        parts.append(_text(start - 5, y + 4, cell.value.name, colours["ink"], 12, MONO, "end", weight))
    is_end = cell.value is not None and not cell.after
    parts.append(_line(start, y, right, y, colours["wire"]))
    if is_end:
        parts.append(f'<path d="M {right:g} {y:g} l -7 -4 v 8 z" style="fill:{colours["wire"]}"/>')
    numbers = x + cell.box + 7
    for i, line in enumerate(reversed(cell.above)):
        parts.append(_text(numbers, y - 5 - i * LINE, line, colours["value"], 11, MONO, "start"))
    for i, line in enumerate(cell.below):
        parts.append(_text(numbers, y + 13 + i * LINE, line, colours["gradient"], 11, MONO, "start"))
    return parts


def _gate(cell: Cell, x: float, y: float, half: float, colours: Mapping[str, str]) -> str:
    assert cell.gate is not None
    said = f"{cell.gate.output.name} = {written(cell.gate)}" + (f". {cell.gate.rule}" if cell.gate.rule else "")
    shape = (
        f'<rect x="{x - half:g}" y="{y - RADIUS:g}" width="{2 * half:g}" height="{2 * RADIUS:g}" rx="{RADIUS:g}" '
        f'style="fill:{colours["card"]};stroke:{colours["gate"]};stroke-width:1.6"/>'
    )
    return f"<g><title>{escape(said)}</title>{shape}{_text(x, y + 4, cell.gate.symbol, colours['ink'], 12, MONO)}</g>"


def _half(cell: Cell) -> float:
    """Half the width of a gate's outline: a circle for a sign, longer for a word."""
    symbol = cell.gate.symbol if cell.gate else ""
    return max(RADIUS, (len(symbol) * 7.3 + 10) / 2)


def _link(cell: Cell, after: Cell, layout: Layout, colours: Mapping[str, str]) -> str:
    """The wire across the gap to the next column, and on to the edge of the gate there."""
    left = cell.x + MARGIN + layout.column_widths[cell.column]
    right, y0 = after.x + MARGIN, cell.y + MARGIN
    y1 = after.y + MARGIN + _port(cell, after)
    end = right
    if after.gate:
        dy, half = y1 - after.y - MARGIN, _half(after)
        end = right + after.box / 2 - half + (RADIUS - (RADIUS**2 - dy**2) ** 0.5)
    bend = COLUMN_GAP / 2
    dot = f'<circle cx="{left:g}" cy="{y0:g}" r="2.6" style="fill:{colours["wire"]}"/>' if len(cell.after) > 1 else ""
    path = f"M {left:g} {y0:g} C {left + bend:g} {y0:g} {right - bend:g} {y1:g} {right:g} {y1:g} H {end:g}"
    return f'{dot}<path d="{path}" style="fill:none;stroke:{colours["wire"]};stroke-width:1.3"/>'


def _port(cell: Cell, after: Cell) -> float:
    """How far above or below a gate's middle a wire ends: several do not run into one, the upper ends above."""
    if not after.gate or len(after.before) < 2:
        return 0.0
    place = sorted(after.before, key=lambda other: other.y).index(cell)
    return (place / (len(after.before) - 1) - 0.5) * min(RADIUS, 6.0 * (len(after.before) - 1))


def _legend(height: float, colours: Mapping[str, str]) -> list[str]:
    y = height - 11
    return [
        _text(MARGIN, y, "above a wire: value", colours["value"], 10, SANS, "start"),
        _text(MARGIN + 104, y, "below: gradient of the output", colours["gradient"], 10, SANS, "start"),
    ]


def _text(
    x: float, y: float, words: str, colour: str, size: float, font: str, anchor: str = "middle", weight: int = 400
) -> str:
    style = f"fill:{colour};font:{weight} {size:g}px {font};white-space:pre;text-anchor:{anchor}"
    return f'<text x="{x:.1f}" y="{y:.1f}" xml:space="preserve" style="{style}">{escape(words)}</text>'


def _line(x0: float, y0: float, x1: float, y1: float, colour: str) -> str:
    return f'<path d="M {x0:g} {y0:g} L {x1:g} {y1:g}" style="fill:none;stroke:{colour};stroke-width:1.3"/>'


def _rectangle(x: float, y: float, width: float, height: float, colour: str, radius: float) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" style="fill:{colour}"/>'
