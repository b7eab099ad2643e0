"""Tell numbers from pictures, such as an age: columns of a table, any network."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal, cast

from torch import nn

from ..data.batches import Batches, Prepared
from ..data.collection import NUMBERS
from ..layers.units import Units
from ..tasks.regress import RegressPictures
from . import _form, _told, classify
from ._form import About, Limits, Range

Loss = Literal["l2", "l1", "half_squared"]


@_form.like(classify.build, without=_told.OF_CLASSES)
def build(
    data: Annotated[str | Prepared, About("a CSV table with a row per picture")] = "labels.csv",
    targets: Annotated[str, About("its columns to tell, joined by commas, such as age")] = "",
    loss: Annotated[Loss, About("squared error, absolute error (outliers pull less), or half the squared")] = "l2",
    lr: Annotated[float, Limits(1e-12), Range(1e-4, 1e-1, log=True), About("highest learning rate")] = 0.01,
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 1.0,
    **settings: Any,
) -> RegressPictures:
    """A regression task. `data` may also be pictures that were prepared before.

    Numbers are learned with mean 0 and deviation 1; mean and deviation of the training part are the model's last layer.
    The rate is lower than a classifier's, and gradients are clipped: a squared error's grow with the error.
    """
    goal = _told.Goal(targets, NUMBERS, partial(_task, loss))
    return cast(RegressPictures, classify.build(data, goal=goal, lr=lr, max_norm=max_norm, **settings))


def rebuild(model: str, image: tuple[int, int, int], n_outputs: int, settings: Mapping[str, Any]) -> nn.Module:
    """The module that takes uint8 images (B, C, H, W) to numbers (B, T), for saved weights to be loaded into."""
    network = classify.rebuild(model, image, n_outputs, settings)
    network.add_module("units", Units(n_outputs))
    return network


def _task(loss: Loss, first: nn.Module, network: nn.Module, batches: Batches, **descent: Any) -> RegressPictures:
    truth = _told.training_truth(batches)
    units = Units(truth.shape[1]).fit(truth)
    where = next(network.parameters()).device
    return RegressPictures(first, network, batches, units=units.to(where), loss=loss, **descent)
