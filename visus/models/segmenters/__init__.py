"""Segmenters: the class of every pixel. One file each, `build(image, n_classes, **settings)`."""
