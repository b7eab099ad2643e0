"""Imitate pictures by a game of two networks: a generator and a critic, of any game and architecture."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ..data.drawings import DrawingBatches, Drawings
from ..engine import catalogue
from ..engine.objective import OptimizerFactory
from ..engine.seed import seed_everything
from ..layers.bounded import clip_weights
from ..losses.adversarial import GAMES, Playing, named
from ..models import gans
from ..models.gans._pair import Pair
from ..tasks.imitate import Imitate, Judge
from . import _drawing, _form
from ._drawing import Source
from ._feature_net import feature_net
from ._form import About, Choice, Limits, Range
from ._plan import Plan

SUBJECT = _drawing.SUBJECT
FAMILY = "gans"
PIXELS = 8  # a side of what a judge of pixels looks at
WITH_MOMENTUM = ("adam", "adamw")
Comparing = Literal["net", "pixels"]


@_form.like(Source)
@_form.like(Plan)
def build(
    model: Annotated[str, Choice(gans), About("generator and critic; their own settings join these")] = "dcgan",
    conditional: Annotated[bool, About("name the class: pictures are made of a label, too")] = False,
    loss: Annotated[Playing, About("the game: what critic and generator lose")] = "non_saturating",
    critic_steps: Annotated[int, Limits(1), About("of the critic for each of the generator")] = 1,
    penalty: Annotated[float, Limits(0.0), About("weight of the gradient penalty; 10 in the paper; 0: none")] = 0.0,
    clip: Annotated[float, Limits(0.0), About("largest weight of the critic; 0.01 in the paper; 0: any")] = 0.0,
    smoothing: Annotated[float, Limits(0.0, 0.5), About("take so much of the critic's sureness of real ones")] = 0.0,
    judge: Annotated[Comparing, About("features that samples are judged by: a net trained here, or pixels")] = "net",
    judged: Annotated[int, Limits(8), About("samples compared with held-out pictures at each evaluation")] = 1000,
    shown: Annotated[int, Limits(1, 400), About("samples drawn at each evaluation")] = 36,
    optimizer: Annotated[
        Literal["adam", "adamw", "rmsprop", "sgd", "momentum"], About("update rule of both networks")
    ] = "adam",
    lr: Annotated[float, Limits(1e-12), Range(5e-5, 1e-3, log=True), About("highest rate of the generator")] = 2e-4,
    critic_rate: Annotated[float, Limits(1e-3, 1e3), About("the critic's rate, as a multiple of lr")] = 1.0,
    momentum: Annotated[float, Limits(0.0, 0.999), About("first beta of adam; lower than usual, for games")] = 0.5,
    memory_of_squares: Annotated[float, Limits(0.0, 0.99999), About("second beta of adam")] = 0.999,
    weight_decay: Annotated[float, Limits(0.0), About("strength of L2")] = 0.0,
    schedule: Annotated[
        Literal["constant", "linear", "cosine", "one_cycle", "step", "exponential", "inverse", "cyclic"],
        About("how the rate changes"),
    ] = "constant",
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 0.0,
    batch: Annotated[int, Limits(2), About("pictures a step")] = 64,
    epochs: Annotated[float, Limits(0.001), About("passes over the training part")] = 20,
    average: Annotated[float, Limits(0.0, 0.99999), About("decay of averaged weights; 0: no averaging")] = 0.0,
    keep: Annotated[
        Literal["best", "last"], About("weights to keep: of the least distance to held-out pictures, or the last")
    ] = "best",
    **settings: Any,
) -> Imitate:
    """A game of two networks. `data` may also be pictures that were prepared before.

    Raises LookupError or ValueError for data, names and settings that cannot be.
    """
    source, rest, own = _drawing.parted(settings, gans, model)
    plan = Plan(
        optimizer=optimizer,
        lr=lr,
        weight_decay=weight_decay,
        schedule=schedule,
        max_norm=max_norm,
        epochs=epochs,
        average=average,
        **rest,
    )
    _check_game(loss, own, penalty=penalty, clip=clip, smoothing=smoothing)
    drawings = source.drawings(plan.seed)
    n_classes = _drawing.classes_of(drawings, conditional)
    batches = DrawingBatches(drawings, batch, plan.seed, source.augment, source.binarise_once)
    seed_everything(plan.seed)
    pair: Pair = _built(drawings, model, n_classes, own)
    generator = plan.descent(-(-batches.steps_per_epoch // critic_steps))
    critic = plan.descent(batches.steps_per_epoch) | {"lr": lr * critic_rate}
    task = Imitate(
        pair,
        batches,
        named(loss),
        partial(_judge, judge, drawings),
        plan.rule if optimizer not in WITH_MOMENTUM else _adam(optimizer, momentum, memory_of_squares),
        descents=(critic, generator),
        critic_steps=critic_steps,
        penalty=penalty,
        smoothing=smoothing,
        judged=judged,
        shown=shown,
        after=partial(clip_weights, pair.critic, clip) if clip else _nothing,
        facts=_drawing.model_facts(FAMILY, model, drawings, n_classes, own),
    )
    task.keeps_last = keep == "last"
    return plan.ready(task)


def _check_game(loss: str, model: Mapping[str, Any], *, penalty: float, clip: float, smoothing: float) -> None:
    """Raise ValueError for settings that do not go together."""
    if smoothing and not GAMES[loss].smooths:
        raise ValueError(f"smoothing takes back part of a target, and loss={loss} has none; leave smoothing out")
    if penalty and clip:
        raise ValueError(f"penalty={penalty:g} and clip={clip:g} hold the critic in two ways; set one of them to 0")
    if penalty and model.get("norm") == "batch":
        raise ValueError(
            "a gradient penalty is about single pictures, and norm=batch mixes a batch's; take norm=layer or norm=none"
        )


def _built(drawings: Drawings, model: str, n_classes: int, settings: Mapping[str, Any]) -> Pair:
    pair: Pair = catalogue.find(gans, model).build(drawings.canvas, n_classes, **settings)
    return pair


def _adam(name: str, *betas: float) -> OptimizerFactory:
    """Adam or AdamW with other betas: a game's gradients turn, and much momentum lags behind them."""
    rule = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    first, second = betas
    return lambda groups, lr: rule(groups, lr=lr, betas=(first, second), fused=True)


def _judge(name: Comparing, drawings: Drawings) -> Judge:
    """What compares pictures, made when it is first asked."""
    ways: Mapping[str, Callable[[], Judge]] = {"net": lambda: feature_net(drawings), "pixels": Pixels}
    return ways[name]()


class Pixels:
    """Features that need no training: the picture itself, averaged to at most 8 x 8 values a channel, in [0, 1]."""

    def features(self, pictures: Tensor) -> Tensor:
        side = (min(PIXELS, pictures.shape[2]), min(PIXELS, pictures.shape[3]))
        return F.adaptive_avg_pool2d(pictures.float() / 255, side).flatten(1)


def _nothing() -> None:
    """What follows an update where nothing has to."""
