"""Losses of numbers: how far predictions are from what was measured.

Where the numbers can be cut into a few bins, classify the bins instead: a softmax is easier to train than a value to
hit exactly, says how sure it is, and does not let one outlier rule. `visus lab bins` shows it.
"""

from torch import Tensor
from torch.nn import functional as F


def l2_regression(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean over examples of ||f - y||**2, in squared units of the truth: best where errors are Gaussian.

    predicted, truth: (B, A), or (B,) for one number each. Returns a scalar in [0, inf). Its gradient grows with the
    error, so that a few outliers outweigh all others. Raises ValueError if the shapes differ.
    """
    said, true = _rows(predicted, truth)
    return said.shape[1] * F.mse_loss(said, true)


def l1_regression(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean over examples of sum |f - y|, in units of the truth: an outlier pulls no harder than any other example.

    predicted, truth: (B, A), or (B,) for one number each. Returns a scalar in [0, inf). Raises ValueError if the shapes
    differ.
    """
    said, true = _rows(predicted, truth)
    return said.shape[1] * F.l1_loss(said, true)


def half_squared_error(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean over examples of E = 1/2 sum e**2, the form of the delta rule: dE/df is the error e = f - y itself.

    predicted, truth: (B, A), or (B,) for one number each. With A = 1 it is the 1/(2m) sum (h - y)**2 of linear
    regression. Returns a scalar in [0, inf). Raises ValueError if the shapes differ.
    Source: Rumelhart, Hinton and Williams, 1986.
    """
    return 0.5 * l2_regression(predicted, truth)


def _rows(predicted: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Both as (B, A). A (B,) against a (B, 1) would broadcast to every prediction against every truth."""
    if predicted.shape != truth.shape or predicted.ndim not in (1, 2):
        raise ValueError(
            f"predictions are {tuple(predicted.shape)} and the truth {tuple(truth.shape)}; give both as (B, A) or (B,)"
        )
    return predicted.reshape(len(predicted), -1), truth.reshape(len(truth), -1)
