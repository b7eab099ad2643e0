"""Formats of marked objects, one per file: `recognises(path) -> bool`, `read(path) -> Annotations`, and, where it can
be written too, `write(annotations, folder) -> Written`.

What cannot be used is left out and counted in `Annotations.problems`; where no object is left, or nothing can be
understood, ValueError says in one sentence what came and what was expected. No pixel is decoded yet.
"""
