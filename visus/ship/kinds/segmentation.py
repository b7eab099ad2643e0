"""A segmenter on disk, and what it is for: to paint the class of every pixel, in pixels of the picture's file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from ...data.decode import Frame, UnreadablePictureError, read_array, read_with_header
from ...data.label_maps import IGNORE
from ...recipes import segment as recipe
from .. import model as ship

COMMAND = "visus predict"
AT_ONCE = 8  # pictures looked at together: every pixel has K scores
STRIP = 128  # rows of a picture that are painted at once: of a large one all scores would not fit in memory
NAMED = 3  # classes in the line of a picture
LIMITS = """It paints the classes it was trained on and nothing else: what it does not know gets the likeliest of them.
What is thin or small in the training frame is painted poorly, and so is the ground just beside an outline. Its figures
hold for pictures like those it was tested on."""

Classes = NDArray[np.uint8]


@dataclass(frozen=True)
class Map(ship.Prediction):
    """What is painted in one picture. classes: (h, w) of the file's size, IGNORE where a crop had cut it off.

    shares: of each class among the pixels, by name, the largest first; `probability` is the mean chance of the painted
    class.
    """

    classes: Classes = field(default_factory=lambda: np.empty((0, 0), dtype=np.uint8))
    shares: Mapping[str, float] = field(default_factory=dict)

    def line(self, width: int) -> str:
        """For people: the shares of the largest classes, padded to `width` letters, and the file."""
        return f"{self.label:<{width}}  {self.name}"

    def table(self) -> list[str]:
        """For people: a line for each class that is there, with its share."""
        longest = max(map(len, self.shares), default=0)
        return [f"  {name:<{longest}}  {100 * share:5.1f} %" for name, share in self.shares.items()]

    def facts(self) -> dict[str, Any]:
        """For programs: ready for JSON."""
        if self.error:
            return {"name": self.name, "error": self.error}
        size = list(self.classes.shape)
        return {
            "name": self.name,
            "label": self.label,
            "probability": self.probability,
            "size": size,
            "shares": dict(self.shares),
        }


@dataclass(frozen=True)
class Way:
    """There is one way to paint a picture."""


class Segmenter:
    """A segmenter ready to be used: the same decoding of files, size and scaling as in training."""

    def __init__(self, network: nn.Module, facts: Mapping[str, Any]) -> None:
        self.network, self.facts = network.eval(), dict(facts)
        self.classes: list[str] = list(facts["classes"])
        self.colours = [(int(r), int(g), int(b)) for r, g, b in facts["colours"]]
        self.frame = Frame(facts["image"][1], facts["image"][2], facts["framing"])

    def look(self, pictures: str | Path | Sequence[str | Path], way: Way | None = None) -> Iterator[Map]:
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
            scores = dict(zip(framed, self._scored(list(framed.values())), strict=True))
            for path in some:
                if path in errors:
                    yield Map(str(path), error=errors[path])
                else:
                    yield self._map(str(path), scores[path], sizes[path])

    def predict(self, pictures: ship.Pictures, way: Way | None = None) -> list[Classes]:
        """The class of every pixel, (h, w) each: of files, a folder, one file, or an array uint8 (N, H, W[, 3]).

        Raises UnreadablePictureError at the first picture that cannot be read; `look` names and passes over it.
        """
        if isinstance(pictures, np.ndarray):
            size = (int(pictures.shape[1]), int(pictures.shape[2]))
            return [self.painted(one, size) for one in self._scored([read_array(i, self.frame) for i in pictures])]
        answers = []
        for one in self.look(pictures, way):
            if one.error:
                raise UnreadablePictureError(one.error)
            answers.append(one.classes)
        return answers

    @torch.no_grad()
    def scores(self, images: Tensor) -> Tensor:
        """Pictures uint8 (B, 3, H, W) of the model's size -> scores (B, K, H, W), float32."""
        found = [self.network(piece).float() for piece in images.split(AT_ONCE)]
        return torch.cat(found).cpu()

    def painted(self, scores: Tensor, size: tuple[int, int]) -> Classes:
        """Scores (K, H, W) in the frame -> the class of every pixel of a picture of size (height, width).

        Between the pixels of the frame scores are interpolated, so that outlines of a larger picture are smooth.
        """
        scale_x, scale_y, left, top = self.frame.placed(*size)
        columns, x_there = _between(size[1], scale_x, left, self.frame.width)
        rows, y_there = _between(size[0], scale_y, top, self.frame.height)
        found = np.empty(size, dtype=np.uint8)
        for first in range(0, size[0], STRIP):
            near, far, share = (part[first : first + STRIP] for part in rows)
            strip = torch.lerp(scores[:, near], scores[:, far], share[:, None])  # (K, rows, W)
            strip = torch.lerp(strip[:, :, columns[0]], strip[:, :, columns[1]], columns[2])
            found[first : first + STRIP] = strip.argmax(0).numpy()
        return np.where(y_there[:, None] & x_there, found, np.uint8(IGNORE))

    def _scored(self, framed: Sequence[NDArray[np.uint8]]) -> Tensor:
        if not framed:
            return torch.empty(0)
        return self.scores(torch.from_numpy(np.stack(framed)).permute(0, 3, 1, 2).contiguous())

    def _map(self, name: str, scores: Tensor, size: tuple[int, int]) -> Map:
        classes = self.painted(scores, size)
        counts = np.bincount(classes[classes != IGNORE], minlength=len(self.classes))
        order = np.argsort(-counts, kind="stable")
        total = max(1, int(counts.sum()))
        shares = {self.classes[k]: float(counts[k] / total) for k in order.tolist() if counts[k]}
        label = ", ".join(f"{100 * share:.0f} % {name}" for name, share in list(shares.items())[:NAMED])
        sure = float(scores.softmax(0).amax(0).mean())
        return Map(name, label, sure, classes=classes, shares=shares)


def _between(
    side: int, scale: float, offset: float, frame: int
) -> tuple[tuple[Tensor, Tensor, Tensor], NDArray[np.bool_]]:
    """For each of `side` pixels the two places of the frame it lies between, the share of the second, whether it is
    in the frame at all."""
    place = (np.arange(side) + 0.5) * scale + offset - 0.5
    there = (place > -0.5 - 1e-9) & (place < frame - 0.5 + 1e-9)
    # what stands beyond the picture in the frame is black, and says nothing of the picture's border
    low, high = max(0, round(offset)), min(frame, round(offset + side * scale)) - 1
    inside = place.clip(low, high)
    near = np.floor(inside).astype(np.int64)
    far = np.minimum(near + 1, high)
    share = torch.from_numpy((inside - near).astype(np.float32))
    return (torch.from_numpy(near), torch.from_numpy(far), share), there


def write_map(path: Path, classes: Classes, colours: Sequence[tuple[int, int, int]]) -> None:
    """Write a map as a PNG with a palette: each pixel's number is its class, shown in that class's colour."""
    image = Image.fromarray(classes).convert("P")
    image.putdata(classes.ravel())
    palette = np.zeros((256, 3), dtype=np.uint8)
    palette[: len(colours)] = colours
    image.putpalette(palette.ravel().tolist())
    image.save(path)


def save(folder: Path, task: Any, settings: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write the model folder of a trained Segment task; see the folder's own docstring."""
    facts = recipe.model_facts(task, settings)
    return ship.save(folder, task.model, facts, card(folder.name, facts, stages))


def load(folder: str | Path) -> Segmenter:
    """The segmenter in a run folder or a model folder. Raises FileNotFoundError or ValueError, with the next step."""
    facts, weights = ship.contents(folder)
    if facts.get("tells") != recipe.SUBJECT:
        raise ValueError(f"{folder} holds no segmenter but a model of something else; its card.md says what it tells")
    with ship.whole(folder):
        network = recipe.rebuild(facts)
        network.load_state_dict(weights)
    return Segmenter(network, facts)


def card(name: str, facts: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown from what the run knows. facts: of the model; stages: details of the playbook's verdicts."""
    _, height, width = facts["image"]
    train, test, baselines = (stages.get(stage, {}) for stage in ("train", "test", "baselines"))
    sees = facts.get("backbone") or {}
    through = f", looking through a `{sees['model']}`" if sees.get("model") else ""
    lines = [
        f"# {name}",
        "",
        f"A `{facts['model']}` segmenter of {len(facts['classes'])} classes{through}.",
        f"Pictures are decoded upright to RGB and brought to {height} x {width} pixels ({facts['framing']}).",
        f"Classes: {', '.join(facts['classes'])}.",
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
            f"On {test['n']} test pictures: mean IoU is {100 * test['score']:.1f} % (95 % interval "
            f"{100 * test['low']:.1f} to {100 * test['high']:.1f}){_figures(test)}."
        )
    elif "best" in train:
        lines.append(f"Validation: mean IoU is {100 * train['best']:.1f} %; not tested.")
    else:
        lines.append("Not measured yet.")
    shown = [f"{name} {100 * value:.1f} %" for name, value in baselines.items() if isinstance(value, float)]
    lines += [f"Simple methods, on validation: {', '.join(shown)}."] if shown else []
    return "\n".join([*lines, "", "## What it is not for", "", LIMITS, ""])


def _figures(test: Mapping[str, Any]) -> str:
    values: Mapping[str, Any] = test.get("values", {})
    return "".join(f", {name} {100 * value:.1f} %" for name, value in values.items() if isinstance(value, float))


def _sizes(split: Mapping[str, Any]) -> str:
    parts = [f"{split[part]:,} for {part}" for part in ("train", "validation", "test") if split.get(part)]
    return f": {', '.join(parts)} pictures" if parts else ""
