"""Through a narrow middle and back: `build(canvas, n_classes=0, ...)`, an encoder and a decoder."""
