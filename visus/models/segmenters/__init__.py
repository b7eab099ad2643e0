"""Segmenters: the class of every pixel. One file each, `build(image, n_classes, **settings) -> nn.Module`.

`image` is (C, H, W); the module takes standardised float images (B, C, H, W), also of other sizes, and returns scores
(B, K, H, W). Further arguments are the architecture's own settings, typed and with defaults. One that stands on a
classifier's maps is handed them as `backbone`, a `models.backbone.Backbone`; with a default it can do without.
"""
