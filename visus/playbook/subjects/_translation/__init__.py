"""The stages of `visus fit translation` that other subjects do not share."""
