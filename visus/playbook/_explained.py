"""One technique, applied: its pictures for the page and the disk, and what was measured about it."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .. import explain
from ..engine.catalogue import card
from ..explain import _contract, _sanity
from ..report.exhibit import Plate
from . import _techniques as techniques
from ._heat import enlarged, overlay, scale

SANITY_STAGES = 3
SANITY_PICTURES = 4
SANITY_SECONDS = 20.0  # a technique that would need longer is not checked
INDEPENDENT, PARTLY = 0.8, 0.5  # rank correlations above: the map is the picture's, or partly, not the network's
ALONE_PX, BESIDE_PX = 384, 64  # side that a small picture is enlarged to
ENOUGH_STEPS = 0.02  # of all that a map gives out: integrated gradients should add up better than this


@dataclass(frozen=True)
class Explained:
    """results: uint8 (N, h, w, 3), one a picture, or of all that was drawn; sanity: (layer, rank correlation)."""

    name: str
    plates: list[Plate]
    results: NDArray[np.uint8]
    findings: list[str] = field(default_factory=list)
    sanity: list[tuple[str, float]] = field(default_factory=list)
    data: Mapping[str, Any] = field(default_factory=dict)

    def files(self, names: Sequence[str]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """(file name without ending, picture); names: of the pictures that were explained."""
        if len(self.results) and len(self.results) == len(names):
            for i, (name, picture) in enumerate(zip(names, self.results, strict=True)):
                clear = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
                yield f"{self.name}-{clear}" + (f"-{i + 1}" if names.count(name) > 1 else ""), picture
        else:
            for i, picture in enumerate(self.results):
                yield f"{self.name}-{i + 1}", picture


def explained(
    name: str, offered: Mapping[str, Any], typed: Mapping[str, Any], captions: Sequence[str], sanity: bool
) -> Explained:
    """Apply the technique. offered: what it may ask for; typed: its settings; captions: of the pictures."""
    technique = techniques.module(name)
    began = time.process_time()
    answer = _contract.ask(technique, offered)
    seconds = time.process_time() - began
    if _contract.kind(technique) == "explain":
        return _maps(name, answer, offered, typed, captions, sanity, seconds)
    if _contract.kind(technique) == "picture":
        drawn = enlarged(answer)
        words = captions if len(captions) == len(drawn) else _drawn_captions(len(drawn), offered)
        return Explained(name, [Plate(_title(name), drawn, card(explain, name), words)], drawn)
    plates = [Plate(sheet.title, _magnified(sheet.pictures), sheet.reading, sheet.captions) for sheet in answer]
    return Explained(name, plates, np.empty((0, 1, 1, 3), np.uint8))


def _maps(
    name: str,
    maps: Tensor,
    offered: Mapping[str, Any],
    typed: Mapping[str, Any],
    captions: Sequence[str],
    sanity: bool,
    seconds: float,
) -> Explained:
    images: Tensor = offered["images"]
    signed = bool((maps < 0).any())
    shown, coloured = enlarged(images), enlarged(overlay(images, maps))
    legend = enlarged(scale(images.shape[2], images.shape[3] // 4 or 1, signed))
    bar = np.zeros_like(shown[:1])
    bar[:, :, : legend.shape[2]] = legend
    pairs = np.stack([shown, coloured], 1).reshape(-1, *shown.shape[1:])
    strongest = maps.abs().amax((1, 2)).tolist()
    words = [w for caption, top in zip(captions, strongest, strict=True) for w in (caption, f"strongest {top:.2g}")]
    meaning = "red speaks for the class, blue against it" if signed else "the brighter, the more it matters"
    reading = f"{card(explain, name)} In colour: {meaning}; each map has its own scale, nothing to its strongest."
    ends = "below: against, above: for" if signed else "below: nothing, above: strongest"
    plate = Plate(_title(name), np.concatenate([pairs, bar]), reading, [*words, ends])
    findings, data = _added_up(name, maps, offered, typed)
    checked: list[tuple[str, float]] = []
    if sanity and seconds * (SANITY_STAGES + 1) <= SANITY_SECONDS:
        checked = _checked(name, offered, typed)
        findings += _judged(name, checked)
    elif sanity:
        findings.append(f"{name} was not compared with shuffled weights: it takes {seconds:.0f} s a time.")
    return Explained(name, [plate], coloured, findings, checked, {**data, "strongest": strongest})


def _checked(name: str, offered: Mapping[str, Any], typed: Mapping[str, Any]) -> list[tuple[str, float]]:
    technique = techniques.module(name)

    def again(network: Any, images: Tensor, targets: Tensor) -> Tensor:
        layer = offered.get("layer")
        given = {"network": network, "images": images, "targets": targets, "layer": layer, **typed}
        maps: Tensor = _contract.ask(technique, given)
        return maps

    few = slice(0, SANITY_PICTURES)
    images, targets = offered["images"][few], offered["targets"][few]
    return _sanity.cascade(offered["network"], again, images, targets, SANITY_STAGES)


def _judged(name: str, checked: Sequence[tuple[str, float]]) -> list[str]:
    last = checked[-1][1] if checked else math.nan  # a model without weights, such as kNN, has none to shuffle
    if math.isnan(last):
        return []
    stays = [(layer, share) for layer, share in checked if share > INDEPENDENT]
    if last > INDEPENDENT:
        what = f"{name}: with all weights shuffled the map hardly changes (rank correlation {last:.2f})"
        return [f"{what}, so it shows the picture more than what the network learned."]
    if last > PARTLY:
        what = f"{name}: with all weights shuffled the map keeps much of its shape (rank correlation {last:.2f})"
        return [f"{what}, so part of it is the picture and not what the network learned."]
    if stays:
        layer, share = stays[-1]
        what = f"{name}: with the layers from the head down to {layer} shuffled the map stays ({share:.2f})"
        return [
            f"{what}, with all layers it does not ({last:.2f}): it says little about what the later layers learned."
        ]
    return [f"{name}: with all weights shuffled the map is another one (rank correlation {last:.2f}), as it should be."]


def _added_up(
    name: str, maps: Tensor, offered: Mapping[str, Any], typed: Mapping[str, Any]
) -> tuple[list[str], dict[str, Any]]:
    """Whether maps that promise to add up to the score do so."""
    gap = getattr(techniques.module(name), "gap", None)
    if gap is None:
        return [], {}
    baseline = {"baseline": typed["baseline"]} if "baseline" in typed else {}
    worst = float(gap(offered["network"], offered["images"], offered["targets"], maps, **baseline).max())
    what = (
        f"{name}: the map adds up to the score's rise from the empty picture but for {100 * worst:.1f} % of its parts"
    )
    return [what + ("." if worst <= ENOUGH_STEPS else "; take more steps, for example steps=200.")], {"gap": worst}


def _drawn_captions(n: int, offered: Mapping[str, Any]) -> Sequence[str]:
    """Of pictures drawn without a picture to begin from: the classes, where there is one for each."""
    classes = offered.get("classes") or ()
    if offered.get("target") is not None and n == 1:
        return [str(classes[offered["target"]])]
    return [str(name) for name in classes[:n]] if 1 < n <= len(classes) else ()


def _title(name: str) -> str:
    """The name as its card writes it, `Grad-CAM`, or in plain words."""
    words = card(explain, name).partition(":")[0]
    return words if _letters(words) == _letters(name) else name.replace("_", " ").capitalize()


def _letters(words: str) -> str:
    return "".join(letter for letter in words.lower() if letter.isalnum())


def _magnified(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    wanted = ALONE_PX if len(pictures) == 1 else BESIDE_PX
    times = max(1, wanted // max(1, *pictures.shape[1:3]))
    return pictures.repeat(times, 1).repeat(times, 2)
