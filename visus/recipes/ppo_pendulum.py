"""Pendulum: swing a pole up and hold it there by a torque, by PPO within 100,000 steps."""

from functools import partial

from . import ppo

build = partial(
    ppo.build,
    world="Pendulum-v1",
    worlds=4,
    rollout=1024,
    batch=128,
    passes=10,
    gamma=0.9,
    lr=1e-3,
    schedule="linear",
    activation="tanh",
    epoch=8192,
    epochs=12,
    device="cpu",
)
SUBJECT = ppo.SUBJECT
