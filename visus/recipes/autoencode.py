"""Bring pictures through few numbers and back: plain, denoising and variational autoencoders, on any pictures."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from torch import nn

from ..data.drawings import DrawingBatches
from ..engine import catalogue
from ..engine.device import choose as choose_device
from ..engine.seed import seed_everything
from ..layers.spoiling import SPOILING
from ..models import autoencoders
from ..tasks.autoencode import Autoencode, Restore
from ..tasks.variational import Variational
from . import _drawing, _form
from ._drawing import SUBJECT, Source
from ._form import About, Choice, Limits, Range
from ._plan import Plan

__all__ = ["SUBJECT", "build"]

FAMILY = "autoencoders"
NONE: Literal["none"] = "none"
OF_VARIATIONAL: Mapping[str, Any] = {"beta": 1.0, "warm_up": 0.0, "free": 0.0, "k": 1}  # idle where nothing is drawn


@_form.like(Plan)
@_form.like(Source)
def build(
    model: Annotated[str, Choice(autoencoders), About("the autoencoder; its own settings join these")] = "autoencoder",
    conditional: Annotated[bool, About("give both halves the class of a picture")] = False,
    spoil: Annotated[
        Literal["none", "gaussian", "masking", "salt"], About("what is to be undone, for a plain autoencoder")
    ] = NONE,
    strength: Annotated[float, Limits(0.0, 1.0), About("of that: a deviation, or a share of the pixels")] = 0.3,
    beta: Annotated[float, Limits(0.0), Range(0.1, 10.0, log=True), About("weight of the KL; 1 is the bound")] = 1.0,
    warm_up: Annotated[float, Limits(0.0, 1.0), About("first share of the run, in which that weight rises")] = 0.0,
    free: Annotated[float, Limits(0.0), About("nats of the KL that each latent has for nothing")] = 0.0,
    k: Annotated[int, Limits(1, 1000), About("draws of each posterior; above 1 the bound is importance-weighted")] = 1,
    lr: Annotated[float, Limits(1e-12), Range(1e-4, 1e-2, log=True), About("highest learning rate")] = 1e-3,
    weight_decay: Annotated[float, Limits(0.0), Range(1e-5, 1e-1, log=True), About("strength of L2")] = 0.0,
    batch: Annotated[int, Limits(1), About("pictures a step")] = 128,
    epochs: Annotated[float, Limits(0.001), About("passes over the training part")] = 30,
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 0.0,
    keep: Annotated[
        Literal["best", "last"], About("weights to keep: of the best validation score, or the last")
    ] = "best",
    **settings: Any,
) -> Autoencode:
    """An autoencoding task. `data` may also be drawings that were prepared before.

    Raises LookupError or ValueError for data, names and settings that cannot be.
    """
    source, rest, own = _drawing.parted(settings, autoencoders, model)
    plan = Plan(lr=lr, weight_decay=weight_decay, epochs=epochs, max_norm=max_norm, **rest)
    drawings = source.drawings(plan.seed)
    n_classes = _drawing.classes_of(drawings, conditional)
    seed_everything(plan.seed)
    network: nn.Module = catalogue.find(autoencoders, model).build(drawings.canvas, n_classes, **own)
    data = DrawingBatches(drawings, batch, plan.seed, source.augment, source.binarise_once)
    bound: dict[str, Any] = {"beta": beta, "free": free, "k": k}
    if hasattr(network, "posterior"):
        _refuse(model, {"spoil": spoil}, {"spoil": NONE}, "is trained on whole pictures")
        make: Any = partial(Variational, warm_up=round(warm_up * plan.steps(data.steps_per_epoch)), **bound)
    else:
        _refuse(model, bound | {"warm_up": warm_up}, OF_VARIATIONAL, "has no posterior")
        spoiling: Any = SPOILING[spoil] if spoil != NONE else None
        make = partial(Restore, spoil=partial(spoiling, strength=strength) if spoiling else None)
    task: Autoencode = make(
        network.to(choose_device(plan.device)),
        data,
        plan.rule,
        facts=_drawing.model_facts(FAMILY, model, drawings, n_classes, own),
        **plan.descent(data.steps_per_epoch),
    )
    task.keeps_last = keep == "last"
    return plan.ready(task)


def _refuse(model: str, given: Mapping[str, Any], usual: Mapping[str, Any], why: str) -> None:
    """Raise ValueError for settings that the model has no use for: nothing asked is silently passed over."""
    if idle := [name for name, value in given.items() if value != usual[name]]:
        raise ValueError(f"{model} {why} and has no use for {', '.join(idle)}; leave it out")
