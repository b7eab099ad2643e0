"""How far samples are from pictures, by features of a net trained here: of models that tell neither picture's chance.

These are not the Inception features of published figures, and compare with figures of the same pictures only.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from .....data.collection import TRAIN, VALIDATION
from .....data.drawings import Drawings
from .....metrics.frechet import frechet_of_moments, moments
from .....metrics.kernel_distance import kernel_distance
from .....metrics.sample_recall import sample_recall
from .....models.densities import pca_gaussian
from .....models.generative import Encoding, Generative, Likelihood
from .....recipes._feature_net import feature_net
from .....recipes.imitate import Pixels
from .....ship.kinds.generation import Painter
from ._tested import Rival, Tell, Tested

MEASURE = "FID"
MOST_FITTED, MOST_JUDGED = 10_000, 1_000  # as many samples as the task compares at an evaluation
MOST_TESTED, TIMES = 5_000, 3  # samples of a test, drawn so many times over
MOST_NEIGHBOURS = 2_000  # rows of each kind for precision and recall, whose work grows with the square
PIXELS = "pixels"  # a judge that needs no training
SURE = 2.0  # deviations of the samples' lot that are told beside a figure


class Judge(Protocol):
    def features(self, pictures: Tensor) -> Tensor: ...


def serves(network: nn.Module) -> bool:
    return isinstance(network, Generative) and not isinstance(network, Likelihood | Encoding)


def said(score: float) -> str:
    return f"FID {-score:.3f} by features of its own"


def blind(drawings: Drawings) -> float:
    """None: how far noise is depends on the features, and no generator is as far as that."""
    return float("-inf")


def simple(drawings: Drawings, settings: Mapping[str, Any], seed: int, tell: Tell) -> dict[str, float]:
    """Of draws of a Gaussian with the pictures' own mean and covariance."""
    tell(0.0, "a net that samples are judged by")
    judge = judge_of(drawings, settings)
    real = torch.cat(list(_real(judge, drawings, VALIDATION, MOST_JUDGED)))
    tell(0.7, "draws of a Gaussian")
    return {"pca_gaussian": -frechet_of_moments(moments(_gaussian(judge, drawings, MOST_JUDGED, seed)), moments(real))}


def test(
    painter: Painter, drawings: Drawings, part: str, rival: str, settings: Mapping[str, Any], seed: int, tell: Tell
) -> Tested:
    """The Frechet distance of samples to the pictures of a part, drawn several times over; and other distances."""
    tell(0.0, "a net that samples are judged by")
    judge = judge_of(drawings, settings)
    real = torch.cat(list(_real(judge, drawings, part, MOST_TESTED)))
    known, n = moments(real), len(real)
    drawn = []
    for time in range(TIMES):
        tell(0.2 + 0.6 * time / TIMES, "samples")
        drawn.append(_features(judge, drawings, painter.sample_levels(n, seed + time)))
    fids = np.array([frechet_of_moments(moments(rows), known) for rows in drawn])
    fid, reach = float(fids.mean()), SURE * float(fids.std(ddof=1)) / TIMES**0.5
    tell(0.8, "precision and recall")
    kid = kernel_distance(real, drawn[0], seed=seed)
    close = sample_recall(real[:MOST_NEIGHBOURS], drawn[0][:MOST_NEIGHBOURS])
    spread = {"KID spread": kid.spread} if kid.subset < n else {}  # all pictures every time: nothing spreads
    values = {"KID": kid.mean, **spread, "precision": close.precision, "recall": close.recall}
    real_ones = ""
    if len(drawings.rows(TRAIN)) > 1:
        beside = frechet_of_moments(moments(torch.cat(list(_real(judge, drawings, TRAIN, n)))), known)
        values["FID of training pictures"] = beside
        real_ones = f"; training pictures {beside:.3f}"
    words = (
        f"FID {fid:.3f} ({fid - reach:.3f} to {fid + reach:.3f} over {TIMES} draws{real_ones}), "
        f"KID {kid.mean:.4f}, precision {100 * close.precision:.0f} %, recall {100 * close.recall:.0f} %"
    )
    held = None
    if rival:
        theirs = frechet_of_moments(moments(_gaussian(judge, drawings, n, seed)), known)
        held = Rival(rival.replace("_", " "), theirs, theirs - fid - reach, theirs - fid + reach)
    how = getattr(judge, "how", "") or "pixels averaged to at most 8 x 8 stand for features, as no net was trained"
    return Tested(MEASURE, fid, fid - reach, fid + reach, n, words, held, values, f"{how[0].upper()}{how[1:]}.")


def judge_of(drawings: Drawings, settings: Mapping[str, Any]) -> Judge:
    """The features that a recipe's evaluations were made by; of pixels where there is nothing to train a net on."""
    if settings.get("judge") == PIXELS or not len(drawings.rows(TRAIN)):
        return Pixels()
    return feature_net(drawings, settings.get("seed", 0))


def _real(judge: Judge, drawings: Drawings, part: str, limit: int) -> Iterator[Tensor]:
    """Features of the pictures of a part."""
    for levels, _ in drawings.part(part, limit):
        yield judge.features(drawings.canvas.shown(levels)).cpu()


def _features(judge: Judge, drawings: Drawings, levels: Tensor) -> Tensor:
    return torch.cat([judge.features(drawings.canvas.shown(some)).cpu() for some in levels.split(500)])


def _gaussian(judge: Judge, drawings: Drawings, n: int, seed: int) -> Tensor:
    """Features of n draws of a Gaussian along the principal components of the training pictures."""
    density = pca_gaussian.build(drawings.canvas)
    density.fit((levels for levels, _ in drawings.part(TRAIN, MOST_FITTED)), seed)
    return _features(judge, drawings, density.sample(n, _dice(seed)))


def _dice(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
