"""Pong from pixels: deep Q-learning with the network of 2015 (Mnih et al., 2015), in a million steps of the player.

Memory, batch and the pace of learning as in rl-baselines3-zoo's settings for DQN on Atari, which plays ten times as
long; each step of the player is four frames of the game.
"""

from functools import partial

from . import dqn

build = partial(
    dqn.build,
    world="ALE/Pong-v5",
    trunk="dqn_2015",
    memory=100_000,
    warm_up=10_000,
    train_every=4,
    updates=1,
    batch=32,
    target_every=1000,
    epsilon_end=0.01,
    explore=0.1,
    gamma=0.99,
    lr=1e-4,
    clip_rewards=True,
    arithmetic="auto",
    epoch=25_000,
    epochs=40,
    episodes=3,
)
SUBJECT = dqn.SUBJECT
