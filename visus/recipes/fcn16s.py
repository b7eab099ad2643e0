"""FCN-16s: maps of stride 32 and 16 scored and enlarged (Shelhamer et al., 2017)."""

from functools import partial

from . import segment

build = partial(segment.build, model="fcn", stride=16)
SUBJECT = segment.SUBJECT
