"""The task of segmentation: pixels that count nowhere, terms by name, scores of one who knows and one who does not."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visus.engine.loop import fit
from visus.engine.optimizers import NAMED
from visus.tasks.segment import Segment

K, IGNORE = 3, 255
SHARES = torch.tensor([0.5, 0.3, 0.2])


class Painted:
    """Pictures whose red tells the class of each pixel; a corner does not count."""

    steps_per_epoch = 2

    def __init__(self, n=4):
        dice = np.random.default_rng(0)
        self.labels = torch.from_numpy(dice.integers(0, K, (n, 8, 10)))
        self.images = torch.zeros(n, 3, 8, 10, dtype=torch.uint8)
        self.images[:, 0] = 100 * self.labels
        self.labels[:, :2, :3] = IGNORE

    def batches(self, start=0):
        while True:
            yield self.images, self.labels

    def part(self, name, limit=None):
        yield self.images[:2], self.labels[:2]
        yield self.images[2:limit], self.labels[2:limit]

    def sources(self, step):
        return ["a", "b", "c", "d"]


class Reads(nn.Module):
    """Scores the classes by the red of a pixel, if it knows; else all alike."""

    def __init__(self, knows):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(50.0 * knows))

    def forward(self, images):
        nearness = -(images[:, :1] - torch.tensor([0.0, 100, 200]).view(1, K, 1, 1)).abs() / 100
        return self.weight * nearness


def task(network=None, **settings):
    torch.manual_seed(0)
    network = network or nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(), nn.Conv2d(8, K, 1))
    settings = {"lr": 0.05, "shares": SHARES, **settings}
    return Segment(Scale(), network, Painted(), NAMED["adam"], **settings)


class Scale(nn.Module):
    def forward(self, images):
        return (images.double() if images.dtype == torch.float64 else images.float()) / 100


class Bare(nn.Module):
    def forward(self, images):
        return images.float()


def of_reader(knows, **settings):
    return Segment(Bare(), Reads(knows), Painted(), NAMED["sgd"], lr=0.1, shares=SHARES, **settings)


def test_who_reads_the_truth_scores_one_and_who_guesses_scores_ln_k():
    scores = of_reader(True).evaluate()
    assert next(iter(scores)) == "validation_mean_iou"
    assert scores["validation_mean_iou"] == scores["validation_pixel_accuracy"] == scores["train_mean_iou"] == 1
    assert scores["validation_loss"] == pytest.approx(0, abs=1e-6)
    blind = of_reader(False)
    assert blind.evaluate()["validation_loss"] == pytest.approx(math.log(K))
    assert blind.objectives[0].blind_loss == pytest.approx(math.log(K))


@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 5, 0.5])])
def test_the_terms_are_named_and_a_blind_guess_costs_what_is_said(weights):
    labels = torch.tensor([0] * 50 + [1] * 30 + [2] * 20).view(1, 10, 10)
    found = of_reader(False, dice=0.5, weights=weights)
    terms = found.misjudgement((torch.zeros(1, 3, 10, 10, dtype=torch.uint8), labels))
    assert list(terms) == ["cross_entropy", "dice"]
    assert float(sum(terms.values()).detach()) == pytest.approx(found.objectives[0].blind_loss, abs=0.01)


def test_pixels_that_do_not_count_change_nothing():
    one, other = task(), task()
    images, labels = next(one.batches())
    changed = images.clone()
    changed[:, :, :2, :3] = 200  # the corner that is IGNORE; the network sees single pixels
    assert torch.equal(
        *(t.misjudgement((seen, labels))["cross_entropy"] for t, seen in ((one, images), (other, changed)))
    )


def test_it_learns():
    learning = task()
    before = learning.evaluate()["validation_mean_iou"]
    fit(learning, 60)
    after = learning.evaluate()
    assert after["validation_mean_iou"] > max(0.9, before)
    assert after["validation_loss"] < 0.5


def test_gradients_are_those_of_the_value():
    found = task(dice=0.7, weights=torch.tensor([1.0, 2, 3])).double()
    images, labels = next(found.batches())
    images = images.double()
    parameter = next(found.model.parameters())
    loss = sum(found.misjudgement((images, labels)).values())
    loss.backward()
    with torch.no_grad():
        slopes = []
        for place in range(3):
            values = []
            for step in (1e-6, -1e-6):
                parameter.view(-1)[place] += step
                values.append(float(sum(found.misjudgement((images, labels)).values())))
                parameter.view(-1)[place] -= step
            slopes.append((values[0] - values[1]) / 2e-6)
    assert parameter.grad.view(-1)[:3].tolist() == pytest.approx(slopes, abs=1e-6)


def test_a_copy_learns_alone_and_predictions_sum_to_one():
    found = task()
    twin = copy.deepcopy(found)
    fit(twin, 3)
    assert not torch.equal(next(twin.model.parameters()), next(found.model.parameters()))
    chances = found.predict(Painted().images)
    torch.testing.assert_close(chances.sum(1), torch.ones(4, 8, 10))
    assert found.sources(0) == ["a", "b", "c", "d"]


def test_a_batch_is_cut_into_pieces_without_changing_the_loss():
    found = task()
    images, labels = next(found.batches())
    labels[:, :2, :3] = 0  # as many pixels count in each piece
    whole = found.misjudgement((images, labels))["cross_entropy"]
    halves = [found.misjudgement((images[i : i + 2], labels[i : i + 2]))["cross_entropy"] for i in (0, 2)]
    torch.testing.assert_close(whole, sum(halves) / 2)
    torch.testing.assert_close(F.cross_entropy(found.model(images), labels), whole)
