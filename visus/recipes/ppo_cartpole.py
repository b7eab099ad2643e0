"""CartPole: hold a pole upright for 500 steps, by PPO within 100,000."""

from functools import partial

from . import ppo

build = partial(
    ppo.build,
    worlds=8,
    rollout=32,
    batch=256,
    passes=20,
    gamma=0.98,
    gae_lambda=0.8,
    lr=1e-3,
    schedule="linear",
    anneal_clip=True,
    activation="tanh",
    epoch=5000,
    epochs=20,
    device="cpu",
)
SUBJECT = ppo.SUBJECT
