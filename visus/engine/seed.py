"""Random state of a run: set it, save it, put it back."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


def seed_everything(seed: int) -> None:
    """Start Python's, NumPy's and torch's generators from `seed`."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - libraries we call still draw from it
    torch.manual_seed(seed)


def random_state() -> dict[str, Tensor]:
    """The state of torch's generators. Nothing of ours draws from Python's or NumPy's while training."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state |= {f"cuda.{i}": s for i, s in enumerate(torch.cuda.get_rng_state_all())}
    return state


def restore_random_state(state: dict[str, Tensor]) -> None:
    torch.set_rng_state(state["cpu"])
    for name, value in state.items():
        if name.startswith("cuda.") and torch.cuda.is_available():
            torch.cuda.set_rng_state(value, int(name.removeprefix("cuda.")))


@contextmanager
def own_randomness(seed: int) -> Iterator[None]:
    """Inside, draws start from `seed`; afterwards the random state is what it was, bit for bit."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
