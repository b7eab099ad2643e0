"""Faster R-CNN: boxes of objects, by regions that the network itself proposes."""

from functools import partial

from . import detect

build = partial(detect.build, model="faster_rcnn")
SUBJECT = detect.SUBJECT
