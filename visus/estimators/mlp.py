"""A multi-layer perceptron on rows."""

from torch import nn

from ..losses.cross_entropy import cross_entropy
from ..models.classifiers import mlp
from ..tasks.classify import Loss
from ._descent import DescentClassifier


class MLP(DescentClassifier):
    """Fully connected layers between rows and scores, trained with cross-entropy.

    hidden, layers, activation, norm, dropout, init: as in the recipe's model `mlp`. weight_decay: strength of
    0.5 * weight_decay * sum(W**2). lr: highest learning rate, which rises and falls once. batch: rows a step, 0 for
    about 40 steps an epoch.
    """

    def __init__(
        self,
        hidden: int = 128,
        layers: int = 2,
        activation: str = "relu",
        norm: str = "none",
        dropout: float = 0.0,
        init: str = "he",
        optimizer: str = "adam",
        lr: float = 0.01,
        weight_decay: float = 1e-4,
        epochs: int = 30,
        batch: int = 0,
        standardise: bool = True,
        random_state: int | None = 0,
    ) -> None:
        self.hidden = hidden
        self.layers = layers
        self.activation = activation
        self.norm = norm
        self.dropout = dropout
        self.init = init
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch = batch
        self.standardise = standardise
        self.random_state = random_state

    def _network(self, n_features: int, n_classes: int) -> nn.Module:
        return mlp.build(
            (n_features, 1, 1),
            n_classes,
            self.hidden,
            self.layers,
            self.activation,  # type: ignore[arg-type]
            self.norm,  # type: ignore[arg-type]
            self.dropout,
            init=self.init,  # type: ignore[arg-type]
        )

    def _loss(self) -> Loss:
        return cross_entropy
