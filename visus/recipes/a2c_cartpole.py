"""CartPole: hold a pole upright for 500 steps, by A2C within 300,000."""

from functools import partial

from . import a2c

build = partial(
    a2c.build,
    optimizer="rmsprop",
    schedule="linear",
    epochs=30,
    activation="tanh",
    device="cpu",
)
SUBJECT = a2c.SUBJECT
