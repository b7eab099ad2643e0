"""Models of sequences: of text, of pairs of sentences; one per file."""
