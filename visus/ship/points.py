"""Points of a latent space as people type them: a seed, numbers with commas between, or a picture's file."""

import shlex
from pathlib import Path

import torch
from torch import Tensor

from .kinds.generation import Painter

NUMBERS = "z="  # may stand before numbers, so that a first minus is not taken for an option
SIGNS = {"+": 1.0, "-": -1.0}


def point(painter: Painter, word: str, label: str | None = None) -> Tensor:
    """A point (Z,) of the model's space.

    word: a file's path, of which the model finds the point; a whole number, the seed of a draw; or the Z numbers
    themselves, as "0.1,-1.2". label: the class that a picture's point is found with, where the model has classes.
    Raises ValueError for what is none of these, or has another length.
    """
    if Path(word).is_file():
        if painter.n_classes and label is None:
            raise ValueError(f"the model finds the point of a picture given its class; name that of {word} as label")
        return painter.encode([word], painter.labels(1, label))[0]
    if word.isdigit():
        return painter.points(1, int(word))[0]
    painter.points(1)  # a model without points says so before any number is counted
    try:
        numbers = [float(number) for number in word.removeprefix(NUMBERS).split(",")]
    except ValueError:
        raise ValueError(
            f"'{word}' is no point: give a seed (a whole number), {painter.latents} numbers with commas between, or a "
            "picture's file"
        ) from None
    if len(numbers) != painter.latents:
        raise ValueError(
            f"'{word}' has {len(numbers)} number{'s' * (len(numbers) != 1)}, and a point of the model has "
            f"{painter.latents}; give {painter.latents} with commas between"
        )
    return torch.tensor(numbers)


def terms(painter: Painter, text: str, label: str | None = None) -> list[tuple[float, Tensor]]:
    """Words and signs with blanks between, "3 5 9 - 1 2 4 + 7 8 6", as the terms of a sum: (sign, points (N, Z)).

    The points of one term are averaged. Raises ValueError for a sign that nothing follows.
    """
    found: list[tuple[float, list[Tensor]]] = [(1.0, [])]
    for word in shlex.split(text):
        if word in SIGNS and (found[-1][1] or len(found) == 1):
            found = [*(term for term in found if term[1]), (SIGNS[word], [])]
        else:
            found[-1][1].append(point(painter, word, label))
    if not found[-1][1]:
        raise ValueError(f"a sum of points ends with a point; got '{text}', expected as in '3 5 - 1 2 + 7 8'")
    return [(sign, torch.stack(points)) for sign, points in found]
