"""Measure a finished detector on other pictures with marked objects; the use is counted."""

from pathlib import Path

from ..._session import Show
from .._evaluation import Evaluation, one_view


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    one_view(views, "a detector")
    raise NotImplementedError
