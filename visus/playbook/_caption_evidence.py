"""How well a captioner describes pictures it has not learned from, and the evidence of it for the report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.captioned import Captioned
from ..data.collection import TRAIN, VALIDATION
from ..data.words import joined, tokenise
from ..engine.task import evaluating
from ..metrics import diversity
from ..metrics.paired import Difference, paired_bootstrap
from ..report.sections.captions import FACTS, MAPS, PICTURES
from ..runs.checkpoint import write_whole
from ..runs.reader import EVIDENCE
from ..ship.kinds.captions import Caption, Captioner, Way
from ..tasks.caption import Caption as Task
from . import _caption_baselines as baselines
from ._caption_scores import CIDER, MEASURES, OURS, PEOPLE, SIMPLE, Scored, people, plain, scored
from ._session import Show
from ._words import attended, larger

EACH = 6  # examples of a kind in the report
LOOKED = 4  # of them whose attention is shown
SHIFTS = 5  # other pictures that each caption is held against
AT_ONCE = 64  # pictures described at once
MOST_NEAR = 5_000  # training pictures, spread evenly, whose captions are taken without learning
MOST_OWN = 500  # validation pictures described after a training without a test

Words = Sequence[str]


@dataclass(frozen=True)
class Examined:
    """What a captioner says of the N pictures of one part, and what that is worth.

    own: its scores with intervals; others: those of captions without learning, by name; person: of one of the people
    held against the others, or None. lead: CIDEr ahead of the best of the others, picture by picture.
    """

    part: str
    way: Way
    rows: NDArray[np.int64]
    captions: list[Caption]
    own: Scored
    others: Mapping[str, Scored]
    person: Scored | None
    rival: str
    lead: Difference
    variety: Mapping[str, float]

    @property
    def line(self) -> str:
        """In words, for a verdict."""
        low, high = self.own.low[CIDER], self.own.high[CIDER]
        ends = f"{self.lead.low:+.2f} to {self.lead.high:+.2f}"
        against = f"{self.lead.mean:+.2f} against the {self.rival} ({ends})"
        bleu = f"BLEU-4 {100 * self.own.values['BLEU-4']:.1f}"
        return f"CIDEr {self.own.values[CIDER]:.2f} (95 % CI {low:.2f} to {high:.2f}), {bleu}; {against}"

    @property
    def detail(self) -> dict[str, Any]:
        """For the verdict of a test stage and the card, JSON-ready. score, low, high: CIDEr."""
        return {
            "measure": CIDER,
            "score": self.own.values[CIDER],
            "low": self.own.low[CIDER],
            "high": self.own.high[CIDER],
            "values": dict(self.own.values),
            "n": len(self.rows),
            "way": str(self.way),
            "others": {name: other.values[CIDER] for name, other in self.others.items()},
            "rival": {"name": self.rival, "lead": self.lead.mean, "low": self.lead.low, "high": self.lead.high},
        }


def examine(captioner: Captioner, prepared: Captioned, part: str, show: Show, way: Way | None = None) -> Examined:
    """Describe every picture of a part and score it. Raises ValueError for a part without pictures."""
    way, rows = way or Way(), prepared.rows(part)
    if not len(rows):
        raise ValueError(f"{prepared.origin} has no {part} pictures to describe; take another part")
    captions: list[Caption] = []
    for first in range(0, len(rows), AT_ONCE):
        show.progress("test", first, len(rows), "pictures")
        captions += captioner.captions(prepared.pictures.images(rows[first : first + AT_ONCE]), way)
    said, references = [plain(one.words) for one in captions], spoken(prepared, part)
    own = scored(said, references, intervals=True)
    others = without_learning(captioner.network.see, prepared, part)
    rival = max(others, key=lambda name: others[name].values[CIDER])
    lead = paired_bootstrap(others[rival].each, own.each)
    variety = _variety(captioner, prepared, said, references, own)
    return Examined(part, way, rows, captions, own, others, people(references), rival, lead, variety)


def without_learning(see: Any, prepared: Captioned, part: str) -> dict[str, Scored]:
    """Scores of captions that need no training, by name, on a part. see: images uint8 (B, 3, H, W) -> (B, D, h, w).

    Of a large set MOST_NEAR training pictures are looked at.
    """
    prepared = prepared.limited(train=MOST_NEAR)

    @torch.no_grad()
    def features(rows: NDArray[np.int64]) -> Tensor:
        pieces = [rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE)]
        return torch.cat([see(prepared.pictures.images(piece)).mean((2, 3)) for piece in pieces])

    asked = features(prepared.rows(part))
    said = baselines.answers(spoken(prepared, TRAIN), features(prepared.rows(TRAIN)), asked)
    references = spoken(prepared, part)
    return {name: scored(answers, references) for name, answers in said.items()}


def keep_of_task(folder: Path, task: Task, prepared: Captioned, show: Show) -> Examined:
    """After a training without a test: the evidence of some validation pictures, so that the report has captions."""
    network: Any = task.model
    frame = {"image": prepared.image, "framing": prepared.frame.framing}
    with evaluating(task):
        facts = {**frame, "longest": task.longest, "backbone": network.facts}
        captioner = Captioner(network, prepared.vocabulary, facts)
        some = prepared.limited(validation=MOST_OWN)
        found = examine(captioner, some, VALIDATION, show)
    keep(folder, captioner, some, found)
    return found


def spoken(prepared: Captioned, part: str) -> list[list[list[str]]]:
    """What people said of each picture of a part, as words without punctuation."""
    return [[plain(words) for words in prepared.words[row] if plain(words)] for row in prepared.rows(part)]


def keep(folder: Path, captioner: Captioner, prepared: Captioned, found: Examined, seed: int = 0) -> None:
    """Write the evidence that the report's section on captions is made from."""
    order = np.argsort(-found.own.each, kind="stable")
    n = min(EACH, len(order))
    drawn = np.random.default_rng(seed).permutation(len(order))[:n]
    kinds = [("best", order[:n]), ("random", drawn), ("worst", order[::-1][:n])]
    places = [(kind, int(place)) for kind, some in kinds for place in some]
    pictures = prepared.pictures.collection.pictures
    # as the captioner sees them, cut to its frame
    shown = {place: pictures.load(int(found.rows[place]), larger(captioner.frame)) for _, place in places}
    index = {place: i for i, place in enumerate(shown)}
    examples = [_example(prepared, found, kind, place, index[place]) for kind, place in places]
    maps: list[NDArray[np.uint8]] = []
    # by lot, for the best would flatter; and in the order of the examples, in which the report reads the maps
    for example, (kind, place) in zip(examples, places, strict=True):
        caption = found.captions[place]
        if kind == "random" and len(maps) < LOOKED and caption.maps is not None and caption.words:
            image = torch.from_numpy(shown[place]).permute(2, 0, 1)
            maps.append(attended(str(place), image, caption).drawn)
            example["words"] = list(caption.words)
    facts = {"measures": MEASURES, "rows": _rows(found), "n": len(found.rows), "part": found.part}
    facts |= {"way": str(found.way), "examples": examples, "variety": dict(found.variety)}
    tensors = {PICTURES: torch.from_numpy(np.stack(list(shown.values())))}
    if maps:
        tensors[MAPS] = torch.from_numpy(np.concatenate(maps))
    header = {"facts": json.dumps({"tells": "captions", FACTS: facts})}
    write_whole(folder / EVIDENCE, safetensors.torch.save(tensors, header))


def _example(prepared: Captioned, found: Examined, kind: str, place: int, picture: int) -> dict[str, Any]:
    row = int(found.rows[place])
    return {
        "kind": kind,
        "name": prepared.pictures.collection.names[row],
        "said": found.captions[place].sentence,
        "references": [joined(tokenise(sentence, lower=False)) for sentence in prepared.sentences[row]],
        "cider": float(found.own.each[place]),
        "picture": picture,
    }


def _rows(found: Examined) -> list[dict[str, Any]]:
    """The table of the report: this model, captions without learning from the best on, a person."""
    others = sorted(found.others.items(), key=lambda pair: -pair[1].values[CIDER])
    rows = [("this model", OURS, found.own), *((name, SIMPLE, one) for name, one in others)]
    if found.person is not None:
        rows.append(("a person", PEOPLE, found.person))
    return [
        {"name": name, "kind": kind, "values": dict(one.values), "low": dict(one.low), "high": dict(one.high)}
        for name, kind, one in rows
    ]


def _variety(
    captioner: Captioner, prepared: Captioned, said: list[list[str]], references: list[list[list[str]]], own: Scored
) -> dict[str, float]:
    """Figures of the captions beside their quality; see the report's section for what each means."""
    n = len(said)
    known = [words for several in spoken(prepared, TRAIN) for words in several]
    shifts = range(1, min(SHIFTS, n - 1) + 1)
    elsewhere = [scored(said[k:] + said[:k], references).values[CIDER] for k in shifts]
    return {
        "distinct": diversity.distinct(said),
        "novel": diversity.novel(said, known),
        "repeated": diversity.repeated(said),
        "unknown": 1 - captioner.vocabulary.coverage(words for several in references for words in several),
        "words_said": float(len(diversity.used(said))),
        "words_known": float(len(plain(captioner.vocabulary.tokens[4:]))),
        "own": own.values[CIDER],
    } | ({"shuffled": float(np.mean(elsewhere))} if elsewhere else {})
