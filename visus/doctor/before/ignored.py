"""Does what is to be ignored stay out of the loss: borders, pixels of no class, a class called void?"""

import torch
from torch import Tensor

from ...engine.objective import Batch, Objective, sum_of
from ...engine.task import Task
from ..finding import BLOCKER, PASS, WARNING, Finding
from ..instruments import dense
from ._copy import descending, first_batch, patient, unexamined
from ._look import Look, failure, look

NAMES = ("void", "unlabelled", "unlabeled", "ignore", "ignored", "unknown", "unclassified", "don't care", "dontcare")
PULLS = 1e-6  # of the mean gradient of the pixels that count: what rounding leaves
BORDERS, ALL = 0.95, 0.95  # share of a class's pixels that are border, and of the border that is this class
ENOUGH = 0.005  # share of all pixels that a border must have to be judged


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        batch = first_batch(copy)
        if not _are_maps(batch):
            return [Finding(PASS, "no map of classes is asked for")] * bool(descending(copy))
        return [_examine(copy, objective, batch) for objective in descending(copy)]


def _are_maps(batch: Batch) -> bool:
    """Pictures (B, C, H, W) and a whole number for each of their pixels."""
    images, labels = batch[0], batch[-1]
    whole = not labels.is_floating_point() and labels.dtype != torch.bool
    return images.ndim == 4 and labels.ndim == 3 and whole and labels.shape[1:] == images.shape[2:]


def _examine(task: Task, objective: Objective, batch: Batch) -> Finding:
    seen = look(task, objective, batch)
    if seen.error:
        return unexamined(f"the loss cannot be computed: {failure(seen.error)}")
    scores = _scores(seen, batch[-1])
    if scores is None:
        return unexamined("no scores (B, K, H, W) were seen to enter the loss")
    (pull,) = torch.autograd.grad(sum_of(seen.terms), scores, allow_unused=True)
    if pull is None:
        return unexamined("the loss does not depend on what the network was last seen to answer")
    pulled = pull.abs().sum(1)  # (B, H, W)
    ignored = dense.offers(task, "ignored")
    left_out = ignored(batch) if ignored is not None else torch.zeros_like(batch[-1], dtype=torch.bool)
    counted = pulled > PULLS * pulled[~left_out].mean()
    if bool((counted & left_out).any()):
        share = float((counted & left_out).sum() / left_out.sum())
        return _counts(f"{share:.0%} of the pixels that are to be ignored pull at the weights")
    return _named(task, batch[-1], counted) or _borders(batch, counted) or _healthy(left_out, counted)


def _scores(seen: Look, labels: Tensor) -> Tensor | None:
    """The last scores of every pixel with a history: those of the network, or those that enter a loss of torch."""
    answers = [call.outputs for call in seen.losses] + [seen.outputs]
    fits = [
        answer
        for answer in answers
        if answer is not None and answer.requires_grad and answer.ndim == 4 and answer.shape[2:] == labels.shape[1:]
    ]
    return fits[-1] if fits else None


def _healthy(left_out: Tensor, counted: Tensor) -> Finding:
    silent = float((~counted).float().mean())
    said = f"{float(left_out.float().mean()):.1%} of the pixels are to be ignored and stay out of the loss"
    return Finding(PASS, said if bool(left_out.any()) else f"{1 - silent:.1%} of the pixels count")


def _counts(what: str) -> Finding:
    return Finding(
        BLOCKER,
        what,
        "no gradient from them",
        cause="the loss counts them as a class of their own, or as class 0",
        remedy="hand their index to the loss (ignore_index=255), and leave them out of every other term",
        kind="ignored_counted",
        where="loss (ignore_index)",
        weight=0.8,
        defect=True,
    )


def _named(task: Task, labels: Tensor, counted: Tensor) -> Finding | None:
    """A class whose name says that it is none, asked for like any other."""
    names = [str(name).strip().lower() for name in dense.offers(task, "classes") or ()]
    for i in [i for i, name in enumerate(names) if name in NAMES]:
        here = labels == i
        if bool((counted & here).any()):
            return Finding(
                WARNING,
                f"class {i}, {names[i]}, is {float(here.float().mean()):.1%} of the pixels and counts in the loss",
                "pixels of no class left out",
                cause="by its name it is no class: the network learns where nobody painted",
                remedy=f"read it as the index to be ignored (255), or ignore_index={i}",
                kind="ignored_counted",
                where="loss (ignore_index)",
                weight=0.6,
            )
    return None


def _borders(batch: Batch, counted: Tensor) -> Finding | None:
    """A class that is the frame's empty border, and hardly anywhere else."""
    border = torch.stack([_border(image) for image in batch[0]])
    labels = batch[-1]
    if float(border.float().mean()) < ENOUGH:
        return None
    values, counts = labels[border].unique(return_counts=True)
    most = int(values[counts.argmax()])
    here = labels == most
    of_border, of_class = float(counts.max() / border.sum()), float((here & border).sum() / here.sum())
    if of_border < ALL or of_class < BORDERS or not bool((counted & here).any()):
        return None
    return _counts(
        f"class {most} is the empty border of the frame ({of_class:.0%} of its pixels lie there) and counts in the loss"
    )


def _border(image: Tensor) -> Tensor:
    """bool (H, W): the outermost rows and columns of one single colour."""
    corner = image[:, 0, 0], image[:, -1, -1]
    found = torch.zeros(image.shape[1:], dtype=torch.bool, device=image.device)
    for colour in corner:
        same = (image == colour[:, None, None]).all(0)
        for lines, fill in ((same.all(1), found), (same.all(0), found.T)):
            fill[_leading(lines)] = True
            fill[_leading(lines.flip(0)).flip(0)] = True
    return found if not bool(found.all()) else torch.zeros_like(found)


def _leading(lines: Tensor) -> Tensor:
    """Those that are true and have only such before them."""
    return lines.long().cumprod(0).bool()
