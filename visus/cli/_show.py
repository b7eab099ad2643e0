"""How far a run is: a progress bar with the time left on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

COLOURS = {"pass": "green", "note": "cyan", "warning": "yellow", "blocker": "bold red"}
LOG_SECONDS = 30.0  # between two lines of progress where there is no terminal
STAGE_WIDTH, SEVERITY_WIDTH, LOG_WIDTH = 10, 7, 120


class Terminal:
    """Shows a session on the terminal, or as lines where there is none."""

    def __init__(self, console: Console | None = None, name_width: int = STAGE_WIDTH) -> None:
        self.name_width = name_width
        self.console = console or Console(width=None if sys.stdout.isatty() else LOG_WIDTH, highlight=False)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._stage = ""
        self._logged_at = 0.0

    def progress(self, stage: str, done: float, total: float, text: str = "") -> None:
        """`done` of `total` of a stage is done; `text` says what is under way."""
        if stage != self._stage:
            self.close()
            self._stage, self._logged_at = stage, time.monotonic()
        if self.console.is_terminal:
            self._draw(stage, done, total, text)
        elif time.monotonic() - self._logged_at >= LOG_SECONDS:
            self._logged_at = time.monotonic()
            self.console.print(Text(f" {stage:<{STAGE_WIDTH}} {done:,.0f} of {total:,.0f}  {text}", style="dim"))

    def verdict(self, stage: str, line: str, severity: str) -> None:
        """A stage ended: one line."""
        self.close()
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(width=self.name_width)
        row.add_column(ratio=1)
        row.add_column(width=SEVERITY_WIDTH)
        row.add_row(f" {stage}", Text(line), Text(severity, style=COLOURS[severity]))
        self.console.print(row)

    def say(self, text: str) -> None:
        self.close()
        self.console.print(Text(f" {text}"))

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._stage = ""

    def _draw(self, stage: str, done: float, total: float, text: str) -> None:
        if self._bar is None:
            columns = (
                TextColumn(f" {stage:<{STAGE_WIDTH}}"),
                BarColumn(bar_width=30),
                TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
                TimeRemainingColumn(compact=True),
                TextColumn("{task.description}", style="dim"),
            )
            self._bar = Progress(*columns, console=self.console, transient=True, refresh_per_second=5)
            self._bar.start()
            self._task = self._bar.add_task(text, total=total)
        self._bar.update(self._task, completed=done, total=total, description=text)


@contextmanager
def terminal(name_width: int = STAGE_WIDTH) -> Iterator[Terminal]:
    """A terminal show that leaves no bar behind, whatever happens. name_width: letters of the longest name shown."""
    show = Terminal(name_width=name_width)
    try:
        yield show
    finally:
        show.close()
