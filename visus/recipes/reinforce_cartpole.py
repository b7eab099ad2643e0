"""CartPole: hold a pole upright for 500 steps, by REINFORCE with a baseline within 500,000."""

from functools import partial

from . import reinforce

build = partial(reinforce.build, activation="tanh", device="cpu")
SUBJECT = reinforce.SUBJECT
