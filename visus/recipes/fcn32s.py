"""FCN-32s: maps of stride 32 alone scored and enlarged (Shelhamer et al., 2017)."""

from functools import partial

from . import segment

build = partial(segment.build, model="fcn", stride=32)
SUBJECT = segment.SUBJECT
