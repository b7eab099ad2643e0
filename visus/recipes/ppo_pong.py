"""Pong from pixels, by PPO: a network that actor and critic share, 1.6 million steps of four frames each.

Others play ten million (rl-baselines3-zoo): `epochs=200`, for a GPU. This is what two cores do in about an hour.
"""

from functools import partial

from . import ppo

build = partial(
    ppo.build,
    world="PongNoFrameskip-v4",
    trunk="dqn_2015",
    shared=True,
    worlds=8,
    rollout=128,
    batch=256,
    passes=4,
    lr=3e-4,
    schedule="linear",
    clip=0.1,
    anneal_clip=True,
    entropy_weight=0.01,
    clip_rewards=True,
    drawn=True,
    arithmetic="auto",
    epoch=50_000,
    epochs=32,
    episodes=4,
)
SUBJECT = ppo.SUBJECT
