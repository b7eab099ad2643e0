"""Captions of Flickr8k, or of the part of it that is on this machine: soft attention over a frozen grid of features."""

from functools import partial

from . import caption

build = partial(
    caption.build, data="flickr8k", model="soft_attention", hidden=192, embedding=192, dropout=0.5, epochs=10
)
SUBJECT = caption.SUBJECT
