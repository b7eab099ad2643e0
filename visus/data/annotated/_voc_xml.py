"""One XML file of Pascal VOC's, read without trust: what is said of the picture and of each object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError

from ._marks import number

MAX_BYTES = 2**24  # of one file: VOC's own are 10 kB at most
PEEK = 2**12  # bytes in which the format shows itself
CORNERS = ("xmin", "ymin", "xmax", "ymax")


class BadFileError(ValueError):
    """A file that cannot be used. `reason` in the plural, for counting; the message says why."""

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


@dataclass(frozen=True)
class Marked:
    """What a file says: filename, or ''; height and width, or None; facts of the picture; name, corners and facts of
    each object."""

    filename: str
    size: tuple[int, int] | None
    facts: Mapping[str, Any]
    objects: Sequence[tuple[str, list[str | None], Mapping[str, Any]]]


def looks_like_voc(file: Path) -> bool:
    """Does a file begin as VOC's do, or not even as XML, so that reading it will say what is wrong?"""
    if file.suffix.lower() != ".xml" or not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            beginning = opened.read(PEEK).lower()
    except OSError:
        return True
    return b"<annotation" in beginning or b"<!entity" in beginning or not beginning.strip()


def parsed(file: Path) -> Marked:
    """Raises BadFileError."""
    root = _root(file)
    if root.tag != "annotation":
        raise BadFileError("XML files of another kind", f"it holds <{str(root.tag)[:40]}>, expected <annotation>")
    size = root.find("size")
    objects = []
    for entry in root.findall("object"):
        box = entry.find("bndbox")
        corners = [None if box is None else box.findtext(name) for name in CORNERS]
        facts = _inside(entry, without=("name", "bndbox"))
        objects.append(((entry.findtext("name") or "").strip(), corners, facts))
    facts = _inside(root, without=("filename", "size", "object", "path"))
    if size is not None and size.findtext("depth"):
        facts["depth"] = size.findtext("depth")
    return Marked((root.findtext("filename") or "").strip(), _size(size), facts, objects)


def _root(file: Path) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        if file.stat().st_size > MAX_BYTES:
            raise BadFileError("XML files that are too large", f"{file.stat().st_size} bytes, at most {MAX_BYTES}")
        return cast(Element, fromstring(file.read_bytes()))
    except DefusedXmlException as error:
        raise BadFileError(
            "XML files that define entities, as attacks do", f"refused ({type(error).__name__})"
        ) from None
    except (ParseError, ValueError, LookupError) as error:  # ValueError, LookupError: an encoding it does not know
        if isinstance(error, BadFileError):
            raise
        raise BadFileError("XML files that are broken", str(error)) from None
    except OSError as error:
        raise BadFileError("XML files that cannot be opened", error.strerror or type(error).__name__) from None


def _size(size: Element | None) -> tuple[int, int] | None:
    """Height and width; None where the file says nothing, or 0 as some tools do."""
    if size is None:
        return None
    height, width = number(size.findtext("height")), number(size.findtext("width"))
    return (int(height), int(width)) if height and width else None


def _inside(entry: Element, without: Sequence[str] = ()) -> dict[str, Any]:
    """An element's elements by name: the text of each, or its own elements; of several of one name a list."""
    inside: dict[str, Any] = {}
    for each in entry:
        if each.tag in without:
            continue
        value = _inside(each) if len(each) else (each.text or "").strip()
        if each.tag in inside:
            before = inside[each.tag]
            inside[each.tag] = [*(before if isinstance(before, list) else [before]), value]
        else:
            inside[each.tag] = value
    return inside
