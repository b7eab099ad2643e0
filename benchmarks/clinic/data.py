"""Real pictures as tensors: a part to train on and one to validate on, drawn by the seed, and a fixed test part."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from visus.data.source import open_collection

from .plan import Examples, Plan

SHRUNK = {"cifar10": 16}  # pixels a side: a run is to take seconds on one core
DIGITS_TEST = 400  # of 1797; the set has no official test part


MEAN_STD = {
    "mnist": (0.1307, 0.3081),
    "fashion-mnist": (0.286, 0.353),
    "cifar10": (0.4734, 0.2516),
    "digits": (0.3053, 0.376),
}


def standardised(name: str) -> Callable[[Tensor], Tensor]:
    """Bytes to floats of mean 0 and deviation 1, with the figures of the set's training part."""
    mean, std = MEAN_STD[name]

    def prepare(pictures: Tensor) -> Tensor:
        return (pictures.float() / 255 - mean) / std

    return prepare


@dataclass(frozen=True)
class Parts:
    training: Examples
    validation: Examples
    test: Examples


@cache
def read(name: str) -> tuple[Examples, Examples]:
    """(official training part, official test part), shuffled once and for all."""
    collection = open_collection(name)
    values = torch.from_numpy(np.ascontiguousarray(collection.pictures.values))  # type: ignore[union-attr]
    pictures = values[:, None] if values.dim() == 3 else values.permute(0, 3, 1, 2)
    labels = torch.from_numpy(collection.labels)
    order = torch.randperm(len(labels), generator=Generator().manual_seed(0))
    if collection.splits is None:
        return _rows(pictures, labels, order[DIGITS_TEST:]), _rows(pictures, labels, order[:DIGITS_TEST])
    is_test = torch.tensor([split == "test" for split in collection.splits])[order]
    training, test = (_rows(pictures, labels, order[chosen]) for chosen in (~is_test, is_test))
    return _small(name, training), _small(name, test)


def load(plan: Plan, generator: Generator) -> Parts:
    """The plan's parts, classes numbered from 0. The seed draws training and validation; the test part is fixed."""
    training, test = _of_classes(plan.data, plan.classes)
    drawn = torch.randperm(len(training.labels), generator=generator)
    ends = (plan.n_train, plan.n_train + plan.n_validation)
    if ends[1] > len(drawn):
        raise ValueError(f"{plan.recipe} asks for {ends[1]} examples, {plan.data} has {len(drawn)} of its classes")
    return Parts(
        _rows(training.pictures, training.labels, drawn[: ends[0]]),
        _rows(training.pictures, training.labels, drawn[ends[0] : ends[1]]),
        _rows(test.pictures, test.labels, torch.arange(min(plan.n_test, len(test.labels)))),
    )


def _rows(pictures: Tensor, labels: Tensor, rows: Tensor) -> Examples:
    return Examples(pictures[rows], labels[rows])


@cache
def _of_classes(name: str, classes: tuple[int, ...]) -> tuple[Examples, Examples]:
    training, test = (_numbered(part, classes) for part in read(name))
    return training, test


def _numbered(examples: Examples, classes: tuple[int, ...]) -> Examples:
    number = torch.full((max(int(examples.labels.max()), *classes) + 1,), -1)
    number[list(classes)] = torch.arange(len(classes))
    labels = number[examples.labels]
    return Examples(examples.pictures[labels >= 0], labels[labels >= 0])


def _small(name: str, examples: Examples) -> Examples:
    if name not in SHRUNK:
        return examples
    step = examples.pictures.shape[-1] // SHRUNK[name]
    small = torch.cat([F.avg_pool2d(part.float(), step).round().byte() for part in examples.pictures.split(5000)])
    return Examples(small, examples.labels)
