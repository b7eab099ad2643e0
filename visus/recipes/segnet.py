"""SegNet: enlarged by putting values back where pooling took them from (Badrinarayanan et al., 2017)."""

from functools import partial

from . import segment

build = partial(segment.build, model="segnet", width=16)
SUBJECT = segment.SUBJECT
