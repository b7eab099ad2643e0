"""What a model of pictures makes, and what it makes of pictures: the evidence for the report.

Nothing here is learned from or chosen by: it is looked at.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from ..data.collection import TEST, TRAIN, VALIDATION
from ..data.drawings import Drawings
from ..metrics.nearest_copies import Copies, nearest_copies
from ..models.generative import Completing, Encoding, Latent, Likelihood
from ..report.sections.generation import FACTS, TENSORS
from ..runs.checkpoint import write_whole
from ..runs.reader import EVIDENCE
from ..ship.kinds.generation import Painter
from ..ship.opened import opened
from . import _generation_strangers
from ._session import Show, Silent

SHOWN = 36  # samples on the page, and pictures beside them
MANY = 1_000  # samples that are compared with training pictures, of what draws a picture at once
MOST_VALUES = 200_000  # values that are drawn one after the other, of what draws so: about a minute at worst
COMPARED = 40_000_000  # values of training pictures that samples are compared with: beyond, some are left out
LIKELY = 200  # pictures of each kind whose likelihood is told
DRAWS = 20  # of each for a bound: one of many draws would take long, and kinds compare all the same
WITH_NEIGHBOURS, NEIGHBOURS = 6, 4
BEGUN, WAYS_ON = 6, 5  # pictures of which the upper half is given, and how often each is gone on with
RESTORED, MAPPED = 12, 8
WAYS, STEPS, SIDE = 4, 8, 10  # ways through the space; pictures on a side of it


@dataclass(frozen=True)
class Looking:
    """What all that is looked at has in common. part: whose pictures are shown beside."""

    painter: Painter
    drawings: Drawings
    part: str
    seed: int
    show: Show

    def some(self, part: str, n: int) -> tuple[Tensor, Tensor | None]:
        """At most n pictures of a part, spread evenly, as levels, and their labels if the model takes them."""
        found = list(self.drawings.part(part, n))
        if not found:
            return torch.empty((0, *self.drawings.canvas.image), dtype=torch.uint8), None
        labels = torch.cat([of for _, of in found]) if self.painter.n_classes else None
        return torch.cat([levels for levels, _ in found]), labels

    def shown(self, levels: Tensor) -> Tensor:
        """Levels (B, C, H, W) -> pictures uint8 (B, H, W, 3)."""
        return self.drawings.canvas.shown(levels).permute(0, 2, 3, 1).contiguous()

    @property
    def dice(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)


Found = tuple[dict[str, Tensor], dict[str, Any]]  # tensors by name, and facts


def keep(
    folder: Path, painter: Painter | None, drawings: Drawings, part: str, show: Show | None = None, seed: int = 0
) -> None:
    """Draw, look, and write the evidence of a run. painter: None takes the one in the folder. part: to show beside."""
    looking = Looking(painter or opened(folder), drawings, part, seed, show or Silent())
    tensors, facts = _start(looking)
    for number, (doing, look) in enumerate(LOOKS.items()):
        looking.show.progress("test", 1 + number / len(LOOKS), 2, doing)
        with torch.no_grad():
            more, said = look(looking)
        tensors |= more
        facts |= said
    header = {"facts": json.dumps({"tells": "generation", FACTS: facts})}
    named = {f"{TENSORS}{name}": tensor.contiguous() for name, tensor in tensors.items()}
    write_whole(folder / EVIDENCE, safetensors.torch.save(named, header))


def _start(looking: Looking) -> Found:
    facts, canvas = looking.painter.facts, looking.drawings.canvas
    real, _ = looking.some(looking.part, SHOWN)
    said = {
        "family": facts["family"],
        "model": facts["model"],
        "part": looking.part,
        "canvas": str(canvas),
        "values": canvas.values,
        "classes": list(looking.painter.classes),
        "exact": bool(getattr(looking.painter.network, "exact", False)),
        "sizes": {part: len(looking.drawings.rows(part)) for part in (TRAIN, VALIDATION, TEST)},
    }
    return {"real": looking.shown(real)}, said


def _samples(looking: Looking) -> Found:
    """Samples, which training pictures are nearest to them, and whether that is nearer than honest."""
    painter, canvas = looking.painter, looking.drawings.canvas
    at_once = isinstance(painter.network, Latent)
    n = MANY if at_once else max(SHOWN, min(MANY, MOST_VALUES // canvas.values))

    def tell(done: int, of: int) -> None:
        looking.show.progress("test", 1 + done / of / len(LOOKS), 2, "samples")

    levels = painter.sample_levels(n, looking.seed, progress=tell)
    training, _ = looking.some(TRAIN, max(2, COMPARED // canvas.values))
    held_out, _ = looking.some(looking.part, n)
    copies = nearest_copies(*(_rows(looking, some) for some in (levels, training, held_out)))
    closest = copies.distances.argsort()[: WITH_NEIGHBOURS // 2]
    usual = torch.linspace(0, n - 1, WITH_NEIGHBOURS - len(closest)).long()
    chosen = torch.cat([closest, usual])
    near, distances = _neighbours(looking, levels[chosen], training)
    tensors = {
        "samples": looking.shown(levels[:SHOWN]),
        "neighbours": torch.cat([looking.shown(levels[chosen])[:, None], near], 1),
        "neighbours.distances": distances,
        "near.samples": copies.distances.float(),
        "near.held_out": copies.held_out.float(),
    }
    turns = painter.labels(n)
    named = [painter.classes[int(k)] for k in turns[:SHOWN]] if turns is not None else []
    return tensors, {"asked": named, "copies": _copies(copies, n, len(training))}


def _copies(copies: Copies, n: int, compared: int) -> dict[str, Any]:
    figures = {name: float(getattr(copies, name)) for name in ("z", "copied", "within", "held_out_within", "repeated")}
    return {**figures, "memorised": copies.memorised, "n": n, "training": compared, "held_out": len(copies.held_out)}


def _rows(looking: Looking, levels: Tensor) -> Tensor:
    """Brightness (N, D)."""
    return looking.drawings.canvas.brightness(levels).flatten(1)


def _neighbours(looking: Looking, levels: Tensor, training: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest training pictures uint8 (N, K, H, W, 3), the nearest first, and how far they are (N, K)."""
    from ..geometry import neighbours

    k = min(NEIGHBOURS, len(training))
    far, which = neighbours.nearest(_rows(looking, levels), _rows(looking, training), k)
    return looking.shown(training[which.flatten()]).unflatten(0, (len(levels), k)), far


def _likelihoods(looking: Looking) -> Found:
    """Nats of pictures of each part, and of pictures of other kinds."""
    painter = looking.painter
    if not isinstance(painter.network, Likelihood):
        return {}, {}
    of_bound: Mapping[str, Any] = {} if painter.exact else {"k": DRAWS}
    kinds = {
        part: looking.some(part, LIKELY) for part in (TRAIN, VALIDATION, TEST) if part != TEST or _is_test(looking)
    }
    levels, labels = kinds[looking.part]
    others = _generation_strangers.strangers(levels, looking.drawings, looking.seed)
    kinds |= {name: (changed, None if labels is None else labels[: len(changed)]) for name, changed in others.items()}
    kinds = {name: pair for name, pair in kinds.items() if len(pair[0])}
    nats = {}
    for name, (some, told) in kinds.items():
        nats[name] = torch.from_numpy(painter.log_likelihood(some, told, looking.seed, **of_bound)).float()
    said = {"kinds": list(nats), "own": [name for name in nats if name not in others], "draws": of_bound.get("k", 0)}
    tensors = {f"nats.{name}": values for name, values in nats.items()}
    tensors |= {f"kind.{name}": looking.shown(some[:1]) for name, (some, _) in kinds.items()}
    return tensors, said


def _is_test(looking: Looking) -> bool:
    return looking.part == TEST


def _surprise(looking: Looking) -> Found:
    """Where in pictures the surprise lies, nats of each pixel (N, H, W)."""
    surprises = getattr(looking.painter.network, "surprises", None)
    if surprises is None:
        return {}, {}
    levels, labels = looking.some(looking.part, MAPPED)
    found = surprises(levels, labels).float().sum(1)
    return {"surprise": found, "surprise.of": looking.shown(levels)}, {}


def _completions(looking: Looking) -> Found:
    """Upper halves of pictures gone on with: the picture, its half, and ways on, uint8 (N, 2 + ways, H, W, 3)."""
    painter, canvas = looking.painter, looking.drawings.canvas
    if not isinstance(painter.network, Completing) or canvas.height < 2:
        return {}, {}
    levels, labels = looking.some(looking.part, BEGUN)
    known = torch.zeros(canvas.height, canvas.width, dtype=torch.bool)
    known[: canvas.height // 2] = True
    started = levels.repeat_interleave(WAYS_ON, 0)
    told = None if labels is None else labels.repeat_interleave(WAYS_ON)
    drawn = painter.network.complete(started, known, looking.dice, labels=told)
    half = torch.where(known[..., None], looking.shown(levels), torch.tensor(128, dtype=torch.uint8))
    ways = looking.shown(drawn).unflatten(0, (len(levels), WAYS_ON))
    return {"completions": torch.cat([looking.shown(levels)[:, None], half[:, None], ways], 1)}, {}


def _restored(looking: Looking) -> Found:
    """Pictures and what comes back of them, uint8 (N, 2, H, W, 3); which latents are used, if that is known."""
    network: Any = looking.painter.network
    if not isinstance(looking.painter.network, Encoding):
        return {}, {}
    levels, labels = looking.some(looking.part, RESTORED)
    back = _brightness(network.decode(network.encode(levels, labels), labels))
    tensors = {"restored": torch.stack([looking.shown(levels), back], 1)}
    if hasattr(network, "posterior"):
        some, told = looking.some(looking.part, LIKELY)
        _, _, kl = network.log_weights(some, told, 1, looking.dice)
        tensors["kl"] = kl.float().mean(0).sort(descending=True).values
    return tensors, {}


def _ways(looking: Looking) -> Found:
    """Ways from one picture, or point, to another, uint8 (ways, steps, H, W, 3); and the space itself."""
    painter = looking.painter
    if not isinstance(painter.network, Latent):
        return {}, {}
    ends = looking.painter.points(2 * WAYS, looking.seed)
    if isinstance(painter.network, Encoding):
        levels, labels = looking.some(looking.part, 2 * WAYS)
        ends = painter.encode(levels, labels)
    pairs = list(zip(ends[0::2], ends[1::2], strict=False))
    ways = [torch.from_numpy(painter.interpolate(a, b, STEPS)) for a, b in pairs]
    square = torch.from_numpy(painter.manifold(SIDE, looking.seed))
    tensors = {"ways": torch.stack(ways), "manifold": square} if ways else {"manifold": square}
    return tensors, {"latents": painter.latents, "side": SIDE}


def _brightness(values: Tensor) -> Tensor:
    """Brightness (B, C, H, W) in [0, 1] -> pictures uint8 (B, H, W, 3)."""
    pictures = (values.float().clamp(0, 1) * 255).round().to(torch.uint8)
    return pictures.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous()


LOOKS = {
    "samples": _samples,
    "likelihoods of other pictures": _likelihoods,
    "where the surprise lies": _surprise,
    "pictures gone on with": _completions,
    "pictures brought back": _restored,
    "ways through the space": _ways,
}
