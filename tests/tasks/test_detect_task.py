"""The task of detection: a score of 1 for a model that knows the answers, 0 for one that says nothing."""

import pytest
import torch
from torch import nn

from visus.engine.optimizers import NAMED
from visus.geometry.objects import CROWD, NOTHING, Detections, Targets
from visus.tasks.detect import Detect


class Scenes:
    """Three pictures, the last one without objects."""

    steps_per_epoch = 1
    images = torch.arange(3, dtype=torch.uint8)[:, None, None, None].expand(3, 3, 32, 40)
    labels = torch.tensor([[0, 1], [1, CROWD], [NOTHING, NOTHING]])
    boxes = torch.tensor([[[2.0, 3, 12, 20], [20, 5, 36, 30]]]).repeat(3, 1, 1)
    masks = torch.zeros(3, 2, 32, 40, dtype=torch.uint8)
    masks[:, 0, 3:20, 2:12] = 1
    masks[:, 1, 5:30, 20:36] = 1

    def batches(self, start=0):
        while True:
            yield self.images, self.labels, self.boxes, self.masks

    def part(self, name, limit=None):
        yield next(self.batches())

    def targets(self, batch):
        return Targets(*batch[1:])

    def names(self, name, limit=None):
        return ["a", "b", "c"][:limit]

    def sources(self, step):
        return ["a", "b", "c"]


class Oracle(nn.Module):
    """Knows every picture by its grey, and tells what lies in it, or what is wrong with it."""

    def __init__(self, knows=True):
        super().__init__()
        self.weight, self.knows = nn.Parameter(torch.ones(1)), knows

    @property
    def needs(self):
        return ("masks",)

    def forward(self, images, proposals=None):
        return [self.said(int(image[0, 0, 0])) for image in images]

    def said(self, picture):
        rows = torch.nonzero(Scenes.labels[picture] >= 0).flatten()
        rows = rows if self.knows else rows[:0]
        return Detections(
            Scenes.boxes[picture, rows],
            torch.ones(len(rows)),
            Scenes.labels[picture, rows],
            torch.ones(len(rows), 8, 8),
        )

    def terms(self, images, targets):
        return {"guess": self.weight.sum() * torch.rand(()), "sure": self.weight.sum() ** 2}


def task(knows=True, **settings):
    pytest.importorskip("faster_coco_eval")
    return Detect(Oracle(knows), Scenes(), NAMED["sgd"], ["disc", "square"], kind="masks", lr=0.1, **settings)


def test_who_knows_the_answers_scores_one():
    scores = task().evaluate()
    assert next(iter(scores)) == "validation_map50"
    assert scores["validation_map50"] == scores["validation_map"] == scores["train_map50"] == pytest.approx(1.0)
    assert scores["validation_mask_map50"] == pytest.approx(1.0)


def test_who_says_nothing_scores_zero_and_no_score_is_not_a_number():
    scores = task(knows=False).evaluate()
    assert scores["validation_map50"] == scores["validation_mask_map50"] == 0


def test_losses_of_validation_are_weighted_and_drawn_alike_each_time():
    judge = task(weights={"sure": 4.0})
    state = torch.get_rng_state()
    scores = judge.evaluate()
    assert scores["validation_sure_loss"] == pytest.approx(4.0)
    assert scores["validation_loss"] == pytest.approx(4.0 + scores["validation_guess_loss"])
    assert judge.evaluate() == scores
    assert torch.equal(torch.get_rng_state(), state)


def test_people_read_how_many_of_each_class_are_found():
    assert list(task().illustrate().items()) == [("a", "1 disc, 1 square"), ("b", "1 square"), ("c", "nothing")]


def test_a_descent_lowers_what_it_descends():
    learner = task()
    first = learner.objectives[0].improve(next(learner.batches()))
    later = [learner.objectives[0].improve(next(learner.batches())) for _ in range(5)][-1]
    assert set(first.terms) == {"guess", "sure"}
    assert later.terms["sure"] < first.terms["sure"]
