"""A detector on disk, and what it is for: to say what is in a picture and where, in pixels of the picture's file."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...data.annotations import Rle
from ...data.decode import Frame, UnreadablePictureError, read_array, read_with_header
from ...geometry.masks import compressed, paste, rle_encode
from ...geometry.objects import Detections
from ...recipes import detect as recipe
from .. import model as ship

COMMAND = "visus predict"
AT_ONCE = 8  # pictures looked at together: a detector's maps are large
SURE = 0.5  # score from which an object is told of, where validation did not say a better one
LIMITS = """It finds the classes it was trained on and nothing else, in pictures like those it was trained on: of other
sizes, lights and viewpoints it knows nothing. What is small in the training frame is missed more often, and what is not
told may still be there. Its figures hold for pictures like those it was tested on."""


@dataclass(frozen=True)
class Thing:
    """An object that was found. label: class; score: 0..1; box: x1, y1, x2, y2 in pixels of the file.

    mask: of the whole picture; None unless the model tells masks. keypoints: (K, 3), x, y and score; or None.
    """

    label: int
    name: str
    score: float
    box: tuple[float, float, float, float]
    mask: Rle | None = None
    keypoints: NDArray[np.float64] | None = None

    def facts(self) -> dict[str, Any]:
        """For programs: ready for JSON."""
        found: dict[str, Any] = {"class": self.name, "score": self.score, "box": [_short(side) for side in self.box]}
        if self.mask is not None:
            found["mask"] = _coco_mask(self.mask)
        if self.keypoints is not None:
            found["keypoints"] = [[_short(value) for value in point] for point in self.keypoints.tolist()]
        return found


@dataclass(frozen=True)
class Sighting(ship.Prediction):
    """What was found in one picture. things: the surest first, also those that are not sure. sure: score from which
    they are told of. size: height and width of the picture. skeleton: pairs of keypoints to be joined.
    """

    things: Sequence[Thing] = ()
    sure: float = SURE
    size: tuple[int, int] = (0, 0)
    skeleton: Sequence[tuple[int, int]] = ()

    @property
    def told(self) -> list[Thing]:
        """Those that are sure."""
        return [thing for thing in self.things if thing.score >= self.sure]

    def line(self, width: int) -> str:
        """For people: how many of each class, padded to `width` letters, and the file."""
        return f"{self.label:<{width}}  {self.name}"

    def table(self) -> list[str]:
        """For people: a line for each object, with its class, how sure, and where it is."""
        longest = max((len(thing.name) for thing in self.told), default=0)
        return [
            f"  {thing.name:<{longest}}  {100 * thing.score:5.1f} %  x {thing.box[0]:.0f} to {thing.box[2]:.0f}, "
            f"y {thing.box[1]:.0f} to {thing.box[3]:.0f}"
            for thing in self.told
        ]

    def facts(self) -> dict[str, Any]:
        """For programs: ready for JSON."""
        if self.error:
            return {"name": self.name, "error": self.error}
        objects = [thing.facts() for thing in self.things]
        return {"name": self.name, "label": self.label, "size": list(self.size), "objects": objects}


@dataclass(frozen=True)
class Way:
    """threshold: score from which objects are told of; None: the best on validation pictures, and JSON holds all."""

    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold is a score from 0 to 1; got {self.threshold}")


class Detector:
    """A detector ready to be used: the same decoding of files, size and scaling as in training."""

    def __init__(self, network: nn.Module, facts: Mapping[str, Any]) -> None:
        self.network, self.facts = network.eval(), dict(facts)
        self.classes: list[str] = list(facts["classes"])
        self.skeleton = [(int(a), int(b)) for a, b in facts.get("skeleton", ())]
        self.frame = Frame(facts["image"][1], facts["image"][2], facts["framing"])
        self.sure = float(facts.get("threshold", SURE))

    def look(self, pictures: str | Path | Sequence[str | Path], way: Way | None = None) -> Iterator[Sighting]:
        """One answer a file, in order; a file that cannot be read is named in `error`, and nothing stops."""
        paths = iter(ship.files(pictures))
        while some := list(islice(paths, AT_ONCE)):
            framed: dict[Path, NDArray[np.uint8]] = {}
            sizes: dict[Path, tuple[int, int]] = {}
            errors: dict[Path, str] = {}
            for path in some:
                try:
                    framed[path], header = read_with_header(path, self.frame)
                    sizes[path] = header.height, header.width
                except UnreadablePictureError as error:
                    errors[path] = str(error)
            found = dict(zip(framed, self._seen(list(framed.values())), strict=True))
            for path in some:
                if path in errors:
                    yield Sighting(str(path), error=errors[path])
                else:
                    yield self._sighting(str(path), found[path], sizes[path], way or Way())

    def predict(self, pictures: ship.Pictures, way: Way | None = None) -> list[list[Thing]]:
        """What is in each picture: files, a folder, one file, or an array uint8 (N, H, W) or (N, H, W, 3).

        Raises UnreadablePictureError at the first picture that cannot be read; `look` names and passes over it.
        """
        if isinstance(pictures, np.ndarray):
            found = self._seen([read_array(image, self.frame) for image in pictures])
            size = (int(pictures.shape[1]), int(pictures.shape[2]))
            return [self._sighting("", one, size, way or Way()).told for one in found]
        answers = []
        for one in self.look(pictures, way):
            if one.error:
                raise UnreadablePictureError(one.error)
            answers.append(one.told)
        return answers

    @torch.no_grad()
    def find(self, images: Tensor) -> list[Detections]:
        """What is in pictures uint8 (B, 3, H, W) of the model's size, in their own pixels."""
        return [one.cpu() for piece in images.split(AT_ONCE) for one in self.network(piece)]

    def told(self, things: Sequence[Thing]) -> str:
        """'3 car, 1 dog', the commonest first."""
        counts = Counter(thing.name for thing in things)
        return ", ".join(f"{n} {name}" for name, n in counts.most_common()) or "nothing"

    def results(self, sightings: Sequence[Sighting]) -> list[dict[str, Any]]:
        """COCO's list of results. image_id: the number that each file is called by, else its name.

        category_id: as in the data it was trained on, if these were COCO's, else from 1 on.
        """
        stems = [Path(one.name).stem for one in sightings]
        ids: list[Any] = (
            [int(stem) for stem in stems] if all(stem.isdecimal() for stem in stems) else [s.name for s in sightings]
        )
        categories = self.facts.get("category_ids") or range(1, len(self.classes) + 1)
        return [
            _result(thing, picture, categories[thing.label])
            for picture, one in zip(ids, sightings, strict=True)
            for thing in one.things
        ]

    def _seen(self, framed: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        return self.find(torch.from_numpy(np.stack(framed)).permute(0, 3, 1, 2).contiguous()) if framed else []

    def _sighting(self, name: str, found: Detections, size: tuple[int, int], way: Way) -> Sighting:
        sure = self.sure if way.threshold is None else way.threshold
        things = self.things(found.at(found.scores >= (way.threshold or 0)), size)
        told = self.told([thing for thing in things if thing.score >= sure])
        least = min((thing.score for thing in things if thing.score >= sure), default=0.0)
        return Sighting(name, told, least, things=things, sure=sure, size=size, skeleton=self.skeleton)

    def things(self, found: Detections, size: tuple[int, int]) -> list[Thing]:
        """What was found in the frame, as objects of a picture of size (height, width) that was brought to it."""
        scale_x, scale_y, left, top = self.frame.placed(*size)
        offset, scale = np.array([left, top]), np.array([scale_x, scale_y])
        corners = (found.boxes.double().numpy().reshape(-1, 2, 2) - offset) / scale
        boxes = corners.clip(0, [size[1], size[0]]).reshape(-1, 4)
        things = []
        labels = found.labels.tolist()
        for row in np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(1)).tolist():  # not what lies in the black border
            mask = points = None
            if found.masks is not None:
                whole = torch.from_numpy(corners[row].reshape(1, 4)).float()  # its grid lies over the uncut box
                pasted = paste(found.masks[row : row + 1].float(), whole, *size)[0]
                mask = Rle(*size, rle_encode(pasted.numpy()))
            if found.keypoints is not None:
                points = found.keypoints[row].double().numpy().copy()
                points[:, :2] = (points[:, :2] - offset) / scale
            x1, y1, x2, y2 = boxes[row].tolist()
            score = float(found.scores[row])
            things.append(Thing(labels[row], self.classes[labels[row]], score, (x1, y1, x2, y2), mask, points))
        return things


def _result(thing: Thing, picture: int | str, category: int) -> dict[str, Any]:
    x1, y1, x2, y2 = thing.box
    found: dict[str, Any] = {"image_id": picture, "category_id": category}
    found |= {"bbox": [_short(x1), _short(y1), _short(x2 - x1), _short(y2 - y1)], "score": thing.score}
    if thing.mask is not None:
        found["segmentation"] = _coco_mask(thing.mask)
    if thing.keypoints is not None:
        found["keypoints"] = [_short(value) for point in thing.keypoints.tolist() for value in point]
    return found


def _coco_mask(mask: Rle) -> dict[str, Any]:
    return {"size": [mask.height, mask.width], "counts": compressed(mask.counts)}


def _short(value: float) -> float:
    """Thousandths of a pixel: what lies behind them is noise and doubles the file."""
    return round(value, 3)


def save(folder: Path, task: Any, settings: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write the model folder of a trained Detect task; see the folder's own docstring."""
    facts = recipe.model_facts(task, settings) | {"threshold": task.threshold()}
    said = task.data.prepared.annotations.facts.get("categories")
    if said:  # COCO's numbers have gaps, and results must bear them
        facts["category_ids"] = [one["id"] for one in said]
    return ship.save(folder, task.model, facts, card(folder.name, facts, stages))


def load(folder: str | Path) -> Detector:
    """The detector in a run folder or a model folder. Raises FileNotFoundError or ValueError, with the next step."""
    facts, weights = ship.contents(folder)
    if facts.get("tells") != recipe.SUBJECT:
        raise ValueError(f"{folder} holds no detector but a model of something else; its card.md says what it tells")
    with ship.whole(folder):
        network = recipe.rebuild(facts)
        network.load_state_dict(weights)
    return Detector(network, facts)


def card(name: str, facts: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown from what the run knows. facts: of the model; stages: details of the playbook's verdicts."""
    _, height, width = facts["image"]
    train, test, baselines = (stages.get(stage, {}) for stage in ("train", "test", "baselines"))
    sees = facts.get("backbone") or {}
    through = f", looking through a `{sees['model']}`" if sees.get("model") else ""
    lines = [
        f"# {name}",
        "",
        f"A `{facts['model']}` detector of {_kinds(facts)}{through}.",
        f"Pictures are decoded upright to RGB and brought to {height} x {width} pixels ({facts['framing']}).",
        f"Classes: {', '.join(facts['classes'])}.",
        _threshold(facts),
        "",
        "## Trained on",
        "",
        f"{facts['data']}{_sizes(stages.get('split', {}))}.",
        "",
        "## How good it is",
        "",
    ]
    if "score" in test:
        lines.append(
            f"On {test['n']} test pictures: mAP at an overlap of .5 is {100 * test['score']:.1f} % (95 % interval "
            f"{100 * test['low']:.1f} to {100 * test['high']:.1f}){_figures(test)}."
        )
    elif "best" in train:
        lines.append(f"Validation: mAP at an overlap of .5 is {100 * train['best']:.1f} %; not tested.")
    else:
        lines.append("Not measured yet.")
    shown = [f"{name} {100 * value:.1f} %" for name, value in baselines.items() if isinstance(value, float)]
    lines += [f"Simple methods, on validation: {', '.join(shown)}."] if shown else []
    return "\n".join([*lines, "", "## What it is not for", "", LIMITS, ""])


def _kinds(facts: Mapping[str, Any]) -> str:
    told = {"masks": "boxes and masks", "keypoints": "boxes and keypoints"}
    return f"{told.get(facts.get('kind', ''), 'boxes')} of {len(facts['classes'])} classes"


def _threshold(facts: Mapping[str, Any]) -> str:
    if "threshold" not in facts:
        return f"Objects are told of from a score of {SURE:.2f} on."
    return f"Objects are told of from a score of {facts['threshold']:.2f} on, the best balance on validation pictures."


def _figures(test: Mapping[str, Any]) -> str:
    values: Mapping[str, Any] = test.get("values", {})
    return "".join(f", {name} {100 * value:.1f} %" for name, value in values.items() if isinstance(value, float))


def _sizes(split: Mapping[str, Any]) -> str:
    parts = [f"{split[part]:,} for {part}" for part in ("train", "validation", "test") if split.get(part)]
    return f": {', '.join(parts)} pictures" if parts else ""
