"""Translate the test sentences once, and write down that it was done."""

import numpy as np

from ....data.pairs import Pairs
from ....data.words import tokenise
from ....metrics.bleu import Counts, counts, of_counts
from ....metrics.paired import Difference
from ....runs import ledger
from ....ship.kinds.translation import Translator
from ....ship.opened import opened
from ... import _translation_evidence as evidence
from ... import _translation_scores as scores
from ..._session import Session, Verdict
from .. import _shared
from . import split

MEASURE = "BLEU"
DRAWS, CONFIDENCE = 500, 0.95


def run(session: Session) -> Verdict:
    pairs = split.prepare(session)
    translator: Translator = opened(session.folder)
    session.show.progress("test", 0, 1, "translating")
    found = evidence.keep(session.folder, translator, pairs, "test")
    own, n = found["scored"], int(found["n"])
    use = ledger.record(session.runs, pairs.split.hash, session.folder.name, n, own["bleu"] / 100)
    lead = _ahead(translator, pairs)
    case = "lower-cased, " if pairs.lower else ""
    line = (
        f"{MEASURE} {own['bleu']:.1f} (95 % CI {own['low']:.1f} to {own['high']:.1f}; {case}{own['signature']}); "
        f"{lead.mean:+.1f} against {scores.WORD_BY_WORD} ({lead.low:+.1f} to {lead.high:+.1f}); {ledger.ordinal(use)}"
    )
    detail = {
        "measure": MEASURE,
        "score": own["bleu"],
        **own,
        "n": n,
        "use": use,
        "way": found["way"],
        "split_hash": pairs.split.hash,
        "rival": {"name": f"{scores.WORD_BY_WORD} translation", "low": lead.low, "high": lead.high},
    }
    _shared.write_card(session, detail)
    return Verdict(_shared.severity_of(lead.low, lead.high, use), line, detail)


def recall(session: Session, verdict: Verdict) -> None:
    """The evidence is on disk."""


def _ahead(translator: Translator, pairs: Pairs) -> Difference:
    """How far the translator's BLEU, in our own words, is ahead of a lexicon's: a bootstrap over sentences."""
    rows = [int(row) for row in pairs.rows("test")]
    references = [[list(pairs.target[row])] for row in rows]
    simple = [tokenise(text, pairs.lower) for text in scores.word_by_word(pairs, rows)]
    written = [one.words for one in translator.look([pairs.source_text[row] for row in rows], 1)]
    return difference(counts(simple, references), counts(written, references))


def difference(old: Counts, new: Counts) -> Difference:
    """BLEU of a corpus, new minus old, from the counts of each sentence (N, C), with its interval."""
    dice = np.random.default_rng(0)
    drawn = [_gain(old[rows], new[rows]) for rows in (dice.integers(len(old), size=len(old)) for _ in range(DRAWS))]
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Difference(_gain(old, new), float(low), float(high), len(old))


def _gain(old: Counts, new: Counts) -> float:
    return of_counts(new.sum(0)).score - of_counts(old.sum(0)).score
