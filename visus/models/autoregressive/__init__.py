"""Likelihood value by value: `build(canvas, n_classes=0, ...)`, each value given those before it in raster order."""
