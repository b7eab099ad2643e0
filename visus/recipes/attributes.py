"""Tell which attributes a picture has, any number of them at once: columns of a table, any network."""

import math
from functools import partial
from typing import Annotated, Any, Literal, cast

from torch import nn

from ..data.batches import Batches, Prepared
from ..data.collection import ATTRIBUTES
from ..tasks.attributes import AttributesOfPictures
from . import _form, _told, classify
from ._form import About

Loss = Literal["logistic", "hinge"]


@_form.like(classify.build, without=_told.OF_CLASSES)
def build(
    data: Annotated[str | Prepared, About("a CSV table with a row per picture")] = "labels.csv",
    targets: Annotated[str, About("its columns, joined by commas: of 0 and 1, or of categories")] = "",
    loss: Annotated[Loss, About("per attribute: logistic, for probabilities, or a binary SVM")] = "logistic",
    **settings: Any,
) -> AttributesOfPictures:
    """A task of several yes-or-no questions. `data` may also be pictures that were prepared before.

    A column of categories becomes one attribute for each, named as in `race=2`.
    """
    goal = _told.Goal(targets, ATTRIBUTES, partial(_task, loss))
    return cast(AttributesOfPictures, classify.build(data, goal=goal, **settings))


rebuild = classify.rebuild


def _task(loss: Loss, first: nn.Module, network: nn.Module, batches: Batches, **descent: Any) -> AttributesOfPictures:
    blind = batches.prepared.n_outputs * (1.0 if loss == "hinge" else math.log(2))
    return AttributesOfPictures(first, network, batches, loss=loss, blind_loss=blind, **descent)
