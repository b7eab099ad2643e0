"""Say what a picture shows: captions learned from pictures with sentences, with or without attention."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
from torch import nn

from ..data.augment import Augment
from ..data.caption_batches import CaptionBatches
from ..data.captioned import LONGEST, SIDE, THRESHOLD, Captioned, prepare_captions
from ..data.collection import TRAIN
from ..data.vocabulary import Vocabulary
from ..data.words import joined
from ..engine import catalogue
from ..engine.device import choose as choose_device
from ..engine.seed import seed_everything
from ..models import captioners
from ..models.captioning import Captioning
from ..tasks.caption import Caption
from . import _form, _grid
from ._form import About, Choice, Limits, Range
from ._plan import Arithmetic, Plan

SUBJECT = "captions"
WITHOUT = ("swa",)
PLANNED = frozenset(_form.own_fields(Plan)) - set(WITHOUT)
SETTLED_BY = 2_000  # training pictures that the features' mean and deviation are taken from where they are not kept


@_form.like(Plan, without=WITHOUT)
def build(
    data: Annotated[str | Captioned, About("a caption file or the folder with one, or flickr8k")] = "flickr8k",
    size: Annotated[int, Limits(8, 1024), About("side in pixels that pictures are brought to")] = SIDE,
    framing: Annotated[Literal["crop", "stretch", "pad"], About("how a picture is brought to that size")] = "crop",
    memory: Annotated[float, Limits(0.0), About("GiB for pictures and as much for features; else made anew")] = 2.0,
    threshold: Annotated[int, Limits(1), About("times a word is seen in training to be known")] = THRESHOLD,
    longest: Annotated[int, Limits(1, 1000), About("words of a sentence, learned and made")] = LONGEST,
    train: Annotated[int, Limits(0), About("training pictures, spread evenly; 0: all")] = 0,
    each: Annotated[int, Limits(0), About("sentences of a training picture, the first ones; 0: all")] = 0,
    model: Annotated[str, Choice(captioners), About("the captioner; its own settings join these")] = "soft_attention",
    backbone: Annotated[
        str, About("what sees: visus-small, imagenet:resnet18, a run, a .safetensors file, an architecture")
    ] = "visus-small",
    freeze: Annotated[bool, About("leave what sees as it is: its features are made once")] = True,
    rate_of_backbone: Annotated[float, Limits(1e-6, 10.0), About("factor on its rate, with freeze=no")] = 0.1,
    flip: Annotated[bool, About("mirror every second picture, with freeze=no")] = False,
    crop: Annotated[int, Limits(0), About("shift by up to so many pixels, with freeze=no")] = 0,
    smoothing: Annotated[float, Limits(0.0, 0.5), About("label smoothing")] = 0.0,
    doubly_stochastic: Annotated[float, Limits(0.0), About("weight on looking everywhere alike; attention only")] = 0.0,
    reinforce: Annotated[float, Limits(0.0), About("weight on learning where to look; hard attention only")] = 1.0,
    entropy: Annotated[float, Limits(0.0), About("weight on looking about; hard attention only")] = 0.01,
    lr: Annotated[float, Limits(1e-12), Range(5e-4, 1e-2, log=True), About("highest learning rate")] = 4e-3,
    batch: Annotated[int, Limits(1), About("captions a step")] = 64,
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 5.0,
    keep: Annotated[
        Literal["best", "last"], About("weights to keep: of the best validation score, or the last")
    ] = "best",
    arithmetic: Annotated[Arithmetic, About("number format; auto: the fastest, measured")] = "float32",
    **settings: Any,
) -> Caption:
    """A captioning task. `data` may also be captions that were prepared before.

    Raises LookupError or ValueError for data, names and settings that cannot be.
    """
    model_settings = {name: value for name, value in settings.items() if name not in PLANNED}
    rest = {name: value for name, value in settings.items() if name in PLANNED}
    _check(model, model_settings, freeze, flip=flip, crop=crop)
    planned = Plan(lr=lr, max_norm=max_norm, arithmetic=arithmetic, **rest)
    if not isinstance(data, Captioned):
        data = prepare_captions(data, size, framing, planned.seed, memory, threshold, longest)
    captioned = data.limited(train=train or None).with_each(each or data.each)
    seed_everything(planned.seed)
    where = choose_device(planned.device)
    standardise, grid, facts = _grid.built(backbone, captioned.image, freeze)
    features = (facts["features"][0], facts["features"][1], facts["features"][2])
    captioner = catalogue.find(captioners, model).build(features, len(captioned.vocabulary), **model_settings)
    network = Captioning(standardise, grid, captioner, facts).to(where)
    batches = _batches(captioned, network, batch, planned.seed, memory if freeze else 0.0, Augment(flip, crop))
    task = Caption(
        network,
        batches,
        captioned.vocabulary,
        planned.rule,
        longest=captioned.longest + 1,  # and END
        smoothing=smoothing,
        doubly_stochastic=doubly_stochastic,
        reinforce=reinforce,
        entropy=entropy,
        factors=dict.fromkeys(grid.parameters(), rate_of_backbone),
        written=joined,
        **planned.descent(batches.steps_per_epoch),
    )
    task.keeps_last = keep == "last"
    return planned.ready(task)


def model_facts(task: Caption, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed to rebuild and feed the model of a run with these settings."""
    data = task.data
    assert isinstance(data, CaptionBatches)
    assert isinstance(task.model, Captioning)
    known = _form.own_fields(catalogue.find(captioners, settings["model"]).build)
    return {
        "tells": SUBJECT,
        "model": settings["model"],
        "settings": {name: settings[name] for name in known if name in settings},
        "backbone": task.model.facts,
        "image": list(data.prepared.image),
        "framing": data.prepared.frame.framing,
        "longest": task.longest,
        "vocabulary": data.prepared.vocabulary.facts(),
        "data": data.prepared.origin,
    }


def rebuild(facts: Mapping[str, Any]) -> tuple[Captioning, Vocabulary]:
    """A model as `model_facts` describes it, for saved weights to be loaded into, and its vocabulary."""
    vocabulary = Vocabulary.from_facts(facts["vocabulary"])
    backbone = facts["backbone"]
    module = catalogue.find(captioners, facts["model"])
    captioner: nn.Module = module.build(tuple(backbone["features"]), len(vocabulary), **facts["settings"])
    return Captioning(*_grid.rebuilt(backbone), captioner, backbone), vocabulary


def _batches(
    captioned: Captioned, network: Captioning, batch: int, seed: int, memory: float, augment: Augment
) -> CaptionBatches:
    """Batches of features made once, or of pictures where they do not fit or change; settles the features' scale."""
    where = network.mean.device
    raw = _grid.kept(captioned.pictures, network, memory)
    if raw is not None:
        network.settle(raw[torch.from_numpy(captioned.rows(TRAIN))].to(where))
        with torch.no_grad():
            scaled = network.scaled(raw.to(where)).cpu()
        return CaptionBatches(captioned, batch, seed, _grid.seen(scaled))
    with torch.no_grad():
        found = [network.raw(images.to(where)) for images, _ in captioned.pictures.part(TRAIN, SETTLED_BY)]
    network.settle(torch.cat(found))
    return CaptionBatches(captioned, batch, seed, None, augment)


def _check(model: str, settings: Mapping[str, Any], freeze: bool, **changes: object) -> None:
    """Raise LookupError or ValueError for settings of another captioner, or that mean nothing beside others."""
    known = _form.own_fields(catalogue.find(captioners, model).build)
    if foreign := sorted(settings.keys() - known.keys()):
        raise ValueError(f"model={model} has no setting {', '.join(foreign)}; it has {', '.join(known)}")
    if freeze and (idle := [name for name, value in changes.items() if value]):
        raise ValueError(
            f"{' and '.join(idle)} would change pictures whose features are made once; add freeze=no or leave it out"
        )
