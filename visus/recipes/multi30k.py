"""Multi30k: sentences about pictures, from English to German."""

from functools import partial

from . import translate

SUBJECT = "translation"
build = partial(translate.build, data="multi30k", languages="en-de", epochs=12)
