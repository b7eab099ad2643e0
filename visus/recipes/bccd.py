"""Blood cells: red and white ones and platelets, found by Faster R-CNN in pictures of 320 x 240 pixels."""

from functools import partial

from . import detect

build = partial(
    detect.build,
    data="bccd",
    model="faster_rcnn",
    size=320,
    flip_vertical=True,
    epochs=60,  # cells have no up
)
SUBJECT = detect.SUBJECT
