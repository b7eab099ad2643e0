"""The stages of `visus fit detection` that other subjects do not share."""
