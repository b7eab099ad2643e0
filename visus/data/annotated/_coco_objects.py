"""Of COCO's JSON: the categories, and one annotation with its box, outline and keypoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...geometry.masks import uncompressed
from ..annotations import Outline
from ._left_out import LeftOut
from ._marks import BadMarkError, Marks, checked_polygons, checked_rle, number
from ._written import exactly

ELSEWHERE = ("segmentation", "keypoints", "image_id", "category_id", "iscrowd")  # read into fields of their own


@dataclass(frozen=True)
class Categories:
    """The classes of one or more files, in the order of their ids, which may have gaps."""

    entries: Sequence[Mapping[str, Any]]
    place: Mapping[Any, int]
    keypoint_names: tuple[str, ...]
    skeleton: list[tuple[int, int]]

    @property
    def names(self) -> list[str]:
        return [str(entry["name"]) for entry in self.entries]

    @classmethod
    def of(cls, lists: Mapping[Path, Sequence[Any]]) -> "Categories":
        """Of each file its list. Raises ValueError for entries without id or name, and for an id or name used twice."""
        known: dict[Any, Mapping[str, Any]] = {}
        for file, entries in lists.items():
            for place, entry in enumerate(entries):
                if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), int | str) or "name" not in entry:
                    raise ValueError(f"{file}: entry {place} of categories has no id or no name; expected both")
                if known.setdefault(entry["id"], entry)["name"] != entry["name"]:
                    raise ValueError(
                        f"{file}: category {entry['id']} is '{entry['name']}' here and "
                        f"'{known[entry['id']]['name']}' before; give each class an id of its own"
                    )
        if not known:
            raise ValueError(f"{next(iter(lists))} has no categories; expected at least one, with id and name")
        names = [str(entry["name"]) for entry in known.values()]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{next(iter(lists))}: two categories are called '{twice[0]}'; rename one of them")
        ordered = [known[key] for key in sorted(known, key=lambda key: (isinstance(key, str), key))]
        points = next((entry for entry in ordered if entry.get("keypoints")), {})
        points_by_name, bones = _named_points(points, next(iter(lists)))
        return cls(ordered, {entry["id"]: place for place, entry in enumerate(ordered)}, points_by_name, bones)


def _named_points(category: Mapping[str, Any], file: Path) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
    """The names of a category's keypoints, and the pairs that lines join, counted from 0 and not from 1 as in COCO."""
    said, skeleton = category.get("keypoints") or [], category.get("skeleton") or []
    if not isinstance(said, list) or not all(isinstance(name, str) for name in said):
        raise ValueError(f"{file}: the keypoints of category '{category['name']}' are {said}; expected a list of names")
    bones = (
        [bone for bone in skeleton if isinstance(bone, list) and len(bone) == 2] if isinstance(skeleton, list) else []
    )
    known = range(1, len(said) + 1)
    if (
        not isinstance(skeleton, list)
        or len(bones) < len(skeleton)
        or any(end not in known for b in bones for end in b)
    ):
        raise ValueError(
            f"{file}: the skeleton of category '{category['name']}' is {str(skeleton)[:60]}; expected pairs of numbers "
            f"from 1 to {len(said)}"
        )
    return tuple(said), [(bone[0] - 1, bone[1] - 1) for bone in bones]


def marked(marks: Marks, annotation: Mapping[str, Any], categories: Categories, left: LeftOut, called: str) -> None:
    """One annotation as an object of `marks`, or among what is left out."""
    try:
        category = annotation.get("category_id")
        label = categories.place.get(category) if isinstance(category, int | str) else None
        if label is None:
            raise BadMarkError("annotations of a category that is not listed", f"category_id {category}")
        outline = _outline(annotation.get("segmentation"), (marks.height, marks.width), left, called)
        marks.add(
            _box(annotation.get("bbox")),
            label,
            bool(annotation.get("iscrowd", 0)),
            outline,
            _keypoints(annotation.get("keypoints")),
            {key: value for key, value in annotation.items() if key not in ELSEWHERE},
        )
    except BadMarkError as error:
        left.add(error.reason, f"{called}: {error}")


def _box(bbox: Any) -> Sequence[Any]:
    """x, y, width, height -> x1, y1, x2, y2; what is no number stays, to be named."""
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise BadMarkError("boxes that are not four numbers", f"bbox {bbox}")
    x, y, width, height = (number(value) for value in bbox)
    if x is None or y is None or width is None or height is None:
        raise BadMarkError("boxes that are not four numbers", f"bbox {bbox}")
    if width <= 0 or height <= 0:
        raise BadMarkError("boxes without area", f"bbox {bbox}")
    return x, y, exactly(x, width), exactly(y, height)


def _keypoints(said: Any) -> Sequence[float] | None:
    if said is not None and not isinstance(said, list):
        raise BadMarkError("keypoints that are no list", str(said))
    return said


def _outline(said: Any, picture: tuple[int, int], left: LeftOut, called: str) -> Outline | None:
    """Polygons, or run lengths as a list or a string. Raises BadMarkError if none of it can be used."""
    if said is None or said == []:
        return None
    if isinstance(said, Mapping):
        return _runs(said, picture)
    if not isinstance(said, list):
        raise BadMarkError("outlines that are neither polygons nor run lengths", str(said)[:40])
    good, wrong = checked_polygons(said)
    if not good:
        raise BadMarkError("outlines without a polygon of three points", wrong[0])
    for why in wrong:
        left.add("polygons of an object that has others", f"{called}: {why}")
    return good


def _runs(said: Mapping[str, Any], picture: tuple[int, int]) -> Outline:
    counts, size = said.get("counts"), said.get("size")
    if isinstance(counts, str):
        try:
            counts = uncompressed(counts)
        except ValueError as error:
            raise BadMarkError("run lengths that cannot be read", str(error)) from None
    if not isinstance(counts, list) or not isinstance(size, list) or len(size) != 2:
        raise BadMarkError("run lengths without counts or size", f"it has {', '.join(said) or 'nothing'}")
    return checked_rle(size[0], size[1], counts, picture)
