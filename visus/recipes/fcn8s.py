"""FCN-8s: maps of stride 32, 16 and 8 scored and enlarged (Shelhamer et al., 2017)."""

from functools import partial

from . import segment

build = partial(segment.build, model="fcn", stride=8)
SUBJECT = segment.SUBJECT
