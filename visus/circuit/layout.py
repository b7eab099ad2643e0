"""Where everything of a circuit's drawing stands: columns from left to right, so that no wire crosses a number.

Each value has a cell: its gate (or its name), then a stretch of wire that carries its numbers. A wire that passes a
column without stopping has an empty cell there, so it never runs through another's numbers; each wire of a branch has
a cell of its own for the gradient that comes back on it. Wires change rows only in the gaps between columns.

Source of the method: Sugiyama, Tagawa and Toda, 1981 (layers, dummy cells, ordering by the mean of the neighbours).
"""

from dataclasses import dataclass, field
from itertools import pairwise

from .graph import Circuit, Gate, Value, Wire
from .text import locals_of
from .wording import lines

LETTER, SMALL_LETTER = 6.7, 5.4  # width of a letter, in units of the drawing, at LINE and SMALL_LINE
LINE, SMALL_LINE = 14.0, 11.0
RADIUS = 14.0  # of a gate
COLUMN_GAP, ROW_GAP, STUB = 30.0, 12.0, 14.0
IN_ORDER = 8  # so many inputs stand in the first column, as in the textbook; more stand next to where they are used
SWEEPS = 8


@dataclass(eq=False, repr=False)
class Cell:
    """What stands in one column of one row. x: its left edge, y: of its wire. Sizes in units of the drawing."""

    column: int
    value: Value | None = None
    gate: Gate | None = None
    wire: Wire | None = None  # of a branch, whose share is shown
    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    caption: list[str] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    box: float = 0.0  # width of the gate or name
    before: list["Cell"] = field(default_factory=list)
    after: list["Cell"] = field(default_factory=list)

    @property
    def stub(self) -> float:
        """Width of the stretch of wire with the numbers."""
        longest = max((len(line) for line in [*self.above, *self.below]), default=0)
        return longest * LETTER + STUB if longest else 0.0

    @property
    def height_above(self) -> float:
        return max(RADIUS + 2 if self.box else 4.0, len(self.above) * LINE + 4)

    @property
    def height_below(self) -> float:
        under_gate = RADIUS + 3 + len(self.caption) * SMALL_LINE if self.box else 4.0
        return max(under_gate, len(self.below) * LINE + 4)


@dataclass
class Layout:
    """Cells, and how large the drawing is."""

    cells: list[Cell]
    column_widths: list[float]
    width: float
    height: float


def place(circuit: Circuit) -> Layout:
    """All cells of a circuit, placed."""
    cells = _cells(circuit)
    columns: list[list[Cell]] = [[] for _ in range(max(cell.column for cell in cells) + 1)]
    for cell in cells:
        columns[cell.column].append(cell)
    _order(columns)
    height = _rows(columns)
    widths, x = [], 0.0
    for column in columns:
        widths.append(max(cell.box + cell.stub for cell in column))
        box = max(cell.box for cell in column)
        for cell in column:
            cell.x = x
            # gates of a column stand below each other: their stubs, and so their numbers, begin at one place
            cell.box = box if cell.box else 0.0
        widths[-1] = max(cell.box + cell.stub for cell in column)
        x += widths[-1] + COLUMN_GAP
    return Layout(cells, widths, x - COLUMN_GAP, height)


def _cells(circuit: Circuit) -> list[Cell]:
    """A cell for each value and for each column that a wire passes, linked; first to last as a reader would go."""
    depths = _depths(circuit)
    of_value = {id(value): _cell(value, depths[id(value)]) for value in _shown(circuit)}
    cells: list[Cell] = []

    def visit(value: Value, gate: Gate | None) -> Cell:
        cell = of_value[id(value)]
        if cell in cells:
            return cell
        cell.gate = gate
        for wire in gate.wires if gate else []:
            source = visit(wire.source, makers.get(id(wire.source)))
            for column in range(source.column + 1, cell.column):
                passing = Cell(column, wire=wire)
                if column == of_value[id(wire.source)].column + 1 and _branches(wire.source):
                    passing.below = lines(wire.gradient) if wire.gradient is not None else []
                source = _link(source, passing)
                cells.append(passing)
            _link(source, cell)
        if gate:
            cell.caption = [text for text in (gate.role, _local_caption(gate)) if text]
            cell.box = max(
                2 * RADIUS, len(gate.symbol) * LETTER + 10, *(len(c) * SMALL_LETTER for c in cell.caption), 0
            )
        cells.append(cell)
        return cell

    makers = {id(gate.output): gate for gate in circuit.gates}
    visit(circuit.output, makers.get(id(circuit.output)))
    return cells


def _cell(value: Value, column: int) -> Cell:
    above = lines(value.data)
    below = lines(value.gradient) if value.gradient is not None else []
    return Cell(column, value, above=above, below=below, box=len(value.name) * (LETTER + 0.6) + 8)


def _local_caption(gate: Gate) -> str:
    found = locals_of(gate)
    return f"local {found}" if found and len(found) < 24 else ""


def _branches(value: Value) -> bool:
    return len(value.wires) > 1


def _shown(circuit: Circuit) -> list[Value]:
    """Every value that leads to the output, and the output."""
    found = {id(wire.source): wire.source for gate in circuit.gates for wire in gate.wires}
    return list((found | {id(circuit.output): circuit.output}).values())


def _depths(circuit: Circuit) -> dict[int, int]:
    """The column of each value: a gate stands behind all its inputs, with a column between where a value branches."""
    depths = {id(value): 0 for value in _shown(circuit)}
    for gate in circuit.gates:
        depths[id(gate.output)] = max((depths[id(w.source)] + 1 + _branches(w.source) for w in gate.wires), default=0)
    leaves = [v for v in _shown(circuit) if v.kind != "gate"]
    if len(leaves) > IN_ORDER:
        used_at = {
            id(leaf): [depths[id(g.output)] for g in circuit.gates for w in g.wires if w.source is leaf]
            for leaf in leaves
        }
        for leaf in leaves:
            depths[id(leaf)] = max(0, min(used_at[id(leaf)], default=1) - 1 - _branches(leaf))
    return depths


def _link(source: Cell, target: Cell) -> Cell:
    source.after.append(target)
    target.before.append(source)
    return target


def _order(columns: list[list[Cell]]) -> None:
    """Order each column by the mean place of its neighbours, to and fro; the order with the fewest crossings stays."""
    best, fewest = [list(column) for column in columns], _crossings(columns)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        forward = sweep % 2 == 0
        for column in columns[1:] if forward else columns[-2::-1]:
            places = {id(cell): i for other in columns for i, cell in enumerate(other)}
            own: dict[int, float] = {id(cell): places[id(cell)] for cell in column}
            for cell in column:
                near = cell.before if forward else cell.after
                own[id(cell)] = sum(places[id(n)] for n in near) / len(near) if near else own[id(cell)]
            column.sort(key=lambda cell: own[id(cell)])
        if _crossings(columns) < fewest:
            best, fewest = [list(column) for column in columns], _crossings(columns)
    for column, order in zip(columns, best, strict=True):
        column[:] = order


def _crossings(columns: list[list[Cell]]) -> int:
    places = {id(cell): i for column in columns for i, cell in enumerate(column)}
    total = 0
    for column in columns:
        pairs = [(places[id(cell)], places[id(after)]) for cell in column for after in cell.after]
        total += sum((a < c and b > d) or (a > c and b < d) for i, (a, b) in enumerate(pairs) for c, d in pairs[:i])
    return total


def _rows(columns: list[list[Cell]]) -> float:
    """Give every cell its y: near the mean of its neighbours, in order, and clear of the next. Returns the height."""
    for column in columns:
        _settle(column, [0.0] * len(column))
    for sweep in range(2 * SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = []
            for cell in column:
                near = [*cell.before, *cell.after]
                wanted.append(sum(n.y for n in near) / len(near) if near else cell.y)
            _settle(column, wanted)
    cells = [cell for column in columns for cell in column]
    top = min(cell.y - cell.height_above for cell in cells)
    for cell in cells:
        cell.y -= top
    return max(cell.y + cell.height_below for cell in cells)


def _settle(column: list[Cell], wanted: list[float]) -> None:
    """The places nearest to the wanted ones that keep order and distance (pool adjacent violators)."""
    offsets = [0.0]
    for upper, lower in pairwise(column):
        offsets.append(offsets[-1] + upper.height_below + ROW_GAP + lower.height_above)
    pools: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        pools.append([want - offset, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, n = pools.pop()
            pools[-1] = [(pools[-1][0] * pools[-1][1] + mean * n) / (pools[-1][1] + n), pools[-1][1] + n]
    free = [mean for mean, n in pools for _ in range(int(n))]
    for cell, y, offset in zip(column, free, offsets, strict=True):
        cell.y = y + offset
