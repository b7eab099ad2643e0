"""What the report of a translator shows, measured once and kept in the run folder: see `keep`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

from ..data.pairs import Pairs
from ..data.words import tokenise
from ..metrics.bleu import bleu, of_sentence
from ..report.sections.translation import FACTS, WEIGHTS
from ..runs.checkpoint import write_whole
from ..runs.reader import EVIDENCE
from ..ship.kinds.translation import ALPHA, BEAM, Translation, Translator
from . import _translation_scores as scores

EACH = 5  # examples of a kind
LOOKED = 3  # sentences whose attention is drawn
READABLE = (6, 16)  # words of a sentence whose attention is drawn
BORDERS = (0, 8, 12, 16, 20)  # source words: the groups of lengths that are scored apart
FEWEST = 20  # sentences in such a group


def keep(
    folder: Path, translator: Translator, pairs: Pairs, part: str = "validation", beam: int = BEAM, alpha: float = ALPHA
) -> dict[str, Any]:
    """Translate a part, measure it and write what the report shows into the run folder; returns the facts.

    `facts['scored']` holds bleu, low, high and signature.
    """
    rows = [int(row) for row in pairs.rows(part)]
    said = translator.look([pairs.source_text[row] for row in rows], beam, alpha)
    facts, shown = measured(said, rows, pairs, part)
    facts["way"] = f"a beam of {beam} with length penalty {alpha:g}" if beam > 1 else "the likeliest word at each step"
    tensors = {f"{WEIGHTS}.{i}": one.weights.contiguous() for i, one in enumerate(shown) if one.weights is not None}
    tensors = tensors or {f"{WEIGHTS}.none": torch.zeros(1)}  # a file needs a tensor
    write_whole(folder / EVIDENCE, safetensors.torch.save(tensors, {"facts": json.dumps({FACTS: facts})}))
    return facts


def measured(
    said: Sequence[Translation], rows: Sequence[int], pairs: Pairs, part: str
) -> tuple[dict[str, Any], list[Translation]]:
    """Figures and examples of translations of these rows, and those whose attention is worth drawing."""
    references = [pairs.target_text[row] for row in rows]
    texts = [one.sentence for one in said]
    words = [(tokenise(text, pairs.lower), tokenise(true, pairs.lower)) for text, true in zip(texts, references)]
    corpus = bleu([own for own, _ in words], [[true] for _, true in words])
    each = np.array([of_sentence(own, true) for own, true in words])
    looked = _to_draw(said, each)
    own = scores.score(texts, references, pairs.lower)
    facts = {
        "part": part,
        "n": len(rows),
        "languages": list(pairs.languages),
        "lower": pairs.lower,
        "scored": own.facts(),
        "up_to": [corpus.up_to(n) for n in range(1, 5)],
        "brevity": corpus.brevity,
        "lengths": [corpus.length, corpus.reference_length],
        "baselines": scores.baselines(pairs, part),
        "by_length": _by_length([len(pairs.source[row]) for row in rows], words),
        "unknown": {
            "source": 1 - pairs.source_vocabulary.coverage(pairs.source[row] for row in rows),
            "target": 1 - pairs.target_vocabulary.coverage(pairs.target[row] for row in rows),
        },
        "examples": _examples(each, [pairs.source_text[row] for row in rows], texts, references),
        "looks": [{"read": said[i].source, "written": said[i].words} for i in looked],
    }
    return facts, [said[i] for i in looked]


def _by_length(lengths: Sequence[int], words: Sequence[tuple[list[str], list[str]]]) -> list[dict[str, Any]]:
    """BLEU of sentences of like source length; groups too small to tell anything are left out."""
    found = []
    for low, high in zip(BORDERS, (*BORDERS[1:], max([*lengths, BORDERS[-1]]) + 1), strict=True):
        some = [words[i] for i, n in enumerate(lengths) if low <= n < high]
        if len(some) >= FEWEST:
            value = bleu([own for own, _ in some], [[true] for _, true in some]).score
            found.append({"from": low, "to": high - 1, "n": len(some), "bleu": value})
    return found


def _examples(
    each: np.ndarray[Any, Any], sources: Sequence[str], texts: Sequence[str], references: Sequence[str]
) -> list[Mapping[str, Any]]:
    """The best, the worst and some drawn by lot, by the BLEU of a sentence; equal sentences once."""
    order = np.argsort(each, kind="stable")
    lot = np.random.default_rng(0).permutation(len(each))
    chosen = {"random": lot[:EACH], "best": order[::-1][:EACH], "worst": order[:EACH]}
    return [
        {"kind": kind, "source": sources[i], "said": texts[i], "reference": references[i], "bleu": float(each[i])}
        for kind, places in chosen.items()
        for i in places.tolist()
    ]


def _to_draw(said: Sequence[Translation], each: np.ndarray[Any, Any]) -> list[int]:
    """A few of middling quality and readable length, one of them among the longest."""
    low, high = READABLE
    fit = [i for i in np.argsort(-each, kind="stable").tolist() if low <= len(said[i].source) <= high and said[i].words]
    fit = fit[: max(LOOKED, len(fit) // 2)]
    places: list[int] = np.linspace(0, len(fit) - 1, min(LOOKED, len(fit))).astype(int).tolist() if fit else []
    return [fit[place] for place in places if said[fit[place]].weights is not None]
