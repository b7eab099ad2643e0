"""A picture with what is in it: standardise, then a detector, as one module to train and ship."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ..data.preprocess import Standardise
from ..geometry.objects import Detections, Matching, Targets
from .detectors._contract import Detector
from .detectors._regions import Regional


class Detecting(nn.Module):
    """Pictures uint8 (B, 3, H, W) -> what is found in each.

    facts: what it was built from, ready for JSON: the detector, its settings, its backbone.
    """

    def __init__(self, standardise: Standardise, network: Detector, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.standardise, self.network, self.facts = standardise, network, dict(facts or {})

    def forward(self, images: Tensor, proposals: Tensor | None = None) -> list[Detections]:
        """Boxes in pixels of these pictures, the surest first.

        proposals: (B, P, 4) for detectors that are told where to look; None: they are made now, which takes a while.
        """
        if proposals is None and isinstance(self.network, Regional):
            proposals = self.network.propose(images)
        found: list[Detections] = self.network(self._floats(images), proposals)
        return found

    def terms(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """Named losses of a batch."""
        return self.network.terms(self._floats(images), targets)

    def matching(self, images: Tensor, targets: Targets) -> Matching | None:
        """How the objects of a batch meet the places it answers from; None of a detector that has no such places."""
        meet = getattr(self.network, "matching", None)
        return None if meet is None else meet(self._floats(images), targets)

    @property
    def suppression(self) -> float | None:
        """The IoU above which the less sure of two boxes of a class goes; None where none goes."""
        choosing = getattr(self.network, "choosing", None)
        return None if choosing is None else float(choosing.nms_threshold)

    @property
    def needs(self) -> tuple[str, ...]:
        """Of 'masks', 'keypoints', 'proposals': what its targets must hold."""
        return tuple(self.network.NEEDS)

    def _floats(self, images: Tensor) -> Tensor:
        floats: Tensor = self.standardise(images.to(self.standardise.mean.device))
        return floats
