"""Steps of the world a second while learning: DQN and PPO on CartPole-v1 are at least as fast as stable-baselines3's.

`acting_speed.py [dqn] [ppo] [rounds=5]`, in an environment that also has stable-baselines3 (PyPI), one thread for both.
The same settings, those of rl-baselines3-zoo for CartPole-v1; the same steps of the world and improvements. Each round
trains all in turn, in changing order; ratios are of one round. Ours with its record on disk, and with the doctor too.
Neither evaluates.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # both are fastest so: the networks are small

import random
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from statistics import median

import torch
from _claim import spread, state

from visus.doctor.checkup import Checkup, StopNotFinite
from visus.engine.loop import fit
from visus.engine.task import Task
from visus.recipes import dqn_cartpole, ppo_cartpole
from visus.runs.recorder import Recorder

STEPS = {"dqn": 12_000, "ppo": 12_288}  # of the world, in each turn
OURS, DOCTOR, THEIRS = "visus", "visus_with_doctor", "stable_baselines3"


def dqn_task(seed: int) -> Task:
    return dqn_cartpole.build(seed=seed, epoch=STEPS["dqn"] // 10, epochs=10)


def ppo_task(seed: int) -> Task:
    return ppo_cartpole.build(seed=seed, epoch=STEPS["ppo"] // 12, epochs=12)


def ours(build: Callable[[int], Task], seed: int, watched: bool) -> float:
    """Steps of the world a second of a whole training."""
    task = build(seed)
    with tempfile.TemporaryDirectory() as folder:
        checkup = [Checkup(), StopNotFinite()] if watched else []
        recorder = Recorder(Path(folder), checkup[:1], log_every=max(1, task.steps_per_epoch // 10))
        began = time.perf_counter()
        fit(task, task.steps, [*checkup, recorder])
        return float(task.env_steps) / (time.perf_counter() - began)


def sb3_dqn(seed: int) -> float:
    from stable_baselines3 import DQN

    agent = DQN(
        "MlpPolicy",
        _worlds(1, seed),
        learning_rate=2.3e-3,
        batch_size=64,
        buffer_size=100_000,
        learning_starts=1000,
        gamma=0.99,
        target_update_interval=10,
        train_freq=256,
        gradient_steps=128,
        exploration_fraction=0.16,
        exploration_final_eps=0.04,
        policy_kwargs={"net_arch": [256, 256]},
        device="cpu",
        seed=seed,
    )
    return _learned(agent, STEPS["dqn"])


def sb3_ppo(seed: int) -> float:
    from stable_baselines3 import PPO

    agent = PPO(
        "MlpPolicy",
        _worlds(8, seed),
        n_steps=32,
        batch_size=256,
        gae_lambda=0.8,
        gamma=0.98,
        n_epochs=20,
        ent_coef=0.0,
        learning_rate=lambda left: 1e-3 * left,
        clip_range=lambda left: 0.2 * left,
        device="cpu",
        seed=seed,
    )
    return _learned(agent, STEPS["ppo"])


def _worlds(n: int, seed: int) -> object:
    from stable_baselines3.common.env_util import make_vec_env

    return make_vec_env("CartPole-v1", n, seed)


def _learned(agent: object, steps: int) -> float:
    began = time.perf_counter()
    agent.learn(steps)  # type: ignore[attr-defined]
    return float(agent.num_timesteps) / (time.perf_counter() - began)  # type: ignore[attr-defined]


METHODS: dict[str, dict[str, Callable[[int], float]]] = {
    "dqn": {
        OURS: lambda seed: ours(dqn_task, seed, False),
        DOCTOR: lambda seed: ours(dqn_task, seed, True),
        THEIRS: sb3_dqn,
    },
    "ppo": {
        OURS: lambda seed: ours(ppo_task, seed, False),
        DOCTOR: lambda seed: ours(ppo_task, seed, True),
        THEIRS: sb3_ppo,
    },
}


def compared(method: str, rounds: int) -> dict[str, object]:
    """Steps a second of each, and ratios to theirs, by rounds."""
    speeds: dict[str, list[float]] = {name: [] for name in METHODS[method]}
    for seed in range(rounds):
        order = list(METHODS[method])
        random.Random(seed).shuffle(order)
        for name in order:
            speeds[name].append(METHODS[method][name](seed))
            print(f"{method} round {seed + 1}: {name} {speeds[name][-1]:.0f} steps/s", flush=True)
    found: dict[str, object] = {f"{method}_{name}_steps_per_s": spread(values, 0) for name, values in speeds.items()}
    for name in (OURS, DOCTOR):
        ratios = [a / b for a, b in zip(speeds[name], speeds[THEIRS], strict=True)]
        found[f"{method}_{name}_ratio"] = spread(ratios)
        found[f"{method}_{name}_ratio_median"] = round(median(ratios), 3)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    words = dict(word.split("=") for word in sys.argv[1:] if "=" in word)
    asked = [word for word in sys.argv[1:] if "=" not in word] or list(METHODS)
    figures: dict[str, object] = {}
    for method in asked:
        figures |= compared(method, int(words.get("rounds", 5)))
    state(
        "acting_speed",
        "at least as many steps of the world a second as stable-baselines3, with the doctor watching",
        all(float(str(figures[f"{method}_{DOCTOR}_ratio_median"])) >= 1 for method in asked),
        **figures,
        stable_baselines3=metadata.version("stable-baselines3"),
        threads=torch.get_num_threads(),
    )
