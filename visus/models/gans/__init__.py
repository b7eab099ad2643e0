"""Pictures that a critic cannot tell from real ones: `build(canvas, n_classes=0, ...)`, a generator and a critic."""
