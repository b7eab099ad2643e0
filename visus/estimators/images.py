"""Pictures the scikit-learn way: `Classifier` with fit, predict and score; and the course's two functions on arrays."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ..data.collection import Arrays, Collection
from ..data.prepare import prepare_all
from ..engine.loop import fit
from ..recipes import classify
from ..ship.model import TrainedModel

Images = NDArray[np.uint8]


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An image classifier: uint8 images (N, H, W) or (N, H, W, 3) and N labels of any kind.

    model: a name from the catalogue of classifiers. settings: any setting of the recipe `classify`, for example
    {"epochs": 10, "lr": 0.05}. `fit` trains on everything it is given: what to keep back for a test is the caller's
    choice. The same arrays and settings give the same model.
    """

    def __init__(self, model: str = "small_conv", settings: dict[str, Any] | None = None) -> None:
        self.model = model
        self.settings = settings

    def fit(self, images: ArrayLike, labels: ArrayLike) -> "Classifier":
        """Train. Raises ValueError if images and labels do not fit together."""
        values, targets = check_images(images), np.asarray(labels)
        if len(values) != len(targets):
            raise ValueError(f"{len(values)} images but {len(targets)} labels; give one label for each image")
        self.classes_, indices = np.unique(targets, return_inverse=True)
        names = [f"image[{i}]" for i in range(len(values))]
        classes = [str(c) for c in self.classes_]
        collection = Collection("arrays", Arrays(values), names, indices.astype(np.int64), classes)
        settings = {"model": self.model, "arithmetic": "float32", **(self.settings or {})}
        prepared = prepare_all(collection)
        classify.refuse_idle(settings["model"], self.settings or {})
        task = classify.build(prepared, **settings)
        fit(task, task.steps)
        facts = {"image": list(prepared.image), "framing": prepared.frame.framing, "classes": classes}
        self.trained_ = TrainedModel(task.model.cpu(), facts)
        return self

    def predict(self, images: ArrayLike) -> NDArray[Any]:
        """The label of each image, of the kind that `fit` was given."""
        rows = self.predict_proba(images).argmax(1)  # first: it says so if there was no fit
        found: NDArray[Any] = self.classes_[rows]
        return found

    def predict_proba(self, images: ArrayLike) -> NDArray[np.float32]:
        """Class probabilities (N, K), columns in the order of `classes_`."""
        check_is_fitted(self)
        return self.trained_.probabilities(check_images(images))


def train(images: ArrayLike, labels: ArrayLike, model: str = "small_conv", **settings: Any) -> Classifier:
    """train(images, labels) -> model."""
    return Classifier(model, settings).fit(images, labels)


def predict(model: Classifier | TrainedModel, images: ArrayLike) -> Any:
    """predict(model, images) -> labels."""
    return model.predict(check_images(images))


def check_images(images: ArrayLike) -> Images:
    """Images as uint8 (N, H, W) or (N, H, W, 3). Raises ValueError that says what came."""
    values = np.asarray(images)
    if values.dtype != np.uint8 or values.ndim not in (3, 4) or (values.ndim == 4 and values.shape[3] != 3):
        raise ValueError(
            f"images must be uint8 of shape (N, H, W) or (N, H, W, 3), values 0 to 255; got {values.dtype} of shape "
            f"{values.shape}"
        )
    return values
