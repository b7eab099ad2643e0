"""Name the class of every pixel, learned from pictures with label maps: FCN, SegNet, U-Net, on any backbone."""

import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ..data.map_batches import MapBatches
from ..data.object_augment import ObjectAugment
from ..data.prepared_maps import PreparedMaps, prepare_maps
from ..data.preprocess import Standardise
from ..engine import catalogue
from ..engine.device import choose as choose_device
from ..engine.seed import seed_everything
from ..losses.segmentation import BALANCES, Balance
from ..models import backbone as seeing
from ..models import segmenters
from ..tasks.classify import joined
from ..tasks.segment import Segment
from . import _form
from ._form import About, Choice, Limits, Range
from ._plan import Arithmetic, Plan

SUBJECT = "segmentation"
PLANNED = frozenset(_form.own_fields(Plan))
HANDED = "backbone"  # what a segmenter that looks through one is handed
USUAL = "unet"  # the model where none is named
OWN = "own"  # backbone of a model that has one in its own paper
LARGEST_WEIGHT = 10.0  # of a class: a rarer one would make each step a matter of its few pixels


@_form.like(Plan)
def build(
    data: Annotated[
        str | PreparedMaps, About("pictures with label maps: a folder, camvid, or shapes-maps")
    ] = "shapes-maps",
    size: Annotated[int, Limits(0, 4096), About("long side in pixels; 0: as the pictures, at most 480")] = 0,
    framing: Annotated[Literal["pad", "stretch", "crop"], About("how a picture is brought to that size")] = "pad",
    memory: Annotated[float, Limits(0.0), About("GiB for decoded pictures; else decoded anew each time")] = 2.0,
    train: Annotated[int, Limits(0), About("training pictures, spread evenly; 0: all")] = 0,
    model: Annotated[str, Choice(segmenters), About("the segmenter; its own settings join these")] = USUAL,
    backbone: Annotated[
        str, About("what sees: compact, or any convolutional classifier, as resnet18; own: the model's own")
    ] = seeing.USUAL,
    pretrained: Annotated[str, About("weights to begin with: visus-small, imagenet, a run, a weights file")] = "",
    norm: Annotated[
        Literal["batch", "frozen", "group"], About("in the backbone; frozen or group for batches of 1 or 2 pictures")
    ] = "batch",
    balance: Annotated[Balance, About("weights of the classes: rare ones count more")] = "none",
    dice: Annotated[float, Limits(0.0), About("weight of the Dice loss beside the cross-entropy")] = 0.0,
    smoothing: Annotated[float, Limits(0.0, 0.5), About("label smoothing")] = 0.0,
    flip: Annotated[bool, About("mirror every second picture")] = True,
    flip_vertical: Annotated[bool, About("turn every second picture upside down")] = False,
    scale: Annotated[float, Limits(0.0, 4.0), About("enlarge or shrink by up to 1 + this, and cut or pad")] = 0.5,
    shift: Annotated[float, Limits(0.0, 0.9), About("move by up to this share of the sides")] = 0.0,
    colour: Annotated[float, Limits(0.0, 1.0), About("vary light, contrast and saturation by up to this share")] = 0.2,
    lr: Annotated[float, Limits(1e-12), Range(2e-4, 1e-2, log=True), About("highest learning rate")] = 2e-3,
    batch: Annotated[int, Limits(1), About("pictures a step")] = 8,
    epochs: Annotated[float, Limits(0.001), About("passes over the training part")] = 40,
    schedule: Annotated[
        Literal["one_cycle", "cosine", "linear", "constant", "step", "exponential", "inverse", "cyclic"],
        About("how the rate changes"),
    ] = "one_cycle",
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 5.0,
    keep: Annotated[
        Literal["best", "last"], About("weights to keep: of the best validation score, or the last")
    ] = "best",
    arithmetic: Annotated[Arithmetic, About("number format; auto: the fastest, measured")] = "auto",
    **settings: Any,
) -> Segment:
    """A segmentation task. `data` may also be pictures that were prepared before.

    Raises LookupError or ValueError for data, names and settings that cannot be.
    """
    own = {name: value for name, value in settings.items() if name not in PLANNED}
    rest = {name: value for name, value in settings.items() if name in PLANNED}
    _check(model, own)
    plan = Plan(lr=lr, epochs=epochs, schedule=schedule, max_norm=max_norm, arithmetic=arithmetic, **rest)
    if not isinstance(data, PreparedMaps):
        data = prepare_maps(data, size, framing, plan.seed, memory)
    data = data.limited(train=train or None)
    seed_everything(plan.seed)
    network, sees = _network(model, data, own, backbone, pretrained, norm)
    mean, std = seeing.standardisation(pretrained) or (data.pictures.mean, data.pictures.std)
    where = choose_device(plan.device)
    augment = ObjectAugment(flip, scale, shift, colour, flip_vertical)
    batches = MapBatches(data, batch, plan.seed, augment)
    task = Segment(
        Standardise(mean, std).to(where),
        network.to(where),
        batches,
        plan.rule,
        shares=torch.from_numpy(data.shares()),
        weights=weights(data, balance).to(where),
        dice=dice,
        smoothing=smoothing,
        facts={"model": model, "settings": own, "backbone": sees},
        **plan.descent(batches.steps_per_epoch),
    )
    task.keeps_last = keep == "last"
    return plan.ready(task)


def weights(data: PreparedMaps, balance: Balance) -> Tensor:
    """The weight of each class in the loss (K,), from the training part; at most LARGEST_WEIGHT times the least."""
    counts = data.counts[data.rows("train")]
    area = data.image[1] * data.image[2]
    present = (counts > 0).sum(0) * area
    found = BALANCES[balance](torch.from_numpy(counts.sum(0)).double(), torch.from_numpy(np.asarray(present)).double())
    shown = found[found > 0]
    return found.clamp(max=LARGEST_WEIGHT * float(shown.min())) if len(shown) else found


def model_facts(task: Segment, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed to rebuild and feed the model of a run with these settings."""
    batches, standardise = task.data, task.model.standardise
    assert isinstance(batches, MapBatches)
    assert isinstance(standardise, Standardise)
    data = batches.prepared
    return {
        "tells": SUBJECT,
        **task.facts,
        "image": list(data.image),
        "framing": data.frame.framing,
        "classes": list(data.classes),
        "colours": [list(colour) for colour in data.colours],
        "mean": standardise.mean.flatten().tolist(),
        "std": standardise.std.flatten().tolist(),
        "data": data.origin,
    }


def rebuild(facts: Mapping[str, Any]) -> nn.Module:
    """A model as `model_facts` describes it, for saved weights to be loaded into: uint8 (B, 3, H, W) -> scores."""
    image, sees = (facts["image"][0], facts["image"][1], facts["image"][2]), facts["backbone"]
    handed = {}
    if sees:
        handed[HANDED] = seeing.backbone(sees["model"], image, norm=sees["norm"], **sees["settings"])
    module = catalogue.find(segmenters, facts["model"])
    network = module.build(image, len(facts["classes"]), **handed, **facts["settings"])
    return joined(Standardise(facts["mean"], facts["std"]), network)


def _network(
    model: str,
    data: PreparedMaps,
    settings: Mapping[str, Any],
    backbone: str,
    pretrained: str,
    norm: Literal["batch", "frozen", "group"],
) -> tuple[nn.Module, dict[str, Any]]:
    """A segmenter for these pictures, and the facts of the backbone it looks through, {} for none."""
    module = catalogue.find(segmenters, model)
    asked = inspect.signature(module.build).parameters.get(HANDED)
    if asked is None and (pretrained or backbone != seeing.USUAL):
        raise ValueError(f"model={model} looks through no backbone; leave backbone= and pretrained= out")
    if asked is None or (backbone == OWN and asked.default is None):
        if pretrained:
            raise ValueError(f"pretrained={pretrained} is of a backbone; name that one instead of backbone={OWN}")
        return module.build(data.image, data.n_classes, **settings), {}
    if backbone == OWN:
        raise ValueError(f"model={model} has no way down of its own; name a backbone, for example {seeing.USUAL}")
    named = "" if pretrained and backbone == seeing.USUAL else backbone
    trunk = seeing.backbone(named, data.image, pretrained, norm)
    network = module.build(data.image, data.n_classes, backbone=trunk, **settings)
    return network, {**trunk.facts, "norm": norm}


def _check(model: str, settings: Mapping[str, Any]) -> None:
    """Raise LookupError or ValueError for a segmenter that is not there, or settings of another one."""
    known = own_settings(catalogue.find(segmenters, model))
    if foreign := sorted(settings.keys() - known):
        raise ValueError(f"model={model} has no setting {', '.join(foreign)}; it has {', '.join(sorted(known))}")


def own_settings(module: ModuleType) -> set[str]:
    """The settings of a segmenter, without what it is handed."""
    return set(_form.own_fields(module.build)) - {HANDED}
