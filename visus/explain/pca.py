"""PCA: a map of pictures along the two directions in which their features differ most.

A straight projection: distances on the map are never larger than among the features, but two groups may lie on top of
each other that a third direction would keep apart. `tsne` bends the map to avoid that.
"""

from torch import Tensor, nn

from ..features.pca import principal, project
from ._contract import Sheet
from ._embedding import embed, few, sheets_of


def sheets(network: nn.Module, pictures: Tensor, labels: Tensor | None = None, layer: str = "") -> list[Sheet]:
    """Maps of pictures uint8 (N, 3, H, W), 2000 at most; labels (N,), -1 where unknown.

    layer: a dotted name; nothing takes what the head is given. Raises ValueError for fewer than 3 pictures, LookupError
    for a layer that is not there.
    """
    pictures, labels = few(pictures, labels, 3)
    rows = embed(network, pictures, layer)
    every = principal(rows.double())
    share = every.variances[:2].sum() / every.variances.sum().clamp_min(1e-300)
    points = project(rows.double(), every)[:, :2].float()
    reading = (
        f"The two largest principal components hold {float(share):.0%} of the variance of {rows.shape[1]} features."
    )
    return sheets_of("Principal components", points, rows, pictures, labels, reading)
