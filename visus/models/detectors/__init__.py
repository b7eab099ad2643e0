"""Detectors: where the objects in a picture are, and what. One file each, `build(image, n_classes, **settings)`."""
