"""LunarLander: a craft is landed after 100,000 steps of deep Q-learning.

With the settings for Acrobot-v1, as in rl-baselines3-zoo.
"""

from functools import partial

from . import dqn_acrobot

build = partial(dqn_acrobot.build, world="LunarLander-v3")
SUBJECT = dqn_acrobot.SUBJECT
