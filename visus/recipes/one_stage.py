"""A one-stage detector: boxes of objects at a glance, in the style of YOLO; made for speed."""

from functools import partial

from . import detect

build = partial(detect.build, model="one_stage")
SUBJECT = detect.SUBJECT
