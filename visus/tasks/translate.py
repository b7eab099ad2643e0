"""Translate: write a sentence in another language, word after word."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..decoding import beam, greedy
from ..decoding._walk import Decoded, State
from ..engine.objective import Batch, OptimizerFactory, Terms
from ..engine.task import evaluating
from ..losses.sequence import temporal_cross_entropy
from ..metrics.bleu import bleu
from ._telling import Telling

PAD, START, END = 0, 1, 2  # as in every vocabulary of words
MOST = 100  # words of a translation; one limit for all, or the answer would hang on its neighbours in the batch


class Words(Protocol):
    """A vocabulary, as the task needs it."""

    def decode(self, ids: Sequence[int]) -> list[str]: ...


class Sentences(Protocol):
    """N sentences and their translations: see data.pairs.Pairs."""

    @property
    def source_text(self) -> Sequence[str]: ...
    @property
    def target(self) -> Sequence[Sequence[str]]: ...
    @property
    def target_vocabulary(self) -> Words: ...
    @property
    def source(self) -> Sequence[Sequence[str]]: ...
    def rows(self, part: str) -> Any: ...  # row numbers, a sequence or an array
    def batch(self, rows: Any) -> Batch: ...


class Examples(Protocol):
    """What a task learns from: see data.pairs.PairBatches."""

    steps_per_epoch: int

    @property
    def prepared(self) -> Sentences: ...
    def batches(self, start: int = 0) -> Iterator[Batch]: ...
    def sources(self, step: int) -> list[str]: ...
    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]: ...


class Translator(Protocol):
    """What the network offers: see models.sequence.encoder_decoder."""

    def starts(self, source: Tensor) -> State: ...
    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]: ...


class Translate(Telling):
    """Descend the nats of the next word, the true words before it given (teacher forcing).

    Batches are source (B, S), target_in (B, T) and target_out (B, T), int64, filled up with 0, which does not count.
    smoothing: share of the truth spread over all words, in training only.
    """

    NAME = "translate"
    TRAIN_SAMPLE = 1000  # sentences
    TO_TRANSLATE = 200  # validation sentences translated at each evaluation, greedily
    data: Examples
    SHOWN = 3
    COMPARED = 24  # validation sentences translated for the doctor

    def __init__(
        self,
        model: nn.Module,
        data: Examples,
        optimizer: OptimizerFactory,
        *,
        vocabulary: int,
        smoothing: float = 0.0,
        **descent: Any,
    ) -> None:
        super().__init__(model, data, optimizer, vocabulary, **descent)
        self.smoothing = smoothing

    @property
    def network(self) -> Translator:
        """The model, as what it offers."""
        return self.model  # type: ignore[return-value]

    def surprise(self, batch: Batch) -> Terms:
        source, before, after = batch
        scores = self.model(source, before)
        return {"cross_entropy": temporal_cross_entropy(scores, after, ignore=PAD, smoothing=self.smoothing)}

    def evaluate(self) -> dict[str, float]:
        return super().evaluate() | {"validation_bleu": self.bleu("validation", self.TO_TRANSLATE)}

    def nats(self, name: str, limit: int | None = None) -> float:
        """Mean nats of a target word of a part, the end of the sentence among them, the true words before it given."""
        total, n = 0.0, 0
        for source, before, after in self.data.part(name, limit):
            with evaluating(self), self.precision.autocast(self.device.type):
                scores = self.model(source.to(self.device), before.to(self.device))
                mean = temporal_cross_entropy(scores, after.to(self.device), ignore=PAD)
            count = int((after != PAD).sum())
            total, n = total + float(mean) * count, n + count
        return total / n if n else math.nan

    def bleu(self, part: str, limit: int | None = None) -> float:
        """BLEU of greedy translations of a part in the model's own words, 0 to 100; for the course of a run only."""
        pairs = self.data.prepared
        rows = _spread(pairs.rows(part), limit)
        made = self.translations(rows)
        return bleu(made, [[pairs.target[row]] for row in rows]).score if rows else math.nan

    def translations(self, rows: Sequence[int], batch: int = 100) -> list[list[str]]:
        """The sentences of these rows translated greedily, in words, in the order of the rows."""
        pairs = self.data.prepared
        ordered = sorted(range(len(rows)), key=lambda place: len(pairs.source[rows[place]]))
        found: list[list[str]] = [[] for _ in rows]
        for first in range(0, len(rows), batch):
            places = ordered[first : first + batch]
            decoded = self.decoded(pairs.batch([rows[place] for place in places])[0])
            for place, tokens in zip(places, decoded.rows(END), strict=True):
                found[place] = pairs.target_vocabulary.decode(tokens)
        return found

    def decoded(self, source: Tensor, width: int = 1, alpha: float = 0.0) -> Decoded:
        """Translations of source sentences (B, S), by beam search if width is above 1."""
        with evaluating(self), self.precision.autocast(self.device.type):
            source = source.to(self.device)
            start = torch.full((len(source),), START, device=self.device)
            state = self.network.starts(source)
            if width == 1:
                return greedy.decode(self.network.step, state, start, END, MOST)
            return beam.decode(self.network.step, state, start, END, MOST, width=width, alpha=alpha)

    def free_running(self) -> dict[str, list[list[int]]]:
        """What the doctor asks for: greedy translations of validation sentences, the true ones, and the likeliest word
        at each place of these, all before it given."""
        pairs = self.data.prepared
        source, before, after = pairs.batch(_spread(pairs.rows("validation"), self.COMPARED))
        with evaluating(self), self.precision.autocast(self.device.type):
            scores = self.model(source.to(self.device), before.to(self.device))
        lengths = (after > END).sum(1).tolist()
        return {
            "written": self.decoded(source).rows(END),
            "expected": [row[:n] for row, n in zip(after.tolist(), lengths, strict=True)],
            "forced": [row[:n] for row, n in zip(scores.argmax(2).tolist(), lengths, strict=True)],
        }

    def illustrate(self) -> dict[str, str]:
        """What the model makes now of a few validation sentences."""
        pairs = self.data.prepared
        rows = _spread(pairs.rows("validation"), self.SHOWN)
        return {
            pairs.source_text[row]: " ".join(words) for row, words in zip(rows, self.translations(rows), strict=True)
        }


def _spread(rows: Any, limit: int | None) -> list[int]:
    """At most `limit` rows, evenly spaced."""
    n = len(rows) if limit is None else min(limit, len(rows))
    return [int(rows[i * len(rows) // n]) for i in range(n)]
