"""Are samples copies of training pictures? How near the nearest one is, against how near it is to held-out pictures.

Held-out pictures were never learned from, so what they are to the training pictures is what honest samples are.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..geometry import neighbours

LEAST = 2
ODD = 0.01  # of the held-out pictures lie as near to a training picture as what is called a copy
SURE = -3.0  # deviations below chance at which samples as a whole are too near


@dataclass(frozen=True)
class Copies:
    """How near samples are to the pictures that were learned from.

    distances (N,), nearest (N,): of each sample to its nearest training picture, and which one that is. held_out (M,):
    the same distances of held-out pictures. z: standard deviations by which samples are farther than held-out pictures
    (Mann-Whitney); far below 0: copied. copied: share of samples nearer than all but ODD of the held-out pictures;
    an honest model has about ODD. within, held_out_within: share of samples, and of held-out pictures, nearer to a
    training picture than that one is to any other. repeated: share of samples that equal an earlier one exactly.
    """

    distances: Tensor
    nearest: Tensor
    held_out: Tensor
    z: float
    copied: float
    within: float
    held_out_within: float
    repeated: float

    @property
    def memorised(self) -> bool:
        """Whether samples as a whole are nearer to training pictures than chance allows."""
        return self.z < SURE


def nearest_copies(samples: Tensor, training: Tensor, held_out: Tensor) -> Copies:
    """Of rows (N, D), (T, D) and (M, D), pixels or features, by Euclidean distance.

    Raises ValueError for fewer than 2 rows, rows of different length or numbers that are not finite. Sources: Meehan
    et al., 2020, section 3.1 for z, with one cell; Alaa et al., 2022, section 3.3 for the share within.
    """
    for rows, name in ((samples, "samples"), (training, "training pictures"), (held_out, "held-out pictures")):
        if len(rows) < LEAST:
            raise ValueError(f"{len(rows)} {name} came, and at least {LEAST} are needed to compare distances")
    found = neighbours.index(training)
    (near, which), (held, held_which) = (_first(found.nearest(rows, 1)) for rows in (samples, held_out))
    asked, of_asked = torch.cat([which, held_which]).unique(return_inverse=True)
    own = _to_another(found, training, asked)[of_asked]
    return Copies(
        near,
        which,
        held,
        rank_z(near, held),
        float((near < held.quantile(ODD)).double().mean()),
        float((near < own[: len(near)]).double().mean()),
        float((held < own[len(near) :]).double().mean()),
        repeated(samples),
    )


def rank_z(a: Tensor, b: Tensor) -> float:
    """By how many standard deviations numbers a (N,) rank above numbers b (M,), if both were of one kind.

    Equal numbers share their rank. 0 where all are equal. Source: Mann and Whitney, 1947, with the correction for ties.
    """
    n, m = len(a), len(b)
    _, place, counts = torch.cat([a, b]).double().unique(return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    ranks = (last - (counts - 1) / 2)[place]  # the middle of the places that equal numbers take
    u = float(ranks[:n].sum()) - n * (n + 1) / 2
    ties = float((counts.double() ** 3 - counts).sum()) / ((n + m) * (n + m - 1))
    deviation = (n * m / 12 * (n + m + 1 - ties)) ** 0.5
    return (u - n * m / 2) / deviation if deviation else 0.0


def repeated(rows: Tensor) -> float:
    """The share of rows (N, D) that equal an earlier one exactly, in [0, 1)."""
    return 1 - len(rows.unique(dim=0)) / len(rows)


def _first(found: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return found[0][:, 0], found[1][:, 0]


def _to_another(found: neighbours.Index, training: Tensor, asked: Tensor) -> Tensor:
    """Of training rows (A,): the distance to the nearest other one, 0 for a picture that is there twice."""
    return found.nearest(training[asked], 2)[0][:, 1]
