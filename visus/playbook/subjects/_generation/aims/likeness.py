"""How near what comes back is to what went in: of autoencoders that know no probability, by the squared error."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .....data.collection import TRAIN, VALIDATION
from .....data.drawings import Drawings
from .....metrics.intervals import bootstrap_mean
from .....models.generative import Encoding, Likelihood
from .....ship.kinds.generation import Painter
from ._tested import Floats, Tell, Tested, lead

MEASURE = "squared error"
PCA = "principal components"
MOST_FITTED, MOST_JUDGED = 10_000, 2_000


def serves(network: nn.Module) -> bool:
    return isinstance(network, Encoding) and not isinstance(network, Likelihood)


def said(score: float) -> str:
    return f"squared error {-score:.4g} per value"


def blind(drawings: Drawings) -> float:
    """Of the mean training picture, whatever went in."""
    return -float(_errors(drawings, VALIDATION, *_principal(drawings, 0), MOST_JUDGED).mean())


def simple(drawings: Drawings, settings: Mapping[str, Any], seed: int, tell: Tell) -> dict[str, float]:
    """Of the mean picture, and of as many principal components as the network has latents."""
    tell(0.0, PCA)
    mean, directions = _principal(drawings, settings["latents"])
    judged = {"mean_picture": directions[:, :0], "principal_components": directions}
    return {name: -float(_errors(drawings, VALIDATION, mean, of, MOST_JUDGED).mean()) for name, of in judged.items()}


def test(
    painter: Painter, drawings: Drawings, part: str, rival: str, settings: Mapping[str, Any], seed: int, tell: Tell
) -> Tested:
    """Mean squared error per value of brightness of the pictures of a part. rival: as `simple` names it."""
    tell(0.0, "pictures through the model and back")
    errors = _restored(painter, drawings, part)
    low, high = bootstrap_mean(errors)
    words = f"squared error {errors.mean():.4g} per value of brightness (95 % CI {low:.4g} to {high:.4g})"
    held = None
    if rival:
        n = painter.latents if rival == "principal_components" else 0
        name = f"{n} {PCA}" if n else "mean picture"
        held = lead(name, _errors(drawings, part, *_principal(drawings, n)), errors)
    return Tested(MEASURE, float(errors.mean()), low, high, len(errors), words, held, each=errors)


@torch.no_grad()
def _restored(painter: Painter, drawings: Drawings, part: str) -> Floats:
    """Mean squared error of each picture of a part, (N,)."""
    found = [np.empty(0)]
    for levels, labels in drawings.part(part):
        told = labels if painter.n_classes else None
        network: Any = painter.network
        found.append(_squares(network.decode(network.encode(levels, told), told), drawings.canvas.brightness(levels)))
    return np.concatenate(found)


def _principal(drawings: Drawings, n: int) -> tuple[Tensor, Tensor]:
    """Mean (D,) and leading directions (D, n) of training pictures as brightness."""
    rows = torch.cat([drawings.canvas.brightness(levels).flatten(1) for levels, _ in drawings.part(TRAIN, MOST_FITTED)])
    mean = rows.mean(0)
    centred = (rows - mean).double()
    _, directions = torch.linalg.eigh(centred.T @ centred)
    return mean, directions[:, len(mean) - min(n, len(mean)) :].float()


def _errors(drawings: Drawings, part: str, mean: Tensor, directions: Tensor, limit: int | None = None) -> Floats:
    """Mean squared error of each picture of a part, (N,), by its projection on the directions (D, n)."""
    found = [np.empty(0)]
    for levels, _ in drawings.part(part, limit):
        rows = drawings.canvas.brightness(levels).flatten(1)
        found.append(_squares(mean + (rows - mean) @ directions @ directions.T, rows))
    return np.concatenate(found)


def _squares(found: Tensor, whole: Tensor) -> Floats:
    values: Floats = (found - whole).flatten(1).double().square().mean(1).numpy()
    return values
