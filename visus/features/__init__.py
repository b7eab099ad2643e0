"""Features made by hand, one per file: `build(image, ...) -> Feature`, which is fitted to pictures and describes them.

`image` is (C, H, W); further arguments are the feature's own settings, typed and with defaults.
"""
