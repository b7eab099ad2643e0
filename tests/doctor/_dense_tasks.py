"""A detector's and a segmenter's task in small, healthy, and with one illness planted in each of the others."""

from functools import cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from visus.doctor.checkup import Checkup
from visus.engine.loop import Evaluate, fit
from visus.engine.objective import Objective
from visus.engine.optimizers import adam, momentum
from visus.engine.task import Task
from visus.geometry import boxes as box
from visus.geometry.anchors import Anchors, match
from visus.geometry.objects import NOTHING, Detections, Matching, Targets

SIDE, PICTURES, STRIDE, K, IGNORE = 64, 8, 8, 3, 255
COLOURS = torch.tensor([[220, 40, 40], [40, 220, 40], [40, 40, 220]])


def scenes(step, together=False):
    """Pictures uint8 (B, 3, 64, 64), labels (B, N) and boxes (B, N, 4): rectangles, coloured by class, on noise.

    together: each rectangle has another of its class beside it that hides most of it.
    """
    dice = np.random.default_rng(step)
    images = torch.from_numpy(dice.integers(90, 120, (PICTURES, 3, SIDE, SIDE))).to(torch.uint8)
    labels, boxes = torch.full((PICTURES, 4), NOTHING), torch.zeros(PICTURES, 4, 4)
    for i in range(PICTURES):
        places = dice.permutation(4)[: dice.integers(2, 5)]
        for n, place in enumerate(places):
            low = torch.tensor([place % 2, place // 2]) * 32 + torch.from_numpy(dice.integers(2, 12, 2))
            high = low + torch.from_numpy(dice.integers(10, 19, 2))
            k = int(dice.integers(K))
            if together and n % 2:
                k, low, high = int(labels[i, n - 1]), boxes[i, n - 1, :2].long() + 2, boxes[i, n - 1, 2:].long() + 2
            images[i, :, low[1] : high[1], low[0] : high[0]] = COLOURS[k][:, None, None].to(torch.uint8)
            labels[i, n], boxes[i, n] = k, torch.cat([low, high]).float()
    return images, labels, boxes


class Seer(nn.Module):
    """Pictures -> what every place of a map of stride 8 says: (B, 1 + K + 4, 8, 8)."""

    def __init__(self):
        super().__init__()
        self.see = nn.Sequential(nn.Conv2d(3, 16, 5, 4, 2), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU())
        self.say = nn.Conv2d(32, 1 + K + 4, 1)
        nn.init.normal_(self.say.weight, std=0.01)
        nn.init.zeros_(self.say.bias)

    def forward(self, images):
        return self.say(self.see((images.to(self.say.weight) - 110) / 40))


class Marked(Task):
    """Objects told by the place their centre lies in; each subclass plants one illness."""

    steps, steps_per_epoch, classes, suppression = 60, 12, ("red", "green", "blue"), 0.5
    anchors, rescue, together, rule, lr, clip = (12, 16), False, False, staticmethod(adam), 5e-3, float("inf")
    box_weight, object_weight = 1.0, 1.0

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.model, self._answered = Seer(), None
        self.objectives = [
            Objective("mark", self.loss, self.model.parameters(), self.rule, lr=self.lr, max_norm=self.clip)
        ]

    def drawn(self, step):
        return scenes(step, self.together)

    def batches(self, start=0):
        step = start
        while True:
            yield self.drawn(step)
            step += 1

    def marks(self, batch):
        return Targets(batch[1], batch[2])

    def matching(self, batch):
        every = Anchors([self.anchors], [(0.5, 1.0, 2.0)], [STRIDE], centred=True)([(8, 8)])[0]
        overlap = box.iou(batch[2].float(), every.expand(len(batch[2]), -1, -1))
        real = batch[1] >= 0
        found = match(torch.where(real[..., None], overlap, -1.0), 0.5, 0.3, self.rescue)
        taken = torch.stack([(found == row).sum(1) for row in range(batch[1].shape[1])], 1)
        sides = batch[2][..., 2:] - batch[2][..., :2]
        return Matching(sides[real], taken[real], overlap.amax(2)[real], 0.5, every[:, 2:] - every[:, :2])

    def wanted(self, batch):
        """Of every place: whether an object has its centre there, its class, its box in strides from the place."""
        _, labels, boxes = batch
        busy = torch.zeros(len(labels), 8, 8)
        kind, where = torch.zeros(len(labels), 8, 8, dtype=torch.long), torch.zeros(len(labels), 4, 8, 8)
        for i, n in (labels >= 0).nonzero().tolist():
            x, y = ((boxes[i, n, :2] + boxes[i, n, 2:]) / 2 / STRIDE).long().clamp(0, 7).tolist()
            centre = torch.tensor([x, y, x, y]) * STRIDE + STRIDE / 2
            busy[i, y, x], kind[i, y, x], where[i, :, y, x] = 1, labels[i, n], (boxes[i, n] - centre) / STRIDE
        return busy, kind, where

    def loss(self, batch):
        said = self.model(batch[0])
        busy, kind, where = (part.to(said) if part.is_floating_point() else part for part in self.wanted(batch))
        n = busy.sum().clamp(min=1)
        named = F.cross_entropy(said[:, 1 : 1 + K], kind, reduction="none")
        off = F.smooth_l1_loss(said[:, 1 + K :], where, reduction="none").sum(1)
        return {
            "objectness": F.binary_cross_entropy_with_logits(
                said[:, 0], busy, pos_weight=torch.tensor(self.object_weight)
            ),
            "class": (named * busy).sum() / n,
            "box": self.box_weight * (off * busy).sum() / n,
        }

    def find(self, images):
        with torch.no_grad():
            said = self.model(images)
        found = []
        for one in said:
            y, x = (one[0].sigmoid() > 0.3).nonzero(as_tuple=True)
            centres = torch.stack([x, y, x, y], 1) * STRIDE + STRIDE / 2
            corners = centres + one[1 + K :, y, x].T * STRIDE
            found.append(Detections(corners, one[0, y, x].sigmoid(), self.named(one[1 : 1 + K, y, x].argmax(0))))
        return found

    def named(self, labels):
        return labels

    def evaluate(self):
        images, labels, boxes = self.drawn(10**6)
        truth = [{"boxes": b[k >= 0], "labels": k[k >= 0]} for k, b in zip(labels, boxes, strict=True)]
        self._answered = self.find(images), truth
        return {"validation_map50": 0.5}

    def answered(self):
        return self._answered


class InShares(Marked):
    def drawn(self, step):
        images, labels, boxes = super().drawn(step)
        return images, labels, boxes / SIDE


class PictureScaledBoxesNot(Marked):
    def drawn(self, step):
        images, labels, boxes = super().drawn(step)
        return F.interpolate(images.float(), scale_factor=2).to(torch.uint8), labels, boxes


class MirroredWithoutItsBoxes(Marked):
    def drawn(self, step):
        images, labels, boxes = super().drawn(step)
        images[::2] = images[::2].flip(3)
        return images, labels, boxes


class RowsFirst(Marked):
    def drawn(self, step):
        images, labels, boxes = super().drawn(step)
        return images, labels, boxes[..., [1, 0, 3, 2]]


class Beyond(Marked):
    """The picture was cut in two, the boxes were not."""

    def drawn(self, step):
        images, labels, boxes = super().drawn(step)
        return images[..., :32], labels, boxes


class AnchorsTooLarge(Marked):
    anchors = (48, 60)


class AnchorsOnlyRescued(AnchorsTooLarge):
    rescue = True


class CountedFromOne(Marked):
    def drawn(self, step):
        images, labels, boxes = super().drawn(step)
        return images, torch.where(labels >= 0, labels + 1, labels), boxes

    def loss(self, batch):
        return super().loss((batch[0], batch[1].clamp(max=K - 1), batch[2]))


class BackgroundInTheList(CountedFromOne):
    classes = ("background", "red", "green", "blue")


class OneUponAnother(Marked):
    together = True


class SoftlySuppressed(OneUponAnother):
    suppression = 0.9


class NamesOneTooHigh(Marked):
    def named(self, labels):
        return labels + 1


class BoxDrowns(Marked):
    """The weight of one term is ten thousand times too large, and clipping leaves the others nothing."""

    box_weight, rule, lr, clip = 1e4, staticmethod(momentum), 1e-3, 1.0


class SeesNothing(Marked):
    """Objects count for next to nothing beside the background."""

    object_weight = 0.01


# -- a class for every pixel ------------------------------------------------------------------------------------------

FEW, BORDER = 4, 8


def maps(step):
    """Pictures in a frame with black rows above and below; labels of each pixel, 0 of the ground, IGNORE outside."""
    images, kinds, boxes = (part[:FEW] for part in scenes(step))
    labels = torch.zeros(FEW, SIDE, SIDE, dtype=torch.long)
    for i, n in (kinds >= 0).nonzero().tolist():
        x1, y1, x2, y2 = boxes[i, n].long().tolist()
        labels[i, y1:y2, x1:x2] = kinds[i, n] + 1
    for rows in (slice(0, BORDER), slice(SIDE - BORDER, SIDE)):
        images[:, :, rows], labels[:, rows] = 0, IGNORE
    return images, labels


class Pixels(Task):
    """A segmenter; each subclass plants one illness."""

    steps, steps_per_epoch, classes = 60, 12, ("ground", "red", "green", "blue")
    lr, n_outputs = 1e-2, K + 1

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.model = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, self.n_outputs, 1),
        )
        nn.init.normal_(self.model[4].weight, std=0.01)
        nn.init.zeros_(self.model[4].bias)
        self.objectives = [Objective("paint", self.loss, self.model.parameters(), adam, lr=self.lr)]
        self._painted = None

    def drawn(self, step):
        return maps(step)

    def batches(self, start=0):
        step = start
        while True:
            yield self.drawn(step)
            step += 1

    def scores(self, images):
        return self.model((images.to(self.model[4].weight) - 110) / 40)

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.scores(batch[0]), batch[1], ignore_index=IGNORE)}

    def ignored(self, batch):
        return batch[1] == IGNORE

    def evaluate(self):
        images, labels = self.drawn(10**6)
        with torch.no_grad():
            said = self.scores(images).argmax(1)
        there = labels != IGNORE
        pairs = labels[there] * self.n_outputs + said[there]
        self._painted = torch.bincount(pairs, minlength=self.n_outputs**2).view(self.n_outputs, -1).numpy()
        return {"validation_mean_iou": 0.5}

    def painted(self):
        return self._painted


class CountsBorders(Pixels):
    """What is ignored is taken for class 0 on the way to the loss."""

    def loss(self, batch):
        return super().loss((batch[0], torch.where(batch[1] == IGNORE, 0, batch[1])))


class SecondTermCounts(Pixels):
    """The cross-entropy leaves borders out; a term written by hand beside it does not."""

    def loss(self, batch):
        scores = self.scores(batch[0])
        entropy = F.cross_entropy(scores, batch[1], ignore_index=IGNORE)
        return {"cross_entropy": entropy, "ground": 0.1 * (1 - scores.softmax(1)[:, 0]).square().mean()}


class BordersAreAClass(Pixels):
    classes, n_outputs, ignored = ("ground", "red", "green", "blue", "other"), K + 2, None

    def drawn(self, step):
        images, labels = super().drawn(step)
        return images, torch.where(labels == IGNORE, K + 1, labels)


class VoidCounts(Pixels):
    classes, n_outputs = ("ground", "red", "green", "blue", "void"), K + 2

    def drawn(self, step):
        images, labels = super().drawn(step)
        labels[:, 20:24, 20:40] = K + 1
        return images, labels


class PaintsGround(Pixels):
    """The ground weighs a thousand times as much as what lies on it."""

    def loss(self, batch):
        weight = torch.tensor([1.0, 1e-3, 1e-3, 1e-3], dtype=self.model[4].weight.dtype)
        return {"cross_entropy": F.cross_entropy(self.scores(batch[0]), batch[1], weight, ignore_index=IGNORE)}


@cache
def trained(kind, steps=140, every=70):
    """The checkup of a finished short training of a task of this kind."""
    task = kind()
    task.steps = steps
    checkup = Checkup()
    fit(task, steps, [checkup, Evaluate(every, [checkup])])
    return checkup
