"""Tell pictures apart: any folder, table or named set, any classifier."""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Annotated, Any, Literal

from torch import Tensor, nn

from ..data.augment import Augment, colour_axes
from ..data.batches import Batches, Prepared
from ..data.prepare import prepare
from ..data.preprocess import Standardise
from ..engine import catalogue, optimizers, precision, schedules
from ..engine.device import choose as choose_device
from ..engine.probe import fastest_precision
from ..engine.seed import seed_everything
from ..losses.cross_entropy import cross_entropy
from ..losses.hinge import multiclass_hinge
from ..models import classifiers
from ..tasks.classify import Classification, Classify, Remember, joined
from . import _form
from ._form import About, Choice, Limits, Range

Arithmetic = Literal["auto", "float32", "float32-channels-last", "bfloat16", "bfloat16-channels-last"]
WARM_UP = 0.2  # share of the run in which the learning rate rises
DESCENT = frozenset(  # settings that only concern a model that descends a loss
    [
        "smoothing",
        "optimizer",
        "lr",
        "weight_decay",
        "schedule",
        "batch",
        "epochs",
        "flip",
        "flip_vertical",
        "lighting",
        "crop",
        "scale",
        "colour",
        "cutout",
        "max_norm",
        "accumulate",
        "average",
        "arithmetic",
    ]
)
STEPS_PER_EPOCH, FEWEST, MOST = 40, 16, 500  # a batch is sized for so many steps an epoch, within these bounds


def build(
    data: Annotated[
        str | Prepared, About("a folder, a CSV table, or digits, mnist, fashion-mnist, cifar10, cifar10-course")
    ] = "digits",
    size: Annotated[int, Limits(0, 1024), About("side in pixels; 0: the pictures' own, at most 64")] = 0,
    framing: Annotated[Literal["crop", "stretch", "pad"], About("how a picture is brought to that size")] = "crop",
    memory: Annotated[float, Limits(0.0), About("GiB for decoded pictures; beyond it they are streamed")] = 2.0,
    model: Annotated[str, Choice(classifiers), About("the architecture; its own settings join these")] = "small_conv",
    loss: Annotated[Literal["cross_entropy", "hinge", "squared_hinge"], About("softmax or SVM")] = "cross_entropy",
    smoothing: Annotated[float, Limits(0.0, 0.5), About("label smoothing, for cross_entropy")] = 0.0,
    optimizer: Annotated[Literal["sgd", "momentum", "nesterov", "adam", "adamw"], About("update rule")] = "nesterov",
    lr: Annotated[float, Limits(1e-12), Range(1e-3, 1.0, log=True), About("highest learning rate")] = 0.1,
    weight_decay: Annotated[float, Limits(0.0), Range(1e-5, 1e-2, log=True), About("strength of L2")] = 5e-4,
    schedule: Annotated[Literal["one_cycle", "cosine", "constant"], About("how the rate changes")] = "one_cycle",
    batch: Annotated[int, Limits(0), About("pictures a step; 0: for about 40 steps an epoch, 16 to 500")] = 0,
    epochs: Annotated[float, Limits(0.001), About("passes over the training part")] = 30,
    flip: Annotated[bool, About("mirror every second picture")] = False,
    flip_vertical: Annotated[bool, About("turn every second picture upside down")] = False,
    crop: Annotated[int, Limits(-1), About("shift by up to so many pixels; -1: an eighth of the side")] = -1,
    scale: Annotated[float, Limits(0.0, 0.9), About("zoom by up to this share")] = 0.0,
    colour: Annotated[float, Limits(0.0, 0.9), About("change colours by up to this share")] = 0.0,
    lighting: Annotated[float, Limits(0.0, 1.0), About("deviation of the light's colour; 0.1 is usual")] = 0.0,
    cutout: Annotated[int, Limits(0), About("side in pixels of a square to hide")] = 0,
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 0.0,
    accumulate: Annotated[int, Limits(1), About("pieces a batch is cut into to save memory")] = 1,
    average: Annotated[float, Limits(0.0, 0.99999), About("decay of averaged weights; 0: no averaging")] = 0.0,
    workers: Annotated[int, Limits(0, 64), About("processes that decode streamed pictures")] = 2,
    arithmetic: Annotated[Arithmetic, About("number format and memory layout; auto: the fastest, measured")] = "auto",
    device: Annotated[str, About("auto, cpu or cuda")] = "auto",
    seed: Annotated[int, Limits(0), About("of weights, shuffling and augmentation")] = 0,
    **model_settings: Any,
) -> Classification:
    """A classification task. `data` may also be pictures that were prepared before."""
    prepared = data if isinstance(data, Prepared) else prepare(data, size, framing, seed=seed, memory_gib=memory)
    seed_everything(seed)
    standardise = Standardise(prepared.mean, prepared.std)
    network = catalogue.find(classifiers, model).build(prepared.image, prepared.n_classes, **model_settings)
    shift = min(prepared.image[1:]) // 8 if crop < 0 else crop
    axes = colour_axes(next(prepared.part("train"))[0]) if lighting else None
    augment = Augment(flip, shift, scale, colour, cutout, flip_vertical, lighting, axes)
    batches = Batches(prepared, batch or _batch_size(len(prepared.split.train)), seed, augment, workers)
    measure, blind = _loss(loss, smoothing, prepared.n_classes)
    where = choose_device(device)
    if hasattr(network, "remember"):
        return Remember(standardise, network, batches, measure).to(where)
    steps = max(1, round(epochs * batches.steps_per_epoch))
    task = Classify(
        standardise.to(where),
        network.to(where),
        batches,
        measure,
        optimizers.NAMED[optimizer],
        loss_name=loss,
        blind_loss=blind,
        lr=lr,
        schedule=_schedule(schedule, steps),
        weight_decay=weight_decay,
        max_norm=max_norm or math.inf,
        accumulate=accumulate,
    )
    task.steps, task.average = steps, average
    task.run_at(fastest_precision(task) if arithmetic == "auto" else precision.named(arithmetic))
    return task


def rebuild(model: str, image: tuple[int, int, int], n_classes: int, settings: Mapping[str, Any]) -> nn.Module:
    """The module that takes uint8 images (B, C, H, W), as in training, for saved weights to be loaded into."""
    network = catalogue.find(classifiers, model).build(image, n_classes, **settings)
    return joined(Standardise((0.0,) * image[0], (1.0,) * image[0]), network)


def architecture_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a run's resolved settings that belong to its architecture."""
    module = catalogue.find(classifiers, values["model"])
    return {name: values[name] for name in _form.own_fields(module.build) if name in values}


def refuse_idle(model: str, given: Iterable[str]) -> None:
    """Raise ValueError if a setting was named that the model has no use for: nothing asked is silently passed over."""
    if getattr(catalogue.find(classifiers, model), "DESCENDS", True):
        return
    idle = sorted(DESCENT.intersection(given))
    if idle:
        raise ValueError(f"{model} learns by remembering and has no use for {', '.join(idle)}; leave it out")


def _batch_size(n_train: int) -> int:
    return max(FEWEST, min(MOST, n_train // STEPS_PER_EPOCH))


def _loss(name: str, smoothing: float, n_classes: int) -> tuple[Callable[[Tensor, Tensor], Tensor], float]:
    """The loss, and what a model that ignores its input scores."""
    if name == "cross_entropy":
        return partial(cross_entropy, smoothing=smoothing), math.log(n_classes)
    return partial(multiclass_hinge, squared=name == "squared_hinge"), float(n_classes - 1)


def _schedule(name: str, steps: int) -> schedules.Schedule:
    warm_up = int(WARM_UP * steps)
    known = {"one_cycle": schedules.one_cycle(steps, warm_up), "cosine": schedules.cosine(steps, warm_up // 4)}
    return known.get(name, schedules.constant)
