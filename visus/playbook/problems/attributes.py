"""Attributes, any number of them a picture: how well is each told from its absence?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...data.batches import Prepared
from ...data.collection import VALIDATION
from ...doctor.finding import NOTE, PASS
from ...metrics.average_precision import average_precision, mean_average_precision
from ...metrics.counts import Counts
from ...metrics.numbers import interval
from .._session import Session, Verdict
from . import _simple
from ._tested import Tested

MEASURE = "mean average precision"
SHOWN = 24  # pictures with the surest wrong answers, kept for the report
LUCK = 1.05  # times the share of yes: less is no proof of anything learned
RESAMPLES_COST = 3_000_000  # pictures times attributes times resamples, a few seconds of sorting


def blind_score(prepared: Prepared) -> float:
    """The average precision of a random order is the share of yes."""
    truth = prepared.truth(prepared.rows(VALIDATION))
    there = truth.mean(0)
    return LUCK * float(there[there > 0].mean()) if bool((there > 0).any()) else 0.0


def said(name: str, score: float) -> str:
    return f"mean average precision {100 * score:.1f} %"


def baselines(session: Session) -> Verdict:
    """How frequent attributes are, nearest neighbours, ridge regression on small pictures; mean average precision."""
    session.show.progress("baselines", 0, 3, "frequencies")
    simple = _simple.answers(session)
    methods = {"constant": simple.constant, "knn": simple.knn, "ridge": simple.ridge}
    found = {name: mean_average_precision(answers, simple.truth) for name, answers in methods.items()}
    harmless = _simple.harmless(simple, mean_average_precision, found["constant"])
    mirrored = mean_average_precision(simple.mirrored, simple.truth)
    right = {name: float(((a > 0.5) == (simple.truth > 0.5)).mean()) for name, a in methods.items()}
    shown = {"constant": "always the same", "knn": "kNN", "ridge": "ridge"}
    line = "   ".join(
        f"{shown[name]} {100 * value:.1f} % (right {100 * right[name]:.1f} %)" for name, value in found.items()
    )
    learnable = max(found["knn"], found["ridge"]) > LUCK * found["constant"]
    note = "" if learnable else "; none beats the frequencies: do the pictures show the attributes?"
    detail = {**found, "right": right, "mirrored": mirrored, "flip": harmless}
    return Verdict(PASS if learnable else NOTE, f"mean average precision: {line}{note}", detail)


def test(answers: Tensor, truth: Tensor, names: Sequence[str]) -> Tested:
    """answers: chances (N, A); truth: (N, A) in {0, 1}."""
    chances, there = answers.numpy(), truth.numpy()
    n = len(chances)
    score = mean_average_precision(chances, there)
    resamples = int(np.clip(RESAMPLES_COST // max(1, chances.size), 50, 300))
    low, high = interval(lambda rows: mean_average_precision(chances[rows], there[rows]), n, n_resamples=resamples)
    figures = {name: _figures(chances[:, a], there[:, a]) for a, name in enumerate(names)}
    right = float(((chances > 0.5) == (there > 0.5)).mean())
    line = f"mean average precision {100 * score:.1f} % (95 % CI {100 * low:.1f} to {100 * high:.1f}), "
    line += f"{100 * right:.1f} % of the answers right"
    surest = (answers - truth).abs().amax(1).argsort(descending=True)
    tensors = {"test.chances": answers.float().contiguous(), "test.attributes": truth.float().contiguous()}
    return Tested(score, low, high, MEASURE, line, {"figures": figures, "right": right}, tensors, surest[:SHOWN])


def _figures(chances: NDArray[np.float32], there: NDArray[np.float32]) -> dict[str, object]:
    """Accuracy, precision, recall and F1 with their intervals, and the average precision, of one attribute."""
    yes, has = chances > 0.5, there > 0.5
    tp, fp, fn = int((yes & has).sum()), int((yes & ~has).sum()), int((~yes & has).sum())
    counts = Counts(tp, fp, fn, len(yes) - tp - fp - fn)
    scores = {name: getattr(counts, name) for name in ("accuracy", "precision", "recall", "f1")}
    shown = {
        name: {"value": scores[name], "low": ends[0], "high": ends[1]} for name, ends in counts.intervals().items()
    }
    return {**shown, "average_precision": average_precision(chances, there), "n": int(has.sum())}
