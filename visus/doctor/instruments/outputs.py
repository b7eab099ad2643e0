"""What the network answers, what it should have answered, and which loss that really is."""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .sequences import are_tokens, padding
from .tensors import rounded

MOST_CLASSES = 1000
MOST_ATTRIBUTES = 100  # counted one by one
MOST_ENTRIES = 4 << 20  # scores; of more, all but the cross-entropy is read off some of the rows
SOME_ENTRIES = 1 << 20
TELLING = 0.03  # relative difference of two losses that are told from each other
CHUNK = 1 << 22  # scores whose logarithms are taken at once
CLOSE = 2e-3  # relative; a loss computed in bfloat16 is about that far from ours in float32


@dataclass(frozen=True)
class Answers:
    """scores (N, K) and labels (N,) of a classification; values and targets (N, D) of anything else.

    float32; where there are very many scores, they stay as the network made them.
    """

    kind: str  # classes, soft (shares per class), attributes (0 or 1 each), values
    scores: Tensor
    labels: Tensor
    targets: Tensor

    @property
    def n_classes(self) -> int:
        return self.scores.shape[1] if self.kind in ("classes", "soft") else 0


def understand(outputs: Tensor, targets: Tensor) -> Answers | None:
    """Bring outputs and targets into one form: dense predictions and sequences become rows. None if they do not fit."""
    outputs, targets = outputs.detach(), targets.detach()
    if not outputs.is_floating_point() or outputs.is_sparse or outputs.ndim == 0:
        return None
    scores = outputs.float() if outputs.numel() <= MOST_ENTRIES else outputs
    whole = not targets.is_floating_point() and not targets.is_complex()
    if whole and scores.ndim == 2 and targets.ndim == 2 and len(scores) == targets.numel() and scores.shape[1] > 1:
        scores = scores.unflatten(0, targets.shape)  # (B T, V) with (B, T)
    if whole and scores.ndim >= 2 and targets.ndim == scores.ndim - 1 and scores.shape[1] > 1:
        if targets.shape == scores.shape[:-1] and scores.ndim > 2:  # (B, T, V) with (B, T)
            rows, labels = scores.reshape(-1, scores.shape[-1]), targets.reshape(-1)
        elif targets.shape == (scores.shape[0], *scores.shape[2:]):  # (B, K, ...) with (B, ...)
            rows, labels = scores.movedim(1, -1).reshape(-1, scores.shape[1]), targets.reshape(-1)
        else:
            return None
        keep = _counted(labels, rows.shape[1], maps=targets.ndim > 2)
        return Answers("classes", rows[keep], labels[keep], targets)
    if targets.is_floating_point() and targets.shape == scores.shape and scores.ndim == 2 and scores.shape[1] > 1:
        t = targets.float()
        if bool((t >= 0).all()) and torch.allclose(t.sum(1), torch.ones(len(t), device=t.device), atol=1e-3):
            return Answers("soft", scores, t.argmax(1), t)
    if targets.numel() != scores.numel():
        return None
    rows = scores.reshape(len(scores), -1) if scores.ndim > 1 else scores.reshape(-1, 1)
    t = targets.reshape(rows.shape).float()
    return Answers("attributes" if bool(((t == 0) | (t == 1)).all()) else "values", rows, t, targets)


def _counted(labels: Tensor, n_classes: int, maps: bool) -> Tensor | slice:
    """Rows that count. -100 is ignored by the loss; in maps of classes so is any one index beyond them, such as 255:

    a loss that did not ignore it could not have been computed.
    """
    beyond = labels >= n_classes
    if maps and bool(beyond.any()) and len(labels[beyond].unique()) == 1:
        return (labels >= 0) & ~beyond
    return labels >= 0 if bool((labels < 0).any()) else slice(None)


@torch.no_grad()
def without_padding(answers: Answers, targets: Tensor, loss: float) -> tuple[Answers, Tensor, float | None]:
    """The answers without those behind the end of their sequence, and the targets with -1 there; unless these count.

    The third is the share of the targets that is padding and counts; 0 where it is left out of the loss; -1 where the
    loss is neither of both; None where there is none, or where nothing can be told apart.
    """
    fill = padding(targets) if answers.kind == "classes" and len(answers.labels) == targets.numel() else None
    if fill is None:
        return answers, targets, None
    each = _entropies(answers)
    kept = [~where.reshape(-1) for where in (fill.everywhere, fill.after_first)]
    left_out = min(kept, key=lambda rows: abs(float(each[rows].mean()) - loss))
    real = replace(answers, scores=answers.scores[left_out], labels=answers.labels[left_out])
    marked = targets.masked_fill(~left_out.view_as(targets), -1)
    counted, beside = float(each.mean()), float(each[left_out].mean())
    if abs(counted - beside) < TELLING * max(counted, beside):
        # Padding is as hard as the rest, as at the start: both say about the same.
        return (answers, targets, None) if abs(counted - loss) < abs(beside - loss) else (real, marked, None)
    if _equal(counted, loss):
        return answers, targets, rounded(fill.share)
    return real, marked, 0.0 if _equal(beside, loss) else -1.0


def entropy(answers: Answers, targets: Tensor, loss: float) -> float:
    """Cross-entropy of a classification, beside padding where the loss leaves it out; the squared error of others."""
    if answers.kind != "classes":
        return float((answers.scores - answers.labels).square().mean()) if answers.kind != "soft" else math.inf
    if not bool(((answers.labels >= 0) & (answers.labels < answers.n_classes)).all()):
        return math.inf
    return float(_entropies(without_padding(answers, targets, loss)[0]).mean())


def _entropies(answers: Answers) -> Tensor:
    """Cross-entropy of each row (N,), in pieces: its logarithms are as many as the scores."""
    s, labels = answers.scores, answers.labels
    rows = max(1, CHUNK // s.shape[1])
    found = [
        F.cross_entropy(piece.float(), told, reduction="none")
        for piece, told in zip(s.split(rows), labels.split(rows), strict=True)
    ]
    return torch.cat(found)


@torch.no_grad()
def look(answers: Answers, loss: float) -> dict[str, Any]:
    """Scales, how often it is right, what it says most, and which loss these outputs and targets give."""
    whole = answers
    if answers.n_classes and answers.scores.numel() > MOST_ENTRIES:
        stride = -(-len(answers.scores) // max(1, SOME_ENTRIES // answers.n_classes))
        answers = replace(answers, scores=answers.scores[::stride].float(), labels=answers.labels[::stride])
    s = answers.scores
    found: dict[str, Any] = {
        "kind": answers.kind,
        "low": rounded(float(s.min())),
        "high": rounded(float(s.max())),
        "std": rounded(float(s.std(correction=0))),
        "across": rounded(float(s.std(0, correction=0).mean())),  # how much answers differ between examples
        "n": len(s),
    }
    if not answers.n_classes:
        return found | (_attributes(answers, loss) if answers.kind == "attributes" else _values(answers, loss))
    k, labels = answers.n_classes, answers.labels
    sums = s.sum(1)
    found |= {"tokens": True} if answers.kind == "classes" and are_tokens(answers.targets) else {}
    found |= {"maps": True} if answers.kind == "classes" and answers.targets.ndim > 2 else {}
    found |= {
        "classes": k,
        "rows_are_chances": bool((s >= -1e-4).all()) and bool(((sums - 1).abs() < 1e-2).all()),
        "never_negative": bool((s >= 0).all()),
        "within_one": bool((s >= 0).all() and (s <= 1).all()),
        "zeros": rounded(float((s == 0).float().mean())),
        "label_low": int(labels.min()),
        "label_high": int(labels.max()),
    }
    if found["label_high"] >= k or found["label_low"] < 0:
        return found | {"loss_is": "unknown"}
    said = s.argmax(1)
    found["right"] = rounded(float((said == labels).float().mean()))
    if k <= 100:
        found["said"] = torch.bincount(said, minlength=k).tolist()
        found["labels"] = torch.bincount(labels, minlength=k).tolist()
        hits = torch.bincount(labels[said == labels], minlength=k).tolist()
        found["hits"] = hits
    chances = s.softmax(1).clamp_min(1e-12)
    found["entropy"] = rounded(float(-(chances * chances.log()).sum(1).mean()))
    if answers is whole:
        return found | _classification_loss(answers, loss)
    each = _entropies(whole)
    entropy = rounded(float(each.mean()))
    is_plain, is_sum = _equal(entropy, loss), _equal(entropy * len(each), loss)
    name = "cross_entropy" if is_plain else "cross_entropy, summed" if is_sum else "unknown"
    uniform = rounded(float(-s.log_softmax(1).mean()))
    found |= {"n": len(each), "cross_entropy": entropy, "uniform": uniform, "loss_is": name}
    return found


def _attributes(answers: Answers, loss: float) -> dict[str, Any]:
    """Logistic loss, that of a guess which knows how frequent each attribute is; how often each is there and named."""
    s, t = answers.scores, answers.labels
    often = t.mean(0).clamp(1e-4, 1 - 1e-4)
    blind = -(often * often.log() + (1 - often) * (1 - often).log()).mean()
    chances = bool((s >= 0).all() and (s <= 1).all())
    found: dict[str, Any] = {
        "within_one": chances,
        "blind": rounded(float(blind)),
        "error": rounded(float(F.binary_cross_entropy_with_logits(s, t))),
        "loss_is": _regression_loss(answers, loss),
    }
    if s.shape[1] <= MOST_ATTRIBUTES:
        named = s > (0.5 if chances else 0.0)
        found["there"], found["named"] = t.sum(0).int().tolist(), named.sum(0).tolist()
        found["found"] = (named * t).sum(0).int().tolist()
    return found


def _values(answers: Answers, loss: float) -> dict[str, Any]:
    """Squared error, that of the mean of the targets, and how far answers follow the targets at all."""
    s, t = answers.scores, answers.labels
    blind, error = t.var(0, correction=0), (s - t).square().mean()
    follows = _correlation(s, t)
    name = _regression_loss(answers, loss)
    found = {"follows": rounded(float(follows.mean())), "loss_is": name, "blind": rounded(float(blind.mean()))}
    if name == "unknown" and error > blind.mean():
        # The loss compares in other units than these, those of standardised targets: what the best line leaves over.
        error, found["rescaled"] = (blind * (1 - follows.clamp_min(0).square())).mean(), True
    return found | {"error": rounded(float(error))}


def _correlation(s: Tensor, t: Tensor) -> Tensor:
    """(D,) of answers with targets, each (N, D); 0 where one of them does not vary."""
    s, t = s - s.mean(0), t - t.mean(0)
    return (s * t).sum(0) / (s.norm(dim=0) * t.norm(dim=0)).clamp_min(1e-12)


def _classification_loss(answers: Answers, loss: float) -> dict[str, Any]:
    """Which usual loss gives this number; else how many times the cross-entropy it is."""
    s, labels = answers.scores, answers.labels
    entropy = float(F.cross_entropy(s, labels if answers.kind == "classes" else answers.targets))
    mean_all = float(-s.log_softmax(1).mean())
    found: dict[str, Any] = {"cross_entropy": rounded(entropy), "uniform": rounded(mean_all)}
    one_hot = F.one_hot(labels, answers.n_classes).float()
    candidates = {
        "cross_entropy": entropy,
        "cross_entropy, summed": entropy * len(s),
        "log of chances": float(-s.clamp_min(1e-12).gather(1, labels[:, None]).log().mean())
        if bool((s >= 0).all())
        else math.nan,
        "nll": float(-s.gather(1, labels[:, None]).mean()),
        "squared": float((s - one_hot).square().mean()),
        "squared, of chances": float((s.softmax(1) - one_hot).square().mean()),
        "logistic": float(F.binary_cross_entropy_with_logits(s, one_hot)),
        "hinge": float(F.multi_margin_loss(s, labels)),
        "hinge, summed over classes": float(F.multi_margin_loss(s, labels)) * answers.n_classes,
        "cross_entropy of chances": float(F.cross_entropy(s.softmax(1), labels)),
        "cross_entropy of sigmoids": float(F.cross_entropy(s.sigmoid(), labels)),
        "squared, of the expected number": float(
            (s.softmax(1) @ torch.arange(answers.n_classes, device=s.device).float() - labels).square().mean()
        ),
        "squared, of the winner's number": float((s.argmax(1) - labels).float().square().mean()),
    }
    name = next((n for n, value in candidates.items() if _equal(value, loss)), "unknown")
    found["loss_is"] = name
    if name == "unknown" and entropy > 1e-6:
        found["times"] = rounded(loss / entropy)
    if name == "unknown" and answers.kind == "classes" and answers.n_classes <= 100:
        each = F.cross_entropy(s, labels, reduction="none")
        sums = torch.zeros(answers.n_classes, device=s.device).scatter_add_(0, labels, each)
        found["entropy_by_class"] = [rounded(value) for value in sums.tolist()]
    return found


def _regression_loss(answers: Answers, loss: float) -> str:
    s, t = answers.scores, answers.labels
    candidates = {
        "squared": float((s - t).square().mean()),
        "absolute": float((s - t).abs().mean()),
        "smooth absolute": float(F.smooth_l1_loss(s, t)),
    }
    if s.shape[1] == 1 and len(s) > 1:
        candidates["squared, of every pair"] = float((s - t.T).square().mean())
    if answers.kind == "attributes":
        candidates["logistic of sigmoids"] = float(F.binary_cross_entropy_with_logits(s.sigmoid(), t))
        candidates["logistic"] = float(F.binary_cross_entropy_with_logits(s, t))
    return next((n for n, value in candidates.items() if _equal(value, loss)), "unknown")


def _equal(a: float, b: float) -> bool:
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= CLOSE * max(abs(a), abs(b), 1e-6)
