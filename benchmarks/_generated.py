"""What a model of pictures is measured by on a test part: nats, what simple densities reach, how its samples look."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from visus.data.collection import TEST, TRAIN, VALIDATION
from visus.data.drawings import Drawings
from visus.engine import catalogue
from visus.losses.cross_entropy import cross_entropy
from visus.metrics.accuracy import accuracy
from visus.metrics.frechet import frechet_of_moments, moments
from visus.metrics.intervals import bootstrap_mean
from visus.metrics.kernel_distance import kernel_distance
from visus.metrics.nearest_copies import nearest_copies
from visus.metrics.readings import CONFIDENT, readings
from visus.metrics.sample_recall import sample_recall
from visus.models import densities
from visus.models.densities import pca_gaussian
from visus.playbook.subjects._generation.aims.likelihood import log_likelihoods
from visus.recipes._feature_net import feature_net
from visus.ship.kinds.generation import Painter
from visus.ship.model import TrainedModel

FITTED = 20_000  # training pictures that a density is fitted to, and that copies are looked for among
COMPARED = 5_000  # of each kind for precision and recall, whose work grows with the square
COPIES = 2_000  # samples whose nearest training picture is looked for
DRAWS = 500  # importance-weighted draws of each test picture, where the likelihood is a bound
SEED = 0
SMALLEST = 1e-30  # probability whose logarithm is taken


@dataclass(frozen=True)
class Figure:
    """One cell of the table. said: with its interval or spread, in words. asked: '' where nothing was."""

    name: str
    value: float
    said: str
    asked: str = ""
    held: bool | None = None

    def facts(self) -> dict[str, Any]:
        return asdict(self)


def of_likelihood(painter: Painter, drawings: Drawings, draws: int = DRAWS) -> list[Figure]:
    """Mean nats of all test pictures, with a bootstrap interval of 95 %, and bits of each value."""
    k = 0 if painter.exact else draws
    nats = -log_likelihoods(painter, drawings, TEST, SEED, lambda *_: None, k)
    return _nats(nats, drawings, f", at most: a bound by {k} draws of each" if k else ", exactly")


def of_densities(drawings: Drawings) -> dict[str, list[Figure]]:
    """The same of every classic density, by its name."""
    found, dice = {}, torch.Generator().manual_seed(SEED)
    for name in catalogue.names(densities):
        density = catalogue.find(densities, name).build(drawings.canvas)
        density.fit((levels for levels, _ in drawings.part(TRAIN, FITTED)), SEED)
        nats = torch.cat([-density.log_likelihood(levels, dice=dice) for levels, _ in drawings.part(TEST)])
        found[name] = _nats(nats.double().numpy(), drawings, ", exactly" if density.exact else ", at most")
    return found


def of_samples(levels: Tensor, drawings: Drawings) -> list[Figure]:
    """How far samples, levels uint8 (N, C, H, W), are from test pictures, and whether they copy training pictures."""
    net, real = feature_net(drawings), _levels(drawings, TEST, len(levels))
    seen, drawn = (torch.cat(list(_features(net, drawings, one))) for one in (real, levels))
    fid, kid = frechet_of_moments(moments(drawn), moments(seen)), kernel_distance(seen, drawn)
    close = sample_recall(seen[:COMPARED], drawn[:COMPARED])
    rows = [drawings.canvas.brightness(one).flatten(1) for one in (levels[:COPIES], _levels(drawings, TRAIN, FITTED))]
    copies = nearest_copies(*rows, drawings.canvas.brightness(real).flatten(1))
    spread = f" +- {kid.spread:.4f} over subsets of {kid.subset:,}" if kid.subset < len(drawn) else ""
    n = f"{len(drawn):,} against {len(seen):,} test pictures"
    return [
        Figure("FID, own features", fid, f"{fid:.3f} ({n})"),
        Figure("KID, own features", kid.mean, f"{kid.mean:.4f}{spread}"),
        Figure("precision", close.precision, f"{close.precision:.3f}"),
        Figure("recall", close.recall, f"{close.recall:.3f}"),
        Figure(
            "copies of training pictures",
            copies.copied,
            f"{copies.copied:.2%} nearer than 99 % of test pictures are; z {copies.z:+.1f}",
            "z of at least -3",
            not copies.memorised,
        ),
    ]


def of_references(drawings: Drawings, n: int) -> dict[str, list[Figure]]:
    """What the figures of samples are of training pictures, and of draws of a Gaussian, by the name of each."""
    density = pca_gaussian.build(drawings.canvas)
    density.fit((levels for levels, _ in drawings.part(TRAIN, FITTED)), SEED)
    drawn = density.sample(n, torch.Generator().manual_seed(SEED))
    shown = {"training pictures": _levels(drawings, TRAIN, n), "pca_gaussian, drawn": drawn}
    return {name: of_samples(levels, drawings)[:-1] for name, levels in shown.items()}  # whether they copy is no matter


def of_reader(reader: TrainedModel, levels: Tensor, drawings: Drawings, asked: tuple[float, float]) -> list[Figure]:
    """What a classifier reads in samples. asked: share that is to be read, and by how much a class may be off.

    Its confidence is first made to mean what it says by one temperature, fitted to validation pictures (Guo et al.,
    2017, section 4.2): a classifier whose scores were held small is sure of nothing, however often it is right.
    """
    held, of_held = (torch.cat(parts) for parts in zip(*drawings.part(VALIDATION), strict=True))
    factor = sharpening(_told(reader, held, drawings), of_held)
    pictures, labels = (torch.cat(parts) for parts in zip(*drawings.part(TEST), strict=True))
    told, of_drawn = ((factor * _told(reader, one, drawings)).softmax(1) for one in (pictures, levels))
    right, sure, found = accuracy(told, labels), readings(told).confident, readings(of_drawn)
    counts = ", ".join(f"{name} {count:,}" for name, count in zip(drawings.classes, found.counts.tolist(), strict=True))
    beside = f"a classifier with {right:.2%} right on the test part, of whose pictures it so reads {sure:.1%}"
    return [
        Figure(
            f"read with at least {CONFIDENT:.0%} confidence",
            found.confident,
            f"{found.confident:.2%} of {len(levels):,} by {beside}",
            f"at least {asked[0]:.0%}",
            found.confident >= asked[0],
        ),
        Figure(
            "farthest class from an equal share",
            found.most_uneven,
            f"a factor of {found.most_uneven:.2f} ({counts})",
            f"at most {asked[1]:g}",
            found.most_uneven <= asked[1],
        ),
    ]


def sharpening(logarithms: Tensor, labels: Tensor) -> float:
    """The factor on log-probabilities (N, K), one over a temperature, at which labels (N,) are likeliest."""
    factors = torch.logspace(-1, 2, 121).tolist()
    return min(factors, key=lambda factor: float(cross_entropy(factor * logarithms, labels)))


def _nats(nats: np.ndarray[Any, np.dtype[np.float64]], drawings: Drawings, how: str) -> list[Figure]:
    low, high = bootstrap_mean(nats)
    mean, bits = float(nats.mean()), float(nats.mean()) / (drawings.canvas.values * float(np.log(2)))
    return [
        Figure("nats of a test picture", mean, f"{mean:.2f} ({low:.2f} to {high:.2f}) of {len(nats):,}{how}"),
        Figure("bits per dimension", bits, f"{bits:.4f}"),
    ]


def _levels(drawings: Drawings, part: str, n: int) -> Tensor:
    return torch.cat([levels for levels, _ in drawings.part(part, n)])


def _features(net: Any, drawings: Drawings, levels: Tensor) -> Iterator[Tensor]:
    for some in levels.split(500):
        yield net.features(drawings.canvas.shown(some))


def _told(reader: TrainedModel, levels: Tensor, drawings: Drawings) -> Tensor:
    """Log-probabilities (N, K) of the classes."""
    pictures = drawings.canvas.shown(levels).permute(0, 2, 3, 1).numpy()
    return torch.from_numpy(reader.probabilities(pictures)).clamp_min(SMALLEST).log()
