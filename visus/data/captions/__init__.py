"""Importers of pictures with sentences, one format per file.

Each has `recognises(path) -> bool` and `read(path) -> Captions` (see `_captions`), for a file or a folder. Nothing is
decoded yet. Entries that cannot be used are left out and counted in `Captions.problems`; where nothing is left
ValueError says in one sentence what was looked for and where.
"""
