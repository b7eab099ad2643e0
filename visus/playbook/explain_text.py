"""Look inside a language model: techniques of `visus.explain.text` on a text, as a page with the numbers beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from ..data.text import encoded, read_text
from ..engine import catalogue
from ..explain import text as techniques
from ..explain.text._reading import Curve, Reading
from ..recipes import _form
from ..report.exhibit import Exhibit, Table, write
from ..report.figures.chart import Chart
from ..report.figures.reading import curve
from ..report.passages import Passage
from ..runs.reader import EVIDENCE
from ..ship.kinds import text as ship
from ._language_evidence import IDS
from ._session import Show
from .explain import Looked

PAGE = "explain"
GIVEN = ("network", "ids", "symbols", "show")  # what each technique is handed; the rest are its settings


def explain(
    folder: Path,
    how: Sequence[str],
    files: Sequence[Path],
    settings: Mapping[str, str],
    show: Show,
    out: Path | None = None,
) -> Looked:
    """Apply techniques to a text, and write one page: how, names of `explain.text`, nothing for all of them.

    files: texts, read one after the other; none: the run's own validation text, as far as the run kept it.
    settings: the techniques' own, as typed. Raises LookupError for an unknown technique, ValueError for settings or a
    text that cannot be, FileNotFoundError for a run without a text.
    """
    names = list(dict.fromkeys(how)) or catalogue.names(techniques)
    modules = {name: catalogue.find(techniques, name) for name in names}
    typed = _settings(modules, settings)
    trained = ship.load(folder)
    ids = _given(trained, files) if files else _kept(folder)
    done: dict[str, Reading] = {}
    left_out: list[str] = []
    for i, (name, module) in enumerate(modules.items()):

        def tell(share: float, i: int = i, name: str = name) -> None:
            show.progress("explain", i + share, len(modules), name)

        tell(0)
        try:
            done[name] = module.read(trained.network, ids, trained.vocabulary.tokens, tell, **typed[name])
        except ValueError as error:
            if how:
                raise
            left_out.append(f"Left out: {name}, because {error}.")
    if not done:
        raise ValueError(left_out[0].removeprefix("Left out: "))
    findings = [*(sentence for one in done.values() for sentence in one.findings), *left_out]
    page = _page(folder, out or folder / PAGE, done, findings)
    return Looked(page, [], findings, [], left_out)


def refuse(**options: object) -> None:
    """Raise ValueError for a chosen option that is about pictures; those left at nothing are False."""
    wrong = [name for name, value in options.items() if value]
    if wrong:
        told = ", ".join("--" + name.replace("_", "-") for name in wrong)
        raise ValueError(f"{told} is for models of pictures, and this one is a language model; leave it out")


def _settings(modules: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """For each technique those of the typed settings that it has, as values. ValueError for one that none has."""
    forms = {
        name: {key: field for key, field in _form.own_fields(module.read).items() if key not in GIVEN}
        for name, module in modules.items()
    }
    known = sorted({setting for form in forms.values() for setting in form})
    for setting in typed:
        if setting not in known:
            near = catalogue.nearest(setting, known)
            raise ValueError(f"no setting '{setting}' in {', '.join(modules)}.{near} Settings: {', '.join(known)}.")
    return {
        name: {setting: form[setting].parse(word) for setting, word in typed.items() if setting in form}
        for name, form in forms.items()
    }


def _given(trained: ship.TextModel, files: Sequence[Path]) -> Tensor:
    return torch.cat([encoded(read_text(file), trained.vocabulary).long() for file in files])


def _kept(folder: Path) -> Tensor:
    """The beginning of the validation text, which the run keeps as evidence for its report."""
    path = folder / EVIDENCE
    if path.is_file():
        with safe_open(path, "pt") as file:
            if IDS in file.keys():  # noqa: SIM118 - not a mapping
                kept: Tensor = file.get_tensor(IDS).long()
                return kept
    raise FileNotFoundError(f"{folder} keeps no text; give one: `visus explain {folder} FILE.txt`")


def _page(folder: Path, out: Path, done: Mapping[str, Reading], findings: Sequence[str]) -> Path:
    tables = [
        Table(one.title, one.headings, one.rows, one.reading) for reading in done.values() for one in reading.tables
    ]
    passages = [
        Passage(one.title, one.symbols, np.asarray(one.values), one.reading)
        for reading in done.values()
        for one in reading.passages
    ]
    charts = [_chart(one) for reading in done.values() for one in reading.curves]
    data = {"techniques": {name: dict(reading.data) for name, reading in done.items()}}
    cards = {name: catalogue.card(techniques, name) for name in done}
    question = next(iter(cards.values())) if len(cards) == 1 else "What does the model keep in mind, and how far back?"
    exhibit = Exhibit(f"Inside {folder.name}", findings, charts=charts, tables=tables, passages=passages, data=data)
    return write(PAGE, question, {"how": ", ".join(done)}, exhibit, out, "explain")


def _chart(one: Curve) -> Chart:
    return Chart(one.title, curve(one.x, one.y, *one.axes), one.reading)
