"""Samples in numbers: how varied they are, whether they are copies, and whether they follow the model's own chances."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ...engine.task import Task
from ...geometry.neighbours import nearest
from . import generative
from .generative import Pictures
from .tensors import rounded

SAMPLES = 64
HELD_OUT = 256  # new pictures, for how near to a training picture is usual
KEPT = 8_000_000  # numbers of training pictures that samples are compared with
NEAR = 0.25  # of what is usual for new pictures: much nearer is no coincidence
TWICE = 0.5  # of the distance to the second nearest: it is this picture, and not one of its kind
READ = 8_000_000  # chances read again: those of 256 levels at each value are many
CALM = 4.0  # deviations of chance, which samples hardly ever leave
TINY = 0.1  # of a draw that is all but certain nothing can be told
IMPOSSIBLE = -1e4  # nats: a draw that the model holds to be impossible
TEMPERATURES = torch.logspace(-2, 1, 61, base=10.0)  # by 12 %


def figures(task: Task) -> dict[str, float]:
    """Of a task whose model makes pictures; {} of any other, and where its sampler takes too long."""
    if not generative.are_drawings(task) or generative.offers(task, "sample") is None:
        return {}
    with generative.looked_at(task):
        real = generative.pictures(task, generative.batch_of(task, HELD_OUT))
        n = min(SAMPLES, len(real))
        labels = None if real.labels is None else real.labels[:n]
        drawn = Pictures(generative.samples(task, n, labels), labels)
        found = variety(drawn, Pictures(real.levels[:n], labels))
        if generative.offers(task, "log_probabilities") is not None:
            found |= followed(task, drawn)
        rows = max(1, KEPT // max(1, real.levels[0].numel()))
        if (learned := generative.part(task, "train", rows)) is not None:
            found |= copies(drawn.levels, learned.levels, real.levels)
        return found


def variety(drawn: Pictures, real: Pictures) -> dict[str, float]:
    """How far samples lie apart, as a share of what real pictures do: all of them, and from the nearest other one.

    Where classes are known, the distances are those within a class: ten pictures, one of each class, are no variety.
    """
    ours, theirs = _flat(drawn.levels), _flat(real.levels)
    if len(ours) < 4 or len(theirs) < 4:
        return {}
    spread = _spread(theirs, real.labels)
    apart = _nearest_other(theirs)
    if not spread or not apart:
        return {}  # the real ones are all alike
    return {
        "variety_spread": rounded(_spread(ours, drawn.labels) / spread),
        "variety_nearest": rounded(_nearest_other(ours) / apart),
        "variety_samples": float(len(ours)),
    }


def copies(drawn: Tensor, learned: Tensor, new: Tensor) -> dict[str, float]:
    """The share of samples that are a training picture, and that of new pictures, by the same measure.

    drawn, learned, new: levels (B, C, H, W), (N, C, H, W), (M, C, H, W). copied_z: how much nearer samples lie to what
    was learned than new pictures do, in deviations of chance (Meehan et al., 2020, in one cell).
    """
    if len(learned) < 4 or len(new) < 4:
        return {}
    known = _flat(learned)
    ours, usual = nearest(_flat(drawn), known, 2, how="torch")[0], nearest(_flat(new), known, 2, how="torch")[0]
    middle = float(usual[:, 0].median())
    if not middle:
        return {}  # most new pictures are among the training pictures: nothing can be told
    return {
        "copied": rounded(_copied(ours, middle)),
        "copied_usual": rounded(_copied(usual, middle)),
        "copied_z": rounded(_rank_z(ours[:, 0], usual[:, 0])),
    }


def followed(task: Task, drawn: Pictures) -> dict[str, float]:
    """Whether samples are as likely as the model itself expects of its draws.

    Given the values before it, a draw has the log-probability -H on average, and its deviations from that add up as
    independent ones do: what is left, over their deviation, is normal. No data are needed. sampler_z: that figure;
    where it is far from 0, sampler_temperature: at which the draws are likeliest, and sampler_left: see `_left`.
    """
    chances, at = _chances(task, drawn)
    z = _surprise(chances, at)
    found = {"sampler_z": rounded(z)}
    if abs(z) < CALM:
        return found
    told = [float(F.log_softmax(chances / t, 1).gather(1, at).sum(dtype=torch.float64)) for t in TEMPERATURES.tolist()]
    best = float(TEMPERATURES[max(range(len(told)), key=lambda i: told[i])])
    left = _left((chances / best).softmax(1), at)
    return found | {"sampler_temperature": rounded(best), "sampler_left": rounded(left)}


def _left(p: Tensor, at: Tensor) -> float:
    """What the draws miss of chances (B, L, C, H, W), as a share of what chance alone makes them miss: 1 if none.

    At each place a draw minus its expectation is set against a constant, the value to the left and the one above: none
    of these may tell anything of it. The likeliest temperature makes the surprise 0 whatever was wrong; not this.
    """
    scale = torch.arange(p.shape[1], dtype=p.dtype, device=p.device).view(1, -1, 1, 1, 1)
    expected = (p * scale).sum(1)  # (B, C, H, W)
    missed, variance = at.squeeze(1) - expected, (p * scale.square()).sum(1) - expected.square()
    value = at.squeeze(1).to(p.dtype)
    centred = value - value.mean(0)
    beside, above = torch.zeros_like(value), torch.zeros_like(value)
    beside[..., 1:], above[..., 1:, :] = centred[..., :-1], centred[..., :-1, :]
    told = by_chance = 0.0
    for feature in (torch.ones_like(value), beside, above):
        usual = (variance * feature.square()).sum(0).double()
        moved = usual > TINY
        told += float(((missed * feature).sum(0).double().square() / usual.clamp_min(TINY))[moved].sum())
        by_chance += float(moved.sum())
    return told / max(1.0, by_chance)


def _surprise(chances: Tensor, at: Tensor) -> float:
    """How much likelier the levels `at` (B, 1, ...) are than draws from (B, L, ...) are, in deviations of chance."""
    p = chances.exp()
    known = torch.where(p > 0, p * chances, 0.0)
    entropy = -known.sum(1, keepdim=True)
    surprise = (chances.gather(1, at).clamp_min(IMPOSSIBLE) + entropy).sum(dtype=torch.float64)
    variance = torch.where(p > 0, known * chances, 0.0).sum(1, keepdim=True) - entropy.square()
    return float(surprise / variance.clamp_min(0).sum(dtype=torch.float64).sqrt().clamp_min(1e-6))


def _chances(task: Task, drawn: Pictures) -> tuple[Tensor, Tensor]:
    """Log-probabilities (B, L, C, H, W) of a few samples, and their levels as indices (B, 1, C, H, W)."""
    numbers = drawn.levels[0].numel() * generative.model_of(task).canvas.levels
    n = max(1, min(len(drawn), READ // numbers))
    levels, labels = drawn.levels[:n], None if drawn.labels is None else drawn.labels[:n]
    chances: Tensor = generative.model_of(task).log_probabilities(levels, labels)
    return chances.float(), levels.long().unsqueeze(1)


def _flat(levels: Tensor) -> Tensor:
    return levels.float().flatten(1).cpu()


def _spread(rows: Tensor, labels: Tensor | None) -> float:
    """The mean squared distance from the middle; of the own class where that is known."""
    if labels is None:
        return float((rows - rows.mean(0)).square().sum(1).mean())
    kinds = [rows[labels.cpu() == label] for label in labels.unique().tolist()]
    several = [kind for kind in kinds if len(kind) > 1]
    squares = [(kind - kind.mean(0)).square().sum(1).sum() / (len(kind) - 1) for kind in several]
    return float(torch.stack(squares).mean()) if squares else float((rows - rows.mean(0)).square().sum(1).mean())


def _nearest_other(rows: Tensor) -> float:
    """The middle distance from a row to the nearest other one."""
    apart = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(torch.inf)
    return float(apart.amin(1).median())


def _copied(distances: Tensor, usual: float) -> float:
    """The share of rows that are one of the known: distances (B, 2) to the nearest two of them."""
    first, second = distances.unbind(1)
    return float(((first < NEAR * usual) | ((first < TWICE * second) & (first < usual))).float().mean())


def _rank_z(a: Tensor, b: Tensor) -> float:
    """How many deviations of chance the numbers a are below b by ranks, negative if so (Mann and Whitney, 1947)."""
    less = (a[:, None] < b).double() + 0.5 * (a[:, None] == b).double()
    n, m = len(a), len(b)
    return float(n * m / 2 - less.sum()) / math.sqrt(n * m * (n + m + 1) / 12)
