"""A linear classifier: one template per class, scores = W x + b."""

from torch import nn

TAKES_ROWS = True  # a row of numbers will do: nothing is asked of its neighbours in a picture


def build(image: tuple[int, int, int], n_classes: int) -> nn.Module:
    """Float images (B, C, H, W) -> scores (B, K). Softmax or SVM is the loss's choice."""
    C, H, W = image
    templates = nn.Linear(C * H * W, n_classes)
    nn.init.normal_(templates.weight, std=0.001)  # a near-zero start: every class equally likely
    nn.init.zeros_(templates.bias)
    return nn.Sequential(nn.Flatten(), templates)
