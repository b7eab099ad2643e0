"""Networks that score K classes: `build(image, n_classes, ...) -> nn.Module`, float images (B, C, H, W) -> scores (B, K)."""
