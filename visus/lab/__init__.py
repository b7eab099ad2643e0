"""The laboratory: one textbook experiment per file, measured when you ask: `run(...) -> Exhibit`.

A file's first line is the question it answers. `run`'s typed signature is its settings, as a recipe's is, each with a
default that takes at most about half a minute on a laptop; `seed` is one of them where chance plays a part.
"""
