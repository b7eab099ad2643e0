"""Blood cells: red and white ones and platelets, found by Faster R-CNN in pictures of 320 x 240 pixels."""

from functools import partial

from . import detect

# cells have no up: they are turned upside down, too
build = partial(detect.build, data="bccd", model="faster_rcnn", size=320, flip_vertical=True, epochs=60)
SUBJECT = detect.SUBJECT
