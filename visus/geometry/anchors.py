"""Anchors: boxes laid over a picture in a grid, which a detector moves onto objects; matching, sampling, own shapes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .boxes import from_centre

BELOW, BETWEEN = -1, -2  # what `match` says of an anchor that is of no object


class Anchors:
    """Boxes of several shapes around every place of one or several maps.

    sizes, ratios: for each map, the roots of the areas in pixels, and height over width. strides: of each map in
    pixels. centred: around the middle of a place, (i + 1/2) stride; False: around i * stride, with sides rounded to
    whole pixels, as torchvision lays them.
    Source: Ren et al., 2015 (Faster R-CNN), section 3.1; Lin et al., 2017, section 4.1.
    """

    def __init__(
        self,
        sizes: Sequence[Sequence[float]],
        ratios: Sequence[Sequence[float]],
        strides: Sequence[int],
        centred: bool = False,
    ) -> None:
        if not len(sizes) == len(ratios) == len(strides):
            raise ValueError(
                f"each map needs its sizes, ratios and stride; got {len(sizes)} sizes, {len(ratios)} ratios and "
                f"{len(strides)} strides"
            )
        self.strides, self.centred = tuple(strides), centred
        self.shapes = [_shapes(*of_map) for of_map in zip(sizes, ratios, strict=True)]  # (A, 2), width and height

    @classmethod
    def of_shapes(cls, shapes: Sequence[Tensor], strides: Sequence[int], centred: bool = True) -> "Anchors":
        """Anchors of given widths and heights, (A, 2) for each map."""
        made = cls([[]] * len(strides), [[]] * len(strides), strides, centred)
        made.shapes = [torch.as_tensor(one, dtype=torch.float32).reshape(-1, 2) for one in shapes]
        return made

    @property
    def per_place(self) -> list[int]:
        """Anchors around each place, for each map."""
        return [len(shapes) for shapes in self.shapes]

    def __call__(self, maps: Sequence[tuple[int, int]], device: torch.device | str = "cpu") -> list[Tensor]:
        """Sizes (H, W) of the maps -> for each the boxes float32 (H * W * A, 4), place by place, row by row."""
        if len(maps) != len(self.strides):
            raise ValueError(f"these anchors are for {len(self.strides)} maps; got {len(maps)}")
        return [
            self._grid(shapes.to(device), stride, *size)
            for shapes, stride, size in zip(self.shapes, self.strides, maps, strict=True)
        ]

    def _grid(self, shapes: Tensor, stride: int, height: int, width: int) -> Tensor:
        half = stride / 2 if self.centred else 0.0
        x = torch.arange(width, device=shapes.device, dtype=torch.float32) * stride + half
        y = torch.arange(height, device=shapes.device, dtype=torch.float32) * stride + half
        corners = torch.cat([-shapes, shapes], 1) / 2
        corners = corners if self.centred else corners.round()
        places = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).repeat(1, 1, 2)  # (H, W, 4): x, y, x, y
        return (places[:, :, None] + corners).reshape(-1, 4)


def _shapes(sizes: Sequence[float], ratios: Sequence[float]) -> Tensor:
    """Widths and heights (A, 2), ratio by ratio."""
    roots, sides = torch.tensor(ratios, dtype=torch.float32).sqrt(), torch.tensor(sizes, dtype=torch.float32)
    return torch.stack([((1 / roots)[:, None] * sides).flatten(), (roots[:, None] * sides).flatten()], 1)


def match(overlaps: Tensor, high: float, low: float, allow_low_quality: bool = False) -> Tensor:
    """Which object each anchor is to find: IoU (..., N objects, A anchors) -> int64 (..., A).

    The object it overlaps most, if by at least `high`; BELOW (background) under `low`; BETWEEN (left out of the loss)
    otherwise. allow_low_quality: the anchors that overlap an object more than all others do are matched at any
    overlap, to the object they overlap most. Rows that only fill up have an overlap of -1 with everything.
    Source: Ren et al., 2015, section 3.1.2; as in torchvision, except that an object no anchor touches claims none.
    """
    if overlaps.shape[-2] == 0:
        return torch.full(overlaps.shape[:-2] + overlaps.shape[-1:], BELOW, device=overlaps.device)
    most, nearest = overlaps.max(-2)
    found = nearest.masked_fill(most < high, BETWEEN).masked_fill(most < low, BELOW)
    if allow_low_quality and overlaps.shape[-1]:
        best = overlaps.amax(-1, keepdim=True)
        found = torch.where(((overlaps == best) & (best > 0)).any(-2), nearest, found)
    return found


def sample(
    labels: Tensor, n: int, positive_share: float, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Rows of labels (A,) drawn for a loss: at most n * positive_share of those above 0, and of the 0s to make n.

    Returns the two, int64, in random order; negative labels are never drawn.
    """
    positive, negative = (torch.nonzero(kind).flatten() for kind in (labels > 0, labels == 0))
    n_positive = min(int(n * positive_share), len(positive))
    n_negative = min(n - n_positive, len(negative))
    return _some(positive, n_positive, generator), _some(negative, n_negative, generator)


def _some(rows: Tensor, n: int, generator: torch.Generator | None) -> Tensor:
    device = generator.device if generator is not None else rows.device
    return rows[torch.randperm(len(rows), generator=generator, device=device)[:n].to(rows.device)]


def shape_overlaps(sides: Tensor, shapes: Tensor) -> Tensor:
    """IoU of boxes laid over one another by their centres: widths and heights (N, 2) and (A, 2) -> (N, A)."""
    shared = torch.minimum(sides[:, None], shapes).prod(-1)
    return shared / (sides.prod(1)[:, None] + shapes.prod(1) - shared)


def fit_shapes(sides: Tensor, n: int, seed: int = 0, rounds: int = 100, starts: int = 5) -> Tensor:
    """Shapes of n anchors from the objects' widths and heights (N, 2), the smallest area first, float32 (n, 2).

    k-means in which 1 - IoU is the distance: in pixels, large boxes alone would decide. The best of some starts.
    Raises ValueError for fewer than n different objects, or without area.
    Source: Redmon and Farhadi, 2017 (YOLO9000), section 2, dimension clusters.
    """
    sides = sides.double()
    different = sides.unique(dim=0)
    if not (sides > 0).all():
        raise ValueError("objects without area have no shape; leave boxes whose width or height is 0 out")
    if len(different) < n:
        raise ValueError(f"{n} shapes need as many different objects; got {len(different)}; ask for fewer shapes")
    random = torch.Generator().manual_seed(seed)
    tried = [_clustered(sides, _spread_out(different, n, random), rounds) for _ in range(starts)]
    best = max(tried, key=lambda shapes: float(shape_overlaps(sides, shapes).amax(1).mean()))
    return best[best.prod(1).argsort()].float()


def _spread_out(sides: Tensor, n: int, random: torch.Generator) -> Tensor:
    """n of them, each drawn by the square of its distance to those drawn before (k-means++)."""
    drawn = sides[torch.randint(len(sides), (1,), generator=random)]
    while len(drawn) < n:
        far = (1 - shape_overlaps(sides, drawn).amax(1)).clamp(min=1e-12).square()
        drawn = torch.cat([drawn, sides[torch.multinomial(far, 1, generator=random)]])
    return drawn


def _clustered(sides: Tensor, shapes: Tensor, rounds: int) -> Tensor:
    nearest = None
    for _ in range(rounds):
        now = shape_overlaps(sides, shapes).argmax(1)
        if nearest is not None and torch.equal(now, nearest):
            break
        nearest = now
        counts = torch.bincount(nearest, minlength=len(shapes))[:, None]
        means = torch.zeros_like(shapes).index_add_(0, nearest, sides) / counts.clamp(min=1)
        shapes = torch.where(counts > 0, means, shapes)  # an empty cluster stays where it is
    return shapes


def centred_at(centres: Tensor, shapes: Tensor) -> Tensor:
    """Boxes (N, A, 4) of every shape (A, 2) around every centre (N, 2)."""
    N, A = len(centres), len(shapes)
    return from_centre(torch.cat([centres[:, None].expand(N, A, 2), shapes.expand(N, A, 2)], -1))
