"""CartPole: hold a pole upright for 500 steps, by A2C within 500,000."""

from functools import partial

from . import a2c

build = partial(
    a2c.build,
    optimizer="rmsprop",
    activation="tanh",
    device="cpu",
)
SUBJECT = a2c.SUBJECT
