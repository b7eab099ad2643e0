"""A model of pictures: what it draws and drew while it learned, what it copies, and what it finds likely."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...runs.reader import Run
from .. import sheets
from ..figures import generation as figures
from ..figures.chart import Chart, Line
from ..record import Event, Record, as_array, mapping, number, sequence
from ..sheets import PAGE_PX, Pictures, laid

FACTS, TENSORS = "generation", "generation."
MOST_EPOCHS, IN_A_ROW = 8, 10  # rows of the strip by epochs, and samples in each
GRID_COLUMNS = 6
PARTS = ("train", "validation", "test")
NAMES = {"autoregressive": "pixel by pixel", "autoencoders": "from points of a space", "gans": "against a critic"}
BASELINES = {
    "independent_pixels": "Each pixel by how often it has each level: no pixel knows of another.",
    "mixture_of_gaussians": "One of several typical pictures, each with independent pixels.",
    "pca_gaussian": "A Gaussian along the principal components: means and correlations, nothing else.",
    "mean_picture": "The mean training picture, whatever goes in.",
    "principal_components": "As many principal components as the network has numbers: the best that is linear.",
}
INTERVALS = {
    "FID": "the lot of the samples aside:"
}  # what is told beside a figure, where it is no interval of pictures
TERMS = {
    "variational": "What bringing a picture back loses, and what its point costs (KL): their sum is minimised.",
    "critic": "What the critic loses on real and on generated pictures. Both at 0: it is sure, and teaches nothing.",
    "generator": "What the generator loses by being told apart.",
}


def gather(run: Run, record: Record) -> dict[str, Any] | None:
    """What the page shows; None if the run is of another kind, or neither drew nor was looked at."""
    if record.subject != "generation":
        return None
    facts = mapping(record.facts.get(FACTS))
    strip = sheets.strip(run, record, "samples", MOST_EPOCHS, IN_A_ROW)
    if not facts and not strip:
        return None
    return {
        "lead": _lead(facts),
        "part": str(facts.get("part") or "validation"),
        "values": _values(record),
        "how": str(record.detail("test").get("how") or ""),
        "rivals": _rivals(record),
        "samples": _grid(record, "samples"),
        "asked": [str(name) for name in sequence(facts.get("asked"))],
        "real": _grid(record, "real"),
        "strip": strip,
        "copies": _copies(record, facts),
        "likely": _likely(record, facts),
        "surprise": _surprise(record),
        "completions": _rows(record, "completions"),
        "restored": _restored(record),
        "ways": _rows(record, "ways"),
        "manifold": _grid(record, "manifold", int(np.nan_to_num(number(facts.get("side")))) or 1),
        "latents": int(np.nan_to_num(number(facts.get("latents")))),
        "charts": _charts(record),
    }


def _lead(facts: dict[str, Any]) -> str:
    model, canvas = str(facts.get("model") or "").replace("_", " "), str(facts.get("canvas") or "")
    if not model:
        return "What was drawn while it learned."
    how = NAMES.get(str(facts.get("family")), "")
    return f"A {model} that draws {canvas}{f', {how}' if how else ''}. Nothing on these sheets was chosen by hand."


def _values(record: Record) -> list[tuple[str, str, str]]:
    """(figure, name, its interval) of the test."""
    test = record.detail("test")
    score, low, high = (number(test.get(key)) for key in ("score", "low", "high"))
    if not math.isfinite(score):
        return []
    what = INTERVALS.get(str(test.get("measure")), "95 % interval")
    ends = f"{what} {low:.4g} to {high:.4g}" if np.isfinite([low, high]).all() else ""
    rows = [(f"{score:.4g}", str(test.get("measure") or ""), ends)]
    values = {name: number(value) for name, value in mapping(test.get("values")).items()}
    return rows + [(f"{value:.4g}", str(name), "") for name, value in values.items() if math.isfinite(value)]


def _rivals(record: Record) -> list[dict[str, Any]]:
    """Simple methods and the network on validation pictures, the best first; what is lost, so less is better."""
    simple = record.detail("baselines")
    rows = [
        {"name": name.replace("_", " "), "score": -number(simple.get(name)), "says": says, "ours": False}
        for name, says in BASELINES.items()
        if math.isfinite(number(simple.get(name)))
    ]
    ours = number(record.detail("train").get("best"))
    if rows and math.isfinite(ours):
        rows.append({"name": "this network", "score": -ours, "says": "", "ours": True})
    return sorted(rows, key=lambda row: row["score"])


def _pictures(record: Record, name: str, ndim: int) -> Pictures | None:
    """Pictures (..., H, W, 3) kept as evidence, of so many axes; None if there are none that can be shown."""
    kept = record.tensors.get(f"{TENSORS}{name}")
    sound = kept is not None and kept.ndim == ndim and kept.dtype == np.uint8 and kept.shape[-1] == 3 and kept.size
    return kept if sound else None


def _grid(record: Record, name: str, columns: int = GRID_COLUMNS) -> dict[str, Any] | None:
    pictures = _pictures(record, name, 4)
    return None if pictures is None else laid(pictures, columns)


def _rows(record: Record, name: str) -> dict[str, Any] | None:
    """Pictures (N, M, H, W, 3), a row each."""
    pictures = _pictures(record, name, 5)
    return None if pictures is None else laid(pictures.reshape(-1, *pictures.shape[2:]), pictures.shape[1])


def _restored(record: Record) -> dict[str, Any] | None:
    """Rows of pictures, each above what came back of it."""
    pairs = _pictures(record, "restored", 5)
    if pairs is None:
        return None
    columns = min(GRID_COLUMNS, len(pairs))
    whole = pairs[: len(pairs) // columns * columns]
    rows = whole.reshape(-1, columns, *whole.shape[1:]).swapaxes(1, 2)
    return laid(rows.reshape(-1, *rows.shape[3:]), columns)


def _copies(record: Record, facts: dict[str, Any]) -> dict[str, Any] | None:
    """Samples beside the training pictures nearest to them, and whether they are copies."""
    figures_of, shown = mapping(facts.get("copies")), _rows(record, "neighbours")
    if not figures_of or shown is None:
        return None
    found = {
        "sheet": shown,
        "sentences": copied(figures_of),
        "memorised": bool(figures_of.get("memorised")),
        "chart": None,
    }
    samples, held_out = (record.tensors.get(f"{TENSORS}near.{name}") for name in ("samples", "held_out"))
    if samples is not None and held_out is not None and samples.size and held_out.size:
        found["chart"] = figures.nearness(samples.astype(np.float64), held_out.astype(np.float64))
    return found


def copied(about: dict[str, Any]) -> list[str]:
    """Sentences on how near samples are to training pictures."""
    z, share, repeated = (number(about.get(key)) for key in ("z", "copied", "repeated"))
    n, training = (int(np.nan_to_num(number(about.get(key)))) for key in ("n", "training"))
    if not math.isfinite(z):
        return []
    said = f"{n:,} samples were held against {training:,} training pictures, pixel by pixel. "
    if about.get("memorised"):
        said += (
            f"As a whole they are nearer to them than pictures that were never learned from are (z = {z:.1f}): copies."
        )
    else:
        said += "They are no nearer to them than pictures that were never learned from are "
        said += f"(z = {z:+.1f}; below -3: copies)."
    sentences = [said]
    if math.isfinite(share):
        sentences.append(f"{100 * share:.1f} % are nearer than all but 1 % of held-out pictures; about 1 % is honest.")
    if math.isfinite(repeated) and repeated > 0:
        sentences.append(f"{100 * repeated:.1f} % equal another sample exactly.")
    return sentences


def _likely(record: Record, facts: dict[str, Any]) -> dict[str, Any] | None:
    """Charts and a table of how likely pictures of several kinds are."""
    nats = {}
    for name in (str(kind) for kind in sequence(facts.get("kinds"))):
        values = record.tensors.get(f"{TENSORS}nats.{name}")
        if values is not None and values.ndim == 1 and np.isfinite(values).any():
            nats[name] = -values[np.isfinite(values)].astype(np.float64)
    own = [name for name in PARTS if name in nats]
    if not own:
        return None
    reference, draws = nats[own[-1]], int(np.nan_to_num(number(facts.get("draws"))))
    rows = [
        {
            "name": name,
            "median": f"{np.median(values):.4g}",
            "likelier": f"{100 * likelier(reference, values):.0f} %" if name not in own else "",
            "picture": _kind(record, name),
        }
        for name, values in nats.items()
    ]
    charts = [figures.histograms({name: nats[name] for name in own}), figures.kinds(nats, own)]
    return {"rows": rows, "charts": charts, "reference": own[-1], "draws": draws}


def likelier(own: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How often a picture with nats from `own` (N,) is likelier than one with nats from `other` (M,); half of ties."""
    ranks = np.searchsorted(np.sort(other), own, "right"), np.searchsorted(np.sort(other), own, "left")
    return float(1 - (ranks[0] + ranks[1]).mean() / 2 / len(other))


def _kind(record: Record, name: str) -> dict[str, Any] | None:
    picture = _pictures(record, f"kind.{name}", 4)
    return None if picture is None else laid(picture[:1], 1)


def _surprise(record: Record) -> dict[str, Any] | None:
    """Pictures above maps of where the surprise lies."""
    maps, of = record.tensors.get(f"{TENSORS}surprise"), _pictures(record, "surprise.of", 4)
    if maps is None or of is None or maps.shape != of.shape[:3] or not np.isfinite(maps).all():
        return None
    return laid(np.concatenate([of, figures.heat(maps)]), len(of), PAGE_PX)


def _charts(record: Record) -> list[Chart]:
    """Terms of each loss, what the critic thinks, and what each latent tells."""
    charts = []
    by_name: dict[str, list[Event]] = {}
    for event in record.of("metrics"):
        by_name.setdefault(str(event.get("objective")), []).append(event)
    for name, events in by_name.items():
        if name in TERMS:
            lines = _lines(events, "terms")
            if len(lines) > 1 or name == "generator":
                charts.append(figures.terms(f"Terms of the loss: {name}", lines, "epoch", TERMS[name]))
    scores = record.of("scores")
    critic = {name: line for name, line in _lines(scores, "scores").items() if name.startswith("critic_")}
    if critic:
        named = {name.removeprefix("critic_"): line for name, line in critic.items()}
        reading = (
            "What the critic says of real training and validation pictures and of generated ones, at each evaluation: "
            "chances of being real, D(x) and D(G(z)), of a logistic game, else scores. Training far above validation: "
            "it knows the training pictures by heart."
        )
        charts.append(figures.terms("What the critic thinks", named, "epoch", reading))
    kl = record.tensors.get(f"{TENSORS}kl")
    if kl is not None and kl.ndim == 1 and kl.size and np.isfinite(kl).all():
        charts.append(figures.latents(kl.astype(np.float64)))
    return charts


def _lines(events: list[Event], key: str) -> dict[str, Line]:
    """What events tell under `key`, by name, over epochs."""
    names = list(dict.fromkeys(name for event in events for name in mapping(event.get(key))))
    epochs = as_array([number(event.get("epoch")) for event in events])
    values = {name: as_array([number(mapping(event.get(key)).get(name)) for event in events]) for name in names}
    return {name: Line(epochs, line) for name, line in values.items() if np.isfinite(line).any()}
