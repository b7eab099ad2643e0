"""SN-GAN: a critic whose layers have spectral norm 1, and the hinge loss (Miyato et al., 2018)."""

from functools import partial

from . import imitate

build = partial(imitate.build, model="dcgan", loss="hinge", spectral=True, norm="none", momentum=0.0, critic_rate=2.0)
SUBJECT = imitate.SUBJECT
