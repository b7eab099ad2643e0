"""Bandit: one state, n arms, a noisy reward (Sutton and Barto, 2018, chapter 2)."""

import numpy as np
import torch
from numpy.typing import NDArray

from ..geometry.decisions import Tables
from ..geometry.spaces import Choices, Observed
from ._contract import Step, World


class Bandit(World):
    """Every episode is one step. means: what each arm earns on average, float64 (A,)."""

    def __init__(self, means: NDArray[np.float64], noise: float) -> None:
        self.name, self.means, self.noise, self.fps = f"bandit of {len(means)} arms", means, noise, 2.0
        self.observed, self.actions = Observed((2,), states=2), Choices(len(means))
        self._shown = np.eye(2, dtype=np.float32)  # before an arm is pulled, and after
        self._shown.setflags(write=False)
        self._dice = np.random.default_rng(0)

    def reset(self, seed: int) -> NDArray[np.float32]:
        self._dice = np.random.default_rng(seed)
        return self._shown[0]

    def step(self, action: int) -> Step:
        reward = self.means[action] + self.noise * self._dice.standard_normal()
        return Step(self._shown[1], float(reward), True, False, True)

    def tables(self) -> Tables:
        A = len(self.means)
        moves = torch.zeros(2, A, 2, dtype=torch.float64)
        moves[:, :, 1] = 1.0
        rewards = torch.stack([torch.from_numpy(self.means), torch.zeros(A, dtype=torch.float64)])
        return Tables(moves, rewards, torch.tensor([False, True]), torch.tensor([1.0, 0.0], dtype=torch.float64))


def build(arms: int = 10, noise: float = 1.0, instance: int = 0) -> Bandit:
    """arms: how many. noise: standard deviation of a reward. instance: another one has other means, drawn N(0, 1)."""
    if arms < 1 or instance < 0 or noise < 0:
        raise ValueError(f"a bandit has arms from 1, noise and instance from 0; got {arms}, {noise:g} and {instance}")
    return Bandit(np.random.default_rng(instance).standard_normal(arms), noise)
