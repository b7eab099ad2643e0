"""Choosing tokens one after another: one way per file, each a function `decode` with the same contract."""
