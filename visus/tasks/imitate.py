"""Imitate: make pictures that a critic cannot tell from real ones, against a critic that learns to.

There is nothing that both descend, so that no loss says how good the pictures are: they are compared with held-out ones
by the features of a judge that takes no part in the game.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.task import evaluating
from ..geometry.latent import arc
from ..losses.adversarial import Game, gradient_penalty
from ..metrics.frechet import Moments, frechet_of_moments, moments
from ..metrics.sample_recall import sample_recall
from ._batched import Batched

FIXED = 20140610  # seed of the points that are shown and judged, the same at each evaluation: Goodfellow's day
AT_ONCE = 250  # pictures made together
WAYS = 6  # rows and columns of the sheet that leads from picture to picture


class Canvas(Protocol):
    """What pictures are drawn on: see data.canvas."""

    levels: int

    def brightness(self, levels: Tensor) -> Tensor: ...
    def shown(self, levels: Tensor) -> Tensor: ...


class Drawn(Protocol):
    """Pictures in three parts, as levels: see data.drawings."""

    steps_per_epoch: int

    def batches(self, start: int = 0) -> Iterator[Batch]: ...
    def sources(self, step: int) -> list[str]: ...
    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]: ...


class Judge(Protocol):
    """What compares pictures, uint8 (B, 3, H, W) -> (B, D), and takes no part in the game."""

    def features(self, pictures: Tensor) -> Tensor: ...


class Reference:
    """What a judge sees in real pictures, found at the first evaluation and kept."""

    def __init__(self, judge: Callable[[], Judge]) -> None:
        self._make = judge
        self._judge: Judge | None = None
        self._features: Tensor | None = None
        self._moments: Moments | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "Reference":
        return self  # it never changes; copies of a task share it

    @property
    def judge(self) -> Judge:
        if self._judge is None:
            self._judge = self._make()
        return self._judge

    def of(self, pictures: Callable[[], Iterator[Tensor]]) -> tuple[Tensor, Moments]:
        """Features (N, D) of real pictures, uint8 (B, 3, H, W) each, and their moments."""
        if self._features is None or self._moments is None:
            self._features = torch.cat([self.judge.features(some).cpu() for some in pictures()])
            self._moments = moments(self._features, "features of validation pictures")
        return self._features, self._moments


class Imitate(Batched):
    """Two objectives: the critic tells real pictures from generated ones, the generator passes its own off as real.

    model: a pair with a `generator` (z (B, Z), labels or None -> pictures (B, C, H, W) in [-1, 1]) and a `critic` (such
    pictures, labels or None -> scores (B,)). game: what each of them loses. judge: makes what compares pictures, called
    at the first evaluation. critic_steps: of the critic for each of the generator. penalty: weight of the gradient
    penalty. smoothing: share by which "real" is taken back. judged: samples, and at most as many held-out pictures,
    that are compared. after: called after each update of the critic, as for clipping. descents: what an `Objective`
    takes, of the critic and of the generator.
    """

    data: Drawn

    def __init__(
        self,
        model: nn.Module,
        data: Drawn,
        game: Game,
        judge: Callable[[], Judge],
        optimizer: OptimizerFactory,
        *,
        descents: tuple[Mapping[str, Any], Mapping[str, Any]],
        critic_steps: int = 1,
        penalty: float = 0.0,
        smoothing: float = 0.0,
        judged: int = 1000,
        shown: int = 36,
        after: Callable[[], None] = lambda: None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(model, data)
        self.game, self.facts = game, dict(facts or {})
        self.reference, self.judged, self.shown = Reference(judge), judged, shown
        self.penalty, self.smoothing = penalty, smoothing
        self.canvas: Canvas = model.canvas  # type: ignore[assignment]  # a plain attribute of a pair
        self.n_classes, self.latents = int(model.n_classes), int(model.latents)  # type: ignore[arg-type]
        self.objectives = [
            Objective("critic", self.tell_apart, self.critic.parameters(), optimizer, after=after, **descents[0]),
            Objective(
                "generator",
                self.pass_as_real,
                self.generator.parameters(),
                optimizer,
                every=critic_steps,
                **descents[1],
            ),
        ]
        self.train()

    @property
    def generator(self) -> nn.Module:
        return self.model.get_submodule("generator")

    @property
    def critic(self) -> nn.Module:
        return self.model.get_submodule("critic")

    def tell_apart(self, batch: Batch) -> Terms:
        """The critic's losses on a batch of levels (B, C, H, W) and labels (B,), and on as many generated pictures."""
        real, labels = self._real(batch)
        with torch.no_grad():  # only the critic learns here
            generated = self.generator(self.noise(len(real)), labels)
        # Apart from each other, so that a batch norm sees pictures of one kind (Radford et al., 2015).
        scores, made = _wide(self.critic(real, labels)), _wide(self.critic(generated, labels))
        terms = {"real": self.game.real(scores, self.smoothing), "generated": self.game.generated(made)}
        if self.penalty:
            terms["gradient_penalty"] = self.penalty * self._steepness(real, generated.to(real), labels)
        return terms

    def pass_as_real(self, batch: Batch) -> Terms:
        """The generator's loss on as many pictures as the batch has, of its classes."""
        _, labels = self._real(batch)
        generated = self.generator(self.noise(len(batch[0])), labels)
        return {"fooling": self.game.fooling(_wide(self.critic(generated, labels)))}

    def noise(self, n: int) -> Tensor:
        """n points (n, Z) from torch's generator, whose state a checkpoint keeps."""
        where = next(self.generator.parameters())
        return torch.randn(n, self.latents, device=where.device, dtype=where.dtype)

    def odds(self, batch: Batch) -> dict[str, Tensor]:
        """The critic's scores of a batch (B,) and of as many generated pictures, in evaluation mode.

        Of a logistic game they are log-odds of being real, and their sigmoids are D(x) and D(G(z)).
        """
        with evaluating(self), self.precision.autocast(self.device.type):
            real, labels = self._real(tuple(part.to(self.device) for part in batch))
            generated = self.generator(self._fixed(len(real)), labels)
            return {
                "real": _wide(self.critic(real, labels)),
                "generated": _wide(self.critic(generated, labels)),
            }

    def made(self, n: int, seed: int = FIXED) -> Tensor:
        """n pictures uint8 (n, 3, H, W) of fixed points, in evaluation mode; classes take turns."""
        return self._painted(self._fixed(n, seed), self._turns(n))

    def pictured(self) -> dict[str, Tensor]:
        """Samples of the same points at each evaluation, and ways between points, WAYS steps a row."""
        ends = self._fixed(2 * WAYS, FIXED + 1)
        points = torch.cat([arc(a, b, WAYS) for a, b in zip(ends[::2], ends[1::2], strict=True)])
        turns = self._turns(WAYS)
        labels = None if turns is None else turns.repeat_interleave(WAYS)
        return {"samples": self.made(self.shown), "interpolation": self._painted(points, labels)}

    def evaluate(self) -> dict[str, float]:
        """Minus the Frechet distance to validation pictures, by the judge's features; what makes it up; the critic."""
        real, known = self.reference.of(self._validation)
        samples = self.reference.judge.features(self.made(self.judged)).cpu()
        fid = frechet_of_moments(moments(samples, "features of samples"), known)
        close = sample_recall(real, samples)
        return {
            "validation_likeness": -fid,
            "validation_fid": fid,
            "validation_precision": close.precision,
            "validation_recall": close.recall,
            **self._opinions(),
        }

    def _opinions(self) -> dict[str, float]:
        """What the critic thinks of training, validation and generated pictures: mean chances, or mean scores."""
        told = torch.sigmoid if self.game.logistic else torch.Tensor.clone
        found = dict[str, float]()
        for part in ("validation", "train"):
            batch = next(iter(self.data.part(part, AT_ONCE)))
            odds = {name: float(told(score).mean()) for name, score in self.odds(batch).items()}
            found |= {f"critic_{part}": odds["real"], "critic_generated": odds["generated"]}
        return found

    def _validation(self) -> Iterator[Tensor]:
        for levels, _ in self.data.part("validation", self.judged):
            yield self.canvas.shown(levels)

    def _real(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Pictures (B, C, H, W) in [-1, 1], in the precision of the weights, and labels where classes are named."""
        where = next(self.generator.parameters())
        pictures = (2 * self.canvas.brightness(batch[0]) - 1).to(where.dtype)
        return pictures, batch[1] if self.n_classes else None

    def _steepness(self, real: Tensor, generated: Tensor, labels: Tensor | None) -> Tensor:
        shares = torch.rand(len(real), device=real.device)
        return gradient_penalty(lambda pictures: _wide(self.critic(pictures, labels)), real, generated, shares)

    def _fixed(self, n: int, seed: int = FIXED) -> Tensor:
        dice = torch.Generator().manual_seed(seed)
        return torch.randn(n, self.latents, generator=dice).to(next(self.generator.parameters()))

    def _turns(self, n: int) -> Tensor | None:
        return torch.arange(n, device=self.device) % self.n_classes if self.n_classes else None

    def _painted(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """uint8 (B, 3, H, W) of points (B, Z), in evaluation mode."""
        found = []
        with evaluating(self), self.precision.autocast(self.device.type):
            for first in range(0, len(z), AT_ONCE):
                some = slice(first, first + AT_ONCE)
                painted = _wide(self.generator(z[some], None if labels is None else labels[some]))
                levels = ((painted + 1) / 2 * (self.canvas.levels - 1)).round().to(torch.uint8)
                found.append(self.canvas.shown(levels))
        return torch.cat(found)


def _wide(scores: Tensor) -> Tensor:
    """At least float32: losses of half precision lose small differences; float64 stays, for the gradient check."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))
