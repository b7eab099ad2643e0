"""Keypoint R-CNN: boxes and keypoints of objects; on the drawn set of shapes unless told otherwise."""

from functools import partial

from . import detect

build = partial(detect.build, data="shapes-keypoints", model="keypoint_rcnn")
SUBJECT = detect.SUBJECT
