"""A strip below the pictures of an episode: step, action and return, and curves of what was expected and earned."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..runs.film import Frame

PAPER, INK, QUIET = (24, 26, 32), (235, 235, 235), (150, 155, 165)
COLOURS = ((90, 170, 255), (255, 176, 60))  # of the curves: told apart also by those who see no red or green
LETTER, SMALLEST, LARGEST = 28, 11, 20  # pixels of width for each pixel of a letter's height, and its bounds


@dataclass(frozen=True)
class Line:
    """A curve. values: one for each frame, (T,)."""

    name: str
    values: NDArray[np.floating]


@dataclass
class Strip:
    """words: of the action at each frame. returns: until then. lines: curves, drawn on one scale."""

    words: Sequence[str]
    returns: Sequence[float]
    lines: Sequence[Line] = ()
    _graph: tuple[int, Image.Image] | None = field(default=None, init=False, repr=False)

    def below(self, frame: Frame, step: int) -> Frame:
        """The frame of that step with the strip below it; as wide, and as high for every step."""
        width = frame.shape[1]
        size = max(SMALLEST, min(LARGEST, width // LETTER))
        letters, row, edge = ImageFont.load_default(size), round(1.6 * size), size // 2
        graph = 3 * row if self.lines else 0
        paper = Image.new("RGB", (width, row * (1 + bool(self.lines)) + graph), PAPER)
        pen = ImageDraw.Draw(paper)
        middle = row // 2
        pen.text((edge, middle), f"{step}  {self.words[step]}", INK, letters, "lm")
        pen.text((width - edge, middle), f"return {self.returns[step]:.5g}", INK, letters, "rm")
        for line, colour, place in zip(self.lines, COLOURS, ((edge, "lm"), (width - edge, "rm"))):
            at, anchor = place
            pen.text((at, row + middle), f"{line.name} {line.values[step]:.4g}", colour, letters, anchor)
        if self.lines:
            paper.paste(self._curves(width - 2 * edge, graph - edge), (edge, 2 * row))
            at = edge + _across(step, len(self.words), width - 2 * edge)
            pen.line([(at, 2 * row), (at, 2 * row + graph - edge)], QUIET)
        return np.concatenate([frame, np.asarray(paper)])

    def _curves(self, width: int, height: int) -> Image.Image:
        """All curves, drawn once."""
        if self._graph and self._graph[0] == width:
            return self._graph[1]
        drawn = Image.new("RGB", (width, height), PAPER)
        pen = ImageDraw.Draw(drawn)
        every = np.concatenate([line.values for line in self.lines])
        low, high = min(0.0, float(every.min())), max(0.0, float(every.max()))
        up = (height - 3) / ((high - low) or 1.0)
        zero = height - 2 + low * up
        pen.line([(0, zero), (width, zero)], (60, 64, 74))
        for line, colour in zip(self.lines, COLOURS):
            n = len(line.values)
            points = [(_across(i, n, width), height - 2 - (value - low) * up) for i, value in enumerate(line.values)]
            pen.line(points if n > 1 else [*points, *points], colour, 2)
        self._graph = width, drawn
        return drawn


def _across(step: int, n: int, width: int) -> float:
    return step * (width - 1) / max(n - 1, 1)
