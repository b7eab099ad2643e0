"""A sliding window: a classifier looks at every window of a grid; slow, there to be measured."""

from functools import partial

from . import detect

build = partial(detect.build, model="sliding_window", batch=4)
SUBJECT = detect.SUBJECT
