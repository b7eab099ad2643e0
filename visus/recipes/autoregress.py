"""Learn how likely pictures are, value by value, and draw new ones: PixelCNN, gated PixelCNN, PixelRNN."""

from typing import Annotated, Any

from ..data.drawings import DrawingBatches
from ..engine import catalogue
from ..engine.seed import seed_everything
from ..models import autoregressive
from ..tasks.autoregress import Autoregress
from . import _drawing, _form
from ._drawing import Source
from ._form import About, Choice, Limits, Range
from ._plan import Plan

SUBJECT = _drawing.SUBJECT
FAMILY = "autoregressive"
USUAL = "multiscale_pixelcnn"  # the model where none is named
MAX_NORM = 100.0  # nats of whole pictures have long gradients: hundreds in the first steps, then tens


@_form.like(Plan)
@_form.like(Source)
def build(
    model: Annotated[str, Choice(autoregressive), About("the network; its own settings join these")] = USUAL,
    conditional: Annotated[bool, About("tell and draw each picture given its class")] = False,
    shown: Annotated[int, Limits(0, 400), About("samples that are drawn at each evaluation")] = 36,
    lr: Annotated[float, Limits(1e-12), Range(3e-4, 1e-2, log=True), About("highest learning rate")] = 2e-3,
    weight_decay: Annotated[float, Limits(0.0), Range(1e-6, 1e-1, log=True), About("strength of L2")] = 1e-4,
    batch: Annotated[int, Limits(1), About("pictures a step")] = 64,
    epochs: Annotated[float, Limits(0.001), About("passes over the training part")] = 20,
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = MAX_NORM,
    average: Annotated[float, Limits(0.0, 0.99999), About("decay of averaged weights; 0: no averaging")] = 0.999,
    **settings: Any,
) -> Autoregress:
    """A task of telling pictures value by value. `data` may also be drawings that were prepared before.

    Raises LookupError or ValueError for data, names and settings that cannot be.
    """
    source, rest, own = _drawing.parted(settings, autoregressive, model)
    plan = Plan(lr=lr, weight_decay=weight_decay, epochs=epochs, max_norm=max_norm, average=average, **rest)
    drawings = source.drawings(plan.seed)
    n_classes = _drawing.classes_of(drawings, conditional)
    seed_everything(plan.seed)
    network = catalogue.find(autoregressive, model).build(drawings.canvas, n_classes, **own)
    batches = DrawingBatches(drawings, batch, plan.seed, source.augment, source.binarise_once)
    task = Autoregress(
        network,
        batches,
        plan.rule,
        blind=network.head.blind,
        shown=shown,
        facts=_drawing.model_facts(FAMILY, model, drawings, n_classes, own),
        **plan.descent(batches.steps_per_epoch),
    )
    return plan.ready(task)
