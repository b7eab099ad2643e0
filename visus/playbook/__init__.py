"""The gated sequence behind `visus fit`, one stage per file."""
