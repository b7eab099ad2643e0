"""Measure a finished translator on other sentences; the use is counted."""

from itertools import pairwise
from pathlib import Path

from ....data.pairs import prepare_pairs
from ....ship.kinds.translation import Translator
from ....ship.opened import opened
from ... import _translation_scores as scores
from ..._session import Show
from .._evaluation import Evaluation, Figures, counted, one_view
from .test import MEASURE

BORDERS = (0, 8, 12, 16, 20, 10_000)  # source words: groups of lengths that are scored apart
LONGEST = 1_000_000  # words: nothing is left out


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    """BLEU of all sentences of a source, or of its test part where it states one."""
    one_view(views, "a translator")
    translator: Translator = opened(folder)
    lower = bool(translator.facts["lower"])
    pairs = prepare_pairs(source, "-".join(translator.languages), lower, longest=LONGEST)
    stated = "test drawn" not in pairs.split.how and "validation and test drawn" not in pairs.split.how
    rows = [int(row) for row in pairs.rows("test")] if stated else list(range(len(pairs)))
    show.progress("evaluate", 0, 1, "translating")
    texts = translator.translate([pairs.source_text[row] for row in rows])
    references = [pairs.target_text[row] for row in rows]
    found = scores.score(texts, references, lower)
    table = [["words of the source", "sentences", MEASURE]]
    for low, high in pairwise(BORDERS):
        some = [i for i, row in enumerate(rows) if low <= len(pairs.source[row]) < high]
        if some:
            value = scores.score([texts[i] for i in some], [references[i] for i in some], lower, draws=0).bleu
            table.append(
                [f"{low} to {high - 1}" if high < BORDERS[-1] else f"{low} or more", str(len(some)), f"{value:.1f}"]
            )
    interval = f"95 % CI {found.low:.1f} to {found.high:.1f}; {found.signature}"
    said = f"{MEASURE} {found.bleu:.1f} ({interval}), {len(rows):,} sentences"
    figures = Figures(MEASURE, found.bleu, found.low, found.high, len(rows), said)
    return counted(folder, source, figures, pairs.split.hash, [pairs.split.keys[row] for row in rows], table)
