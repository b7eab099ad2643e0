"""WGAN-GP: the critic is held to a slope of 1 by a penalty instead of clipped weights (Gulrajani et al., 2017)."""

from functools import partial

from . import imitate

build = partial(
    imitate.build,
    model="dcgan",
    loss="wasserstein",
    penalty=10.0,
    critic_steps=5,
    norm="layer",  # batch norm would make a picture's score depend on the others
    lr=1e-4,
    momentum=0.0,
    memory_of_squares=0.9,
)
SUBJECT = imitate.SUBJECT
