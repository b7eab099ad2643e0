"""Latents in numbers: how many say something of a picture, whether the decoder listens, and the scales of two terms."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ...engine.objective import Batch, Objective
from ...engine.task import Task
from . import generative
from .generative import Pictures
from .tensors import rounded

PICTURES = 256
ALIVE = 0.01  # nats that a latent says of a picture, below which it is as before any (Burda et al., 2016, section 4.1)
SHARPEST = 1e-6  # nearer to 0 or 1 a brightness has no logarithm


def figures(task: Task) -> dict[str, float]:
    """Of a task whose model finds where a picture lies in a space, and makes a picture of a point; {} of any other."""
    if not generative.are_drawings(task) or generative.offers(task, "encode", "decode") is None:
        return {}
    with generative.looked_at(task):
        batch = generative.batch_of(task, PICTURES)
        seen = generative.pictures(task, batch)
        posterior = getattr(generative.model_of(task), "posterior", None)
        if posterior is None:
            z: Tensor = generative.model_of(task).encode(seen.levels, seen.labels)
            return listening(task, seen, z)
        mean, log_variance = (half.float() for half in posterior(seen.levels, seen.labels))
        each = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(0)  # (Z,)
        found = {
            "latents": float(len(each)),
            "latents_alive": float((each > ALIVE).sum()),
            "latents_nats": rounded(float(each.sum())),
        }
        return found | listening(task, seen, mean) | scales(task, batch, float(each.sum()), mean)


def listening(task: Task, seen: Pictures, z: Tensor) -> dict[str, float]:
    """latents_heard: the squared error of pictures made of another picture's point, over that of their own."""
    if len(z) < 4:
        return {}
    truth = _brightness(task, seen)
    made = [generative.model_of(task).decode(at, seen.labels).float() for at in (z, z.roll(1, 0))]
    own, others = ((picture - truth).square().mean() for picture in made)
    return {"latents_heard": rounded(float(others / own.clamp_min(1e-12)))}


def scales(task: Task, batch: Batch, nats: float, z: Tensor) -> dict[str, float]:
    """What the loss's two terms are of what they should be: nats of a picture, summed over its values and latents.

    scale_kl: of the divergence, which is known, by the weight that the task declares. scale_reconstruction: of the
    likelihood, which is known for two levels; for more, of what an even guess has. values: numbers in a picture.
    """
    objective = next((o for o in task.objectives if isinstance(o, Objective)), None)
    weight = getattr(task, "weight_of_kl", None)
    if objective is None or weight is None:
        return {}
    terms = objective.loss(batch)
    if not {"reconstruction", "kl"} <= set(terms):
        return {}
    seen = generative.pictures(task, batch)
    found = {
        "values": float(seen.levels[0].numel()),
        "scale_levels": float(generative.model_of(task).canvas.levels),
        "scale_reconstruction": rounded(float(terms["reconstruction"]) / _reconstruction(task, seen, z)),
    }
    if float(weight) > 0 and nats > ALIVE:
        found["scale_kl"] = rounded(float(terms["kl"]) / (float(weight) * nats))
    return found


def _reconstruction(task: Task, seen: Pictures, z: Tensor) -> float:
    """Nats of a picture given its point: of black and white ones; of others what an even guess has."""
    levels = generative.model_of(task).canvas.levels
    truth = _brightness(task, seen)
    if levels > 2:
        return float(truth[0].numel() * torch.tensor(float(levels)).log())
    made: Tensor = generative.model_of(task).decode(z, seen.labels)
    chance = made.float().clamp(SHARPEST, 1 - SHARPEST)
    return float(F.binary_cross_entropy(chance, truth, reduction="none").flatten(1).sum(1).mean())


def _brightness(task: Task, seen: Pictures) -> Tensor:
    return seen.levels.float() / (generative.model_of(task).canvas.levels - 1)
