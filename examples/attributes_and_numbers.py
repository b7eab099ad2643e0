"""More than one answer to a picture: attributes, each there or not, and a number, predicted or chosen among bins.

Digits: which strokes are closed, is the digit even, is it above four; and where the middle of its ink lies.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from visus.engine import optimizers, schedules
from visus.engine.loop import fit
from visus.engine.seed import seed_everything
from visus.tasks.attributes import Attributes
from visus.tasks.regress import Regress

ATTRIBUTES = {"has a loop": (0, 6, 8, 9), "is even": (0, 2, 4, 6, 8), "is above four": (5, 6, 7, 8, 9)}
STEPS = 600


def attributes(pixels: np.ndarray, digits: np.ndarray, loss: str) -> dict[str, float]:
    """One linear score an attribute, each a question of its own; accuracies of held-out pictures."""
    truth = np.stack([np.isin(digits, those) for those in ATTRIBUTES.values()], 1)
    seed_everything(0)
    task = Attributes(nn.Linear(64, len(ATTRIBUTES)), pixels, truth, optimizers.adam, loss=loss, lr=0.02)
    fit(task, STEPS)
    return dict(zip(ATTRIBUTES, task.accuracies().tolist(), strict=True))


def middle(pixels: np.ndarray, loss: str) -> dict[str, float]:
    """The column in which the middle of the ink lies, by linear regression; errors are in pixels."""
    seed_everything(0)
    columns = pixels.reshape(-1, 8, 8).sum(1)  # (N, 8): the ink of each column
    truth = columns @ np.arange(8) / columns.sum(1)
    schedule = schedules.cosine(STEPS)
    task = Regress(nn.Linear(64, 1), pixels, truth, optimizers.adam, loss=loss, lr=0.05, schedule=schedule)
    fit(task, STEPS)
    return task.evaluate()


if __name__ == "__main__":
    torch.set_num_threads(1)
    pictures = load_digits()
    pixels = pictures.data / 16
    for loss in ("logistic", "hinge"):
        found = attributes(pixels, pictures.target, loss)
        print(f"{loss:<10}", ", ".join(f"{name} {100 * share:.1f} %" for name, share in found.items()))
    for loss in ("l2", "l1"):
        print(f"{loss:<10}", ", ".join(f"{name} {value:.3f}" for name, value in middle(pixels, loss).items()))
