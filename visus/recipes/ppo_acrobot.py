"""Acrobot: swing a two-link arm above a line, by PPO within 300,000 steps; -100 is held to solve it."""

from functools import partial

from . import ppo

build = partial(
    ppo.build,
    world="Acrobot-v1",
    worlds=16,
    rollout=256,
    batch=256,
    passes=4,
    lr=1e-3,
    gae_lambda=0.94,
    normalise=True,
    activation="tanh",
    schedule="linear",
    epoch=16_384,
    epochs=18,
    device="cpu",
)
SUBJECT = ppo.SUBJECT
