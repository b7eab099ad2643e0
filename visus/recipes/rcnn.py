"""R-CNN: boxes of objects, from proposed regions that each go through the network by themselves."""

from functools import partial

from . import detect

build = partial(detect.build, model="rcnn", batch=4)
SUBJECT = detect.SUBJECT
