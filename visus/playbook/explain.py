"""Look inside a trained model: techniques of `visus.explain` on one's own pictures, as a page and as files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from PIL import Image
from torch import Tensor

from ..data.collection import CLASSES, NUMBERS
from ..data.decode import Frame
from ..engine.catalogue import card
from ..explain import _contract
from ..report import page as report
from ..report.exhibit import Exhibit, Plate, Table, write
from ..report.sections.explain import CAPTIONS, PICTURES, TECHNIQUES
from ..runs.checkpoint import write_whole
from ..runs.reader import EXPLAINED, REPORT
from ..ship import model as ship
from . import _techniques as techniques
from ._explained import Explained, explained
from ._given import class_number, pictures
from ._heat import enlarged
from ._held_out import held_out
from ._session import Show

PAGE = "explain"
MOST_DATA = 1_000  # pictures that patches, maps of features and neighbours are searched in
MOST_SHOWN = 3  # right and wrong pictures of the run's own, each


@dataclass(frozen=True)
class Wish:
    """What a person asks for. how: techniques, `all` maps, or nothing for the usual; pictures: files and folders.

    target, layer: names, or nothing; data: labelled pictures, nothing takes the run's validation part; size: px.
    settings: the techniques' own, as typed. sanity: compare each map with those of the network with shuffled weights.
    """

    how: Sequence[str] = ()
    pictures: Sequence[Path] = ()
    target: str = ""
    layer: str = ""
    data: str = ""
    style: Path | None = None
    size: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    sanity: bool = True


@dataclass(frozen=True)
class Looked:
    """page, and the picture files beside it; errors: pictures that could not be read; left_out: techniques, and why."""

    page: Path
    files: list[Path]
    findings: list[str]
    errors: list[str]
    left_out: list[str]


@dataclass(frozen=True)
class _Shown:
    """The pictures that are explained, uint8 (N, 3, H, W), and a name for each."""

    images: Tensor
    names: list[str]
    errors: list[str]


def explain(folder: Path, wish: Wish, show: Show, out: Path | None = None) -> Looked:
    """Apply the techniques to the pictures, or to a few validation pictures, right and wrong, of the run.

    out: the folder of page and pictures; None: RUN/explain. Raises LookupError for an unknown technique, class or
    layer, ValueError for settings that cannot be meant or a model a technique cannot take, FileNotFoundError.
    """
    trained = ship.load(folder)
    names = techniques.chosen(wish.how)
    typed = techniques.settings(names, wish.settings)
    techniques.refuse_layer(names, wish.layer)
    goal = class_number(trained.classes, wish.target) if wish.target else None
    shown = _shown(folder, trained, wish, names, show)
    offered = _offered(folder, trained, wish, names, shown, goal, show)
    targets = offered.get("targets")
    lenient = not wish.how or techniques.ALL in wish.how
    captions = _captions(trained, shown, targets)
    done: list[Explained] = []
    left_out: list[str] = []
    with _contract.unit_pixels(trained.network) as network:
        for i, name in enumerate(names):

            def tell(share: float, i: int = i, name: str = name) -> None:
                show.progress("explain", i + share, len(names), name)

            tell(0)
            try:
                given = {**offered, **typed[name], "network": network, "show": tell}
                done.append(explained(name, given, typed[name], captions, wish.sanity))
            except ValueError as error:
                if not lenient:
                    raise
                left_out.append(f"Left out: {name}, because {error}.")
    if not done:
        raise ValueError(left_out[0].removeprefix("Left out: ") if left_out else "no technique was asked for")
    out = out or folder / PAGE
    out.mkdir(parents=True, exist_ok=True)
    files = [_save(picture, out / f"{stem}.png") for one in done for stem, picture in one.files(shown.names)]
    findings = [*(sentence for one in done for sentence in one.findings), *left_out]
    return Looked(_page(folder, out, names, done, findings), files, findings, shown.errors, left_out)


def add_to_report(folder: Path, wish: Wish, show: Show) -> Path:
    """Keep maps of a few right and wrong validation pictures in the run folder and write its report anew."""
    trained = ship.load(folder)
    maps = [n for n in techniques.chosen(wish.how) if _contract.kind(techniques.module(n)) == "explain"]
    if not maps:
        raise ValueError("the report shows maps; --add-to-report takes saliency, grad_cam, occlusion and their like")
    typed = techniques.settings(maps, wish.settings)
    shown = _examples(folder, trained, show)
    targets = trained.score(shown.images).argmax(1)
    rows, kept = [enlarged(shown.images / 255)], []
    with _contract.unit_pixels(trained.network) as network:
        for i, name in enumerate(maps):
            show.progress("explain", i, len(maps), name)
            given = {"network": network, "images": shown.images / 255, "targets": targets, "layer": wish.layer}
            try:
                one = explained(name, given | typed[name], typed[name], shown.names, sanity=False)
            except ValueError:
                if wish.how and techniques.ALL not in wish.how:
                    raise
                continue
            rows.append(one.results)
            kept.append(name)
    if not kept:
        raise ValueError(f"none of {', '.join(maps)} takes this model, so there is nothing to add to the report")
    stacked = torch.stack([torch.from_numpy(row) for row in rows], 1).contiguous()
    facts = {CAPTIONS: shown.names, TECHNIQUES: kept}
    write_whole(folder / EXPLAINED, safetensors.torch.save({PICTURES: stacked}, {"facts": json.dumps(facts)}))
    report.write(folder)
    return folder / REPORT


def _shown(folder: Path, trained: ship.TrainedModel, wish: Wish, names: Sequence[str], show: Show) -> _Shown:
    """The pictures to explain: those given, or, where a technique needs some, a few of the run's own."""
    # A folder is what pictures are searched in where a technique asks for such; then single files are the queries.
    searched = any("pictures" in _contract.asks(techniques.module(name)) for name in names)
    given = [path for path in wish.pictures if not (searched and path.is_dir())]
    height, width = _size(trained, wish)
    if given:
        found = pictures(given, Frame(height, width, trained.frame.framing))
        return _Shown(found.images, [file.stem for file in found.files], found.errors)
    if any(techniques.needs(name, "images") for name in names):
        return _examples(folder, trained, show)
    return _Shown(torch.empty(0, 3, height, width, dtype=torch.uint8), [], [])


def _examples(folder: Path, trained: ship.TrainedModel, show: Show) -> _Shown:
    """The first few right and wrong ones of the run's validation pictures; its test part stays unused."""
    if trained.tells != CLASSES:
        raise ValueError(f"{folder} tells {trained.tells}, so none of its pictures is right or wrong; give pictures")
    images, labels, _ = held_out(folder, trained, "", show, MOST_DATA)
    said = torch.cat([trained.score(batch).argmax(1) for batch in images.split(ship.BATCH)])
    right, wrong = ((said == labels).nonzero().flatten(), (said != labels).nonzero().flatten())
    spread = right[:: max(1, len(right) // MOST_SHOWN)][:MOST_SHOWN]  # pictures often come class by class
    rows = torch.cat([spread, wrong[:MOST_SHOWN]])
    words = [
        f"{trained.classes[int(labels[i])]}, rightly"
        if said[i] == labels[i]
        else f"{trained.classes[int(labels[i])]}, said {trained.classes[int(said[i])]}"
        for i in rows
    ]
    return _Shown(images[rows], words, [])


def _offered(
    folder: Path,
    trained: ship.TrainedModel,
    wish: Wish,
    names: Sequence[str],
    shown: _Shown,
    goal: int | None,
    show: Show,
) -> dict[str, Any]:
    """What techniques may ask for, see `_contract.OFFERED`; None where there is none."""
    size = _size(trained, wish)
    offered: dict[str, Any] = {"classes": trained.classes, "layer": wish.layer or None, "target": goal, "size": size}
    if len(shown.images):
        offered["images"] = shown.images / 255
        if any("targets" in _contract.asks(techniques.module(name)) for name in names):
            own = trained.score(shown.images).argmax(1) if goal is None else torch.full((len(shown.images),), goal)
            offered["targets"] = own
    if wish.style:
        offered["style"] = pictures([wish.style], Frame(*size, trained.frame.framing)).images / 255
    if any("pictures" in _contract.asks(techniques.module(name)) for name in names):
        offered["pictures"], offered["labels"] = _searched(folder, trained, wish, show)
    return offered


def _searched(folder: Path, trained: ship.TrainedModel, wish: Wish, show: Show) -> tuple[Tensor, Tensor]:
    """The pictures that are searched, and their labels, -1 where unknown."""
    place = Path(wish.data) if wish.data else next((path for path in wish.pictures if path.is_dir()), None)
    if place is not None and place.is_dir() and not any(path.is_dir() for path in place.iterdir()):
        found = pictures([place], trained.frame).images[:MOST_DATA]  # a folder of pictures without labels
        return found, torch.full((len(found),), -1)
    source = wish.data or (str(place) if place else "")
    images, labels, _ = held_out(folder, trained, source, show, MOST_DATA)
    return images, labels


def _size(trained: ship.TrainedModel, wish: Wish) -> tuple[int, int]:
    if wish.size < 0:
        raise ValueError(f"size must be a number of pixels; got {wish.size}")
    return (wish.size, wish.size) if wish.size else (trained.frame.height, trained.frame.width)


def _captions(trained: ship.TrainedModel, shown: _Shown, targets: Tensor | None) -> list[str]:
    """Under each picture: its name, and what the model says of the class (or number) that is explained."""
    if targets is None:
        return shown.names
    said = trained.score(shown.images).gather(1, targets[:, None])[:, 0].tolist()
    words = [f"{value:.3g}" if trained.tells == NUMBERS else f"{100 * value:.0f} %" for value in said]
    together = zip(shown.names, targets.tolist(), words, strict=True)
    return [f"{name} · {trained.classes[target]} {word}" for name, target, word in together]


def _save(picture: Any, file: Path) -> Path:
    Image.fromarray(picture).save(file)
    return file


def _page(folder: Path, out: Path, names: Sequence[str], done: Sequence[Explained], findings: Sequence[str]) -> Path:
    from .. import explain as package

    plates = [plate for one in done for plate in one.plates]
    tables: list[Table] = []
    checked = [one for one in done if one.sanity]
    if checked:
        headings = ["technique", *(f"down to {layer}" for layer, _ in checked[0].sanity)]
        rows = [[one.name, *(f"{share:.2f}" for _, share in one.sanity)] for one in checked]
        reading = (
            "Rank correlation of each map with that of the same network whose weights were shuffled from the head down "
            "to a layer (Adebayo et al., 2018). Near 1: the map does not care what the network learned."
        )
        tables.append(Table("Does the map depend on what was learned?", headings, rows, reading))
    data = {"techniques": {one.name: {"sanity": one.sanity, **one.data} for one in done}}
    question = card(package, names[0]) if len(names) == 1 else "What does the model look at, and what excites it?"
    exhibit = Exhibit(f"Inside {folder.name}", findings, plates=_legible(plates), tables=tables, data=data)
    return write(PAGE, question, {"how": ", ".join(one.name for one in done)}, exhibit, out, "explain")


def _legible(plates: Sequence[Plate]) -> list[Plate]:
    return [plate for plate in plates if len(plate.pictures)]
