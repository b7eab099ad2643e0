"""Tell pictures apart: any folder, table or named set, any classifier."""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from ..data.augment import Augment, colour_axes
from ..data.batches import Batches, Prepared
from ..data.growth import Growth
from ..data.kept import Kept
from ..data.prepare import prepare
from ..engine import catalogue, optimizers, precision
from ..engine.device import choose as choose_device
from ..engine.probe import fastest_precision
from ..engine.seed import seed_everything
from ..engine.task import evaluating
from ..features._described import Described
from ..layers.max_norm import project_all
from ..losses.cross_entropy import cross_entropy
from ..losses.hinge import multiclass_hinge
from ..models import classifiers
from ..tasks.classify import Classification, Classify, Remember, joined
from . import _adversary, _descent, _features, _form, _told, _transfer
from ._form import About, Brings, Choice, Limits, Range
from ._told import Goal

Rule = Literal["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "muon", "kernel_muon", "lbfgs"]
Course = Literal["one_cycle", "cosine", "linear", "constant", "step", "exponential", "inverse", "cyclic"]
Arithmetic = Literal["auto", "float32", "float32-channels-last", "bfloat16", "bfloat16-channels-last"]
DESCENT = frozenset(  # settings that only concern a model that descends a loss
    [
        "smoothing",
        "margin",
        "optimizer",
        "lr",
        "weight_decay",
        "l1",
        "schedule",
        "decay",
        "cycles",
        "momentum_ramp",
        "batch",
        "epochs",
        "flip",
        "alternate",
        "grow",
        "flip_vertical",
        "lighting",
        "crop",
        "scale",
        "scatter",
        "colour",
        "cutout",
        "max_norm",
        "max_norm_weights",
        "accumulate",
        "average",
        "swa",
        "keep",
        "arithmetic",
        "pretrained",
        *_transfer.SETTINGS,
        *_adversary.SETTINGS,
    ]
)
TO_WHITEN = 5_000  # pictures whose patches a whitening first layer looks at
STEPS_PER_EPOCH, FEWEST, MOST = 40, 16, 500  # a batch is sized for so many steps an epoch, within these bounds


def build(
    data: Annotated[
        str | Prepared,
        About("a folder, a CSV table, or digits, mnist, mnist-translated, fashion-mnist, cifar10, cifar10-course"),
    ] = "digits",
    size: Annotated[int, Limits(0, 1024), About("side in pixels; 0: the pictures' own, at most 64")] = 0,
    framing: Annotated[Literal["crop", "stretch", "pad"], About("how a picture is brought to that size")] = "crop",
    memory: Annotated[float, Limits(0.0), About("GiB for decoded pictures; beyond it they are streamed")] = 2.0,
    model: Annotated[str, Choice(classifiers), About("the architecture; its own settings join these")] = "small_conv",
    features: Annotated[
        str, About(f"pixels, or {_features.NAMES} joined by +, each with its settings, as hog:cell=4+hue")
    ] = "pixels",
    standardise: Annotated[
        Literal["channel", "feature", "mean_image", "unit"],
        About("mean 0, deviation 1 by colour or pixel, about the mean picture; or -1 to 1"),
    ] = "channel",
    pretrained: Annotated[
        str,
        Brings(_transfer.brings),
        About("weights to begin with: visus-small, imagenet, a run or model folder, a .safetensors file"),
    ] = "",
    freeze: Annotated[str, About("what stays as it was: none, backbone (all but the head), or up to a layer")] = "none",
    head_epochs: Annotated[float, Limits(0.0), About("passes in which the head learns alone, at most half")] = 0.0,
    lower_rate: Annotated[float, Limits(1e-6, 1.0), About("factor on the rate for each stage further down")] = 1.0,
    rate_of_pretrained: Annotated[float, Limits(1e-6, 10.0), About("factor on the rate of pretrained layers")] = 1.0,
    loss: Annotated[Literal["cross_entropy", "hinge", "squared_hinge"], About("softmax or SVM")] = "cross_entropy",
    smoothing: Annotated[float, Limits(0.0, 0.5), About("label smoothing, for cross_entropy")] = 0.0,
    margin: Annotated[float, Limits(1e-6), About("by which the true class must win, for hinge")] = 1.0,
    optimizer: Annotated[Rule, About("update rule; lbfgs: on the whole training part at once")] = "nesterov",
    lr: Annotated[float, Limits(1e-12), Range(1e-3, 1.0, log=True), About("highest learning rate")] = 0.1,
    weight_decay: Annotated[float, Limits(0.0), Range(1e-5, 1e-2, log=True), About("strength of L2")] = 5e-4,
    l1: Annotated[float, Limits(0.0), About("strength of L1, which brings weights to 0")] = 0.0,
    schedule: Annotated[Course, About("how the rate changes")] = "one_cycle",
    decay: Annotated[float, Limits(1e-6, 1.0), About("rate left at the end of step, exponential, inverse")] = 0.01,
    cycles: Annotated[int, Limits(1), About("equal parts of the run, for step and cyclic")] = 3,
    momentum_ramp: Annotated[bool, About("raise momentum from 0.5 to 0.99 over the run, instead of 0.9")] = False,
    batch: Annotated[int, Limits(0), About("pictures a step; 0: for about 40 steps an epoch, 16 to 500")] = 0,
    epochs: Annotated[float, Limits(0.001), About("passes over the training part")] = 30,
    flip: Annotated[bool, About("mirror every second picture")] = False,
    alternate: Annotated[bool, About("mirror those that were not mirrored in the epoch before, for flip")] = False,
    flip_vertical: Annotated[bool, About("turn every second picture upside down")] = False,
    crop: Annotated[int, Limits(-1), About("shift by up to so many pixels; -1: side / 8, or 0 for features")] = -1,
    scale: Annotated[float, Limits(0.0, 0.9), About("zoom by up to this share")] = 0.0,
    scatter: Annotated[bool, About("put what stands on black anywhere in the frame")] = False,
    colour: Annotated[float, Limits(0.0, 0.9), About("change colours by up to this share")] = 0.0,
    lighting: Annotated[float, Limits(0.0, 1.0), About("deviation of the light's colour; 0.1 is usual")] = 0.0,
    cutout: Annotated[int, Limits(0), About("side in pixels of a square to hide")] = 0,
    grow: Annotated[float, Limits(0.25, 1.0), About("side of the pictures at the start, as a share; 1: full")] = 1.0,
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 0.0,
    max_norm_weights: Annotated[float, Limits(0.0), About("longest a neuron's weights may be; 0: any length")] = 0.0,
    accumulate: Annotated[int, Limits(1), About("pieces a batch is cut into to save memory")] = 1,
    average: Annotated[float, Limits(0.0, 0.99999), About("decay of averaged weights; 0: no averaging")] = 0.0,
    swa: Annotated[float, Limits(0.0, 0.9), About("last share of the run to average equally; 0: none")] = 0.0,
    adversary: Annotated[_adversary.How, About("train on pictures changed to mislead the network")] = "none",
    epsilon: Annotated[float, About("the adversary's largest change of a pixel from 0 to 1")] = _adversary.EPSILON,
    attack_steps: Annotated[int, Limits(1), About("steps of a pgd adversary")] = _adversary.STEPS,
    keep: Annotated[
        Literal["best", "last"],
        About("weights to keep: of the best validation score, or the last, for few to validate"),
    ] = "best",
    workers: Annotated[int, Limits(0, 64), About("processes that decode streamed pictures")] = 2,
    arithmetic: Annotated[Arithmetic, About("number format and memory layout; auto: the fastest, measured")] = "auto",
    device: Annotated[str, About("auto, cpu or cuda")] = "auto",
    seed: Annotated[int, Limits(0), About("of weights, shuffling and augmentation")] = 0,
    goal: Goal | None = None,
    **model_settings: Any,
) -> Classification:
    """A classification task. `data` may also be pictures that were prepared before.

    goal: what to tell of a picture instead of its class, for the recipes that share all else with this one.
    """
    _transfer.check(pretrained, optimizer, features, freeze=freeze, head_epochs=head_epochs)
    model, model_settings, size, standardise = _transfer.completed(pretrained, model, model_settings, size, standardise)
    _features.check(features, model, standardise)
    _check_architecture(model, model_settings)
    opponent = _adversary.chosen(adversary, epsilon, attack_steps, features, optimizer)
    if average and swa:
        raise ValueError(f"average={average:g} and swa={swa:g} are two averages of the weights; set one of them to 0")
    if alternate and not flip:
        raise ValueError("alternate says which pictures flip mirrors, and flip is off; add flip=yes or leave it out")
    if grow < 1 and (features != _features.PIXELS or optimizer == _descent.FULL_BATCH):
        beside = f"features={features}" if features != _features.PIXELS else f"optimizer={optimizer}"
        raise ValueError(
            f"grow={grow:g} shows smaller pictures at first, which {beside} does not look at; leave it out"
        )
    told: Mapping[str, Any] = goal.columns if goal else {}
    prepared = data if isinstance(data, Prepared) else prepare(data, size, framing, seed, memory, **told)
    _told.check(prepared, goal, model)
    first, rows = _features.fitted(prepared, features, standardise, memory)
    seed_everything(seed)
    entry = _entry(first, prepared.image)
    network = _network(prepared, first, entry, model, model_settings, pretrained)
    whole = optimizer == _descent.FULL_BATCH
    usual = 0 if whole or features != _features.PIXELS else min(prepared.image[1:]) // 8
    axes = colour_axes(next(prepared.part("train"))[0]) if lighting else None
    shift = usual if crop < 0 else crop
    augment = Augment(flip, shift, scale, colour, cutout, flip_vertical, lighting, alternate, scatter, axes)
    n_train = len(prepared.split.train)
    per_step = n_train if whole else batch or _batch_size(n_train)
    # What is not augmented looks the same in every epoch: it is described once.
    still = Kept(prepared, per_step, seed, rows) if rows and augment == Augment() else None
    batches = still or Batches(prepared, per_step, seed, augment, workers)
    measure, blind = _loss(loss, smoothing, margin, prepared.n_classes)
    where = choose_device(device)
    if hasattr(network, "remember"):
        return Remember(first, network, batches, measure).to(where)
    if whole:
        _descent.check_full_batch(batch, n_train, augment, arithmetic)
        lr, schedule, max_norm, arithmetic = 1.0, "constant", 0.0, "float32"  # a line search finds each step's length
    steps = max(1, round(epochs * batches.steps_per_epoch))
    if grow < 1:
        batches.growth = _growth(grow, steps, model, network, entry)
    asleep, factors = _transfer.AWAKE
    if pretrained:
        alone = _transfer.head_steps(head_epochs, steps, batches.steps_per_epoch)
        pace: dict[str, Any] = {"freeze": freeze, "head_steps": alone, "rate": rate_of_pretrained, "lower": lower_rate}
        asleep, factors = _transfer.plan(network, entry, prepared.n_outputs, **pace)
    make = goal.task if goal else partial(Classify, loss=measure, loss_name=loss, blind_loss=blind)
    task = make(
        first.to(where),
        network.to(where),
        batches,
        optimizer=optimizers.NAMED[optimizer],
        lr=lr,
        schedule=_descent.schedule(schedule, steps, decay, cycles),
        weight_decay=weight_decay,
        l1=l1,
        max_norm=max_norm or math.inf,
        accumulate=accumulate,
        after=partial(project_all, network, max_norm_weights) if max_norm_weights else _nothing,
        momentum=_descent.momentum(momentum_ramp, optimizer, steps),
        rest=asleep,
        factors=factors,
        adversary=opponent,
    )
    if whole:
        _descent.refuse_chance(task)
    task.steps, task.average, task.swa, task.keeps_last = steps, average, swa, keep == "last"
    task.run_at(fastest_precision(task) if arithmetic == "auto" else precision.named(arithmetic))
    return task


def rebuild(model: str, image: tuple[int, int, int], n_classes: int, settings: Mapping[str, Any]) -> nn.Module:
    """The module that takes uint8 images (B, C, H, W), as in training, for saved weights to be loaded into."""
    own = dict(settings)
    first = _features.unfitted(own.pop("features", _features.PIXELS), own.pop("standardise", _features.CHANNEL), image)
    network = catalogue.find(classifiers, model).build(_entry(first, image), n_classes, **own)
    return joined(first, network)


def architecture_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a run's resolved settings that belong to its architecture, its first layer included."""
    module = catalogue.find(classifiers, values["model"])
    first = {name: values[name] for name, usual in _features.USUAL.items() if values.get(name, usual) != usual}
    return {name: values[name] for name in _form.own_fields(module.build) if name in values} | first


def descends(model: str) -> bool:
    """Whether a model descends a loss, or only remembers."""
    found: bool = getattr(catalogue.find(classifiers, model), "DESCENDS", True)
    return found


def refuse_idle(model: str, given: Iterable[str]) -> None:
    """Raise ValueError if a setting was named that the model has no use for: nothing asked is silently passed over."""
    if isinstance(given, Mapping):
        _features.check(given.get("features", _features.PIXELS), model, given.get("standardise", _features.CHANNEL))
    if descends(model):
        if isinstance(given, Mapping):
            _descent.refuse_idle(given.get("optimizer"), given)
        return
    idle = sorted(DESCENT.intersection(given))
    if idle:
        raise ValueError(f"{model} learns by remembering and has no use for {', '.join(idle)}; leave it out")


def _network(
    prepared: Prepared,
    first: nn.Module,
    entry: tuple[int, int, int],
    model: str,
    settings: Mapping[str, Any],
    pretrained: str,
) -> nn.Module:
    """A fresh network, or one that begins with pretrained weights, or with a first layer taken from the pictures."""
    network: Any = catalogue.find(classifiers, model).build(entry, prepared.n_outputs, **settings)
    if pretrained:
        _transfer.begin(network, first, pretrained, model, settings, prepared.collection.outputs)
    elif hasattr(network, "whiten"):
        network.whiten(first(torch.cat([images for images, _ in prepared.part("train", TO_WHITEN)])))
    assert isinstance(network, nn.Module)
    return network


def _entry(first: nn.Module, image: tuple[int, int, int]) -> tuple[int, int, int]:
    """The shape of what enters the network behind a first layer: a picture's, or a row's as (D, 1, 1)."""
    return (first.size, 1, 1) if isinstance(first, Described) else image


def _check_architecture(model: str, settings: Mapping[str, Any]) -> None:
    """Raise ValueError for settings of another architecture, as when a recipe's own model was changed."""
    known = _form.own_fields(catalogue.find(classifiers, model).build)
    foreign = sorted(settings.keys() - known.keys())
    if foreign:
        raise ValueError(
            f"model={model} has no setting {', '.join(foreign)}; if a ready-made recipe brought it, begin from the "
            f"general one: visus train classify data=... model={model}"
        )


def _growth(start: float, steps: int, model: str, network: nn.Module, entry: tuple[int, int, int]) -> Growth:
    """Progressive resizing over a run. Raises ValueError for a network that takes pictures of one size only."""
    growth = Growth(start, steps)
    small = growth(torch.zeros(2, *entry, dtype=torch.uint8), 0).float()
    try:
        with evaluating(network):
            network(small)
    except (RuntimeError, ValueError):
        size = " x ".join(map(str, entry[1:]))
        raise ValueError(
            f"{model} takes pictures of {size} pixels only and grow={start:g} shows smaller ones; leave grow out"
        ) from None
    return growth


def _nothing() -> None:
    """What happens after an update where nothing was asked for."""


def _batch_size(n_train: int) -> int:
    return max(FEWEST, min(MOST, n_train // STEPS_PER_EPOCH))


def _loss(
    name: str, smoothing: float, margin: float, n_classes: int
) -> tuple[Callable[[Tensor, Tensor], Tensor], float]:
    """The loss, and what a model that ignores its input scores. Raises ValueError for a setting of the other loss."""
    if name == "cross_entropy":
        if margin != 1:
            raise ValueError(
                f"margin={margin:g} is a setting of hinge and squared_hinge, and loss is {name}; leave it out"
            )
        return partial(cross_entropy, smoothing=smoothing), math.log(n_classes)
    if smoothing:
        raise ValueError(f"smoothing={smoothing:g} is a setting of cross_entropy, and loss is {name}; set it to 0")
    squared = name == "squared_hinge"
    return partial(multiclass_hinge, margin=margin, squared=squared), (n_classes - 1) * margin ** (2 if squared else 1)
