"""A map whose states are its cells."""

from dataclasses import dataclass

WALL, PIT, GOAL, START, FREE = "#", "P", "G", "S", "."


@dataclass(frozen=True)
class Layout:
    """A map of rows of letters, all of one length; state s is the cell (s // columns, s % columns).

    `#` is a wall, `G` a goal, `P` a pit, `S` where episodes begin, `.` a free cell; another letter means what the world
    says of it.
    """

    rows: tuple[str, ...]

    @property
    def cells(self) -> tuple[int, int]:
        """How many rows and columns."""
        return len(self.rows), len(self.rows[0])

    def cell(self, state: int) -> tuple[int, int]:
        return divmod(state, len(self.rows[0]))

    def letter(self, state: int) -> str:
        row, column = self.cell(state)
        return self.rows[row][column]
