"""What turns an observation into features, one architecture per file; heads of `players/` stand on it."""
