"""Adversarial examples, one attack per file: `attack(network, images, labels, epsilon, *, targets=None, ...)`.

network: pixels in [0, 1], float (B, C, H, W), -> scores (B, K); its normalisation is inside, as `_contract.UnitPixels`
makes of a shipped network. labels: int64 (B,), the classes to get away from. targets: int64 (B,), classes to get to
instead. What comes back is in [0, 1] and within `epsilon` of images in the file's `NORM`: linf, the largest change of a
value, or l2, the length of the change. Further arguments are the attack's own settings, typed and with defaults. A
network in training mode is attacked in evaluation mode; its mode, gradients, weights and statistics stay as they were.
"""
