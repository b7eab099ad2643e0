"""A list of classes beside label maps: what each code means, in which colour it is shown, and what counts nowhere."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..label_maps import IGNORE
from ..map_pixels import Code

FILES = (
    *("classes.txt", "class_dict.csv", "label_colors.txt", "labels.txt", "codes.txt", "classes.csv"),
    *("class_names.txt", "labelmap.txt"),
)
MARK = re.compile(r"[(\[]?\bignored?\b[)\]]?", re.IGNORECASE)  # "11 Unlabelled (ignore)"
IGNORED = {"void", "ignore", "ignored", "unlabelled", "unlabeled", "ignore_index"}  # names that say it themselves
HEADINGS = {
    "name",
    "r",
    "g",
    "b",
    "id",
    "class",
    "red",
    "green",
    "blue",
    "label",
    "colour",
    "color",
    "parts",
    "actions",
}

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class ClassList:
    """classes by index, a colour each, and what stands for them: numbers, and colours if the list has them."""

    classes: Sequence[str]
    colours: Sequence[Colour]
    by_number: Mapping[Code, int]
    by_colour: Mapping[Code, int]


def class_list(folder: Path) -> Path | None:
    """The file that lists the classes, in the folder of the maps or the one above."""
    places = (folder / name for folder in (folder, folder.parent) for name in FILES)
    return next((place for place in places if place.is_file()), None)


def read_list(file: Path) -> ClassList:
    """A class a line: `Sky`, `0 Sky`, `Sky 128 128 128`, `128 128 128 Sky` or `0 Sky 128 128 128`, also with commas.

    Without a number the lines are counted from 0. A class marked (ignore), or called void or unlabelled, counts
    nowhere, and neither does 255. Raises ValueError that names the file and the line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror}); check that it is there and readable") from None
    lines = [(place, fields) for place, line in enumerate(text.splitlines(), 1) if (fields := _fields(line))]
    if lines and {field.lower() for field in lines[0][1]} <= HEADINGS:
        lines = lines[1:]
    classes: list[str] = []
    colours: list[Colour] = []
    by_number: dict[Code, int] = {IGNORE: IGNORE}
    by_colour: dict[Code, int] = {}
    seen: set[int] = set()
    for count, (place, fields) in enumerate(lines):
        number, name, colour = _entry(fields, f"{file}, line {place}")
        code = count if number is None else number
        ignored = bool(MARK.search(name)) or name.lower() in IGNORED
        if code in seen or (name in classes and not ignored) or (colour is not None and colour in by_colour):
            raise ValueError(
                f"{file}, line {place}: '{' '.join(fields)}' gives a class, number or colour a second time"
            )
        seen.add(code)
        index = IGNORE if ignored else len(classes)
        by_number[code] = index
        if colour is not None:
            by_colour[colour] = index
        if not ignored:
            classes.append(name)
            colours.append(colour or palette(len(classes)))
    if len(classes) < 2:
        raise ValueError(f"{file} lists {len(classes)} classes; expected two or more, one a line, such as '0 Sky'")
    if len(classes) > IGNORE:
        raise ValueError(f"{file} lists {len(classes)} classes; at most {IGNORE} are told apart")
    return ClassList(classes, colours, by_number, by_colour)


def palette(index: int) -> Colour:
    """Pascal VOC's colour of an index: its bits dealt out to red, green and blue, the lowest to the highest."""
    channels = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            channels[channel] |= (index >> (3 * bit + channel) & 1) << (7 - bit)
    return channels[0], channels[1], channels[2]


def _fields(line: str) -> list[str]:
    line = line.partition("#")[0] if line.lstrip().startswith("#") else line
    return [field for field in re.split(r"[\s,;:]+", line.strip()) if field]


def _entry(fields: Sequence[str], where: str) -> tuple[int | None, str, Colour | None]:
    """Number, name and colour of a line, those that are there."""
    numbers_before = next((n for n, field in enumerate(fields) if not field.isdigit()), len(fields))
    rest = fields[numbers_before:]
    numbers_after = next((n for n, field in enumerate(reversed(rest)) if not field.isdigit()), len(rest))
    words = rest[: len(rest) - numbers_after]
    before = [int(field) for field in fields[:numbers_before]]
    after = [int(field) for field in rest[len(rest) - numbers_after :]] if numbers_after else []
    name = " ".join(words)
    if not words and len(before) <= 2:  # a class called by a number alone
        return (before[0], str(before[-1]), None)
    colour = (before[-3:] if len(before) >= 3 else after[-3:]) if max(len(before), len(after)) >= 3 else []
    if not words or any(value > IGNORE for value in colour):
        raise ValueError(
            f"{where}: '{' '.join(fields)}' is no class; expected a line such as 'Sky 128 128 128' or '0 Sky'"
        )
    if len(before) in (1, 4):
        number: int | None = before[0]
    else:
        number = None
        if not colour and after:  # 'Sky 0', or a name that ends in a number
            name = " ".join(rest)
    return number, name, (colour[0], colour[1], colour[2]) if colour else None
