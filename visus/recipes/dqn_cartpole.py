"""CartPole: a pole is balanced after 50,000 steps of deep Q-learning.

Batch, memory, exploration and the pace of learning as in rl-baselines3-zoo's settings for DQN on CartPole-v1.
"""

from functools import partial

from . import dqn

build = partial(
    dqn.build,
    world="CartPole-v1",
    hidden=256,
    layers=2,
    memory=100_000,
    warm_up=1000,
    train_every=256,
    updates=128,
    batch=64,
    target_every=10,
    epsilon_end=0.04,
    explore=0.16,
    gamma=0.99,
    lr=2.3e-3,
    epoch=2500,
    epochs=20,
)
SUBJECT = dqn.SUBJECT
