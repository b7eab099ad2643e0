"""CamVid, 240 x 180 pixels of streets in 11 classes: a U-Net on the compact backbone, at full resolution."""

from functools import partial

from . import segment

build = partial(
    segment.build,
    data="camvid",
    model="unet",
    backbone="compact:layout=small:width=24",  # its first map has stride 1: a pole is two pixels wide
    width=16,
    dropout=0.1,
    dice=1.0,
    balance="root",  # poles, signs and cyclists are a pixel in a hundred
    scale=0.6,
    colour=0.4,  # one of the drives is at dusk
    weight_decay=0.02,
    average=0.995,
    epochs=60,
)
SUBJECT = segment.SUBJECT
