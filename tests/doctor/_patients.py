"""Planted illnesses and hard healthy controls: what `trained` is given. Each is a mistake, or a choice, people make."""

import copy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._loops import TRAIN, D, K, Trained, adam, convnet, digits, improve, mlp, sgd, trained


@dataclass(frozen=True)
class Ill:
    """kinds: causes that are right, the first of them planted. given: arguments of `trained`."""

    kinds: tuple[str, ...]
    given: dict[str, Any] = field(default_factory=dict)


def run(patient: Ill | dict[str, Any]) -> Trained:
    return trained(**(patient.given if isinstance(patient, Ill) else patient))


# -- networks ---------------------------------------------------------------------------------------------------------


def started(model: nn.Module, std: float) -> nn.Module:
    """With normal weights of this deviation in all but the last layer; 0 leaves zeros everywhere."""
    weights = [p for p in model.parameters() if p.ndim >= 2]
    for p in weights if std == 0 else weights[:-1]:
        nn.init.normal_(p, std=std)
    return model


def big_start() -> nn.Module:
    return started(mlp(), 3.0)


def zero_start() -> nn.Module:
    return started(mlp(), 0.0)


def deep_sigmoid() -> nn.Module:
    return mlp(act=nn.Sigmoid, hidden=(32,) * 6)


def saturated() -> nn.Module:
    return started(mlp(act=nn.Tanh), 2.0)


def bottleneck() -> nn.Module:
    return mlp(hidden=(32, 1, 32))


def linear() -> nn.Module:
    return mlp(act=nn.Identity, hidden=(64, 32, 32))


def dying() -> nn.Module:
    """Half of both hidden layers are switched off from the start."""
    model = mlp()
    for layer in (model[0], model[2]):
        layer.bias.data[: len(layer.bias) // 2 + 4] = -40.0
    return model


class Cut(nn.Module):
    """A detach() in the middle: what comes before never learns."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Sequential(nn.Linear(D, 64), nn.ReLU()), nn.Linear(64, K)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).detach())


class Deaf(nn.Module):
    """Its input is multiplied away."""

    def __init__(self) -> None:
        super().__init__()
        self.net = mlp()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(0.0 * x)


class Leaky(nn.Module):
    """A normalisation over the wrong dimension: an answer depends on its neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.net = mlp()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x - x.mean(0))


def softmaxed() -> nn.Module:
    return mlp(nn.Softmax(1))


def sigmoided() -> nn.Module:
    return mlp(nn.Sigmoid())


def rectified() -> nn.Module:
    return mlp(nn.ReLU())


def dropping_answers() -> nn.Module:
    return mlp(nn.Dropout(0.5))


def drowned() -> nn.Module:
    return mlp(dropout=0.95)


def dropping_half() -> nn.Module:
    return mlp(dropout=0.5, hidden=(128, 64))


def with_tanh() -> nn.Module:
    return mlp(act=nn.Tanh)


def frozen_head() -> nn.Module:
    model = mlp()
    model[-1].requires_grad_(False)
    return model


def frozen_body() -> nn.Module:
    """Everything but the last layer frozen as it was drawn, by mistake."""
    model = mlp(hidden=(8, 8, 8))
    for p in list(model.parameters())[:-2]:
        p.requires_grad_(False)
    return model


def forgetful_norm() -> nn.Module:
    """Running statistics that hardly ever move."""
    model = convnet()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 1e-5
    return model


def half() -> nn.Module:
    return mlp().half()


# -- losses -----------------------------------------------------------------------------------------------------------


def negative(scores: Tensor, labels: Tensor) -> Tensor:
    return -F.cross_entropy(scores, labels)


def summed(scores: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(scores, labels, reduction="sum")


def smoothed_away(scores: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(scores, labels, label_smoothing=0.95)


def smoothed(scores: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(scores, labels, label_smoothing=0.1)


def logistic(scores: Tensor, truth: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(scores, truth)


def without_logarithm(scores: Tensor, labels: Tensor) -> Tensor:
    return F.nll_loss(scores, labels)


def weightless_classes(scores: Tensor, labels: Tensor) -> Tensor:
    weights = torch.ones(K)
    weights[:3] = 0
    return F.cross_entropy(scores, labels, weight=weights)


def logarithm_of_nothing(scores: Tensor, labels: Tensor) -> Tensor:
    """A chance of exactly 0 now and then, and its logarithm."""
    chances = scores.softmax(1).gather(1, labels[:, None])
    return -(chances.where(chances > 2e-3, 0.0)).log().mean()


# -- updates ----------------------------------------------------------------------------------------------------------


def not_cleared(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> None:
    loss.backward()
    optimizer.step()


def cleared_too_late(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> None:
    loss.backward()
    for p in model.parameters():
        if p.grad is not None:
            p.grad.zero_()
    optimizer.step()


def clipped_to_nothing(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> None:
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1e-4)
    optimizer.step()


def clipped(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> None:
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def never(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> None:
    optimizer.zero_grad()
    loss.backward()


def accumulated(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> None:
    """An update for every second batch."""
    (loss / 2).backward()
    if step % 2:
        optimizer.step()
        optimizer.zero_grad()


def skipping(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> None:
    """Every fifth update is skipped, as a gradient scaler does after an overflow."""
    if step % 5:
        improve(model, optimizer, loss, step)


def exploding(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> None:
    """Now and then a gradient a hundred thousand times as long; such an update is taken with a tiny rate."""
    optimizer.zero_grad()
    (loss * 1e5 if step % 16 == 8 else loss).backward()
    if step % 16 == 8:
        for group in optimizer.param_groups:
            group["lr"] *= 1e-5
    optimizer.step()


def restarted(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> None:
    improve(model, torch.optim.Adam(model.parameters(), 2e-5), loss, step)


def draw_anew(model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    if step % 20 == 19:
        for m in model.modules():
            if isinstance(m, nn.Linear):
                m.reset_parameters()


# -- optimizers -------------------------------------------------------------------------------------------------------


def of_another(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(mlp())


def of_the_body(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(list(model.parameters())[:-2], 0.05, 0.9)


def far_too_high(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, 20.0)


def far_too_low(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, 1e-6)


def zero_rate(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, 0.0)


def endless_momentum(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, 0.05, 0.999)


def wide_eps(model: nn.Module) -> torch.optim.Optimizer:
    return adam(model, 1e-3, eps=10.0)


def swinging(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, 0.4, 0.0)


def uphill(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, 0.01, maximize=True)


def heavy_decay(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, weight_decay=1.0)


def no_momentum(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, 0.1, 0.0)


def high_with_momentum(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, 0.1, 0.9, weight_decay=5e-4)


# -- schedules --------------------------------------------------------------------------------------------------------


def gone_at_once(share: float) -> float:
    return 1.0 if share < 0.04 else 1e-4


def never_warm(share: float) -> float:
    return 1e-4 * (0.01 + share)


def cosine(share: float) -> float:
    return 0.5 * (1 + torch.cos(torch.tensor(share * torch.pi)).item())


def warm_up(share: float) -> float:
    return min(1.0, share / 0.1 + 0.01)


# -- data -------------------------------------------------------------------------------------------------------------


@cache
def raw() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pixels 0 to 255, as they are."""
    x, y, held_x, held_y = digits()
    low, high = x.min(), x.max()
    return (x - low) / (high - low) * 255, y, (held_x - low) / (high - low) * 255, held_y


@cache
def unrelated() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, held_x, held_y = digits()
    return x, y[torch.randperm(len(y), generator=torch.Generator().manual_seed(1))], held_x, held_y


def noisy(share: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, held_x, held_y = digits()
    dice = torch.Generator().manual_seed(2)
    wrong = torch.rand(len(y), generator=dice) < share
    return x, torch.where(wrong, torch.randint(K, y.shape, generator=dice), y), held_x, held_y


@cache
def five_percent_wrong() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return noisy(0.05)


@cache
def most_wrong() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return noisy(0.75)


@cache
def imbalanced() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Even digits one for five of the odd ones."""
    return thinned(0.2)


@cache
def very_imbalanced() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return thinned(0.04)


def thinned(share: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, held_x, held_y = digits()
    keep = (y % 2 == 1) | (torch.rand(len(y), generator=torch.Generator().manual_seed(3)) < share)
    return x[keep], y[keep], held_x, held_y


@cache
def class_gone() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, held_x, held_y = digits()
    return x[y != 4], y[y != 4], held_x, held_y


@cache
def few() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Twenty examples, again and again."""
    x, y, held_x, held_y = digits()
    return x[:20], y[:20], held_x, held_y


@cache
def hard_to_carry_over() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A hundred and sixty examples, a quarter of them with a wrong label: to be learned by heart."""
    x, y, held_x, held_y = noisy(0.25)
    return x[:160], y[:160], held_x, held_y


@cache
def prepared_otherwise() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, held_x, held_y = digits()
    return x, y, held_x * 5 + 3, held_y


@cache
def off_centre() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of a usual scale, but far from the statistics that a norm starts with."""
    x, y, held_x, held_y = digits()
    return 2 * x + 6, y, 2 * held_x + 6, held_y


@cache
def in_half() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, held_x, held_y = digits()
    return x.half(), y, held_x.half(), held_y


@cache
def renumbered() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, held_x, held_y = digits()
    return x, y, held_x, (held_y + 1) % K


@cache
def all_the_same() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, held_x, held_y = digits()
    return x[:1].expand_as(x).clone(), y, held_x[:1].expand_as(held_x).clone(), held_y


@cache
def broken_example() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, held_x, held_y = digits()
    x = x.clone()
    x[17] = torch.nan
    return x, y, held_x, held_y


@cache
def channels_last() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pictures (B, 8, 8, 3) for a network that takes their rows for channels."""
    return coloured(lambda x: x)


@cache
def channels_first() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return coloured(lambda x: x.permute(0, 3, 1, 2).contiguous())


def coloured(layout) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    def paint(x: Tensor) -> Tensor:
        return layout(x.view(-1, 8, 8, 1) * torch.tensor([1.0, 0.7, 0.4]))

    x, y, held_x, held_y = digits()
    return paint(x), y, paint(held_x), held_y


def conv_on_rows() -> nn.Module:
    return nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 8 * 3, K))


def conv_on_colours() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 64, K))


@cache
def waves() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pictures (B, 1, 16, 16) of slow waves that run across (0), down (1) or along the diagonal (2), on some noise."""
    dice = torch.Generator().manual_seed(0)
    y = torch.randint(3, (1000,), generator=dice)
    way = torch.tensor([[0.8, 0.0], [0.0, 0.8], [0.56, 0.56]])[y][:, :, None, None]  # radians a pixel, down and across
    place = torch.arange(16.0)
    phase = way[:, 0] * place[:, None] + way[:, 1] * place + 2 * torch.pi * torch.rand(1000, 1, 1, generator=dice)
    x = (phase.sin() + 0.3 * torch.randn(phase.shape, generator=dice))[:, None]
    return x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:]


def wide_filters() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2), nn.ReLU(), nn.AdaptiveMaxPool2d(3), nn.Flatten(), nn.Linear(144, 3)
    )


def sorted_by_class(labels: Tensor, dice: torch.Generator) -> Tensor:
    return labels.argsort(stable=True)


def mixup(x: Tensor, y: Tensor, dice: torch.Generator) -> tuple[Tensor, Tensor]:
    share = torch.distributions.Beta(0.4, 0.4).sample((len(x), 1))
    other = torch.randperm(len(x), generator=dice)
    targets = F.one_hot(y, K).float()
    return share * x + (1 - share) * x[other], share * targets + (1 - share) * targets[other]


def noise(x: Tensor, y: Tensor, dice: torch.Generator) -> tuple[Tensor, Tensor]:
    return x + 0.3 * torch.randn(x.shape, generator=dice), y


def drowned_in_noise(x: Tensor, y: Tensor, dice: torch.Generator) -> tuple[Tensor, Tensor]:
    return x + 8 * torch.randn(x.shape, generator=dice), y


# -- modes ------------------------------------------------------------------------------------------------------------


def norms_evaluated(model: nn.Module) -> None:
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()


def dropping_most() -> nn.Module:
    return mlp(dropout=0.6)


def left_alone(model: nn.Module) -> None:
    """Nobody calls train() or eval()."""


@cache
def pretrained() -> nn.Module:
    """A network that was trained before."""
    torch.manual_seed(9)
    model = convnet()
    x, y, *_ = digits()
    rule = adam(model, 5e-3)
    for rows in torch.randperm(len(x)).repeat(6).split(50):
        improve(model, rule, F.cross_entropy(model(x[rows]), y[rows]), 0)
    return model


def on_good_features() -> nn.Module:
    """A frozen backbone that was trained before, under a new last layer."""
    model = copy.deepcopy(pretrained())
    for p in list(model.parameters())[:-2]:
        p.requires_grad_(False)
    model[-1].reset_parameters()
    return model


def with_new_head() -> nn.Module:
    """A backbone that was trained before, all of it to be trained on, under a new last layer."""
    model = copy.deepcopy(pretrained())
    model[-1].reset_parameters()
    return model


def fine_tuned(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, 0.01)


def torn_down(model: nn.Module) -> torch.optim.Optimizer:
    return sgd(model, 5.0)


# -- numbers, attributes, depth ---------------------------------------------------------------------------------------


@cache
def numbers() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The digit as a quantity, standardised."""
    x, y, held_x, held_y = digits()
    return x, (y - 4.5) / 2.9, held_x, (held_y - 4.5) / 2.9


def to_a_number() -> nn.Module:
    return nn.Sequential(*mlp()[:-1], nn.Linear(32, 1), nn.Flatten(0))


class DeafToANumber(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = to_a_number()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(0.0 * x)


@cache
def tags() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Three attributes of a digit: odd, above 4, a seven or an eight."""
    x, y, held_x, held_y = digits()
    return x, told(y), held_x, told(held_y)


@cache
def tags_with_chance() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """In place of the third one, 15 % of the examples drawn at random: nothing in a picture tells."""
    x, y, held_x, held_y = tags()
    dice = torch.Generator().manual_seed(4)
    y = y.clone()
    y[:, 2] = (torch.rand(len(y), generator=dice) < 0.15).float()
    return x, y, held_x, held_y


def told(labels: Tensor) -> Tensor:
    return torch.stack([labels % 2 == 1, labels > 4, (labels == 7) | (labels == 8)], 1).float()


def to_three() -> nn.Module:
    return nn.Sequential(*mlp()[:-1], nn.Linear(32, 3))


class Deep(nn.Module):
    """Fifty layers with norms, with or without a shortcut around each two."""

    def __init__(self, shortcuts: bool) -> None:
        super().__init__()
        self.first, self.last, self.shortcuts = nn.Linear(D, 16), nn.Linear(16, K), shortcuts
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(16, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 16), nn.BatchNorm1d(16))
            for _ in range(24)
        )
        for block in self.blocks if shortcuts else ():
            nn.init.zeros_(block[-1].weight)  # each block begins as nothing (Goyal et al., 2017)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu()
        for block in self.blocks:
            x = (block(x) + x if self.shortcuts else block(x)).relu()
        return self.last(x)


def plain_and_deep() -> nn.Module:
    return Deep(shortcuts=False)


def residual_and_deep() -> nn.Module:
    return Deep(shortcuts=True)


ILL = {
    "pretrained and torn down": Ill(
        ("forgetting", "learning_rate_too_high"), {"model": with_new_head, "optimizer": torn_down}
    ),
    "fifty layers without shortcuts": Ill(("depth_without_shortcuts",), {"model": plain_and_deep}),
    "a regression that sees nothing": Ill(
        ("predicts_the_mean", "inputs_ignored", "dead_units", "no_gradient"),
        {"data": numbers, "model": DeafToANumber, "loss": F.mse_loss, "evaluations": 0},
    ),
    "softmax before the loss": Ill(("activation_before_loss",), {"model": softmaxed}),
    "sigmoid before the loss": Ill(("activation_before_loss",), {"model": sigmoided}),
    "ReLU on the scores": Ill(("activation_before_loss",), {"model": rectified}),
    "gradients not cleared": Ill(("gradients_not_cleared",), {"improve": not_cleared}),
    "gradients cleared too late": Ill(("gradients_cleared_before_step",), {"improve": cleared_too_late}),
    "clipped to 1e-4": Ill(("clipping_too_tight",), {"improve": clipped_to_nothing}),
    "no step": Ill(("parameters_not_updated",), {"improve": never}),
    "optimizer of another model": Ill(("optimizer_of_another_model",), {"optimizer": of_another}),
    "optimizer without the last layer": Ill(("parameters_not_in_optimizer",), {"optimizer": of_the_body}),
    "optimizer anew at each step": Ill(("optimizer_restarted",), {"improve": restarted}),
    "rate far too high": Ill(("learning_rate_too_high",), {"optimizer": far_too_high}),
    "rate far too low": Ill(("learning_rate_too_low",), {"optimizer": far_too_low}),
    "rate zero": Ill(("learning_rate_too_low",), {"optimizer": zero_rate}),
    "momentum 0.999": Ill(("momentum_too_high",), {"optimizer": endless_momentum}),
    "eps 10": Ill(("epsilon_too_high",), {"optimizer": wide_eps}),
    "steps too large for their noise": Ill(
        ("learning_rate_too_high", "batch_too_small"), {"optimizer": swinging, "batch": 4, "evaluations": 12}
    ),
    "maximised": Ill(("loss_maximised",), {"optimizer": uphill}),
    "minus the loss": Ill(("loss_maximised",), {"loss": negative, "optimizer": no_momentum}),
    "loss summed": Ill(("wrong_reduction",), {"loss": summed, "optimizer": high_with_momentum}),
    "labels smoothed away": Ill(("label_smoothing_too_high",), {"loss": smoothed_away}),
    "nll of raw scores": Ill(("wrong_loss",), {"loss": without_logarithm, "optimizer": no_momentum}),
    "classes without weight": Ill(("class_imbalance",), {"loss": weightless_classes}),
    "logarithm of nothing": Ill(("not_finite", "learning_rate_too_high"), {"loss": logarithm_of_nothing}),
    "raw pixels": Ill(("inputs_not_normalised",), {"data": raw}),
    "inputs all the same": Ill(("inputs_constant",), {"data": all_the_same}),
    "a broken example": Ill(("inputs_not_finite",), {"data": broken_example}),
    "channels last": Ill(("wrong_layout",), {"data": channels_last, "model": conv_on_rows}),
    "labels unrelated": Ill(("labels_unrelated",), {"data": unrelated}),
    "most labels wrong": Ill(("label_noise", "labels_unrelated"), {"data": most_wrong}),
    "classes 1:25": Ill(("class_imbalance",), {"data": very_imbalanced}),
    "a class missing": Ill(("class_missing",), {"data": class_gone}),
    "sorted by class": Ill(("unshuffled_data",), {"order": sorted_by_class, "model": convnet}),
    "twenty examples": Ill(("few_distinct_examples",), {"data": few}),
    "all weights zero": Ill(("initialisation",), {"model": zero_start}),
    "weights start huge": Ill(("initialisation",), {"model": big_start}),
    "deep sigmoids": Ill(("vanishing_gradients",), {"model": deep_sigmoid}),
    "tanh saturated": Ill(("saturation", "initialisation"), {"model": saturated}),
    "gradients explode": Ill(("exploding_gradients",), {"improve": exploding, "optimizer": no_momentum}),
    "half the units dead": Ill(("dead_units",), {"model": dying}),
    "one unit wide": Ill(("capacity_too_small",), {"model": bottleneck}),
    "nothing but linear": Ill(("missing_nonlinearity",), {"model": linear}),
    "cut in the middle": Ill(("no_gradient",), {"model": Cut}),
    "input multiplied away": Ill(("inputs_ignored",), {"model": Deaf}),
    "neighbours mixed in": Ill(("batch_leak",), {"model": Leaky}),
    "last layer frozen": Ill(("parameters_frozen",), {"model": frozen_head}),
    "body frozen by mistake": Ill(("parameters_frozen",), {"model": frozen_body}),
    "decay 1": Ill(("weight_decay_too_high",), {"optimizer": heavy_decay}),
    "dropout 0.95": Ill(("dropout_too_high",), {"model": drowned}),
    "dropout on the answers": Ill(("dropout_too_high",), {"model": dropping_answers}),
    "batches of one with norms": Ill(("batch_norm_single", "batch_too_small"), {"model": convnet, "batch": 1}),
    "batches of two": Ill(("batch_too_small",), {"batch": 2, "model": convnet}),
    "norms that never learn": Ill(("norm_statistics",), {"model": forgetful_norm, "data": off_centre}),
    "norms in evaluation mode": Ill(
        ("norm_in_eval_mode",), {"model": convnet, "mode": norms_evaluated, "data": off_centre}
    ),
    "trained in evaluation mode": Ill(("trained_in_eval_mode",), {"model": convnet, "mode": nn.Module.eval}),
    "scored in training mode": Ill(
        ("evaluated_in_training_mode",), {"model": dropping_most, "validation_mode": left_alone}
    ),
    "validation prepared otherwise": Ill(("validation_inputs_differ",), {"data": prepared_otherwise}),
    "validation renumbered": Ill(("validation_labels_differ",), {"data": renumbered}),
    "an old copy scored": Ill(("stale_validation",), {"validated": copy.deepcopy}),
    "weights drawn anew": Ill(("weights_overwritten",), {"each": draw_anew}),
    "weights in float16": Ill(("steps_skipped",), {"model": half, "data": in_half}),
    "every fifth update skipped": Ill(("steps_skipped",), {"improve": skipping}),
    "rate gone at once": Ill(("schedule_ends_early",), {"schedule": gone_at_once}),
    "warm-up without end": Ill(("learning_rate_too_low",), {"schedule": never_warm}),
    "a tenth of the run": Ill(("too_short",), {"steps": 24, "planned": 200}),
    "learned by heart": Ill(("overfitting",), {"data": hard_to_carry_over, "optimizer": adam, "steps": 400}),
    "augmented beyond recognition": Ill(
        ("augmentation_too_strong", "label_noise", "validation_inputs_differ"), {"augment": drowned_in_noise}
    ),
}  # fmt: skip

HEALTHY = {
    "plain": {},
    "convolutions": {"model": convnet},
    "dropout 0.5": {"model": dropping_half, "optimizer": adam, "steps": 400},
    "label smoothing 0.1": {"loss": smoothed},
    "SGD at 0.1 with momentum": {"optimizer": high_with_momentum, "model": convnet},
    "SGD at 0.1 without": {"optimizer": no_momentum},
    "tanh": {"model": with_tanh},
    "Adam": {"optimizer": adam},
    "cosine to zero": {"schedule": cosine},
    "warm-up": {"schedule": warm_up},
    "frozen backbone": {"model": on_good_features},
    "fine-tuned": {"model": with_new_head, "optimizer": fine_tuned},
    "fifty layers with shortcuts": {"model": residual_and_deep},
    "a regression": {"data": numbers, "model": to_a_number, "loss": F.mse_loss, "evaluations": 0},
    "attributes": {"data": tags, "model": to_three, "loss": logistic, "evaluations": 0, "batch": 64},
    "imbalance 1:5": {"data": imbalanced},
    "batches of eight": {"model": convnet, "batch": 8, "optimizer": no_momentum},
    "5 % wrong labels": {"data": five_percent_wrong, "model": convnet},
    "mixup": {"augment": mixup, "model": convnet, "steps": 300},
    "noise on inputs": {"augment": noise},
    "clipping at 1": {"improve": clipped},
    "accumulation": {"improve": accumulated},
    "colours": {"data": channels_first, "model": conv_on_colours},
    "wide filters": {"data": waves, "model": wide_filters},
}
