"""The stages of `visus fit text` that other subjects do not share."""
