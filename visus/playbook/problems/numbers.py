"""Numbers, such as an age: how far off is it, and how much of the differences does it explain?"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...data.batches import Prepared
from ...data.collection import TRAIN
from ...doctor.finding import NOTE, PASS
from ...metrics.numbers import errors, explained
from .._session import Session, Verdict
from . import _simple
from ._tested import Tested

MEASURE = "explained variance"
SHOWN = 24  # pictures furthest off, and as many closest to the truth, kept for the report
LEARNABLE = 0.02  # R2 below which a simple method has found nothing


def blind_score(prepared: Prepared) -> float:
    """R2 of the mean is 0 or, on other pictures than its own, a little below."""
    return 0.0


def said(name: str, score: float) -> str:
    return f"R2 {score:.2f}"


def baselines(session: Session) -> Verdict:
    """Mean and median, nearest neighbours, ridge regression on small pictures; by R2, with the mean absolute error."""
    session.show.progress("baselines", 0, 3, "mean and median")
    simple = _simple.answers(session)
    prepared = session.ready
    median = np.broadcast_to(np.median(prepared.truth(prepared.rows(TRAIN)).numpy(), axis=0), simple.truth.shape)
    methods = {"mean": simple.constant, "median": median, "knn": simple.knn, "ridge": simple.ridge}
    found = {name: explained(answers, simple.truth) for name, answers in methods.items()}
    off = {name: np.abs(answers - simple.truth).mean(0).tolist() for name, answers in methods.items()}
    mirrored = explained(simple.mirrored, simple.truth)
    harmless = _simple.harmless(simple, explained, 0.0)
    names = prepared.collection.target_names
    told = "; ".join(f"{name.replace('knn', 'kNN')} off by {_each(names, off[name])}" for name in methods)
    learnable = max(found["knn"], found["ridge"]) > LEARNABLE
    note = "" if learnable else "; none beats the mean: do the pictures show what the numbers say?"
    detail = {**found, "off_by": off, "mirrored": mirrored, "flip": harmless}
    return Verdict(PASS if learnable else NOTE, f"{told} on average{note}", detail)


def test(answers: Tensor, truth: Tensor, names: Sequence[str]) -> Tested:
    """answers, truth: (N, T), in the unit of the truth."""
    found = errors(answers.numpy(), truth.numpy())
    worst = (answers - truth).abs() / truth.std(0, correction=0).clamp_min(1e-12)
    order = worst.mean(1).argsort(descending=True)
    figures = {
        name: {what: vars(figure) for what, figure in vars(each).items()}
        for name, each in zip(names, found, strict=True)
    }
    line = "; ".join(
        f"{name} off by {each.mae.value:.3g} on average (95 % CI {each.mae.low:.3g} to {each.mae.high:.3g}), "
        f"RMSE {each.rmse.value:.3g}, R2 {each.r2.value:.2f}"
        for name, each in zip(names, found, strict=True)
    )
    r2 = [each.r2 for each in found]
    score, low, high = (float(np.mean([getattr(one, end) for one in r2])) for end in ("value", "low", "high"))
    tensors = {"test.numbers": answers.float().contiguous(), "test.truth": truth.float().contiguous()}
    return Tested(score, low, high, MEASURE, line, {"figures": figures}, tensors, _ends(order))


def _ends(order: Tensor) -> Tensor:
    return torch.cat([order[:SHOWN], order[-SHOWN:]]).unique()


def _each(names: Sequence[str], values: Sequence[float]) -> str:
    return ", ".join(
        f"{value:.3g} ({name})" if len(names) > 1 else f"{value:.3g}" for name, value in zip(names, values)
    )
