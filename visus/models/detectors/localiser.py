"""Classification with localisation: one object a picture, told by two heads on one trunk, what it is and where it is.

After the sliding OverFeat's regression network (Sermanet et al., 2014). Several numbers are regressed as one is: a box
is four of them, and a pose, where keypoints are marked, two for each joint (Toshev and Szegedy, 2014, with 14 joints).
Of several objects in a picture the largest is meant.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...geometry.boxes import area, clip, from_centre, paired_giou, to_centre
from ...geometry.objects import Detections, Targets
from ..backbone import Backbone
from ._choosing import Choosing
from ._contract import Detector, at_least_float32

KNEE = 0.05  # of the smooth L1 loss, in sides of the picture: beyond it an outlier pulls no harder
IN_THE_MIDDLE = 0.5  # a fresh box head says: half as wide as the picture, in its middle
SPREAD = 0.01  # deviation of the last layers' first weights

Loss = Callable[
    [Tensor, Tensor], Tensor
]  # boxes said and true (B, 4), centre and sides in sides of the picture -> (B,)


def squared(said: Tensor, true: Tensor) -> Tensor:
    return (said - true).square().sum(1)


def smooth_l1(said: Tensor, true: Tensor) -> Tensor:
    return F.smooth_l1_loss(said, true, beta=KNEE, reduction="none").sum(1)


def one_minus_giou(said: Tensor, true: Tensor) -> Tensor:
    return 1 - paired_giou(from_centre(said), from_centre(true))


BOX_LOSSES: Mapping[str, Loss] = {"l2": squared, "smooth_l1": smooth_l1, "giou": one_minus_giou}


class Localiser(Detector):
    """Standardised pictures (B, 3, H, W) -> the one object in each: its class, its box and, if taught, its pose."""

    def __init__(
        self,
        see: Backbone,
        n_classes: int,
        n_keypoints: int,
        hidden: int,
        grid: int,
        box_loss: str,
        weights: Mapping[str, float],
        score_threshold: float,
    ) -> None:
        super().__init__()
        self.see, self.stride = see, max(see.channels)
        # a mean over all places would no longer know where anything is
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(grid), nn.Flatten())
        n_seen = see.channels[self.stride] * grid * grid
        # normalised: the gradient of thousands of features of no fixed scale is cut down by clipping, and little moves
        self.trunk = nn.Sequential(nn.LayerNorm(n_seen), nn.Linear(n_seen, hidden), nn.ReLU())
        self.classes = _small(nn.Linear(hidden, n_classes))
        self.box = _small(nn.Linear(hidden, 4), IN_THE_MIDDLE)
        self.pose = _small(nn.Linear(hidden, 2 * n_keypoints), IN_THE_MIDDLE) if n_keypoints else None
        self.NEEDS = ("keypoints",) if n_keypoints else ()
        self.box_loss, self.weights, self.score_threshold = BOX_LOSSES[box_loss], dict(weights), score_threshold

    def forward(self, images: Tensor, proposals: Tensor | None = None) -> list[Detections]:
        classes, boxes, joints = self.said(images)
        sides = _sides(images)
        scores, labels = classes.softmax(1).max(1)
        corners = clip(from_centre(boxes) * sides, *images.shape[2:])
        there = (area(corners) > 0) & (scores >= self.score_threshold)
        points = None if joints is None else torch.cat([joints * sides[:2], torch.ones_like(joints[..., :1])], 2)
        every = Detections(corners, scores, labels, None, points)
        pictures = torch.arange(len(images), device=images.device)
        return [every.at((pictures == picture) & there) for picture in pictures]

    def terms(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """class in nats; box and pose in sides of the picture or 1 - GIoU: means over pictures with an object."""
        classes, boxes, joints = self.said(images)
        picture, row = largest(targets)
        n, sides = max(1, len(picture)), _sides(images)
        true = to_centre(targets.boxes[picture, row].to(boxes) / sides)
        found = {
            "class": F.cross_entropy(classes[picture], targets.labels[picture, row], reduction="sum"),
            "box": self.box_loss(boxes[picture], true).sum(),
        }
        if joints is not None:
            assert targets.keypoints is not None
            marked = targets.keypoints[picture, row].to(joints)  # (P, K, 3)
            off = (joints[picture] - marked[..., :2] / sides[:2]).square().sum(2)
            found["pose"] = (off * (marked[..., 2] > 0)).sum()
        return {name: self.weights[name] * term / n for name, term in found.items()}

    def said(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Class scores (B, K); box (B, 4), centre and sides, and joints (B, J, 2), both in sides of the picture."""
        x = self.trunk(self.pool(self.see(images)[self.stride]))
        joints = None if self.pose is None else at_least_float32(self.pose(x)).unflatten(1, (-1, 2))
        return at_least_float32(self.classes(x)), at_least_float32(self.box(x)), joints


def largest(targets: Targets) -> tuple[Tensor, Tensor]:
    """Which pictures (P,) have an object, and the row (P,) of the largest one there."""
    sizes = torch.where(targets.labels >= 0, area(targets.boxes), -1.0)  # (B, N)
    if not sizes.shape[1]:
        return (torch.empty(0, dtype=torch.long, device=sizes.device),) * 2
    size, row = sizes.max(1)
    picture = (size >= 0).nonzero().flatten()
    return picture, row[picture]


def build(
    image: tuple[int, int, int],
    n_classes: int,
    backbone: Backbone,
    hidden: int = 256,
    grid: int = 4,
    box_loss: Literal["l2", "smooth_l1", "giou"] = "smooth_l1",
    class_weight: float = 1.0,
    box_weight: float = 5.0,
    pose: bool = False,
    pose_weight: float = 5.0,
    n_keypoints: int = 0,
    score_threshold: float = 0.0,
) -> Detector:
    """hidden: units that both heads look at. grid: the last map is averaged to grid x grid places.

    class_weight, box_weight, pose_weight: factors on the terms; box and pose are in sides of the picture, small beside
    nats. pose: regress keypoints, too. n_keypoints: of an object; the recipe reads it off the data. score_threshold:
    chance below which nothing is told of a picture. Raises ValueError for settings that cannot be.
    """
    if box_loss not in BOX_LOSSES:
        raise ValueError(f"box_loss must be one of {', '.join(BOX_LOSSES)}; got '{box_loss}'")
    if min(hidden, grid) < 1:
        raise ValueError(f"hidden and grid must be at least 1; got {hidden} and {grid}")
    if pose and not n_keypoints:
        raise ValueError("pose=yes needs pictures whose keypoints are marked; leave it out to learn boxes alone")
    weights = {"class": class_weight, "box": box_weight, "pose": pose_weight}
    joints, told = n_keypoints if pose else 0, Choosing(score_threshold).score_threshold
    return Localiser(backbone, n_classes, joints, hidden, grid, box_loss, weights, told)


def from_data(data: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The number of keypoints, where a pose is to be learned. Raises ValueError for data without keypoints."""
    if not settings.get("pose"):
        return {}
    if not data.keypoint_names:
        raise ValueError(f"no keypoints are marked in {data.origin}; leave pose=yes out to learn boxes alone")
    return {"n_keypoints": len(data.keypoint_names)}


def _sides(images: Tensor) -> Tensor:
    """Width, height, width, height of the pictures."""
    height, width = images.shape[2:]
    return torch.tensor([width, height, width, height], device=images.device, dtype=torch.float32)


def _small(layer: nn.Linear, bias: float = 0.0) -> nn.Linear:
    nn.init.normal_(layer.weight, std=SPREAD)
    nn.init.constant_(layer.bias, bias)
    return layer
