"""Pure functions from tensors to a scalar, one family per file."""
