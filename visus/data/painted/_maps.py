"""Label maps put together: what their codes mean, from a list of classes or from what stands in them."""

from collections.abc import Sequence
from pathlib import Path

from ..annotated._left_out import LeftOut
from ..decode import UnreadablePictureError
from ..label_maps import IGNORE, LabelMaps
from ..map_pixels import Code, codes_in
from ._class_list import ClassList, palette, read_list
from ._pairs import Pairs

SAMPLE = 24  # maps looked into, to see whether they hold numbers or colours
MOST_LOOKED_INTO = 2_000  # where no list says which classes there are
MOST_CLASSES = 200  # grey levels in all: more are a picture and no label map


def assembled(
    root: Path, pairs: Pairs, left: LeftOut, listed: Path | None, known: ClassList | None = None
) -> LabelMaps:
    """listed: the file with the classes; else `known`, where the maps' codes are among its own; else what is seen.

    Raises ValueError if no pair is left or the codes make no sense.
    """
    if not pairs.paths:
        why = f": {left.sentences()[0]}" if len(left) else "; expected a label map of the same name for each picture"
        raise ValueError(f"{root} holds no picture with a label map that can be used{why}")
    meaning = read_list(listed) if listed is not None else None
    seen = _seen(pairs.maps, SAMPLE if meaning or known else MOST_LOOKED_INTO)
    if not seen:
        raise ValueError(f"{root}: no label map can be read; the first is {pairs.maps[0]}")
    if meaning is None and known is not None and seen <= known.by_number.keys():
        meaning = known
    if meaning is None:
        meaning = _from_what_is_seen(root, seen)
    return LabelMaps(
        str(root),
        pairs.paths,
        pairs.maps,
        pairs.names,
        list(meaning.classes),
        list(meaning.colours),
        _codes(root, meaning, seen, listed),
        pairs.splits if len(set(pairs.splits)) > 1 else None,
        problems=left.sentences(),
    )


def _seen(maps: Sequence[Path], most: int) -> set[Code]:
    """The codes in some of the maps, taken at even distances. What cannot be read is met again, and named, later."""
    seen: set[Code] = set()
    for path in maps[:: max(1, len(maps) // most)]:
        try:
            seen |= codes_in(path)
        except UnreadablePictureError:
            continue
        if len(seen) > MOST_CLASSES:
            break
    return seen


def _codes(root: Path, meaning: ClassList, seen: set[Code], listed: Path | None) -> dict[Code, int]:
    """Numbers or colours, as the maps hold them. Raises ValueError where they hold what the list does not say."""
    coloured = {code for code in seen if isinstance(code, tuple)}
    if coloured and not meaning.by_colour:
        raise ValueError(
            f"{root}: the label maps hold colours such as {min(coloured)} and {listed} says no colours; write a line a "
            "class such as 'Sky 128 128 128'"
        )
    numbers = {code for code in seen if isinstance(code, int)}
    if meaning.by_colour and (coloured or not numbers <= meaning.by_number.keys()):
        return dict(meaning.by_colour)
    if numbers <= {0, 255} and len(meaning.classes) == 2:  # of two classes the second is often painted white
        return {0: 0, 255: 1}
    return dict(meaning.by_number)


def _from_what_is_seen(root: Path, seen: set[Code]) -> ClassList:
    """Numbers as they occur; two of them, 0 and another, are ground and object."""
    numbers = sorted(code for code in seen if isinstance(code, int))
    if len(numbers) < len(seen) or len(seen) > MOST_CLASSES:
        what = "colours" if len(numbers) < len(seen) else f"more than {MOST_CLASSES} grey levels"
        raise ValueError(
            f"{root}: the label maps hold {what}, and no list says what they mean; put a classes.txt beside them, with "
            "a line for each class such as 'Sky 128 128 128', or '0 Sky' for maps of numbers"
        )
    two = len(numbers) == 2 and numbers[0] == 0
    kept = numbers if two else [code for code in numbers if code != IGNORE]
    if len(kept) < 2:
        raise ValueError(f"{root}: the label maps hold nothing but {kept or numbers}; expected two classes or more")
    names = ["ground", "object"] if two else [f"class {code}" for code in kept]
    by_number: dict[Code, int] = {IGNORE: IGNORE, **{code: index for index, code in enumerate(kept)}}
    return ClassList(names, [palette(index + (not two)) for index in range(len(kept))], by_number, {})
