"""Worlds to act in, one per file; any Gymnasium environment is one, and so is a file of yours."""
