"""Mask R-CNN: boxes and outlines of objects; on the drawn set of shapes unless told otherwise."""

from functools import partial

from . import detect

build = partial(detect.build, data="shapes", model="mask_rcnn", lr=2e-3)
SUBJECT = detect.SUBJECT
