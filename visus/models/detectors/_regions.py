"""Detectors that are told where to look: which regions they learn from, and how these are cut out of a picture."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ...data import proposed
from ...geometry.boxes import area, to_centre
from ...geometry.objects import Targets
from ._contract import Detector
from ._sampling import assigned, drawn

OBJECT, POSITIVE = 0.5, 0.25  # IoU from which a region is an object, and the share of such among those learned from


class Regional(Detector):
    """A detector that judges regions which something else proposes.

    proposer: a name in `data.proposals`; n_proposals: regions of a picture. The one who trains makes them beforehand.
    """

    NEEDS = ("proposals",)

    def __init__(self, proposer: str, n_proposals: int) -> None:
        super().__init__()
        if n_proposals < 1:
            raise ValueError(f"n_proposals, the regions of a picture, must be at least 1; got {n_proposals}")
        self.proposer, self.n_proposals = proposed.checked(proposer), n_proposals

    def propose(self, pictures: Tensor) -> Tensor:
        """Regions (B, P, 4) of pictures uint8 (B, 3, H, W); rows without area fill up."""
        found = proposed.of_batch(pictures, self.proposer, self.n_proposals)
        return filled([torch.from_numpy(one) for one in found]).to(pictures.device)


def filled(regions: Sequence[Tensor]) -> Tensor:
    """Regions (n, 4) of each picture -> (B, P, 4), rows of zeros behind."""
    most = max((len(one) for one in regions), default=0)
    return torch.stack([F.pad(one, (0, 0, 0, most - len(one))) for one in regions])


def usable(proposals: Tensor | None) -> list[Tensor]:
    """The regions (n, 4) of each picture that have an area. Raises ValueError where none were made."""
    if proposals is None:
        raise ValueError("this detector judges regions and was given none; call it with proposals (B, P, 4)")
    return [one[area(one) > 0] for one in proposals]


@torch.no_grad()
def learned_from(
    proposals: Tensor, targets: Targets, n: int, share: float = POSITIVE, high: float = OBJECT
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Of each picture n regions (n, 4) to learn from, the row of each one's object, its class, 0 for none.

    proposals: (B, P, 4). At most `share` of them overlap an object by an IoU of `high`. The true boxes are among the
    candidates: no proposal may have met an object.
    """
    truth = torch.where((targets.labels >= 0)[..., None], targets.boxes.to(proposals), 0.0)
    candidates = torch.cat([proposals, truth], 1)
    place, taken = assigned(candidates, targets, high, high)
    rows, real, positive = drawn(taken, n, share)
    place = place.gather(1, rows)
    marked = targets.labels.gather(1, place) if targets.labels.shape[1] else place
    label = torch.where(positive, marked + 1, 0)
    regions = candidates.gather(1, rows[..., None].expand(-1, -1, 4))
    split = [(c[r], p[r], k[r]) for c, p, k, r in zip(regions, place, label, real, strict=True)]
    return [s[0] for s in split], [s[1] for s in split], [s[2] for s in split]


def pictures_of(regions: Sequence[Tensor]) -> Tensor:
    """The picture (K,) that each of all regions comes from."""
    counts = torch.tensor([len(one) for one in regions], device=regions[0].device)
    return torch.arange(len(regions), device=counts.device).repeat_interleave(counts)


def warped(images: Tensor, regions: Sequence[Tensor], side: int, context: float = 0.0) -> Tensor:
    """The regions (n, 4) of each picture (B, C, H, W), brought to one square: (K, C, side, side).

    context: share of the square on each side that shows what is around the region. Outside the picture is 0, the mean
    of standardised ones. Source: Girshick et al., 2014, appendix A (there 16 of 227 pixels, context = 0.07).
    """
    height, width = images.shape[2:]
    kind = torch.promote_types(images.dtype, torch.float32)
    size = torch.tensor([width, height], device=images.device, dtype=kind)
    steps = ((torch.arange(side, device=images.device, dtype=kind) + 0.5) / side - 0.5) / (1 - 2 * context)
    found = []
    for image, own in zip(images, regions, strict=True):
        centre, sides = to_centre(own.to(kind)).split(2, 1)
        at = (centre[:, None] + steps[None, :, None] * sides[:, None]) / size * 2 - 1  # (n, side, 2), -1..1
        x, y = at[:, None, :, 0].expand(-1, side, -1), at[:, :, None, 1].expand(-1, -1, side)
        grid = torch.stack([x, y], -1).flatten(0, 1)[None].to(image.dtype)  # (1, n side, side, 2)
        cut = F.grid_sample(image[None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        found.append(cut[0].unflatten(1, (-1, side)).transpose(0, 1))
    return torch.cat(found)
