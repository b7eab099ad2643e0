"""Measure a finished model of pictures on other pictures; the use is counted."""

from pathlib import Path

from ..._session import Show
from .._evaluation import Evaluation


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    raise ValueError("not yet")
