"""t-SNE: a map of pictures that keeps each beside those with the most similar features.

t-SNE places pictures so that who is near whom among the features is near on the map. Only neighbourhoods mean
something: the size of a group and the distance between two far groups do not.

Source: van der Maaten and Hinton, 2008, as openTSNE computes it (Policar et al., 2019).
"""

import warnings

import torch
from torch import Tensor, nn

from ._contract import Sheet
from ._embedding import embed, few, sheets_of

LEAST = 10  # pictures
EXACT_BELOW = (
    5000  # rows whose forces are summed over a tree; more are interpolated on a grid, which has a start-up cost
)


def sheets(
    network: nn.Module,
    pictures: Tensor,
    labels: Tensor | None = None,
    layer: str = "",
    *,
    perplexity: float = 30.0,
    seed: int = 0,
) -> list[Sheet]:
    """Maps of pictures uint8 (N, 3, H, W), 2000 at most; labels (N,), -1 where unknown.

    layer: a dotted name; nothing takes what the head is given. perplexity: about how many neighbours count, at most a
    third of the pictures. Raises ValueError for fewer than 10 pictures or a perplexity below 1, LookupError for a layer
    that is not there, RuntimeError without openTSNE.
    """
    pictures, labels = few(pictures, labels, LEAST)
    rows = embed(network, pictures, layer)
    used = min(perplexity, (len(rows) - 1) / 3)
    points = place(rows, used, seed)
    reading = f"t-SNE of {rows.shape[1]} features with perplexity {used:.3g}: only who is beside whom means something."
    return sheets_of("t-SNE", points, rows, pictures, labels, reading)


def place(rows: Tensor, perplexity: float = 30.0, seed: int = 0) -> Tensor:
    """Rows (N, D) -> places on a map (N, 2), the same for the same seed.

    Raises ValueError for a perplexity below 1, RuntimeError without openTSNE.
    """
    if perplexity < 1:
        raise ValueError(f"perplexity is a number of neighbours, at least 1; got {perplexity}")
    try:
        from openTSNE import TSNE
    except ImportError as error:
        raise RuntimeError(
            "t-SNE needs openTSNE: pip install 'visus[embed]', or take pca, which needs nothing"
        ) from error
    gradient = "bh" if len(rows) < EXACT_BELOW else "fft"
    tsne = TSNE(
        perplexity=perplexity, random_state=seed, n_jobs=torch.get_num_threads(), negative_gradient_method=gradient
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies, about their own next versions
        return torch.from_numpy(tsne.fit(rows.double().numpy()).copy()).float()
