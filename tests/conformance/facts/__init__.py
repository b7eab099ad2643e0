"""Which public function of Visus answers which fact, and where Visus's convention differs from the course's.

KNOWN is filled by the modules below, one for each part of the course.
"""

from . import acting, circuits, convolutions, descent, generation, layers, losses, pictures, sequences, style
from ._given import KNOWN, Answer, Given

__all__ = [
    "KNOWN",
    "Answer",
    "Given",
    "acting",
    "circuits",
    "convolutions",
    "descent",
    "generation",
    "layers",
    "losses",
    "pictures",
    "sequences",
    "style",
]
