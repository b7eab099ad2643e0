"""What a circuit is made of: values, the gates that make them of others, and the wires gradients come back on."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from torch import Tensor

Kind = Literal["input", "parameter", "constant", "gate"]


@dataclass(eq=False, repr=False)
class Value:
    """What travels on a wire: an input, a parameter, a constant, or what a gate made.

    data: float64, or whole numbers and truths as they are. gradient: of the output with respect to it, of its own
    shape; None where no gradient can flow. wires: where it goes; more than one is a branch, whose gradients add up.
    """

    name: str
    data: Tensor
    kind: Kind
    gradient: Tensor | None = None
    wires: list["Wire"] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Wire:
    """From a value to a gate.

    gradient: what comes back on this wire alone, upstream times local. local: the gate's own gradient on this wire,
    where that is one number per element (a scalar, or a gate that works element by element), else None.
    """

    source: Value
    end: Tensor
    gradient: Tensor | None = None
    local: Tensor | None = None


@dataclass(eq=False, repr=False)
class Gate:
    """One operation. role: distributor, router, switcher or nothing; rule: what it does with the gradient it gets."""

    name: str
    symbol: str
    wires: list[Wire]
    output: Value
    role: str = ""
    rule: str = ""


@dataclass(eq=False, repr=False)
class Circuit:
    """A traced expression. notes: what deserves a remark, a sentence each."""

    inputs: list[Value]
    gates: list[Gate]
    output: Value
    notes: list[str] = field(default_factory=list)

    @property
    def value(self) -> Tensor:
        """What the expression came to, float64."""
        return self.output.data

    @property
    def gradients(self) -> dict[str, Tensor]:
        """Of each input and parameter, float64, of its shape; those without a gradient are left out."""
        return {v.name: v.gradient for v in self.inputs if v.kind != "constant" and v.gradient is not None}

    def text(self) -> str:
        """Values, gradients and gates as a table in plain letters."""
        from .text import table  # here, not above: it reads this file's classes

        return table(self)

    def svg(self) -> str:
        """The drawing, in a page's own colours (the CSS variables --ink, --blue, ...) where the page has them."""
        from .svg import THEMED, draw

        return draw(self, THEMED)

    def save(self, path: str | Path) -> Path:
        """Write the drawing (.svg) or the table (.txt). Raises ValueError for another ending."""
        from .svg import PLAIN, draw

        path = Path(path)
        if path.suffix not in (".svg", ".txt"):
            raise ValueError(f"a circuit is saved as .svg or .txt; got '{path.name}'")
        path.write_text(draw(self, PLAIN) if path.suffix == ".svg" else self.text() + "\n", encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return self.text()

    def _repr_svg_(self) -> str | None:
        """What a notebook shows; None, so that it shows the table, for a circuit too large to be drawn."""
        from .svg import MOST_GATES

        return self.svg() if len(self.gates) <= MOST_GATES else None
