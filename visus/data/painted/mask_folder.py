"""Pictures and label maps by name: train/ with trainannot/ as in CamVid, or images/ with labels/ or masks/.

A map holds a class at each pixel as a grey level, a palette index, or a colour. classes.txt beside them says what each
means: a line `Sky`, `0 Sky` or `Sky 128 128 128`; `(ignore)` behind it, or 255 in a map, counts nowhere. Without a list
grey levels and indices are numbered as they occur, and two levels are ground and object.
"""

from pathlib import Path

from ..annotated._left_out import LeftOut
from ..label_maps import LabelMaps
from ._class_list import class_list
from ._maps import assembled
from ._pairs import folders_in, paired, parts_from_lists


def recognises(path: Path) -> bool:
    """Is it a folder with pictures and their label maps in folders that say so?"""
    return path.is_dir() and bool(folders_in(path))


def read(path: Path) -> LabelMaps:
    """The pictures that have a map. Raises ValueError that names the folder or file."""
    places = folders_in(path)
    if not places:
        raise ValueError(
            f"{path} holds no pictures with label maps; expected train/ and trainannot/, or images/ and labels/"
        )
    left = LeftOut(path.name)
    parts = {} if any(place.part for place in places) else parts_from_lists(path)
    return assembled(path, paired(path, places, left, parts), left, class_list(path))
