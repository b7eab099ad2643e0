"""Every examination is tried on a planted illness and on its healthy twin, and harms neither."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visus import recipes
from visus.doctor import before, preflight
from visus.doctor.before import (
    anchors,
    batch_leak,
    batch_norm_single,
    beats_blank,
    boxes,
    depth,
    every_update,
    feature_maps,
    first_loss,
    frozen,
    future,
    gradient,
    head,
    ignored,
    initialisation,
    inputs,
    likelihood,
    object_classes,
    overfits_few,
    padding,
    pixel_order,
    pretrained,
    regularisation,
    rewards,
    suppression,
    targets,
    through_time,
    train_eval,
    vocabulary,
    world,
)
from visus.doctor.finding import BLOCKER, NOTE, PASS, SEVERITIES, WARNING, worst
from visus.engine import catalogue
from visus.engine.objective import Objective
from visus.engine.optimizers import adam, momentum
from visus.engine.task import Task
from visus.recipes import digits_knn

from ._acting_tasks import in_a_world_deaf_to_its_seed, with_rewards_of_thousands
from ._dense_tasks import AnchorsTooLarge, CountedFromOne, CountsBorders, Marked, OneUponAnother, RowsFirst
from ._drawing_tasks import MeanOverValues, TellsItself
from ._reading_tasks import (
    BothWays,
    Endless,
    Exploding,
    Forgetful,
    NotMoved,
    Padded,
    PaddingLeftOut,
    Read,
    TimeForBatch,
    Unknown,
)

K, D = 4, 6


class Toy(Task):
    """Four blobs in six dimensions and a small network; each subclass plants one illness."""

    scale = 0.05

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(D, 16), nn.Tanh(), nn.Linear(16, K))
        nn.init.normal_(self.model[2].weight, std=self.scale)
        self.objectives = [
            Objective(
                "toy",
                self.loss,
                self.trained(),
                self.rule,
                lr=0.05,
                weight_decay=1e-3,
                blind_loss=torch.tensor(4.0).log().item(),
            )
        ]

    rule = staticmethod(momentum)

    def trained(self):
        return self.model.parameters()

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), batch[1])}

    def batches(self, start=0):
        step = start
        while True:
            dice = torch.Generator().manual_seed(step)
            labels = torch.randint(K, (32,), generator=dice)
            yield 2 * F.one_hot(labels, D) + torch.randn(32, D, generator=dice), labels
            step += 1

    def evaluate(self):
        return {"score": 0.0}

    @torch.no_grad()
    def predict(self, inputs):
        return self.model(inputs)


class BigLastLayer(Toy):
    scale = 30.0


class ShuffledWithinTheBatch(Toy):
    """Labels drawn anew at each look: nothing can be learned by heart."""

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), torch.randint(K, batch[1].shape))}


class HiddenDetach(Toy):
    def loss(self, batch):
        hidden = self.model[1](self.model[0](batch[0]))
        return {
            "cross_entropy": F.cross_entropy(
                self.model[2](hidden) + hidden.detach()[:, :K] * self.model[0].bias[0], batch[1]
            )
        }


class LooksAtItsNeighbours(Toy):
    def predict(self, inputs):
        scores = super().predict(inputs)
        return scores - scores.mean(0)


class ForgottenLayer(Toy):
    def __init__(self):
        super().__init__()
        self.model[0].requires_grad_(True)
        self.unused = nn.Parameter(torch.ones(3))
        self.objectives = [Objective("toy", self.loss, [*self.model.parameters(), self.unused], adam, lr=0.05)]

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), batch[1]) + 0 * self.unused.sum()}


class DeafOptimizer(Toy):
    """Takes the parameters out of their groups, and with them the weight decay."""

    @staticmethod
    def rule(groups, lr):
        class Deaf(torch.optim.SGD):
            def step(self):
                for group in self.param_groups:
                    for p in group["params"]:
                        p.data -= group["lr"] * p.grad

        return Deaf(groups, lr=lr)


class BlindNetwork(Toy):
    """Multiplies what it sees by zero."""

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(0 * batch[0]), batch[1])}


class SoftmaxFirst(Toy):
    """Chances where the loss expects scores."""

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]).softmax(1), batch[1])}


class ReluOnScores(Toy):
    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]).relu(), batch[1])}


class LabelsFromOne(Toy):
    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), batch[1] + 1)}


class HeadTooWide(Toy):
    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(torch.cat([self.model(batch[0])] * 3, 1), batch[1])}


class OneOutput(Toy):
    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0])[:, :1], 0 * batch[1])}


class SummedLoss(Toy):
    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), batch[1], reduction="sum")}


class LogMissing(Toy):
    """The negative log-likelihood of scores that are no logarithms."""

    def loss(self, batch):
        return {"nll": F.nll_loss(self.model(batch[0]), batch[1])}


class SoftmaxAcrossTheBatch(Toy):
    def loss(self, batch):
        return {"nll": F.nll_loss(self.model(batch[0]).log_softmax(0), batch[1])}


class Broadcasts(Toy):
    """A regression of (B, 1) on (B,): every output is compared with every target."""

    def loss(self, batch):
        return {"squared": F.mse_loss(self.model(batch[0])[:, :1], batch[0].sum(1))}


class OutOfReach(Toy):
    """Targets of any sign behind a sigmoid."""

    def loss(self, batch):
        return {"squared": F.mse_loss(self.model(batch[0]).sigmoid(), batch[0][:, :K])}


class ConstantWeights(Toy):
    def __init__(self):
        super().__init__()
        for parameter in self.model.parameters():
            nn.init.constant_(parameter, 0.1)


class TooSmallToPass(Toy):
    """Six layers that each shrink the signal a hundred times."""

    def __init__(self):
        super().__init__()
        deep = [nn.Sequential(nn.Linear(16, 16), nn.Tanh()) for _ in range(6)]
        self.model = nn.Sequential(self.model[0], *deep, self.model[2])
        for layer in deep:
            nn.init.normal_(layer[0].weight, std=1e-3)
        self.objectives = [Objective("toy", self.loss, self.model.parameters(), momentum, lr=0.05)]


class LeftOut(Toy):
    """The optimizer gets the last layer only."""

    def trained(self):
        return self.model[2].parameters()


class TwiceOwned(Toy):
    def __init__(self):
        super().__init__()
        self.objectives.append(Objective("again", self.loss, self.model[2].parameters(), adam, lr=0.05))


class RateOfZero(Toy):
    def __init__(self):
        super().__init__()
        self.objectives[0].lr = 0.0


class OtherInputs(Toy):
    """What `change` makes of the inputs reaches the network."""

    @staticmethod
    def change(x):
        return x

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(self.change(batch[0])), batch[1])}


class RawPixels(OtherInputs):
    @staticmethod
    def change(x):
        return 128 + 60 * x


class DividedTwice(OtherInputs):
    @staticmethod
    def change(x):
        return x / 255


class NotFinite(OtherInputs):
    @staticmethod
    def change(x):
        return torch.where(x > 3, torch.nan, x)


class AlwaysTheSame(OtherInputs):
    @staticmethod
    def change(x):
        return x[:1].expand_as(x)


class OtherStatistics(OtherInputs):
    """Standardised with what was recorded, but it was recorded of other data."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(3.0))
        self.register_buffer("std", torch.tensor(0.2))

    def change(self, x):
        return (x - self.mean) / self.std


class Colours(Toy):
    """Smooth pictures of K colours and a small convolutional net; they come as `change` leaves them."""

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, K)
        )
        self.objectives = [Objective("toy", self.loss, self.model.parameters(), momentum, lr=0.05)]

    def batches(self, start=0):
        for x, labels in super().batches(start):
            rows = torch.sin(torch.arange(12) * 0.5 + 6 * x[:, :1])[:, None, None, :]  # (B, 1, 1, W)
            down = torch.cos(torch.arange(12) * 0.4 + 3 * x[:, 1:2])[:, None, :, None]
            yield self.change(rows + down + 0.3 * x[:, 2:5, None, None]), labels

    @staticmethod
    def change(pictures):
        return pictures


class ColoursLast(Colours):
    """Pictures (B, H, W, C) whose memory is read as (B, C, H, W)."""

    @staticmethod
    def change(pictures):
        return pictures.permute(0, 2, 3, 1).reshape(pictures.shape)


class Normalised(Toy):
    """With a batch norm; `batch` examples at a time, and a momentum."""

    batch, momentum_of_norm = 32, 0.1

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(self.model[0], nn.BatchNorm1d(16, momentum=self.momentum_of_norm), *self.model[1:])
        self.objectives = [Objective("toy", self.loss, self.model.parameters(), momentum, lr=0.05)]

    def batches(self, start=0):
        return (tuple(column[: self.batch] for column in batch) for batch in super().batches(start))


class OneAtATime(Normalised):
    batch = 1


class FrozenStatistics(Normalised):
    """Running statistics that never follow, of inputs far from what they start at."""

    momentum_of_norm = 0.0

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(100 + batch[0]), batch[1])}


class FrozenNorm(nn.BatchNorm2d):
    def train(self, mode=True):
        return super().train(False)


class Backbone(Toy):
    """A small conv net with norms, trained before: all but its head is frozen, as `freeze` does it."""

    rate, steps = 0.05, 200

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, K),
        )
        for _, (x, _) in zip(range(60), self.pictures()):  # its statistics settle
            self.model(x)
        for parameter in self.model[:-1].parameters():
            parameter.requires_grad_(False)
        self.freeze()
        self.objectives = [Objective("toy", self.loss, self.model.parameters(), momentum, lr=self.rate)]

    def freeze(self):
        for norm in (self.model[1], self.model[5]):
            norm.__class__ = FrozenNorm
            norm.train()

    def pictures(self):
        for x, labels in super().batches():
            noise = torch.randn(len(x), 3, 6, 6, generator=torch.Generator().manual_seed(int(labels.sum())))
            yield noise + x[:, :3, None, None], labels

    def batches(self, start=0):
        return ((self.prepared(x), labels) for x, labels in self.pictures())

    @staticmethod
    def prepared(pictures):
        return pictures


class FrozenInTrainingMode(Backbone):
    def freeze(self):
        """Forgets the norms."""


class HeadFrozenToo(Backbone):
    def freeze(self):
        super().freeze()
        self.model[0].requires_grad_(True)
        self.model[-1].requires_grad_(False)


class RateOfTheBackbone(Backbone):
    rate = 1e-7


class ZeroToOne(Backbone):
    """Pixels in 0..1 for weights that expect mean 0, deviation 1."""

    @staticmethod
    def prepared(pictures):
        return 0.23 * pictures + 0.45


class ZeroTo255(Backbone):
    @staticmethod
    def prepared(pictures):
        return 58 * pictures + 114


class OtherPictures(Backbone):
    """Smooth ones, of one colour."""

    @staticmethod
    def prepared(pictures):
        smooth = F.avg_pool2d(pictures.mean(1, keepdim=True).expand_as(pictures), 3, 1, 1)
        return (smooth - smooth.mean()) / smooth.std()


class Values(Toy):
    """A regression of two numbers."""

    scales, centre = (1.0, 1.0), 0.0

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(nn.Linear(D, 16), nn.Tanh(), nn.Linear(16, 2))
        self.objectives = [Objective("toy", self.loss, self.model.parameters(), momentum, lr=0.05)]

    def batches(self, start=0):
        for x, _ in super().batches(start):
            yield x, x[:, -2:] * torch.tensor(self.scales) + self.centre

    def loss(self, batch):
        return {"squared": F.mse_loss(self.model(batch[0]), batch[1])}


class Years(Values):
    scales, centre = (20.0, 20.0), 35.0


class UnevenColumns(Values):
    scales = (0.05, 5.0)


class Tags(Toy):
    """Attributes: any number of them for each example."""

    steps_per_epoch = 10

    def batches(self, start=0):
        for x, _ in super().batches(start):
            yield x, (x[:, :K] > 0).float()

    def __init__(self):
        super().__init__()
        self.objectives = [Objective("toy", self.loss, self.model.parameters(), momentum, lr=0.05)]

    def loss(self, batch):
        return {"logistic": F.binary_cross_entropy_with_logits(self.model(batch[0]), batch[1])}


class TagsThatCompete(Tags):
    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), batch[1])}


class TagNeverThere(Tags):
    def batches(self, start=0):
        for x, tags in super().batches(start):
            yield x, tags * torch.tensor([1.0, 1.0, 0.0, 1.0])


def stack(n, width=16):
    return nn.Sequential(*(nn.Sequential(nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU()) for _ in range(n)))


class Plain(Toy):
    """Fifty layers, one after the other."""

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(nn.Linear(D, 16), stack(50), nn.Linear(16, K))
        self.objectives = [Objective("toy", self.loss, self.model.parameters(), momentum, lr=0.05)]


class WithShortcuts(Plain):
    def loss(self, batch):
        x = self.model[0](batch[0])
        for i in range(0, 50, 2):
            x = x + self.model[1][i + 1](self.model[1][i](x))
        return {"cross_entropy": F.cross_entropy(self.model[2](x), batch[1])}


class TooEarly(Colours):
    """Three convolutions and poolings leave one pixel to the four that follow."""

    def __init__(self):
        super().__init__()
        early = [nn.Sequential(nn.Conv2d(w, 8, 3, padding=1), nn.MaxPool2d(3)) for w in (3, 8, 8)]
        late = [nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()) for _ in range(4)]
        self.model = nn.Sequential(*early[:2], *late, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, K))
        self.objectives = [Objective("toy", self.loss, self.model.parameters(), momentum, lr=0.05)]


ILL = [
    (targets, TagsThatCompete),
    (targets, TagNeverThere),
    (targets, Years),
    (targets, UnevenColumns),
    (pretrained, ZeroToOne),
    (pretrained, ZeroTo255),
    (frozen, FrozenInTrainingMode),
    (frozen, HeadFrozenToo),
    (frozen, RateOfTheBackbone),
    (feature_maps, TooEarly),
    (depth, Plain),
    (first_loss, BigLastLayer),
    (overfits_few, ShuffledWithinTheBatch),
    (gradient, HiddenDetach),
    (batch_leak, LooksAtItsNeighbours),
    (every_update, ForgottenLayer),
    (regularisation, DeafOptimizer),
    (beats_blank, BlindNetwork),
    (beats_blank, ShuffledWithinTheBatch),
    (head, SoftmaxFirst),
    (head, ReluOnScores),
    (head, LabelsFromOne),
    (head, HeadTooWide),
    (head, OneOutput),
    (head, SummedLoss),
    (head, LogMissing),
    (head, SoftmaxAcrossTheBatch),
    (head, Broadcasts),
    (head, OutOfReach),
    (initialisation, ConstantWeights),
    (initialisation, TooSmallToPass),
    (every_update, LeftOut),
    (every_update, TwiceOwned),
    (every_update, RateOfZero),
    (inputs, RawPixels),
    (inputs, DividedTwice),
    (inputs, NotFinite),
    (inputs, AlwaysTheSame),
    (inputs, OtherStatistics),
    (inputs, ColoursLast),
    (batch_norm_single, OneAtATime),
    (train_eval, FrozenStatistics),
    (future, BothWays),
    (future, NotMoved),
    (padding, Padded),
    (vocabulary, Unknown),
    (vocabulary, Endless),
    (through_time, Exploding),
    (through_time, Forgetful),
    (batch_leak, TimeForBatch),
    (anchors, AnchorsTooLarge),
    (boxes, RowsFirst),
    (object_classes, CountedFromOne),
    (suppression, OneUponAnother),
    (ignored, CountsBorders),
    (pixel_order, TellsItself),
    (likelihood, MeanOverValues),
    (world, in_a_world_deaf_to_its_seed),
    (rewards, with_rewards_of_thousands),
]
HEALTHY = [Toy, Colours, Normalised, Backbone, OtherPictures, Values, Tags, Read, PaddingLeftOut, Marked]


@pytest.mark.parametrize(
    ("examination", "ill"), ILL, ids=[f"{e.__name__.rpartition('.')[2]}-{i.__name__}" for e, i in ILL]
)
def test_the_illness_is_found_and_its_twin_is_healthy(examination, ill):
    (found,) = examination.examine(ill())
    (twin,) = examination.examine(Toy())
    assert SEVERITIES.index(found.severity) > SEVERITIES.index(NOTE)
    assert found.remedy
    assert found.where
    assert twin.severity == PASS, twin


@pytest.mark.parametrize("healthy", HEALTHY)
@pytest.mark.parametrize("name", catalogue.names(before))
def test_healthy_networks_of_several_kinds_raise_no_alarm(name, healthy):
    assert worst(finding.severity for finding in catalogue.find(before, name).examine(healthy())) in (PASS, NOTE)


@pytest.mark.parametrize(
    ("ill", "kind"),
    [
        (SoftmaxFirst, "activation_before_loss"),
        (LabelsFromOne, "labels_out_of_range"),
        (HeadTooWide, "class_count"),
        (SummedLoss, "wrong_reduction"),
        (Broadcasts, "wrong_loss"),
    ],
)
def test_the_head_names_what_is_wrong_with_it(ill, kind):
    (found,) = head.examine(ill())
    assert found.kind == kind


@pytest.mark.parametrize("name", catalogue.names(before))
def test_every_examination_has_a_planted_illness(name):
    assert any(module.__name__.endswith(f".{name}") for module, _ in ILL)


@pytest.mark.parametrize("name", catalogue.names(before))
def test_an_examination_leaves_the_patient_bit_identical(name):
    task = Toy()
    weights, random = copy.deepcopy(task.state_dict()), torch.get_rng_state()
    optimizer = copy.deepcopy(task.objectives[0].state_dict())
    catalogue.find(before, name).examine(task)
    assert all(torch.equal(v, weights[n]) for n, v in task.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
    assert str(optimizer) == str(task.objectives[0].state_dict())
    assert task.training


class Scaled(Toy):
    """Scores with a scale: how far from ln K does the loss start?"""

    def __init__(self, scale):
        super().__init__()
        self.factor = scale

    def loss(self, batch):
        return {"cross_entropy": self.factor * F.cross_entropy(self.model(batch[0]), batch[1])}


@pytest.mark.parametrize(
    ("scale", "severity"), [(1.0, PASS), (1.1, PASS), (1.4, WARNING), (3.0, BLOCKER), (0.5, NOTE), (-1.0, WARNING)]
)
def test_the_loss_at_start_is_judged_by_its_distance_from_theory(scale, severity):
    (found,) = first_loss.examine(Scaled(scale))
    assert found.severity == severity


class Unstated(Toy):
    """An objective that does not say what a blind guess costs."""

    def __init__(self):
        super().__init__()
        self.objectives = [Objective("toy", self.loss, self.model.parameters(), momentum, lr=0.05)]


class Logistic(Unstated):
    def loss(self, batch):
        return {"bce": F.binary_cross_entropy_with_logits(self.model(batch[0]), F.one_hot(batch[1], K).float())}


class Regression(Unstated):
    """Targets with mean 0 and variance 4."""

    def loss(self, batch):
        return {"squared": F.mse_loss(self.model(batch[0])[:, 0], 2 * batch[0][:, -1])}


class Smoothed(Unstated):
    """Label smoothing: the loss cannot fall to zero."""

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), batch[1], label_smoothing=0.3)}


class BiasKnowsTheFrequencies(Unstated):
    """Nine of ten examples are of one class, and the last bias says so."""

    def __init__(self):
        super().__init__()
        with torch.no_grad():
            self.model[2].bias.copy_(torch.tensor([0.9, 0.04, 0.03, 0.03]).log())

    def batches(self, start=0):
        for x, labels in super().batches(start):
            yield x, labels * (torch.arange(32) % 10 == 0)


@pytest.mark.parametrize(
    ("task", "expected"),
    [(Unstated, "1.39"), (Logistic, "0.693"), (Regression, "expected"), (BiasKnowsTheFrequencies, "")],
)
def test_theory_is_asked_of_the_loss_function_itself(task, expected):
    (found,) = first_loss.examine(task())
    assert found.severity == PASS, found
    assert expected in found.against


def test_what_a_smoothed_loss_cannot_lose_does_not_count():
    (found,) = overfits_few.examine(Smoothed())
    assert found.severity == PASS, found


@pytest.mark.parametrize("side", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "settings", [{"kernel_size": 3, "padding": 1}, {"kernel_size": 5, "padding": 2, "stride": 2},
                 {"kernel_size": 3, "padding": "same", "dilation": 2}, {"kernel_size": (1, 7), "padding": (0, 3)}]
)  # fmt: skip
def test_places_of_a_kernel_that_meet_only_padding_are_those_without_a_gradient(side, settings):
    layer = nn.Conv2d(1, 1, **settings)
    layer(torch.ones(1, 1, side, side)).sum().backward()
    assert feature_maps.seeing(layer, (side, side)) == pytest.approx(float((layer.weight.grad != 0).double().mean()))


def test_what_frozen_layers_hold_back_is_named():
    kinds = {ill: [finding.kind for finding in frozen.examine(ill())] for ill in (FrozenInTrainingMode, HeadFrozenToo)}
    assert kinds == {FrozenInTrainingMode: ["frozen_norm_in_training_mode"], HeadFrozenToo: ["parameters_frozen"]}
    (rate,) = frozen.examine(RateOfTheBackbone())
    assert rate.change == {"lr": {"times": 100}}


def test_norms_that_take_batch_statistics_forgive_another_scale():
    class Trained(ZeroToOne):
        def freeze(self):
            for parameter in self.parameters():
                parameter.requires_grad_(True)

    (found,) = pretrained.examine(Trained())
    assert found.severity == NOTE
    assert found.kind == "pretrained_inputs_differ"


def test_shortcuts_are_seen():
    (plain,), (residual,) = depth.examine(Plain()), depth.examine(WithShortcuts())
    assert plain.what == "52 layers with weights from input to answer, 52 on the shortest way"
    assert residual.severity == PASS
    assert residual.what == "52 layers with weights from input to answer, 2 on the shortest way"


class UselessBias(Normalised):
    """The first layer's bias is cancelled by the batch norm that follows: its gradient is rounding."""


class WithTarget(Toy):
    """Keeps a slow copy of its network, as value learners do: no optimizer holds it, and no loss reaches it."""

    def __init__(self):
        super().__init__()
        self.slow = copy.deepcopy(self.model)

    def loss(self, batch):
        with torch.no_grad():
            near = self.slow(batch[0]).softmax(1)
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), batch[1]) + 0 * near.mean()}


@pytest.mark.parametrize("task", [UselessBias, WithTarget])
def test_what_needs_no_update_is_not_accused(task):
    assert worst(finding.severity for finding in every_update.examine(task())) in (PASS, NOTE)


class Default(Toy):
    """Ten layers as torch draws them, kaiming_uniform(a=sqrt(5)), which is smaller than He's."""

    def __init__(self):
        super().__init__()
        deep = [nn.Sequential(nn.Linear(16, 16), nn.ReLU()) for _ in range(9)]
        self.model = nn.Sequential(nn.Linear(D, 16), *deep, nn.Linear(16, K))
        self.objectives = [Objective("toy", self.loss, self.model.parameters(), momentum, lr=0.05)]


class ZeroLast(Toy):
    def __init__(self):
        super().__init__()
        nn.init.zeros_(self.model[2].weight)


class ZeroBranch(Toy):
    """A residual branch that starts at zero, on purpose (Goyal et al., 2017)."""

    def __init__(self):
        super().__init__()
        self.branch = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 16))
        nn.init.zeros_(self.branch[2].weight)
        self.objectives = [Objective("toy", self.loss, self.parameters(), momentum, lr=0.05)]

    def loss(self, batch):
        hidden = self.model[1](self.model[0](batch[0]))
        return {"cross_entropy": F.cross_entropy(self.model[2](hidden + self.branch(hidden)), batch[1])}


@pytest.mark.parametrize("task", [Default, ZeroLast, ZeroBranch])
def test_a_start_that_can_learn_is_not_accused(task):
    (found,) = initialisation.examine(task())
    assert found.severity in (PASS, NOTE), found


class OneLeftOver(Normalised):
    """Eight batches of 32 and one of 1 in every epoch."""

    steps_per_epoch = 9

    def batches(self, start=0):
        for step, batch in enumerate(super().batches(start), start):
            yield tuple(column[:1] for column in batch) if step % 9 == 8 else batch


def test_a_last_batch_of_one_is_found_without_reading_the_whole_epoch():
    (found,) = batch_norm_single.examine(OneLeftOver())
    assert found.severity == BLOCKER
    assert "1 at the end of an epoch" in found.what
    assert "drop_last" in found.remedy


class Unlucky(Toy):
    def loss(self, batch):
        raise RuntimeError("no such luck")


@pytest.mark.parametrize("name", catalogue.names(before))
def test_a_loss_that_fails_is_reported_and_never_ends_the_examinations(name):
    found = preflight.examine_one(name, Unlucky())
    assert found.findings
    if name == "head":
        assert found.severity == BLOCKER
        assert "no such luck" in found.findings[0].what


@pytest.mark.parametrize("recipe", ["digits", "digits_mlp", "digits_svm", "digits_knn"])
def test_the_ready_made_recipes_pass_every_examination(recipe):
    task = catalogue.find(recipes, recipe).build(arithmetic="float32") if recipe != "digits_knn" else digits_knn.build()
    for examined in preflight.examine(task):
        assert examined.severity in (PASS, NOTE), examined
        assert not any(finding.what.startswith("not examined") for finding in examined.findings), examined


def test_a_residual_network_passes_what_can_be_asked_in_seconds():
    task = catalogue.find(recipes, "cifar10_resnet18").build(data="digits", arithmetic="float32", batch=32)
    for name in ("head", "inputs", "first_loss", "initialisation", "batch_leak", "batch_norm_single"):
        assert preflight.examine_one(name, task).severity == PASS, name


class DrawsNoise(Toy):
    """Adds noise to its scores whatever the mode: random, but each example for itself."""

    def predict(self, inputs):
        return super().predict(inputs) + torch.randn(len(inputs), K)


def test_noise_is_no_leak():
    (found,) = batch_leak.examine(DrawsNoise())
    assert found.severity == PASS
