"""Say what the largest object of a picture is, and where: one class and one box."""

from functools import partial

from . import detect

build = partial(detect.build, model="localiser", objects="largest")
SUBJECT = detect.SUBJECT
