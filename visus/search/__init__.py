"""Strategies that look for good settings, one per file: `search(run, space, rounds, ...) -> Search`."""

from ._space import Round, Search, Span, Trial

__all__ = ["Round", "Search", "Span", "Trial"]
