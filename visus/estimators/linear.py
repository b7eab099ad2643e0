"""Linear classifiers of rows: softmax regression and the multiclass support vector machine."""

from functools import partial

from torch import nn

from ..losses.cross_entropy import cross_entropy
from ..losses.hinge import multiclass_hinge
from ..models.classifiers import linear
from ..tasks.classify import Loss
from ._descent import DescentClassifier
from ._rows import Floats, at_least, one_of


class _Linear(DescentClassifier):
    """Scores W x + b."""

    def _network(self, n_features: int, n_classes: int) -> nn.Module:
        return linear.build((n_features, 1, 1), n_classes)

    @property
    def coef_(self) -> Floats:
        """A row of weights a class, (K, d), for standardised features."""
        weights: Floats = self.network_.get_submodule("1").get_parameter("weight").detach().numpy()
        return weights

    @property
    def intercept_(self) -> Floats:
        """(K,)."""
        biases: Floats = self.network_.get_submodule("1").get_parameter("bias").detach().numpy()
        return biases


class Softmax(_Linear):
    """Softmax regression: mean cross-entropy + 0.5 * weight_decay * sum(W**2), biases free.

    optimizer: any of `engine.optimizers`; lbfgs looks at all rows at once, takes at most `epochs` steps, and has no use
    for lr and batch. lr: highest learning rate, which rises and falls once. batch: rows a step, 0 for about 40 steps an
    epoch.
    """

    def __init__(
        self,
        weight_decay: float = 1e-3,
        optimizer: str = "lbfgs",
        lr: float = 0.1,
        epochs: int = 100,
        batch: int = 0,
        standardise: bool = True,
        random_state: int | None = 0,
    ) -> None:
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch = batch
        self.standardise = standardise
        self.random_state = random_state

    def _loss(self) -> Loss:
        return cross_entropy


class LinearSVM(_Linear):
    """Multiclass SVM (Weston and Watkins): mean loss + 0.5 * weight_decay * sum(W**2), biases free.

    loss: hinge, or squared_hinge, which is smooth and so easier to descend. margin: by which the true class must lead.
    `predict_proba` is the softmax of the scores: it orders classes, but nothing made it a probability; wrap the
    classifier in scikit-learn's CalibratedClassifierCV where one is needed. Other settings are those of `Softmax`.
    """

    def __init__(
        self,
        weight_decay: float = 1e-3,
        loss: str = "squared_hinge",
        margin: float = 1.0,
        optimizer: str = "lbfgs",
        lr: float = 0.1,
        epochs: int = 100,
        batch: int = 0,
        standardise: bool = True,
        random_state: int | None = 0,
    ) -> None:
        self.weight_decay = weight_decay
        self.loss = loss
        self.margin = margin
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch = batch
        self.standardise = standardise
        self.random_state = random_state

    def _loss(self) -> Loss:
        one_of(("hinge", "squared_hinge"), loss=self.loss)
        at_least(0, margin=self.margin)
        return partial(multiclass_hinge, margin=self.margin, squared=self.loss == "squared_hinge")
