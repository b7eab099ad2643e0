"""Strategies that look for good settings, one per file: `search(run, space, rounds, ...) -> Search`.

Every strategy takes the same arguments. run: (settings, length, number of the round) -> Trial. space: what each setting
may be, a Span or Choices. rounds: how many trials of which length, from the strategy's own `rounds(trials, length)`.
seed: of the draws. known: trials of an interrupted search, in order; they are not run again. stop: asked before each
trial; True ends the search with what it has. run_many: several trials at once, in place of `run`. tell: called before
each round with its number, its plan and the search so far.
"""

from ._space import Choices, Round, Search, Settings, Space, Span, Trial, Value

__all__ = ["Choices", "Round", "Search", "Settings", "Space", "Span", "Trial", "Value"]
