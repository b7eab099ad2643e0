"""Sets with marked objects for experiments."""

from ..data.annotations import Annotations
from ..data.open_annotations import open_annotations
from ..data.shapes import N_PICTURES, shapes

SPARE = 2  # pictures drawn for each that is asked for: some hold no object, or only one


def marked(data: str, pictures: int) -> Annotations:
    """The set called `data` or lying there; of the drawn one only as many pictures as the experiment looks at."""
    return shapes(min(N_PICTURES, SPARE * pictures)) if data == "shapes" else open_annotations(data)
