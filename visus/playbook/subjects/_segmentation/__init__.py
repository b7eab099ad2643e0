"""The stages of `visus fit segmentation` that other subjects do not share."""
