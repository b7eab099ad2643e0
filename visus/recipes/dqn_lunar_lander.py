"""LunarLander: a craft is landed after 100,000 steps of deep Q-learning.

Batch, memory, exploration and the pace of learning as in rl-baselines3-zoo's settings for DQN on LunarLander.
"""

from functools import partial

from . import dqn

build = partial(
    dqn.build,
    world="LunarLander-v3",
    hidden=256,
    layers=2,
    memory=50_000,
    warm_up=0,
    train_every=4,
    updates=4,
    batch=128,
    target_every=250,
    epsilon_end=0.1,
    explore=0.12,
    gamma=0.99,
    lr=6.3e-4,
    epoch=5000,
    epochs=20,
)
SUBJECT = dqn.SUBJECT
