"""A translator: BLEU beside what needs no network, by length, examples, and where it looked."""

import math
from typing import Any

import numpy as np

from ..figures import translation as figures
from ..figures.attention import attention
from ..figures.rivals import OURS, Rival, rivals
from ..record import Record, mapping, number, sequence
from ..wording import percent

FACTS, WEIGHTS = "translation", "translation.weights"
END = "(end)"
BARS = "BLEU against simple methods"
READING = (
    "Word by word is the likeliest translation of each word, in the order of the source: what the network is "
    "above it, it knows of grammar and of context. The whisker is the 95 % interval."
)
KINDS = {
    "best": ("Best translations", "Those nearest to the reference, by the BLEU of the sentence."),
    "random": ("Drawn by lot", "The usual quality: neither the best nor the worst."),
    "worst": ("Worst translations", "Furthest from the reference; some are wrong, some only say it in other words."),
}


def gather(record: Record) -> dict[str, Any] | None:
    """What the page shows of a translator; None if the run is of another kind or kept no evidence."""
    facts = mapping(record.facts.get(FACTS))
    scored = mapping(facts.get("scored"))
    value = number(scored.get("bleu"))
    if not math.isfinite(value):
        return None
    languages = [str(name) for name in sequence(facts.get("languages"))]
    ends = (number(scored.get("low")), number(scored.get("high")))
    simple = {str(name): number(bleu) for name, bleu in mapping(facts.get("baselines")).items()}
    bars = [Rival(name, bleu) for name, bleu in simple.items() if math.isfinite(bleu)]
    examples = [mapping(one) for one in sequence(facts.get("examples"))]
    return {
        "bleu": f"{value:.1f}",
        "interval": f"{ends[0]:.1f} to {ends[1]:.1f}" if np.isfinite(ends).all() else "",
        "part": str(facts.get("part") or "test"),
        "n": int(np.nan_to_num(number(facts.get("n")))),
        "way": str(facts.get("way") or ""),
        "from_to": " to ".join(languages),
        "signature": str(scored.get("signature") or "").replace("|", ", "),
        "case": "all in lower case" if facts.get("lower") else "upper and lower case count",
        "methods": rivals([*bars, Rival("this network", value, OURS, *ends)], BARS, READING, 1),
        "lengths": _lengths(facts),
        "numbers": _numbers(facts),
        "examples": [_examples(kind, examples) for kind in KINDS if any(one.get("kind") == kind for one in examples)],
        "looks": _looks(record, facts),
    }


def _lengths(facts: dict[str, Any]) -> Any:
    groups = [mapping(one) for one in sequence(facts.get("by_length"))]
    sound = [(int(number(g["from"])), int(number(g["to"])), number(g.get("bleu")), int(number(g["n"]))) for g in groups]
    return figures.by_length(sound) if len(sound) > 1 else None


def _numbers(facts: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(figure, what it is, how to read it)."""
    found = []
    up_to = [number(value) for value in sequence(facts.get("up_to"))]
    if len(up_to) == 4 and np.isfinite(up_to).all():
        shown = ", ".join(f"{value:.1f}" for value in up_to[:3])
        found.append(
            (shown, "BLEU-1, 2 and 3", "High at one word and low at three: the right words, ill put together.")
        )
    brevity = number(facts.get("brevity"))
    if math.isfinite(brevity):
        found.append((f"{brevity:.3f}", "brevity penalty", "Below 1 its sentences are shorter than people's."))
    unknown = mapping(facts.get("unknown"))
    told = (
        ("source", "of the words it reads", "It guesses what they mean."),
        ("target", "of the words people wrote", "It can never write these."),
    )
    for side, what, how in told:
        share = number(unknown.get(side))
        if math.isfinite(share):
            found.append((percent(share), f"{what} are not in its vocabulary", how))
    return found


def _examples(kind: str, examples: list[dict[str, Any]]) -> dict[str, Any]:
    title, reading = KINDS[kind]
    cards = [
        {
            **{name: str(one.get(name) or "(nothing)") for name in ("source", "said", "reference")},
            "bleu": f"{number(one.get('bleu')):.0f}",
        }
        for one in examples
        if one.get("kind") == kind
    ]
    return {"title": title, "reading": reading, "cards": cards}


def _looks(record: Record, facts: dict[str, Any]) -> list[str]:
    drawings = []
    for place, one in enumerate(sequence(facts.get("looks"))):
        weights = record.tensors.get(f"{WEIGHTS}.{place}")
        read = [*(str(word) for word in sequence(mapping(one).get("read"))), END]
        written = [*(str(word) for word in sequence(mapping(one).get("written"))), END]
        if weights is not None and weights.shape == (len(written), len(read)):
            drawings.append(attention(weights, read, written))
    return drawings
