"""Pong from pixels, by PPO: a network that actor and critic share, ten million steps of four frames each."""

from functools import partial

from . import ppo

build = partial(
    ppo.build,
    world="ALE/Pong-v5",
    trunk="dqn_2015",
    shared=True,
    worlds=8,
    rollout=128,
    batch=256,
    passes=4,
    lr=2.5e-4,
    schedule="linear",
    clip=0.1,
    anneal_clip=True,
    entropy_weight=0.01,
    clip_rewards=True,
    drawn=True,
    epoch=102_400,
    epochs=97,
    episodes=5,
)
SUBJECT = ppo.SUBJECT
