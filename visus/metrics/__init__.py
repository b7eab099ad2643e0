"""How good is it? Pure functions from predictions and truth to numbers, one score per file."""
