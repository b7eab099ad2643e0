"""The stages of `visus fit generation` that other subjects do not share."""
