"""Look inside a captioner: which places of the picture each word was written from, as a page and as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..data.captioned import prepare_captions
from ..data.collection import VALIDATION
from ..data.decode import UnreadablePictureError, read
from ..engine import catalogue
from ..report.exhibit import Exhibit, Plate, Table, write
from ..runs.checkpoint import write_whole
from ..runs.reader import Run
from ..ship import model as ship
from ..ship.kinds.captions import Captioner, Way, load
from ._session import Show
from ._words import Attended, attended, larger, moved, spread
from .explain import Looked

PAGE, HOW = "explain", "words"
SETTINGS = ("beam",)
QUESTION = "Which places of the picture was each word written from?"
READING = (
    "Under each word the share of attention at its strongest place, and over how many places it is spread (e to the "
    "entropy). Each map has its own scale, from nothing to its strongest place; between the places it is interpolated."
)
SPREAD_OUT = 0.9  # of all places: attention as even as this says nothing about where
OWN = 4  # of the run's validation pictures that are shown where none is given


def explain(
    folder: Path,
    how: Sequence[str],
    files: Sequence[Path],
    settings: Mapping[str, str],
    show: Show,
    out: Path | None = None,
) -> Looked:
    """A page with a map for each word of each picture's caption, and a PNG of each picture.

    how: `words` or nothing. files: pictures and folders; none: a few of the run's own validation pictures. settings:
    beam, as typed. Raises LookupError for another technique, ValueError for settings that cannot be, unreadable
    pictures alone, or a captioner without attention.
    """
    _check(how, settings)
    captioner = load(folder)
    if not captioner.attends:
        raise ValueError(
            f"{folder} sees a picture as a whole and has no attention to show; train one with model=soft_attention or "
            "model=hard_attention"
        )
    way = Way(beam=int(settings.get("beam", Way.beam)))
    done: list[Attended] = []
    errors: list[str] = []
    paths = ship.files(list(files)) if files else _own(folder, captioner)
    for i, path in enumerate(paths):
        show.progress("explain", i, len(paths), path.name)
        try:
            image, shown = (
                torch.from_numpy(read(path, frame)).permute(2, 0, 1).contiguous()
                for frame in (captioner.frame, larger(captioner.frame))
            )
        except UnreadablePictureError as error:
            errors.append(str(error))
            continue
        (caption,) = captioner.captions(image[None], way)
        done.append(attended(path.stem, shown, caption))
    if not done:
        raise ValueError(errors[0] if errors else "no picture was given; name files or folders that hold some")
    findings = [_found(one) for one in done]
    page, drawn = _page(folder, out or folder / PAGE, done, findings)
    return Looked(page, drawn, findings, errors, [])


def refuse(**options: object) -> None:
    """Raise ValueError for a chosen option that is about classifiers; those left at nothing are False."""
    wrong = ["--" + name.replace("_", "-") for name, value in options.items() if value]
    if wrong:
        raise ValueError(
            f"{', '.join(wrong)} is for models that name classes, and this one writes captions; leave it out"
        )


def _check(how: Sequence[str], settings: Mapping[str, str]) -> None:
    for name in how:
        if name != HOW:
            raise LookupError(f"no technique '{name}' for captions; there is {HOW}: where it looked at each word")
    for name, value in settings.items():
        if name not in SETTINGS:
            raise ValueError(
                f"no setting '{name}' in {HOW}.{catalogue.nearest(name, SETTINGS)} Settings: {', '.join(SETTINGS)}."
            )
        if not value.isdigit() or int(value) < 1:
            raise ValueError(f"{name} must be a number of at least 1, for example {Way().beam}; got '{value}'")


def _own(folder: Path, captioner: Captioner) -> list[Path]:
    """A few of the run's validation pictures, spread over them; its test part stays unused."""
    info = Run(folder).info
    source = str(info.get("source") or info["settings"]["data"])
    frame = captioner.frame
    prepared = prepare_captions(source, frame.height, frame.framing, int(info["seed"]), threshold=1)
    rows = prepared.rows(VALIDATION)
    pictures: Any = prepared.pictures.collection.pictures
    chosen = rows[np.linspace(0, len(rows) - 1, min(OWN, len(rows))).astype(np.int64)]
    return [pictures.paths[row] for row in chosen.tolist()]


def _page(folder: Path, out: Path, done: Sequence[Attended], findings: Sequence[str]) -> tuple[Path, list[Path]]:
    """Write the page and the PNG files: their paths."""
    from ..report.figures.attended import sheet  # matplotlib takes a second to load

    out.mkdir(parents=True, exist_ok=True)
    files = []
    for i, one in enumerate(done):
        twice = sum(other.name == one.name for other in done) > 1
        files.append(out / f"{HOW}-{_clear(one.name)}{f'-{i + 1}' if twice else ''}.png")
        write_whole(files[-1], sheet(one.drawn, one.words, one.caption.sentence))
    exhibit = Exhibit(
        f"Inside {folder.name}",
        findings,
        plates=[Plate(f"{one.name}: {one.caption.sentence}", one.drawn, READING, _captions(one)) for one in done],
        tables=[_table(one) for one in done] if len(done) == 1 else [],
        data={"pictures": [_facts(one) for one in done]},
    )
    return write(PAGE, QUESTION, {"how": HOW}, exhibit, out, "explain"), files


def _found(one: Attended) -> str:
    """How sharply it looked, in a sentence with the number."""
    if not one.caption.words:
        return f"{one.name}: nothing was said, so there is nothing to look at."
    places = one.maps[0].numel()
    wide = spread(one.maps)
    mean = float(wide.mean())
    said = f"{one.name}: “{one.caption.sentence}” A word is written from {mean:.1f} of {places} places on average"
    if mean > SPREAD_OUT * places:
        return f"{said}, that is from everywhere alike: attention is hardly used."
    sharpest = int(wide.argmin())
    told = f"{said}, '{one.caption.words[sharpest]}' from the fewest, {float(wide[sharpest]):.1f}"
    return f"{told}; from word to word {100 * moved(one.maps):.0f} % of the attention moves."


def _captions(one: Attended) -> list[str]:
    strongest = one.maps.flatten(1).amax(1).tolist()
    wide = spread(one.maps).tolist()
    return ["the picture", *(f"{w} · {100 * s:.0f} % · {n:.1f}" for w, s, n in zip(one.caption.words, strongest, wide))]


def _table(one: Attended) -> Table:
    """Each word with its chance and the spread of the attention."""
    wide = spread(one.maps).tolist()
    rows = [
        [word, f"{100 * chance:.1f} %", f"{places:.1f}"]
        for word, chance, places in zip(one.caption.words, one.caption.chances, wide)
    ]
    return Table("Word by word", ["word", "probability", "places"], rows, "Probability: given the words before it.")


def _facts(one: Attended) -> dict[str, object]:
    return {
        "name": one.name,
        "sentence": one.caption.sentence,
        "words": one.caption.words,
        "probabilities": one.caption.chances,
        "maps": [[[round(v, 5) for v in row] for row in grid] for grid in one.maps.tolist()],
    }


def _clear(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
