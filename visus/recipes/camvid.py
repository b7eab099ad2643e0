"""CamVid, 240 x 180 pixels of streets in 11 classes: a U-Net on the compact backbone."""

from functools import partial

from . import segment

build = partial(segment.build, data="camvid", model="unet", backbone="compact", balance="median_frequency", epochs=100)
SUBJECT = segment.SUBJECT
