"""Fast R-CNN: boxes of objects, from proposed regions pooled out of one map of the picture."""

from functools import partial

from . import detect

build = partial(detect.build, model="fast_rcnn")
SUBJECT = detect.SUBJECT
