"""Which object each box stands for, and which boxes are learned from: all pictures of a batch at once."""

import torch
from torch import Tensor

from ...geometry import boxes as box
from ...geometry.objects import CROWD, Targets

LEFT_OUT, NO_OBJECT, AN_OBJECT = -1, 0, 1  # what a box is to be taken for
IN_A_CROWD = 0.5  # share of a box inside a region of many from which it counts neither way


@torch.no_grad()
def assigned(boxes: Tensor, targets: Targets, high: float, low: float, rescue: bool = False) -> tuple[Tensor, Tensor]:
    """Boxes (N, 4), the same for all pictures, or (B, N, 4) -> the object's row (B, N) and what each is taken for.

    A box is AN_OBJECT from an IoU of `high` with its best object, NO_OBJECT below `low`, and LEFT_OUT between and
    inside crowds. rescue: the best box of each object is taken, too, however little it overlaps (Ren et al., 2015,
    3.1.2), that no object goes unlearned. A box without area is left out.
    """
    real = targets.labels >= 0  # (B, M)
    truth = targets.boxes.to(boxes)
    overlap = box.iou(boxes.expand(len(truth), -1, -1), truth)  # (B, N, M)
    overlap = torch.where(real[:, None], overlap, -1.0)
    if overlap.shape[2] == 0:
        overlap = overlap.new_full((*overlap.shape[:2], 1), -1.0)
    best, row = overlap.max(2)
    label = torch.full_like(row, LEFT_OUT)
    label[best < low] = NO_OBJECT
    label[best >= high] = AN_OBJECT
    if bool((targets.labels == CROWD).any()):
        crowds = torch.where(
            (targets.labels == CROWD)[:, None], box.covered(boxes.expand(len(truth), -1, -1), truth), 0
        )
        label[(crowds.amax(2) > IN_A_CROWD) & (label == NO_OBJECT)] = LEFT_OUT
    if rescue:
        reach = overlap.amax(1, keepdim=True)
        label[((overlap == reach) & (reach > 0)).any(2)] = AN_OBJECT
    label[(box.area(boxes) <= 0).expand_as(label)] = LEFT_OUT
    return row, label


@torch.no_grad()
def drawn(label: Tensor, n: int, share: float) -> tuple[Tensor, Tensor, Tensor]:
    """Labels (B, N) -> rows (B, R) drawn at random, which of these are real, n at most, and which are objects.

    At most `share` of n are objects; boxes without an object fill up the rest.
    """
    n = min(n, label.shape[1])
    most = min(int(n * share), n)
    luck = torch.rand(label.shape, device=label.device)
    yes, yes_rows = torch.where(label == AN_OBJECT, luck, -1.0).topk(most)
    no, no_rows = torch.where(label == NO_OBJECT, luck, -1.0).topk(n)
    room = n - (yes >= 0).sum(1, keepdim=True)
    taken = (no >= 0) & (torch.arange(n, device=label.device) < room)
    rows, real = torch.cat([yes_rows, no_rows], 1), torch.cat([yes >= 0, taken], 1)
    return rows, real, (label.gather(1, rows) == AN_OBJECT) & real
