"""Networks from pictures to pictures: every file has `build(...)`, a module float (B, 3, H, W) -> the same shape."""
