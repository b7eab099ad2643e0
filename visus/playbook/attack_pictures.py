"""Change single pictures until a model is wrong about them, and save them as files; or make a class out of noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..attacks import fooling
from ..attacks._contract import UnitPixels, said
from ..attacks._words import Attack, named
from ..report.exhibit import Exhibit, Plate, Table, write
from ..ship import model as ship
from ._attacked import captions, classifier, difference, enlarged, rounded, surrogate, unit
from ._given import class_number
from ._given import pictures as given_pictures
from ._session import Show

PAGE = "attacked"
USUAL_EPSILON = {"linf": 8 / 255, "l2": 0.5, "one_pixel": 1.0, "fooling": 1.0}
SURE = 0.9  # probability that a picture made of noise is brought to


@dataclass(frozen=True)
class Attacked:
    """One picture. before, after: (label, probability); after is of the saved file, rounded to 8 bits.

    exact: the same before rounding. change: largest change of a value in the file, in grey levels.
    """

    name: str
    before: tuple[str, float]
    exact: tuple[str, float]
    after: tuple[str, float]
    change: int
    file: Path
    fooled: bool


@dataclass(frozen=True)
class Outcome:
    """errors: a sentence for each picture that could not be read."""

    pictures: list[Attacked]
    errors: list[str]
    page: Path


def attack_pictures(
    folder: Path,
    pictures: Sequence[Path],
    show: Show,
    *,
    how: str = "pgd",
    epsilon: float | None = None,
    norm: str = "",
    target: str = "",
    transfer_from: Path | None = None,
    out: Path | None = None,
) -> Outcome:
    """Attack each picture away from what the model says of it, or to the class `target`.

    epsilon: None for the usual one: 8/255, 0.5 in L2, 1 for one_pixel and fooling. out: where the changed pictures and
    the page go; None: the folder `attacked` of the run. Raises ValueError, LookupError, FileNotFoundError.
    """
    trained = classifier(folder)
    attack = named(how, norm)
    kind = attack.name.partition(":")[0]
    reach = USUAL_EPSILON.get(kind, USUAL_EPSILON[attack.norm]) if epsilon is None else epsilon
    goal = class_number(trained.classes, target) if target else None
    network = UnitPixels(trained.network)
    made_on = surrogate(transfer_from, trained) if transfer_from else network
    given = given_pictures(pictures, trained.frame)
    files, images, errors = given.files, given.images, given.errors
    out = out or folder / PAGE
    out.mkdir(parents=True, exist_ok=True)
    done: list[Attacked] = []
    changed: list[Tensor] = []
    names = _distinct(files)
    for i, (file, name, image) in enumerate(zip(files, names, images.split(1), strict=True)):
        show.progress("attack", i, len(files), file.name)
        label = trained.score(image).argmax(1)
        targets = None if goal is None else torch.tensor([goal])
        if goal is not None and int(label) == goal:
            raise ValueError(f"{file} is {target} to the model already; take another target")
        found = attack(made_on, unit(image), label, reach, targets)
        changed.append(found)
        done.append(_saved(trained, file, image, found, goal, out / f"{name}-{kind}.png"))
    page = _write(folder, trained, attack, reach, done, unit(images), torch.cat(changed), out)
    return Outcome(done, errors, page)


def from_noise(
    folder: Path, show: Show, *, target: str = "", out: Path | None = None, settings: str = "fooling"
) -> Path:
    """A page of pictures made of noise that the model takes for `target`, or for each of its classes; returns it."""
    trained = classifier(folder)
    goals = [class_number(trained.classes, target)] if target else list(range(len(trained.classes)))
    options = {"confidence": SURE, "steps": 400, **named(settings).settings}
    dice = torch.Generator().manual_seed(0)
    start = (0.5 + 0.25 * torch.randn(1, 3, trained.frame.height, trained.frame.width, generator=dice)).clamp(0, 1)
    start = start.expand(len(goals), -1, -1, -1).clone()
    wanted = torch.tensor(goals)
    show.progress("fooling", 0, 1)
    found = fooling.attack(UnitPixels(trained.network), start, wanted, 1.0, targets=wanted, **options)
    said_of = captions(trained, found)
    with torch.no_grad():
        reached = int((trained.network(255 * found).argmax(1) == wanted).sum())
    sentence = (
        f"{reached} of {len(goals)} pictures that are noise to you are taken for the class that was wished for, with "
        f"{100 * SURE:.0f} % certainty or as near as {options['steps']} steps bring them."
    )
    plate = Plate(
        "From the same noise to every class" if not target else f"From noise to {target}",
        enlarged(torch.cat([start[:1], found])),
        "First the noise; then what it was changed into, and what the model says of that.",
        [*captions(trained, start[:1]), *said_of],
    )
    exhibit = Exhibit(f"Pictures that fool {folder.name}", [sentence], plates=[plate], data={"reached": reached})
    question = "What does the model take noise for, if the noise is bent a little?"
    return write("fooling", question, {}, exhibit, out or folder / PAGE, "attack")


def _distinct(files: Sequence[Path]) -> list[str]:
    """A name for each: its file's, and a number where two folders hold the same."""
    seen: dict[str, int] = {}
    names = []
    for file in files:
        seen[file.stem] = seen.get(file.stem, 0) + 1
        names.append(file.stem if seen[file.stem] == 1 else f"{file.stem}-{seen[file.stem]}")
    return names


def _saved(
    trained: ship.TrainedModel, name: Path, image: Tensor, found: Tensor, goal: int | None, file: Path
) -> Attacked:
    """Save what an attack found, rounded to 8 bits, and ask the model about the file as well."""
    whole = rounded(found)
    Image.fromarray(np.ascontiguousarray(whole[0].permute(1, 2, 0).numpy())).save(file)
    with torch.no_grad():
        exact = trained.network(255 * found).softmax(1)[0]
    before, after = trained.score(image)[0], trained.score(whole)[0]
    now = int(after.argmax())
    return Attacked(
        str(name),
        _top(trained, before),
        _top(trained, exact),
        _top(trained, after),
        int((whole.int() - image.int()).abs().max()),
        file,
        now != int(before.argmax()) if goal is None else now == goal,
    )


def _top(trained: ship.TrainedModel, row: Tensor) -> tuple[str, float]:
    return trained.classes[int(row.argmax())], float(row.max())


def _write(
    folder: Path,
    trained: ship.TrainedModel,
    attack: Attack,
    reach: float,
    done: Sequence[Attacked],
    before: Tensor,
    after: Tensor,
    out: Path,
) -> Path:
    fooled = sum(one.fooled for one in done)
    sentences = [
        f"{fooled} of {len(done)} pictures mislead {folder.name} after {attack.name} with epsilon {said(reach)}.",
        "The files hold whole grey levels; the model was asked about each file again after rounding.",
    ]
    rows = [
        [Path(one.name).name, *(f"{label} {100 * p:.1f} %" for label, p in (one.before, one.exact, one.after)),
         str(one.change), one.file.name]
        for one in done
    ]  # fmt: skip
    words = [
        text
        for one in done
        for text in (f"{one.before[0]} {100 * one.before[1]:.1f} %", "change x 10",
                     f"{one.after[0]} {100 * one.after[1]:.1f} %")
    ]  # fmt: skip
    shown = torch.stack([before, difference(before, after), after], 1).flatten(0, 1)
    exhibit = Exhibit(
        f"Pictures that mislead {folder.name}",
        sentences,
        plates=[
            Plate(
                "Before, the change, after",
                enlarged(shown),
                "Of each three: the picture as the model sees it; the change, ten times enlarged about grey; the "
                "changed picture, at the model's size, as it was saved.",
                words,
            )
        ],
        tables=[
            Table(
                "What the model says",
                ["picture", "before", "changed", "as saved", "grey levels", "file"],
                rows,
                "Grey levels: the largest change of a value in the file.",
            )
        ],
        data={"epsilon": reach, "attack": attack.name, "fooled": fooled, "n": len(done)},
    )
    return write(PAGE, "How little must a picture change?", {"epsilon": said(reach)}, exhibit, out, "attack")
