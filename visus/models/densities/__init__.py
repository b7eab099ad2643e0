"""Classic densities, fitted at once: `build(canvas, n_classes=0, ...)`, what a network has to beat."""
