"""Architectures, one per file, grouped by what they answer."""
