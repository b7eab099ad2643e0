"""Formats of label maps, one per file: `recognises(path) -> bool` and `read(path) -> LabelMaps`.

What cannot be used is left out and counted in `LabelMaps.problems`; where nothing is left ValueError says in one
sentence what came and what was expected. Of the maps only a few are looked into.
"""
