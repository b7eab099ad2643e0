"""A model that makes pictures, on disk, and what it is for: to draw, to go on with a picture, to say how likely one is.

What comes back as pictures is uint8 (N, H, W, 3), grey ones with three equal channels. What is random is a function of
the seed and of how many pictures are asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...data.canvas import Canvas, said
from ...data.decode import Frame, read, read_array
from ...engine import catalogue
from ...geometry import latent as ways
from ...models.generative import (
    Completing,
    Encoding,
    Generative,
    Latent,
    Likelihood,
    Progress,
    check_count,
    check_latent,
    check_temperature,
)
from ...recipes import _drawing as recipe
from .. import model as ship
from .._begun import begun
from ._drawn import card

__all__ = ["COMMAND", "Painter", "card", "load", "save"]

COMMAND = "visus sample"
AT_ONCE = 256  # pictures drawn or looked at together
SPREAD_OF = 10_000  # points drawn to know how far a space reaches
CANNOT: Mapping[type, str] = {  # what a model that does not meet a protocol is told by
    Generative: "makes no pictures of its own, it rebuilds what it is given, as `visus latent RUN picture.png` shows",
    Completing: "draws all pixels at once and cannot go on with a picture; what draws one by one can, as a PixelCNN",
    Likelihood: "cannot say how likely a picture is: it only draws; a PixelCNN or a variational autoencoder can",
    Latent: "draws pixel by pixel and has no points to draw from; an autoencoder or a GAN has",
    Encoding: "finds no point for a picture, as only an autoencoder does; give seeds or the numbers of a point",
}

Images = NDArray[np.uint8]
Label = str | Sequence[str] | None


class Painter:
    """A model of pictures ready to be used.

    canvas: what it draws on. classes: names that can be asked for; none for a model without labels. family: the folder
    of `models` that it comes from. latents: numbers of a point it draws from; 0: it has no such points.
    """

    def __init__(self, network: nn.Module, facts: Mapping[str, Any]) -> None:
        self.network, self.facts = network.eval(), dict(facts)
        self.canvas = Canvas.from_facts(facts["canvas"])
        self.classes: list[str] = list(facts["classes"])
        self.n_classes, self.family = int(facts["n_classes"]), str(facts["family"])
        self.frame = Frame(self.canvas.height, self.canvas.width, facts["framing"])
        self.latents = int(getattr(network, "latents", 0))

    @property
    def exact(self) -> bool:
        """Whether `log_likelihood` is exact, not a lower bound."""
        return bool(self._able(Likelihood).exact)

    def sample(
        self,
        n: int,
        seed: int = 0,
        label: Label = None,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Images:
        """n pictures, uint8 (n, H, W, 3).

        label: a class, or one for each picture; without one, a model with classes takes them in turn. temperature: 1
        draws from the model, less draws what is likelier. Raises ValueError for less than one picture and LookupError
        for a class that it does not know.
        """
        return self._shown(self.sample_levels(n, seed, label, temperature, progress))

    @torch.no_grad()
    def sample_levels(
        self,
        n: int,
        seed: int = 0,
        label: Label = None,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Tensor:
        """As `sample`, the levels of the canvas: uint8 (n, C, H, W)."""
        network = self._able(Generative)
        check_count(n)
        check_temperature(temperature)
        dice, labels = _dice(seed), self.labels(n, label)
        drawn = [
            network.sample(len(some), dice, labels=_of(labels, some), temperature=temperature, progress=tell)
            for some, tell in _pieces(n, progress)
        ]
        return torch.cat(drawn)

    @torch.no_grad()
    def complete(
        self,
        picture: Images | str | Path,
        known: int | NDArray[np.bool_] | None = None,
        n: int = 1,
        seed: int = 0,
        label: Label = None,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Images:
        """n ways to go on with a picture, uint8 (n, H, W, 3); its known pixels stay as they are.

        picture: a file, or uint8 (h, W) or (h, W, 3) as wide as the model; fewer rows are its upper part. known: so
        many upper rows, or the pixels themselves, bool (H, W); without it, all rows of a part, what is not transparent
        in a file, else the upper half. Raises ValueError for a picture that does not fit on the canvas.
        """
        network = self._able(Completing)
        check_count(n)
        check_temperature(temperature)
        started, dice, labels = begun(picture, self.canvas, known), _dice(seed), self.labels(n, label)
        # the same draw of two levels for each of the n, so that all go on with the same picture
        levels = self.canvas.of(started.picture, seed)
        drawn = [
            network.complete(
                levels.expand(len(some), -1, -1, -1).contiguous(),
                started.known,
                dice,
                labels=_of(labels, some),
                temperature=temperature,
                progress=tell,
            )
            for some, tell in _pieces(n, progress)
        ]
        return self._shown(torch.cat(drawn))

    def begun(
        self, picture: Images | str | Path, known: int | NDArray[np.bool_] | None = None, seed: int = 0
    ) -> tuple[Images, NDArray[np.bool_], bool]:
        """What `complete` goes on with: a picture (H, W, 3) as the canvas shows it, its known pixels (H, W), and
        whether all of it was given, those pixels too that are to be drawn."""
        found = begun(picture, self.canvas, known)
        return self._shown(self.canvas.of(found.picture, seed))[0], found.known.numpy(), found.whole

    @torch.no_grad()
    def log_likelihood(
        self,
        pictures: ship.Pictures | Tensor,
        labels: Tensor | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        **settings: Any,
    ) -> NDArray[np.float64]:
        """Nats of each picture, (N,): exact or a lower bound, as `exact` says.

        pictures: files, a folder, an array, or levels (N, C, H, W) themselves. labels: int64 (N,), for a model with
        classes. settings: the model's own, as k=500 of an importance-weighted bound.
        """
        network, dice, levels = self._able(Likelihood), _dice(seed), self.levels(pictures, seed)
        found = torch.empty(len(levels), dtype=torch.float64)
        for some, tell in _pieces(len(levels), progress):
            of_some = network.log_likelihood(_of(levels, some), _of(labels, some), dice=dice, **settings)
            found[some.start : some.stop] = of_some
            tell(1, 1)
        return found.numpy()

    def bits(self, nats: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-likelihoods in nats -> bits per value of a picture; less is likelier."""
        return -nats / (self.canvas.values * np.log(2))

    def points(self, n: int = 1, seed: int = 0) -> Tensor:
        """n points that pictures are drawn from, (n, Z)."""
        check_count(n)
        drawn: Tensor = self._able(Latent).draw(n, _dice(seed))
        return drawn

    @torch.no_grad()
    def encode(self, pictures: ship.Pictures | Tensor, labels: Tensor | None = None) -> Tensor:
        """The point of each picture, (N, Z). pictures: as in `log_likelihood`."""
        network, levels = self._able(Encoding), self.levels(pictures)
        pieces = _pieces(len(levels), None)
        return torch.cat([network.encode(_of(levels, some), _of(labels, some)) for some, _ in pieces])

    @torch.no_grad()
    def decode(self, points: Tensor, label: Label = None) -> Images:
        """The picture of each point (N, Z): expected brightness, uint8 (N, H, W, 3). ValueError for another Z."""
        network, labels = self._able(Latent), self.labels(len(points), label)
        check_latent(points, self.latents)
        pieces = _pieces(len(points), None)
        seen = [network.decode(_of(points, some), _of(labels, some)).float() for some, _ in pieces]
        pictures = (torch.cat(seen).clamp(0, 1) * 255).round().to(torch.uint8)
        return np.ascontiguousarray(pictures.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy())

    def interpolate(self, a: Tensor, b: Tensor, steps: int = 8, label: Label = None) -> Images:
        """The pictures on the way from one point (Z,) to another, both among them, uint8 (steps, H, W, 3).

        Straight between points of an encoder, which lie within the prior; else on an arc, see `geometry.latent`.
        """
        way = ways.line if isinstance(self.network, Encoding) else ways.arc
        return self.decode(way(a, b, steps), self._one(label))

    def arithmetic(self, terms: Sequence[tuple[float, Tensor]], label: Label = None) -> Images:
        """The picture of a sum of points, uint8 (1, H, W, 3). terms: a sign, and points (N, Z) that are averaged."""
        return self.decode(ways.combined(terms)[None], self._one(label))

    def manifold(self, side: int = 12, seed: int = 0, label: Label = None) -> Images:
        """The space as a square of pictures, uint8 (side * side, H, W, 3).

        Of two numbers all of it, by equal shares of the prior; of more a patch between four points that are drawn.
        """
        if self.latents == 2:
            drawn = self.points(SPREAD_OF, seed)
            points = drawn.mean(0) + ways.normal_grid(side) * drawn.std(0)
        else:
            points = ways.patch(self.points(4, seed), side)
        return self.decode(points, self._one(label))

    def levels(self, pictures: ship.Pictures | Tensor, seed: int = 0) -> Tensor:
        """Files, a folder, or an array uint8 (N, H, W) or (N, H, W, 3), brought to the canvas: uint8 (N, C, H, W).

        Levels themselves are checked only. Raises UnreadablePictureError at the first file that cannot be read.
        """
        if isinstance(pictures, Tensor):
            self.canvas.check(pictures)
            return pictures
        if isinstance(pictures, np.ndarray):
            framed = [read_array(one, self.frame) for one in pictures]
        else:
            framed = [read(path, self.frame) for path in ship.files(pictures)]
        if not framed:
            return torch.empty((0, *self.canvas.image), dtype=torch.uint8)
        return self.canvas.of(torch.from_numpy(np.stack(framed)).permute(0, 3, 1, 2).contiguous(), seed)

    def seen(self, pictures: ship.Pictures, seed: int = 0) -> Images:
        """Files, a folder or an array as the model sees them, uint8 (N, H, W, 3)."""
        return self._shown(self.levels(pictures, seed))

    def labels(self, n: int, label: Label = None) -> Tensor | None:
        """Names of classes -> numbers (n,): one for all, one for each, or without any each class in turn."""
        if label is None:
            return torch.arange(n) % self.n_classes if self.n_classes else None
        if not self.n_classes:
            raise ValueError(
                f"the model was trained without classes, so it cannot be asked for '{label}'; leave the label out, or "
                "train with conditional=yes"
            )
        names = [label] * n if isinstance(label, str) else list(label)
        if len(names) != n:
            raise ValueError(f"one label for all pictures or one for each is expected; got {len(names)} for {n}")
        for name in names:
            if name not in self.classes:
                near = catalogue.nearest(name, self.classes)
                raise LookupError(f"the model knows no class '{name}'.{near} Known: {', '.join(self.classes)}.")
        return torch.tensor([self.classes.index(name) for name in names])

    def _one(self, label: Label) -> Label:
        """The class that pictures of several points share: the first, where none is asked for."""
        return self.classes[0] if label is None and self.n_classes else label

    def _able(self, protocol: type) -> Any:
        if not isinstance(self.network, protocol):
            raise ValueError(f"this model (`{self.facts['model']}`) {CANNOT[protocol]}")
        return self.network

    def _shown(self, levels: Tensor) -> Images:
        return np.ascontiguousarray(self.canvas.shown(levels).permute(0, 2, 3, 1).numpy())

    def __str__(self) -> str:
        """`gated_pixelcnn of 28 x 28 grey pictures`."""
        return f"{self.facts['model']} of {said(self.canvas.image)}"


def _dice(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _of(values: Tensor | None, rows: range) -> Tensor | None:
    return None if values is None else values[rows.start : rows.stop]


def _pieces(n: int, progress: Progress | None) -> Iterator[tuple[range, Progress]]:
    """Rows that are worked on together, and a progress of each that tells that of all."""
    for first in range(0, n, AT_ONCE):
        some = range(first, min(first + AT_ONCE, n))

        def tell(done: int, of: int, some: range = some) -> None:
            if progress:
                progress(some.start * of + done * len(some), n * of)

        yield some, tell


def save(folder: Path, task: Any, settings: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write the model folder of a trained task that learns to make pictures; see the folder's own docstring.

    The task's `facts` are those of `recipes/_drawing.model_facts`.
    """
    return ship.save(folder, task.model, task.facts, card(folder.name, task.facts, stages))


def load(folder: str | Path) -> Painter:
    """The model in a run folder or a model folder. Raises FileNotFoundError or ValueError, with the next step."""
    facts, weights = ship.contents(folder)
    if facts.get("tells") != recipe.SUBJECT:
        raise ValueError(f"{folder} holds no model that makes pictures but one of something else; see its card.md")
    with ship.whole(folder):
        network = recipe.rebuild(facts)
        network.load_state_dict(weights)
    return Painter(network, facts)
