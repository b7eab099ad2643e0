"""CartPole: hold a pole upright for 500 steps, by REINFORCE with a critic as its baseline within 200,000."""

from functools import partial

from . import reinforce

build = partial(reinforce.build, activation="tanh", critic_steps=10, schedule="linear", epochs=20, device="cpu")
SUBJECT = reinforce.SUBJECT
