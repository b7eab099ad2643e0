"""LunarLander: land between two flags, by PPO within a million steps; 200 is held to solve it."""

from functools import partial

from . import ppo

build = partial(
    ppo.build,
    world="LunarLander-v3",
    worlds=16,
    rollout=1024,
    batch=64,
    passes=4,
    gamma=0.999,
    gae_lambda=0.98,
    entropy_weight=0.01,
    activation="tanh",
    epoch=32_768,
    epochs=30,
    device="cpu",
)
SUBJECT = ppo.SUBJECT
