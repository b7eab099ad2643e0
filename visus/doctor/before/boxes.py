"""Are the boxes those of the pictures: in pixels of them, scaled and mirrored as they were, along their edges?"""

import torch
from torch import Tensor

from ...engine.task import Task
from ..finding import BLOCKER, PASS, WARNING, Finding
from ..instruments import dense
from ..instruments.outlines import Fit, Outlines, shares
from ._copy import patient

BATCHES, SECONDS, MOST = 8, 4.0, 64  # pictures looked at
FEWEST = 20  # objects
UNIT = 1.5  # the largest coordinate of boxes told in shares of the picture
BEYOND, OUTSIDE = 2.0, 0.05  # pixels outside that rounding does not explain, and the share of such boxes
LIES, CHANCE = 5.0, 3.0  # standard errors above boxes laid anywhere: these lie along edges; these do not
TIMES = 2.0  # what a mistake's undoing must gain, of what the boxes as they are do
SOMETIMES, PICTURES = 0.25, 10  # share of the pictures, and pictures, that fit better when a mirroring is undone
CONTROLS = ("mirrored", "upside down", "x and y swapped")


def examine(task: Task) -> list[Finding]:
    if dense.offers(task, "marks") is None:
        return [Finding(PASS, "no boxes are marked")]
    seen: list[tuple[Tensor, Tensor]] = []
    with patient(task) as copy:
        for batch in dense.batches(copy, BATCHES, SECONDS):
            targets = copy.marks(batch)  # type: ignore[operator]
            for i, picture in enumerate(batch[0]):
                seen.append((picture.cpu(), targets.boxes[i][targets.real(i)].float().cpu()))
            if len(seen) >= MOST:
                break
    return [_judge(seen)]


def _judge(seen: list[tuple[Tensor, Tensor]]) -> Finding:
    boxes = torch.cat([own for _, own in seen])
    if len(boxes) < FEWEST:
        return Finding(PASS, f"{len(boxes)} boxes in the first batches: too few to judge")
    if bool((boxes.abs() <= UNIT).all()):
        return _in_shares(boxes, seen)
    outlines = Outlines()
    for picture, own in seen:
        outlines.saw(picture, own)
    fit = outlines.fit()
    return _misplaced(outlines, fit) or _sometimes(outlines) or _outside(seen, boxes) or _healthy(fit)


def _healthy(fit: Fit) -> Finding:
    if fit.sure >= CHANCE:
        return Finding(PASS, f"{fit.n} boxes lie along edges of their pictures", f"{fit.sure:.0f} standard errors")
    return Finding(PASS, f"{fit.n} boxes lie within their pictures", "edges do not tell where objects end")


def _in_shares(boxes: Tensor, seen: list[tuple[Tensor, Tensor]]) -> Finding:
    height, width = seen[0][0].shape[1:]
    whole = float(shares(boxes, height, width).max())
    return _wrong(
        f"all {len(boxes)} boxes lie between 0 and {float(boxes.max()):.2g}, in pictures of {width} x {height} pixels",
        "they are told in shares of the picture, and read as pixels",
        f"multiply x by {width} and y by {height}: they then reach to {whole:.0f}",
    )


def _misplaced(outlines: Outlines, fit: Fit) -> Finding | None:
    """Not these boxes, but what a usual mistake would have made these of, lie along the edges."""
    name, better = outlines.best()
    if better.sure < LIES or fit.sure >= CHANCE or better.gain < TIMES * max(fit.gain, 0.05) or better.n < FEWEST:
        return None
    return _wrong(
        f"the {fit.n} boxes lie along edges of the pictures no more than boxes laid anywhere; {_said(name)} they do "
        f"({better.sure:.0f} standard errors)",
        "the picture was scaled, mirrored or turned and its boxes were not, or a box is read in another order",
        "change boxes together with the pictures, and draw a few batches to see",
    )


def _sometimes(outlines: Outlines) -> Finding | None:
    """Of some pictures the boxes fit as they are, of others only mirrored: controls tell that from chance."""
    shared = {name: outlines.fits_better(name) for name in CONTROLS}
    name = max(shared, key=lambda n: shared[n][0])
    share, n = shared[name]
    others = max(other for control, (other, _) in shared.items() if control != name)
    if share < SOMETIMES or n < PICTURES or others > share / 2:
        return None
    return _wrong(
        f"in {share:.0%} of {n} pictures the boxes lie along edges {_said(name)}, in the others as they are",
        "an augmentation changes the picture and forgets its boxes",
        "mirror boxes, masks and keypoints together with the picture",
    )


def _outside(seen: list[tuple[Tensor, Tensor]], boxes: Tensor) -> Finding | None:
    beyond = [
        ((own[:, :2] < -BEYOND) | (own[:, 2:] > own.new_tensor([picture.shape[2], picture.shape[1]]) + BEYOND)).any(1)
        for picture, own in seen
    ]
    share = float(torch.cat(beyond).float().mean())
    if share <= OUTSIDE:
        return None
    height, width = seen[0][0].shape[1:]
    return Finding(
        WARNING,
        f"{share:.0%} of the boxes reach outside their pictures of {width} x {height} pixels, as far as "
        f"{float(boxes.max()):.0f}",
        "boxes within the picture",
        cause="the pictures were made smaller and the boxes were not, or boxes are not cut off where the picture is",
        remedy="scale boxes by the same factor as the picture, then clip them",
        kind="boxes_misplaced",
        where="boxes",
        weight=0.7,
    )


def _said(name: str) -> str:
    if name.startswith("times"):
        return f"multiplied by {name.removeprefix('times ')}"
    return f"read {name}" if name.startswith("as") else f"with {name}" if name.startswith("x and") else name


def _wrong(what: str, cause: str, remedy: str) -> Finding:
    against = "boxes in pixels of the picture, around what they mark"
    return Finding(
        BLOCKER, what, against, cause, remedy, kind="boxes_misplaced", where="boxes", weight=0.95, defect=True
    )
