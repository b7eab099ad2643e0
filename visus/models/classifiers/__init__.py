"""Networks that score K classes: `build(image, n_classes, ...) -> nn.Module`.

`image` is (C, H, W); the module takes float images (B, C, H, W) and returns scores (B, K). Further arguments are the
architecture's own settings, typed and with defaults. A learner by memory offers `remember(images, labels)`, and its
file says `DESCENDS = False`; what takes any row of numbers (D, 1, 1), so features too, says `TAKES_ROWS = True`; what
needs pictures of a certain size says `SMALLEST`, the shorter side in pixels; what is taught by right and wrong, and so
cannot tell numbers, says `ONLY_CLASSES = True`. A file whose `build` is a partial of another file's is a preset: the
usual name of a member of that family.
"""
