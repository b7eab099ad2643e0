"""Detect: say what is in a picture and where, as boxes, masks or keypoints."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.seed import own_randomness
from ..engine.task import evaluating
from ..geometry.objects import Detections, Matching, Targets
from ..metrics.detection import DetectionScores, Found, Truth, average_precisions, found, marked
from ..metrics.detection_matches import best_threshold, flat, match
from ._batched import Batched

BOXES = "boxes"
MEASURED = {"masks": "mask_map50", "keypoints": "oks_map"}  # what is measured besides boxes, by kind
EVALUATED = 16  # pictures looked at together in an evaluation


class Finder(Protocol):
    """What the model offers: see models.detection."""

    def __call__(self, images: Tensor, proposals: Tensor | None = None) -> list[Detections]: ...
    def terms(self, images: Tensor, targets: Targets) -> dict[str, Tensor]: ...
    def matching(self, images: Tensor, targets: Targets) -> Matching | None: ...
    @property
    def suppression(self) -> float | None: ...
    @property
    def needs(self) -> tuple[str, ...]: ...


class Scenes(Protocol):
    """Pictures with marked objects in three parts: see data.object_batches."""

    steps_per_epoch: int

    def batches(self, start: int = 0) -> Iterator[Batch]: ...
    def sources(self, step: int) -> list[str]: ...
    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]: ...
    def targets(self, batch: Batch) -> Targets:
        """What the tensors behind the pictures of a batch mean."""
        ...

    def names(self, name: str, limit: int | None = None) -> list[str]: ...


class Detect(Batched):
    """Descend the losses that a detector names, each times its weight; the score is mean average precision.

    classes: names of what is looked for. weights: factors on terms, 1 for those not named. kind: boxes, masks or
    keypoints, what is measured besides boxes. sigmas: of each keypoint, how far people scatter who mark it, as a share
    of the object's size; None for those of COCO's people, or a middle value where there are other keypoints.
    """

    data: Scenes
    NAME = "detect"  # of the objective
    TRAIN_SAMPLE = 50  # training pictures measured at each evaluation, to see the gap to validation
    SHOWN = 3  # validation pictures whose answer is written down for people

    def __init__(
        self,
        model: nn.Module,
        data: Scenes,
        optimizer: OptimizerFactory,
        classes: Sequence[str],
        *,
        kind: str = BOXES,
        weights: Mapping[str, float] | None = None,
        sigmas: Sequence[float] | None = None,
        surrogates: Sequence[str] = (),
        **descent: Any,
    ) -> None:
        super().__init__(model, data)
        self.classes, self.kind = list(classes), kind
        self.weights, self.sigmas, self.surrogates = dict(weights or {}), sigmas, surrogates
        self._answered: tuple[list[Found], list[Truth]] | None = None
        self.objectives = [Objective(self.NAME, self.oversight, model.parameters(), optimizer, **descent)]
        self.train()

    @property
    def finder(self) -> Finder:
        """The model, as what it offers."""
        return self.model  # type: ignore[return-value]

    def oversight(self, batch: Batch) -> Terms:
        """The detector's terms for a batch as `data.targets` reads it, weighted."""
        terms = self.finder.terms(batch[0], self.data.targets(batch))
        if unknown := sorted(self.weights.keys() - terms.keys()):
            raise ValueError(f"no term is called {', '.join(unknown)}; this detector's are {', '.join(terms)}")
        return {name: term * self.weights.get(name, 1.0) for name, term in terms.items()}

    # -- for the doctor ------------------------------------------------------------------------------------------

    def marks(self, batch: Batch) -> Targets:
        """What is marked in a batch."""
        return self.data.targets(batch)

    def matching(self, batch: Batch) -> Matching | None:
        """How the objects of a batch meet the places that the detector answers from, if it has such."""
        return self.finder.matching(batch[0], self.data.targets(batch))

    @property
    def suppression(self) -> float | None:
        """The IoU above which the less sure of two boxes of a class goes."""
        return self.finder.suppression

    def answered(self) -> tuple[list[Found], list[Truth]] | None:
        """What was found in the validation pictures at the last evaluation, and what is marked there."""
        return self._answered

    # ------------------------------------------------------------------------------------------------------------

    def look(self, images: Tensor, proposals: Tensor | None = None) -> list[Detections]:
        """Pictures uint8 (B, 3, H, W) -> what is found in each, in pixels of these pictures, on the CPU."""
        proposals = None if proposals is None else proposals.to(self.device)
        with evaluating(self), self.precision.autocast(self.device.type):
            return [one.cpu() for one in self.finder(images.to(self.device), proposals)]

    def evaluate(self) -> dict[str, float]:
        answers, truth, terms = self.judged("validation")
        self._answered = answers, truth
        boxes = self.scored(answers, truth)
        scores = {"validation_map50": _known(boxes.map50), "validation_map": _known(boxes.map)}
        if self.kind in MEASURED:
            more = self.scored(answers, truth, self.kind)
            scores[f"validation_{MEASURED[self.kind]}"] = _known(more.map50 if self.kind == "masks" else more.map)
        sample, expected, _ = self.judged("train", self.TRAIN_SAMPLE, losses=False)
        scores["train_map50"] = _known(self.scored(sample, expected).map50)
        scores["validation_loss"] = sum(terms.values()) if terms else math.nan
        return scores | {f"validation_{name}_loss": value for name, value in terms.items()}

    def threshold(self) -> float:
        """The score from which on answers to validation pictures have the best F1: where people are told of objects."""
        answers, truth, _ = self.judged("validation", losses=False)
        return best_threshold(flat(match(answers, truth), len(self.classes)))

    def judged(
        self, name: str, limit: int | None = None, losses: bool = True
    ) -> tuple[list[Found], list[Truth], dict[str, float]]:
        """What is found in the pictures of a part, what is marked there, and the mean of each term over pictures."""
        answers, truth = list[Found](), list[Truth]()
        totals: dict[str, float] = {}
        for batch in self._pieces(name, limit):
            targets = self.data.targets(batch)
            height, width = batch[0].shape[2:]
            answers += [found(one, height, width) for one in self.look(batch[0], targets.proposals)]
            truth += [marked(targets, picture) for picture in range(len(batch[0]))]
            for term, value in (self._losses(batch) if losses else {}).items():
                totals[term] = totals.get(term, 0.0) + value * len(batch[0])
        return answers, truth, {term: value / len(truth) for term, value in totals.items()}

    def scored(self, answers: Sequence[Found], truth: Sequence[Truth], kind: str = BOXES) -> DetectionScores:
        """The COCO scores of answers, in pixels of the frame."""
        sigmas = self.sigmas if kind == "keypoints" else None
        return average_precisions(answers, truth, len(self.classes), kind, sigmas=sigmas)

    def _pieces(self, name: str, limit: int | None) -> Iterator[Batch]:
        for batch in self.data.part(name, limit):
            yield from (tuple(piece) for piece in zip(*(tensor.split(EVALUATED) for tensor in batch), strict=True))

    def _losses(self, batch: Batch) -> dict[str, float]:
        # regions are drawn at random: the same ones at each evaluation, and none of the draws that training will make
        with own_randomness(0), evaluating(self), self.precision.autocast(self.device.type):
            return {name: float(term) for name, term in self.oversight(self.moved(batch)).items()}

    def illustrate(self) -> dict[str, str]:
        """What is found in the first validation pictures now, by their names."""
        names, answers = self.data.names("validation", self.SHOWN), list[str]()
        for batch in self._pieces("validation", self.SHOWN):
            answers += [self._told(one) for one in self.look(batch[0], self.data.targets(batch).proposals)]
        return dict(zip(names, answers, strict=True))

    def _told(self, found: Detections) -> str:
        """'3 car, 1 dog' of what is found with a chance of at least a half."""
        counts = Counter(found.labels[found.scores >= 0.5].tolist())
        return ", ".join(f"{n} {self.classes[label]}" for label, n in counts.most_common()) or "nothing"


def _known(score: float) -> float:
    """0 where there was nothing to be found: the best checkpoint is chosen by a number."""
    return score if math.isfinite(score) else 0.0
