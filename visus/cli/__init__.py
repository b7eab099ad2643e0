"""The command line, one command per file: a module docstring, and a function `command`."""
