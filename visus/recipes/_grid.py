"""From a classifier's name to a grid of features: its architecture, its weights, and all pictures' features, kept.

What is kept is looked for by what the pictures show: a search, a second run or a part of the same pictures finds it in
memory or in the cache, as long as the classifier is the same.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from ..data.batches import Prepared
from ..data.named import cache
from ..data.preprocess import Standardise
from ..engine import catalogue
from ..models import classifiers, pretrained, published
from ..models.captioning import Captioning, Grid, last_grid
from . import _transfer

GIB = 2**30
N_CLASSES = 10  # of a fresh classifier, whose scores nobody looks at
AT_ONCE = 100  # pictures described at once
DESCRIBED = "grid"  # of the files in the cache


def built(name: str, image: tuple[int, int, int], frozen: bool) -> tuple[Standardise, Grid, dict[str, Any]]:
    """What stands before a captioner, with its weights, and the facts it can be rebuilt from.

    name: pretrained weights (visus-small, imagenet, imagenet:resnet50, a run, a .safetensors file) or, to be trained
    from the start, an architecture. Raises LookupError, ValueError.
    """
    fresh = name in catalogue.names(classifiers)
    if fresh and frozen:
        raise ValueError(
            f"backbone={name} is an architecture without weights; add freeze=no to train it with the captions, or name "
            "trained weights, for example visus-small"
        )
    source, _, asked = name.partition(":")
    if fresh:
        facts: dict[str, Any] = {"model": name, "settings": {}, "classes": N_CLASSES}
        weights, before = None, None
    elif source == pretrained.IMAGENET:
        model, settings, _, _ = _transfer.completed(source, asked or _transfer.GENERAL, {}, 0, "channel")
        facts = {"model": model, "settings": settings, "classes": published.CLASSES}
        weights, before = _transfer._of_imagenet(model, settings), None
    else:
        found = pretrained.find(name)
        if not found.model:
            raise ValueError(
                f"backbone={name} does not say which architecture its weights are of; name a run or model folder"
            )
        facts = {"model": found.model, "settings": dict(found.facts.get("settings", {})), "classes": len(found.classes)}
        weights, before = pretrained.tensors(found)
    network = _network(facts, image)
    if weights is not None:
        pretrained.transplant(network, weights, f"backbone={name}", "")
    layer, shape = last_grid(network, image)
    facts |= {"layer": layer, "features": list(shape), "image": list(image)}
    return _standardise(before), Grid(network, layer, frozen), facts


def rebuilt(facts: Mapping[str, Any]) -> tuple[Standardise, Grid]:
    """The same without weights, for saved ones to be loaded into."""
    return _standardise(None), Grid(_network(facts, tuple(facts["image"])), facts["layer"])


def _network(facts: Mapping[str, Any], image: Sequence[int]) -> nn.Module:
    network: Any = catalogue.find(classifiers, facts["model"]).build(
        tuple(image), facts["classes"], **facts["settings"]
    )
    if not isinstance(network, nn.Module) or hasattr(network, "remember"):
        raise ValueError(f"{facts['model']} learns by remembering and has no features; take a convolutional classifier")
    return network


def _standardise(before: Mapping[str, Tensor] | None) -> Standardise:
    """The pixels' mean and deviation that came with the weights, one a colour; else those of ImageNet."""
    mean, std = torch.tensor(published.MEAN), torch.tensor(published.STD)
    if before:
        mean, std = (before[name][0] for name in ("mean", "std"))
    return Standardise(mean.mean((1, 2)) if mean.ndim > 1 else mean, std.mean((1, 2)) if std.ndim > 1 else std)


# ---- features that are made once


@dataclass(frozen=True)
class Kept:
    """Features (N, D, h, w) of N pictures, by what these show."""

    of: str  # digest of the classifier, its weights and the pictures' frame
    place: Mapping[str, int]
    raw: Tensor


_LAST: list[Kept] = []


def kept(pictures: Prepared, model: Captioning, memory_gib: float) -> Tensor | None:
    """The classifier's features (N, D, h, w) of all N pictures, as they are; None where memory does not hold them."""
    shape = model.facts["features"]
    if len(pictures.collection) * int(np.prod(shape)) * 4 > memory_gib * GIB:
        return None
    of, keys = _digest(pictures, model), list(pictures.split.keys)
    if not (_LAST and _LAST[0].of == of and set(keys) <= _LAST[0].place.keys()):
        path = cache() / f"{DESCRIBED}-{_hash([of, *sorted(keys)])}.safetensors"
        _LAST[:] = [_read(path, of, keys) or _made(pictures, model, of, keys)]
        _write(path, _LAST[0])
    return _LAST[0].raw[[_LAST[0].place[key] for key in keys]]


def _made(pictures: Prepared, model: Captioning, of: str, keys: Sequence[str]) -> Kept:
    rows = np.arange(len(keys))
    where = next(model.buffers()).device
    with torch.no_grad():
        raw = torch.cat(
            [
                model.raw(pictures.images(rows[first : first + AT_ONCE]).to(where)).float().cpu()
                for first in range(0, len(rows), AT_ONCE)
            ]
        )
    return Kept(of, {key: row for row, key in enumerate(keys)}, raw)


def _read(path: Any, of: str, keys: Sequence[str]) -> Kept | None:
    """What was kept in the cache; None if it is not there or not whole."""
    try:
        raw = safetensors.torch.load_file(path)["raw"]
    except (OSError, SafetensorError, KeyError):
        return None
    place = {key: row for row, key in enumerate(sorted(set(keys)))}
    return Kept(of, place, raw) if len(raw) == len(place) else None


def _write(path: Any, found: Kept) -> None:
    """Keep what was found; a cache that cannot be written to costs time the next time, and nothing else."""
    if path.is_file():
        return
    order = [found.place[key] for key in sorted(found.place)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        safetensors.torch.save_file({"raw": found.raw[order].contiguous()}, unfinished)
        unfinished.replace(path)
    except OSError:
        return


def seen(scaled: Tensor) -> Callable[[NDArray[np.int64]], Tensor]:
    """Rows -> their features, for batches."""
    return lambda rows: scaled[torch.from_numpy(rows)]


def _digest(pictures: Prepared, model: Captioning) -> str:
    """Of everything that features depend on besides the pictures."""
    digest = hashlib.blake2b(repr((model.facts, pictures.frame)).encode(), digest_size=16)
    for part in (model.standardise, model.grid):
        for tensor in part.state_dict().values():
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _hash(words: Sequence[str]) -> str:
    return hashlib.blake2b("\n".join(words).encode(), digest_size=12).hexdigest()
