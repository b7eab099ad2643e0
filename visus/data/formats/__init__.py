"""Importers, one per file: `recognises(path) -> bool` and `read(path) -> Collection`."""
