"""Does every marked object meet an anchor, or another place of the detector, that learns to tell it?"""

import torch
from torch import Tensor

from ...engine.task import Task
from ...geometry.anchors import fit_shapes
from ...geometry.objects import Matching
from ..finding import BLOCKER, PASS, WARNING, Finding
from ..instruments import dense
from ._copy import patient

BATCHES, SECONDS = 4, 3.0
LOST = 0.3  # share of the objects that no place learns
POOR, FAR = 0.3, 0.3  # share of objects that are learned only as the best of a bad lot; their middle IoU with an anchor
FEWEST = 20  # objects
SHAPES = 9  # anchors proposed at most


def examine(task: Task) -> list[Finding]:
    if dense.offers(task, "matching") is None:
        return [Finding(PASS, "no places that objects are assigned to")]
    with patient(task) as copy:
        found = [copy.matching(batch) for batch in dense.batches(copy, BATCHES, SECONDS)]  # type: ignore[operator]
    known = [one for one in found if one is not None]
    sides = torch.cat([one.sides for one in known]) if known else torch.zeros(0, 2)
    if len(sides) < FEWEST:
        few = f"{len(sides)} objects in the first batches: too few to judge" if known else "no places to choose from"
        return [Finding(PASS, few)]
    return [_judge(known, sides.float().cpu())]


def _judge(found: list[Matching], sides: Tensor) -> Finding:
    lost = torch.cat([one.taken for one in found]).cpu() == 0
    overlap = None
    if all(one.overlap is not None for one in found):
        overlap = torch.cat([one.overlap for one in found if one.overlap is not None]).cpu()
    share = float(lost.float().mean())
    if share > LOST:
        return Finding(
            BLOCKER,
            f"{share:.0%} of {len(sides)} objects meet no anchor or cell that learns to tell them"
            + _wanted(overlap, lost, found[0]),
            f"at most {LOST:.0%}",
            cause=f"none is made for objects of {_sizes(sides[lost])}",
            remedy=_remedy(sides, found[0]),
            kind="anchors_miss",
            where="anchors",
            weight=0.9,
            defect=True,
        )
    if overlap is None:
        return Finding(PASS, f"{1 - share:.0%} of {len(sides)} objects are learned by a cell")
    poor = overlap < found[0].wanted
    middle = float(overlap[poor].median()) if bool(poor.any()) else 1.0
    badly = float(poor.float().mean())
    what = f"{1 - badly:.0%} of {len(sides)} objects overlap an anchor by {found[0].wanted:g} or more"
    if badly <= POOR or middle >= FAR:
        return Finding(PASS, what, "the rest is learned by the nearest one")
    return Finding(
        WARNING,
        f"{what}; the others are only told by the nearest one, with an IoU of {middle:.2g} in the middle",
        f"an IoU of {FAR:g} or more",
        cause=f"no anchor is near to objects of {_sizes(sides[poor])}: boxes begin far off, and few places learn them",
        remedy=_remedy(sides, found[0]),
        kind="anchors_miss",
        where="anchors",
        weight=0.6,
    )


def _wanted(overlap: Tensor | None, lost: Tensor, found: Matching) -> str:
    if overlap is None:
        return ""
    return f": their best IoU with one is {float(overlap[lost].median()):.2g} in the middle, {found.wanted:g} is wanted"


def _sizes(sides: Tensor) -> str:
    """'12 to 40 pixels', of all but the odd ones."""
    low, high = torch.quantile(sides.prod(1).sqrt(), torch.tensor([0.05, 0.95])).tolist()
    return f"{low:.0f} to {high:.0f} pixels" if round(low) < round(high) else f"about {low:.0f} pixels"


def _remedy(sides: Tensor, found: Matching) -> str:
    now = ""
    if found.shapes is not None and len(found.shapes):
        now = f"; now they are of {_sizes(found.shapes.float().cpu())}"
    n = min(SHAPES, len(sides.unique(dim=0)))
    shapes = fit_shapes(sides.clamp(min=1e-3), n).prod(1).sqrt()
    return f"take sides that fit these objects, by k-means {', '.join(f'{side:.0f}' for side in shapes.tolist())}{now}"
