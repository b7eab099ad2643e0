"""The stages of `visus fit captions` that other subjects do not share."""
