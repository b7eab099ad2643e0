"""WGAN: a critic of clipped weights measures a distance, five steps to the generator's one (Arjovsky et al., 2017)."""

from functools import partial

from . import imitate

build = partial(
    imitate.build,
    model="dcgan",
    loss="wasserstein",
    clip=0.01,
    critic_steps=5,
    optimizer="rmsprop",  # the paper: momentum destabilises it
    lr=5e-5,
)
SUBJECT = imitate.SUBJECT
