"""Models that make pictures, measured once on the test part: every figure of them in one table.

`generative.py [WORD ...] [n=10000] [k=500] [reader=RUN]`, a WORD being a recipe that is trained first by the command,
with settings behind commas (`vae_mnist,epochs=50,seed=1`); the folder of a run that is finished; or `sampling`, the
cached against the naive way. Without words: all of CASES, which takes hours.

What a model is measured by is what it can do: one that knows a likelihood is held against classic densities in nats
of a test picture (VAE: importance-weighted, k draws each), one that only draws by n samples: FID, KID, precision and
recall with features of a net trained here, which is not the Inception net; copies of training pictures; and what a
classifier trained here reads in them (reader: the run of one). All figures are kept, and what is measured again takes
the place of what was: results/generative.md is the table of everything so far. `generative.py table` makes it anew.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import _generated as measure
import sampling
from _claim import RESULTS, facts, keep, state
from _command import trained
from _generated import Figure

import visus
from visus.data.drawings import Drawings, prepare_drawings
from visus.models.generative import Likelihood
from visus.runs.reader import Run
from visus.ship.kinds.generation import Painter

CASES = ("pixelcnn_mnist", "vae_mnist", "pixelcnn_cifar10", "dcgan_mnist", "dcgan_fashion_mnist", "sampling")
NATS, BITS = "nats of a test picture", "bits per dimension"
ASKED = {  # of a family on a set and its levels: the figure, and the most it may be
    ("mnist", 2, "autoregressive"): (NATS, 82.0),
    ("mnist", 2, "autoencoders"): (NATS, 90.0),
}
PUBLISHED = {("cifar10", 256, "autoregressive"): "published: 3.14 (van den Oord et al., 2016a)"}  # bits per dimension
READERS = {"mnist": "mnist", "fashion-mnist": "fashion_mnist"}  # the recipe of a classifier of each set
READ = (0.95, 2.0)  # share of samples that is to be read with confidence, and the factor a class may be off by
SIMPLE = "simple"  # the family of what did not descend
KEPT, TABLE = RESULTS / "generative_rows.json", RESULTS / "generative.md"
Row = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A run that is measured. minutes: of training."""

    folder: Path
    minutes: float

    @property
    def info(self) -> Mapping[str, Any]:
        return Run(self.folder).info

    @property
    def words(self) -> str:
        """The recipe and the settings that were given."""
        given = {name: value for name, value in self.info["given"].items() if name != "seed"}
        return " ".join([self.info["recipe"], *(f"{name}={value}" for name, value in given.items())])


@contextmanager
def made(word: str) -> Iterator[Made]:
    """The run of a folder, or of a recipe with settings, which is trained and is gone afterwards."""
    if Path(word).is_dir():
        yield Made(Path(word), minutes_of(Path(word)))
        return
    with trained(*word.split(",")) as (folder, seconds):
        yield Made(folder, seconds / 60)


def minutes_of(folder: Path) -> float:
    """From start to stop of its training, all stretches of it together."""
    seconds, began = 0.0, 0.0
    for event in Run(folder).events("started", "stopped"):
        if event["event"] == "started":
            began = event["time"]
        else:
            seconds += event["time"] - began
    return seconds / 60


def drawings_of(painter: Painter, info: Mapping[str, Any]) -> Drawings:
    """The pictures that a run learned from, drawn by the same seed for all runs so that they are tested on the same."""
    canvas, size = painter.canvas, int(info["settings"].get("size", 0))
    return prepare_drawings(
        painter.facts["data"],
        size,
        painter.facts["framing"],
        measure.SEED,
        channels=canvas.channels,
        levels=canvas.levels,
        binarise=canvas.binarise,
    )


def measured(run: Made, n: int, k: int, reader: str) -> list[Row]:
    """The rows of one run, and those of the simple methods that it is held against."""
    painter = visus.load(run.folder)
    drawings = drawings_of(painter, run.info)
    budget = f"{run.minutes:.0f} min, seed {run.info.get('seed', 0)}; {hardware(run.info.get('hardware', {}))}"

    def rows(model: str, family: str, figures: Sequence[Figure], cost: str) -> list[Row]:
        about = {"data": drawings.origin, "levels": drawings.canvas.levels, "model": model, "family": family}
        return [{**about, **figure.facts(), "budget": cost, "words": run.words, **facts()} for figure in figures]

    if isinstance(painter.network, Likelihood):
        own = measure.of_likelihood(painter, drawings, k)
        beside = {**measure.of_densities(drawings)}
        own = [against(one, drawings, painter.family, beside) for one in own]
    else:
        levels = painter.sample_levels(n)
        own, beside = measure.of_samples(levels, drawings), measure.of_references(drawings, n)
        own[0] = against(own[0], drawings, painter.family, {"pca_gaussian": beside["pca_gaussian, drawn"]})
        own += read(levels, drawings, reader)
    simple = [row for name, figures in beside.items() for row in rows(name, SIMPLE, figures, "")]
    return [*simple, *rows(run.words, painter.family, own, budget)]


def against(figure: Figure, drawings: Drawings, family: str, simple: Mapping[str, Sequence[Figure]]) -> Figure:
    """A figure of which less is better, with what was asked of it and whether it is below that of simple methods."""
    key = (drawings.origin, drawings.canvas.levels, family)
    named = {name: next(one.value for one in found if one.name == figure.name) for name, found in simple.items()}
    best = min(named, key=lambda name: named[name])
    if figure.name == BITS:  # what nats say already
        return replace(figure, asked=PUBLISHED.get(key, ""))
    words, held = [f"below {best}, {named[best]:.4g}"], figure.value < named[best]
    asked, most = ASKED.get(key, ("", 0.0))
    if asked == figure.name:
        words, held = [f"at most {most:g}", *words], held and figure.value <= most
    return replace(figure, asked="; ".join(words), held=held)


def read(levels: Any, drawings: Drawings, reader: str) -> list[Figure]:
    """What a classifier reads in samples of a set that one is trained on."""
    if reader:
        return measure.of_reader(visus.load(reader), levels, drawings, READ)
    if drawings.origin not in READERS:
        return []
    with trained(READERS[drawings.origin]) as (folder, _):
        return measure.of_reader(visus.load(folder), levels, drawings, READ)


def hardware(found: Mapping[str, Any]) -> str:
    return f"{found.get('cpu', 'unknown')}, {found.get('threads', '?')} threads, {found.get('device', 'cpu')}"


def joined(kept: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """All rows; one that was measured again takes the place of what was."""

    def key(row: Row) -> tuple[Any, ...]:
        return row["data"], row["levels"], row["model"], row["name"]

    return list({key(row): row for row in [*kept, *new]}.values())


def table(rows: Sequence[Row]) -> str:
    """All rows as Markdown, a table for each set and its levels, and what sampling takes."""
    lines = ["# Models that make pictures", "", "Measured by `benchmarks/generative.py`, on the test parts."]
    for data, levels in sorted({(row["data"], row["levels"]) for row in rows}):
        lines += [
            "",
            f"## {data}, {levels} levels",
            "",
            "| model | figure | reached | asked | trained |",
            "|" + "---|" * 5,
        ]
        of_set = [row for row in rows if (row["data"], row["levels"]) == (data, levels)]
        lines += [_line(row) for row in sorted(of_set, key=lambda row: row["family"] != SIMPLE)]
    if (path := RESULTS / "sampling.json").is_file():
        found = json.loads(path.read_text())
        lines += [
            "",
            f"## {found['claim']}: {'yes' if found['held'] else 'NO'}",
            "",
            "| network | cached |",
            "|---|---|",
        ]
        lines += [f"| {name} | {said} |" for name, said in found.items() if "x, " in str(said)]
    if rows:
        last = max(rows, key=lambda row: row["date"])
        versions = ", ".join(f"{name} {version}" for name, version in last["versions"].items())
        lines += ["", f"Measured on {hardware(last['hardware'])}, last on {last['date']}; {versions}."]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    verdict = "" if row["held"] is None else (": yes" if row["held"] else ": **no**")
    return f"| {row['model']} | {row['name']} | {row['said']} | {row['asked']}{verdict} | {row['budget']} |"


def main(words: Sequence[str]) -> None:
    """Measure what was named, keep every figure as soon as it is there, and write the table of all."""
    options = {name: value for name, _, value in (word.partition("=") for word in words if _option(word))}
    n, k = int(options.get("n", 10_000)), int(options.get("k", measure.DRAWS))
    named = [word for word in words if not _option(word)] or [*CASES]
    for word in named:
        if word == "sampling":
            sampling.main(16)
        elif word != "table":
            with made(word) as run:
                new = measured(run, n, k, options.get("reader", ""))
            keep(KEPT, joined(_kept(), new))
        RESULTS.mkdir(exist_ok=True)
        TABLE.write_text(table(_kept()))
    print(TABLE.read_text())
    claimed = [row for row in _kept() if row["held"] is not None]
    figures = {f"{row['model']} on {row['data']}: {row['name']}": f"{row['said']}; {row['asked']}" for row in claimed}
    state("generative", "all that was asked of models of pictures", all(row["held"] for row in claimed), **figures)


def _kept() -> list[Row]:
    """All rows so far: another process may have written."""
    rows: list[Row] = json.loads(KEPT.read_text()) if KEPT.is_file() else []
    return rows


def _option(word: str) -> bool:
    return word.partition("=")[0] in ("n", "k", "reader")


if __name__ == "__main__":
    main(sys.argv[1:])
