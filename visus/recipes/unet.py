"""U-Net with the way down of its paper: every level as large as the picture allows (Ronneberger et al., 2015)."""

from functools import partial

from . import segment

build = partial(segment.build, model="unet", backbone=segment.OWN, width=16)
SUBJECT = segment.SUBJECT
