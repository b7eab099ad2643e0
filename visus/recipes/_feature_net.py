"""The eyes that samples are compared with pictures by: a small net, trained once on the pictures a model learns from.

Not the Inception net of published FIDs, whose features are of photographs: what comes of these compares models of one
set of pictures with each other, on this project's own scale.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ..data.collection import TRAIN, VALIDATION
from ..data.drawings import Drawings
from ..data.named import cache
from ..data.preprocess import Standardise
from ..data.randomness import permutation
from ..engine import precision
from ..engine.loop import fit
from ..engine.optimizers import adam
from ..engine.schedules import one_cycle
from ..engine.seed import own_randomness
from ..engine.task import evaluating
from ..losses.cross_entropy import cross_entropy
from ..tasks.classify import Classify

FEATURES = 128  # numbers that a picture becomes
BATCH, STEPS, RATE = 128, 600, 3e-3  # a quarter of a minute on one core for pictures of 28 x 28
EPOCHS = 15  # at most: few pictures are learned by heart sooner
SIDE = 32  # pixels that larger pictures are brought to, about
SEEN, SEEN_VALUES, HELD_OUT = 20_000, 2**28, 2_000  # pictures at most, and their bytes
TURNS = 4  # quarters of a turn, told apart where there are no classes
AT_ONCE = 500
KEPT = "feature_net"
Batch = tuple[Tensor, ...]


class FeatureNet(nn.Module):
    """Pictures uint8 (B, 3, H, W) -> features float32 (B, D), and class probabilities (B, K).

    shrink: pixels along each side that are averaged into one first.
    classes: what it tells apart; none where it was taught to tell how far a picture is turned. accuracy: on held-out
    pictures. how: one sentence for whoever reads a figure made with it.
    """

    def __init__(self, n_classes: int, shrink: int = 1) -> None:
        super().__init__()
        self.see = nn.Sequential(
            Standardise([0.5] * 3, [0.5] * 3),
            nn.AvgPool2d(shrink),
            *_block(3, 32, 2),
            *_block(32, 64, 2),
            *_block(64, FEATURES, 1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.decide = nn.Linear(FEATURES, n_classes)
        self.classes: tuple[str, ...] = ()
        self.accuracy, self.how = float("nan"), ""

    def forward(self, pictures: Tensor) -> Tensor:
        scores: Tensor = self.decide(self.see(pictures))
        return scores

    def features(self, pictures: Tensor) -> Tensor:
        """Means over the picture of what the last layer sees, at least 0."""
        return self._seen(pictures, self.see)

    def probabilities(self, pictures: Tensor) -> Tensor:
        """Of each class; rows sum to 1. Raises ValueError where the pictures had no classes."""
        if not self.classes:
            raise ValueError("the pictures had no classes, so none can be read in samples; train on labelled pictures")
        return self._seen(pictures, self).softmax(1)

    def _seen(self, pictures: Tensor, by: nn.Module) -> Tensor:
        device = self.decide.weight.device
        with evaluating(self):
            return torch.cat([by(some.to(device)).float() for some in pictures.split(AT_ONCE)])


def feature_net(drawings: Drawings, seed: int = 0) -> FeatureNet:
    """The net of these pictures, as their canvas shows them: trained at the first call, then taken from the cache.

    Learns from training pictures and is judged on validation pictures; the test part is not looked at. Where there are
    classes it tells those apart, else turns by 0, 90, 180 and 270 degrees (Gidaris et al., 2018), of the central
    square. The same seed gives the same net on the same machine; nothing else that is random is disturbed.
    """
    examples = _Examples(drawings, seed)
    net = _fresh(examples, seed)
    path = cache() / f"{KEPT}-{examples.digest}.safetensors"
    if not _read(net, path):
        _teach(net, examples, seed)
        _write(net, path)
    net.classes = tuple(drawings.classes) if examples.telling else ()
    net.accuracy = examples.accuracy(net)
    net.how = _said(drawings, examples, net.accuracy)
    return net.eval()


class _Examples:
    """What the net learns from: a fixed choice of training pictures as levels, and what is to be told of each."""

    steps_per_epoch: int

    def __init__(self, drawings: Drawings, seed: int) -> None:
        self.drawings, self.canvas, self.seed = drawings, drawings.canvas, seed
        self.telling = len(drawings.classes) > 1
        self.n_classes = len(drawings.classes) if self.telling else TURNS
        most = max(1, min(SEEN, SEEN_VALUES // self.canvas.values))
        found = [torch.cat(parts) for parts in zip(*drawings.part(TRAIN, most), strict=True)]
        self.levels, self.labels = found
        self.batch = min(BATCH, len(self.levels))
        self.steps_per_epoch = len(self.levels) // self.batch
        self.steps = min(STEPS, EPOCHS * self.steps_per_epoch)

    def __deepcopy__(self, memo: dict[int, object]) -> "_Examples":
        return self

    @property
    def digest(self) -> str:
        """Of all that decides which net comes out."""
        facts = [FEATURES, BATCH, STEPS, EPOCHS, RATE, self.seed, self.canvas.facts(), self.n_classes]
        facts.append(str(precision.candidates("cpu")[-1]))
        digest = hashlib.blake2b(json.dumps(facts).encode(), digest_size=12)
        for tensor in (self.levels, self.labels):
            digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()

    def batches(self, start: int = 0) -> Iterator[Batch]:
        for step in count(start):
            epoch, place = divmod(step, self.steps_per_epoch)
            order = permutation(self.seed, epoch, len(self.levels))[place * self.batch : (place + 1) * self.batch]
            rows = torch.from_numpy(order)
            yield self.asked(self.levels[rows], self.labels[rows])

    def asked(self, levels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures uint8 (B, 3, H, W) as the canvas shows them, and what is to be told of each, int64 (B,)."""
        pictures = self.canvas.shown(levels)
        return (pictures, labels) if self.telling else _turned(pictures)

    def sources(self, step: int) -> list[str]:
        return []

    def part_steps(self, name: str) -> int:
        return -(-len(self.drawings.rows(name)) // AT_ONCE)

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        for levels, labels in self.drawings.part(name, limit):
            yield self.asked(levels, labels)

    def accuracy(self, net: FeatureNet) -> float:
        """The share of held-out pictures that are told rightly; of training pictures where none is held out."""
        part = VALIDATION if len(self.drawings.rows(VALIDATION)) else TRAIN
        with evaluating(net):
            right = [net(pictures).argmax(1) == labels for pictures, labels in self.part(part, HELD_OUT)]
        return float(torch.cat(right).double().mean())


def _block(before: int, after: int, stride: int) -> tuple[nn.Module, ...]:
    # bias off: the batch norm that follows would cancel it
    return nn.Conv2d(before, after, 3, stride, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()


def _fresh(examples: _Examples, seed: int) -> FeatureNet:
    with own_randomness(seed):
        return FeatureNet(examples.n_classes, max(1, round(min(examples.canvas.image[1:]) / SIDE)))


def _teach(net: FeatureNet, examples: _Examples, seed: int) -> None:
    schedule = one_cycle(examples.steps, examples.steps // 10)
    with own_randomness(seed):
        task = Classify(nn.Identity(), net, examples, cross_entropy, adam, lr=RATE, schedule=schedule)
        task.run_at(precision.candidates("cpu")[-1])
        fit(task, examples.steps)
    task.run_at(precision.FLOAT32)  # as a net from the cache is laid out


def _turned(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """The central squares of pictures (B, 3, H, W), each turned by some quarters, and by how many, (B,)."""
    side = min(pictures.shape[2:])
    top, left = ((length - side) // 2 for length in pictures.shape[2:])
    squares = pictures[:, :, top : top + side, left : left + side].clone()
    turns = torch.arange(len(squares)) % TURNS
    for turn in range(1, TURNS):
        squares[turns == turn] = squares[turns == turn].rot90(turn, (2, 3))
    return squares, turns


def _said(drawings: Drawings, examples: _Examples, accuracy: float) -> str:
    told = f"its {examples.n_classes} classes" if examples.telling else "how far a picture is turned"
    return (
        f"features of a small net trained here on {len(examples.levels):,} training pictures of {drawings.origin} to "
        f"tell {told} ({accuracy:.1%} right on held-out pictures); it is not the Inception net of published FIDs, so "
        "compare these figures with each other only"
    )


def _read(net: FeatureNet, path: Path) -> bool:
    """Whether a net kept earlier was there, whole, and is now in `net`."""
    try:
        net.load_state_dict(safetensors.torch.load_file(path))
    except (OSError, SafetensorError, RuntimeError):
        return False
    return True


def _write(net: FeatureNet, path: Path) -> None:
    """Keep it; a cache that cannot be written to costs time the next time, and nothing else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        safetensors.torch.save_file(
            {name: tensor.contiguous() for name, tensor in net.state_dict().items()}, unfinished
        )
        unfinished.replace(path)
    except OSError:
        return
