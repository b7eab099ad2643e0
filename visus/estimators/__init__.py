"""The scikit-learn way in: pictures as uint8 arrays (`Classifier`), or rows of numbers (all others).

from visus.estimators import MLP, ConvNet, LinearSVM, NearestNeighbours, Softmax

They keep scikit-learn's promises: fit, predict, predict_proba, decision_function and score, labels of any kind, clone,
pipelines, grid search. They standardise features themselves, and train by the same loop, losses and optimizers as
everything else here.
"""

from .conv import ConvNet
from .images import Classifier, check_images, predict, train
from .linear import LinearSVM, Softmax
from .mlp import MLP
from .nearest import NearestNeighbours

__all__ = [
    "MLP",
    "Classifier",
    "ConvNet",
    "LinearSVM",
    "NearestNeighbours",
    "Softmax",
    "check_images",
    "predict",
    "train",
]
