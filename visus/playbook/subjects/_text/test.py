"""Read the test part once, and write down that it was done."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....data.text import Text
from ....models.sequence import ngram
from ....runs import ledger
from ....ship.kinds.text import TextModel
from ....ship.opened import opened
from ... import _language_evidence
from ..._session import Session, Verdict
from .. import _shared
from . import baselines

MEASURE = "nats per character"
BLOCK = 500  # characters that are drawn together: how surprising neighbours are hangs together
FEWEST_BLOCKS = 20  # of a short text, whose blocks are shorter
RESAMPLES, CONFIDENCE = 2_000, 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Nats:
    """Mean nats per character with its 95 % interval, of n characters."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def line(self) -> str:
        return (
            f"{self.mean:.3f} {MEASURE} (95 % CI {self.low:.3f} to {self.high:.3f}; perplexity {np.exp(self.mean):.2f})"
        )


def run(session: Session) -> Verdict:
    text: Text = session.prepared
    model: TextModel = opened(session.folder)
    session.show.progress("test", 0, 2, "reading the test part")
    test = text.part("test")
    surprises = model.network.surprises(test).double().numpy()
    found = mean(surprises)
    use = ledger.record(session.runs, text.split.hash, session.folder.name, found.n, -found.mean)
    session.show.progress("test", 1, 2, "the best table of counts")
    order = baselines.best_order(session.detail.get("baselines", {}))
    table = ngram.NGram(order, len(text.vocabulary)).learn(text.part("train").numpy()[-ngram.MOST :])
    rival = table.surprise(test.numpy())[1:]
    lead = mean(rival - surprises)  # of the network, in nats
    line = f"{found.line}; {_against(ngram.name(order), lead)}; {ledger.ordinal(use)}"
    detail = {
        "measure": MEASURE,
        "score": found.mean,
        "nats": found.mean,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "use": use,
        "split_hash": text.split.hash,
        "rival": {"name": ngram.name(order), "nats": float(rival.mean()), "low": lead.low, "high": lead.high},
    }
    session.show.progress("test", 2, 2, "samples for the report")
    _language_evidence.keep(session.folder, model.network, text, session.seed)
    _shared.write_card(session, detail)
    return Verdict(_shared.severity_of(lead.low, lead.high, use), line, detail)


def recall(session: Session, verdict: Verdict) -> None:
    """The evidence is on disk."""


def mean(values: Floats, seed: int = 0) -> Nats:
    """The mean of one value a character (N,) and its interval: the bootstrap of blocks (Kuensch, 1989)."""
    n_blocks = min(len(values), max(FEWEST_BLOCKS, len(values) // BLOCK))
    blocks = np.array([block.mean() for block in np.array_split(values, n_blocks)])
    sizes = np.array([len(block) for block in np.array_split(values, n_blocks)])
    rows = np.random.default_rng(seed).integers(0, n_blocks, (RESAMPLES, n_blocks))
    drawn = (blocks * sizes)[rows].sum(1) / sizes[rows].sum(1)
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Nats(float(values.mean()), float(low), float(high), len(values))


def _against(name: str, lead: Nats) -> str:
    ends = f"{lead.low:+.3f} to {lead.high:+.3f}"
    if lead.low > 0:
        return f"{lead.mean:.3f} below the {name}'s ({ends})"
    if lead.high < 0:
        return f"the {name}, a table of counts, is {-lead.mean:.3f} better ({ends}): use it, or train longer"
    return f"not to be told from the {name}'s ({ends})"
