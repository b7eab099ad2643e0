"""Layers and starting weights that torch lacks, and short names for those it has: one idea a file."""
