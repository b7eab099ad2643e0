"""Find what is in pictures and where: boxes, masks or keypoints, learned from pictures in which these are marked."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Annotated, Any, Literal

from ..data.annotations import KEYPOINTS, MASKS
from ..data.object_augment import ObjectAugment
from ..data.object_batches import ObjectBatches
from ..data.prepared_objects import PreparedObjects, prepare_objects
from ..data.preprocess import Standardise
from ..data.proposed import proposed
from ..engine import catalogue
from ..engine.device import choose as choose_device
from ..engine.seed import seed_everything
from ..models import backbone as seeing
from ..models import detectors
from ..models.detection import Detecting
from ..models.detectors._regions import Regional
from ..tasks.detect import Detect
from . import _begun, _form
from ._form import About, Brings, Choice, Limits, Range
from ._plan import Arithmetic, Plan

SUBJECT = "detection"
OBJECTS: Mapping[str, Callable[[PreparedObjects], PreparedObjects]] = {
    "all": lambda data: data,
    "largest": PreparedObjects.largest,
}
PLANNED = frozenset(_form.own_fields(Plan))
HANDED = "backbone"  # what a detector that looks through one is handed


@_form.like(Plan)
def build(
    data: Annotated[str | PreparedObjects, About("pictures with marked objects: COCO, VOC, YOLO, or shapes")] = "bccd",
    size: Annotated[int, Limits(0, 4096), About("long side in pixels; 0: as the pictures, at most 640")] = 0,
    framing: Annotated[Literal["pad", "stretch"], About("how a picture is brought to that size")] = "pad",
    memory: Annotated[float, Limits(0.0), About("GiB for decoded pictures; else decoded anew each time")] = 2.0,
    train: Annotated[int, Limits(0), About("training pictures, spread evenly; 0: all")] = 0,
    objects: Annotated[
        Literal["all", "largest"], About("which of a picture: all, or the largest alone, as a localiser tells it")
    ] = "all",
    model: Annotated[str, Choice(detectors), About("the detector; its own settings join these")] = "faster_rcnn",
    backbone: Annotated[str, About("what sees: compact, or any convolutional classifier, as resnet18")] = "",
    pretrained: Annotated[
        str,
        About("weights to begin with: visus-small, imagenet, a run, a weights file; coco, of the whole detector"),
        Brings(_begun.brings),
    ] = "",
    norm: Annotated[
        Literal["batch", "frozen", "group"], About("in the backbone; frozen or group for batches of 1 or 2 pictures")
    ] = "batch",
    flip: Annotated[bool, About("mirror every second picture")] = True,
    flip_vertical: Annotated[bool, About("turn every second picture upside down")] = False,
    scale: Annotated[float, Limits(0.0, 4.0), About("enlarge or shrink by up to 1 + this, and cut or pad")] = 0.25,
    shift: Annotated[float, Limits(0.0, 0.9), About("move by up to this share of the sides")] = 0.0,
    colour: Annotated[float, Limits(0.0, 1.0), About("vary light, contrast and saturation by up to this share")] = 0.2,
    term_weights: Annotated[str, About("factors on terms of the loss, for example box=2,class=1")] = "",
    lr: Annotated[float, Limits(1e-12), Range(2e-4, 5e-3, log=True), About("highest learning rate")] = 1e-3,
    batch: Annotated[int, Limits(1), About("pictures a step")] = 8,
    epochs: Annotated[float, Limits(0.001), About("passes over the training part")] = 40,
    schedule: Annotated[
        Literal["one_cycle", "cosine", "linear", "constant", "step", "exponential", "inverse", "cyclic"],
        About("how the rate changes"),
    ] = "one_cycle",
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 10.0,
    keep: Annotated[
        Literal["best", "last"], About("weights to keep: of the best validation score, or the last")
    ] = "best",
    arithmetic: Annotated[Arithmetic, About("number format; auto: the fastest, measured")] = "auto",
    **settings: Any,
) -> Detect:
    """A detection task. `data` may also be pictures that were prepared before.

    Raises LookupError or ValueError for data, names and settings that cannot be.
    """
    own = {name: value for name, value in settings.items() if name not in PLANNED}
    rest = {name: value for name, value in settings.items() if name in PLANNED}
    check(model, own)
    plan = Plan(lr=lr, epochs=epochs, schedule=schedule, max_norm=max_norm, arithmetic=arithmetic, **rest)
    weights = factors(term_weights)
    if not isinstance(data, PreparedObjects):
        data = prepare_objects(data, size, framing, plan.seed, memory)
    data = OBJECTS[objects](data).limited(train=train or None)
    seed_everything(plan.seed)
    network = network_of(model, data, own, backbone, pretrained, norm).to(choose_device(plan.device))
    augment = ObjectAugment(flip, scale, shift, colour, flip_vertical)
    batches = ObjectBatches(data, batch, plan.seed, augment, holds=network.needs, proposals=regions(network, data))
    task = Detect(
        network,
        batches,
        plan.rule,
        data.classes,
        kind=measured(network),
        weights=weights,
        surrogates=getattr(network.network, "SURROGATES", ()),
        **plan.descent(batches.steps_per_epoch),
    )
    task.keeps_last = keep == "last"
    return plan.ready(task)


def network_of(
    model: str,
    data: PreparedObjects,
    settings: Mapping[str, Any],
    backbone: str = "",
    pretrained: str = "",
    norm: Literal["batch", "frozen", "group"] = "batch",
) -> Detecting:
    """A detector for these pictures, what sees for it, and the weights it begins with."""
    before = _begun.begun(pretrained)
    if before:
        model, norm = before.model or model, before.backbone.get("norm", norm)
        backbone = backbone or before.backbone.get("model", "")
    module = catalogue.find(detectors, model)
    own = _usual(module) | dict(before.settings if before else {}) | dict(settings)
    handed, sees, strides = dict[str, Any](), dict[str, Any](), list[int]()
    if _looks_through(module):
        sees = {"norm": norm, "deepest": _deepest(module, own)}
        more = before.backbone["settings"] if before else {}
        handed[HANDED] = seeing.backbone(backbone, data.image, "" if before else pretrained, **sees, **more)
        sees |= handed[HANDED].facts
        strides = sorted(handed[HANDED].channels)
    elif backbone or (pretrained and not before):
        raise ValueError(f"model={model} looks through no backbone; leave backbone= and pretrained= out")
    own |= of_data(module, data, own | {"strides": strides})
    network = module.build(data.image, len(data.classes), **handed, **own)
    usual = before.standardisation() if before else seeing.standardisation(pretrained)
    mean, std = usual or (data.pictures.mean, data.pictures.std)
    found = Detecting(Standardise(mean, std), network, {"model": model, "settings": own, "backbone": sees})
    if before:
        _begun.begin(found, before, model, data.classes)
    return found


def of_data(module: ModuleType, data: PreparedObjects, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that a detector's `from_data` reads off the training part, where they were not given: its anchors.

    settings: its own, and `strides`, those of the backbone's maps.
    """
    read = getattr(module, "from_data", None)
    return dict(read(data, settings)) if read else {}


def regions(network: Detecting, data: PreparedObjects) -> Sequence[Any] | None:
    """The regions (P, 4) of every picture for a detector that is told where to look, made once; None for others."""
    detector = network.network
    if not isinstance(detector, Regional):
        return None
    return proposed(data.pictures, detector.proposer, detector.n_proposals)


def model_facts(task: Detect, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed to rebuild and feed the model of a run with these settings."""
    batches, network = task.data, task.model
    assert isinstance(batches, ObjectBatches)
    assert isinstance(network, Detecting)
    data = batches.prepared
    return {
        "tells": SUBJECT,
        **network.facts,
        "image": list(data.image),
        "framing": data.frame.framing,
        "classes": list(data.classes),
        "kind": task.kind,
        "keypoint_names": list(data.keypoint_names),
        "skeleton": [list(pair) for pair in data.skeleton],
        "mirrored": list(data.mirrored),
        "mean": network.standardise.mean.flatten().tolist(),
        "std": network.standardise.std.flatten().tolist(),
        "data": data.origin,
    }


def rebuild(facts: Mapping[str, Any]) -> Detecting:
    """A model as `model_facts` describes it, for saved weights to be loaded into."""
    image = (facts["image"][0], facts["image"][1], facts["image"][2])
    module, sees = catalogue.find(detectors, facts["model"]), facts["backbone"]
    handed = {}
    if sees:
        handed[HANDED] = seeing.backbone(
            sees["model"], image, norm=sees["norm"], deepest=sees["deepest"], **sees["settings"]
        )
    network = module.build(image, len(facts["classes"]), **handed, **facts["settings"])
    own = {name: facts[name] for name in ("model", "settings", "backbone")}
    return Detecting(Standardise(facts["mean"], facts["std"]), network, own)


def _usual(module: ModuleType) -> dict[str, Any]:
    """A detector's own settings: all are written down with a model, for a default may be another one some day."""
    known = _form.own_fields(module.build)
    return {name: field.default for name, field in known.items() if name != HANDED}


def _looks_through(module: ModuleType) -> bool:
    return HANDED in inspect.signature(module.build).parameters


def _deepest(module: ModuleType, settings: Mapping[str, Any]) -> int:
    """The last stride that a detector with these settings looks at: what lies behind it would learn nothing."""
    asked = getattr(module, "deepest", None)
    return int(asked(settings)) if asked else seeing.STRIDES[-1]


def check(model: str, settings: Mapping[str, Any]) -> None:
    """Raise LookupError or ValueError for a detector that is not there, or settings of another one."""
    known = _form.own_fields(catalogue.find(detectors, model).build)
    if foreign := sorted(settings.keys() - known.keys()):
        raise ValueError(f"model={model} has no setting {', '.join(foreign)}; it has {', '.join(known)}")


def factors(text: str) -> dict[str, float]:
    """'box=2,class=1' -> {'box': 2.0, 'class': 1.0}. Raises ValueError for what is no factor."""
    found = {}
    for name, value in _form.words([word.strip() for word in text.split(",") if word.strip()]).items():
        try:
            found[name] = float(value)
        except ValueError:
            raise ValueError(f"term_weights: {name} must be a number, for example {name}=2; got '{value}'") from None
    return found


def measured(network: Detecting) -> str:
    """What is measured besides boxes: the most that the detector is taught."""
    return next((kind for kind in (KEYPOINTS, MASKS) if kind in network.needs), "boxes")
