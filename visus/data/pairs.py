"""Sentences and their translations, ready to be learned from: cleaned, divided, in words that have numbers."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .batches import Batch, spread
from .collection import TEST, TRAIN, VALIDATION
from .parallel import Parallel, read_parallel
from .randomness import permutation, uniform
from .split import PARTS, Rows, Split, merge_groups
from .vocabulary import Vocabulary
from .words import tokenise

THRESHOLD = 2  # a word seen once in training is UNKNOWN: so the model learns what to do with unknown words
LONGEST = 60  # words; a training sentence of more costs a whole batch its length
CARVED, CARVED_MOST = 0.1, 2_000  # share of the sentences that becomes a part the data came without, and at most
PART_BATCH = 100  # sentences a batch when a part is only looked at
MIXING = 3  # target lengths that may stand in one batch: of one alone, all of its sentences would end at one step
PAD = 0

Words = tuple[str, ...]


@dataclass(frozen=True)
class Pairs:
    """N sentences in two languages. languages: of source and target. source_text, target_text: as they were written;
    source, target: their words. left_out: how many lines were not used, by reason."""

    origin: str
    languages: tuple[str, str]
    source_text: Sequence[str] = field(repr=False)
    target_text: Sequence[str] = field(repr=False)
    source: Sequence[Words] = field(repr=False)
    target: Sequence[Words] = field(repr=False)
    split: Split = field(repr=False)
    source_vocabulary: Vocabulary = field(repr=False)
    target_vocabulary: Vocabulary = field(repr=False)
    lower: bool = True
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Pairs":
        return self  # examinations copy tasks; the sentences, never changed, are shared

    def __len__(self) -> int:
        return len(self.source)

    def rows(self, part: str) -> Rows:
        """Row numbers of 'train', 'validation' or 'test'."""
        return {TRAIN: self.split.train, VALIDATION: self.split.validation, TEST: self.split.test}[part]

    def limited(self, train: int | None = None, validation: int | None = None) -> "Pairs":
        """The same with at most so many training and validation sentences, spread evenly; the vocabulary stays."""
        rows, more = spread(self.split.train, train), spread(self.split.validation, validation)
        return replace(self, split=replace(self.split, train=rows, validation=more))

    def without_test(self) -> "Pairs":
        """The same without its test sentences: what chooses settings is handed this."""
        rows = np.sort(np.concatenate([self.split.train, self.split.validation]))
        split = Split(
            np.searchsorted(rows, self.split.train),
            np.searchsorted(rows, self.split.validation),
            np.empty(0, dtype=np.int64),
            f"{self.split.how}; without its test part",
            [self.split.keys[row] for row in rows],
        )
        return replace(
            self,
            split=split,
            source_text=[self.source_text[row] for row in rows],
            target_text=[self.target_text[row] for row in rows],
            source=[self.source[row] for row in rows],
            target=[self.target[row] for row in rows],
        )

    @cached_property
    def encoded(self) -> tuple[list[list[int]], list[list[int]]]:
        """Indices of the words of each row, source and target, without start and end."""
        return [self.source_vocabulary.encode(s) for s in self.source], [
            self.target_vocabulary.encode(t) for t in self.target
        ]

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Words of source and of target, (N, 2)."""
        return np.array([(len(s), len(t)) for s, t in zip(self.source, self.target, strict=True)], dtype=np.int64)

    def batch(self, rows: Rows) -> Batch:
        """source (B, S) with END behind; target_in (B, T) with START before; target_out (B, T) with END behind; all
        int64, filled up with 0."""
        sources, targets = self.encoded
        start, end = self.target_vocabulary.start, self.target_vocabulary.end
        return (
            padded([[*sources[row], self.source_vocabulary.end] for row in rows]),
            padded([[start, *targets[row]] for row in rows]),
            padded([[*targets[row], end] for row in rows]),
        )

    def part(self, name: str, limit: int | None = None, batch: int = PART_BATCH) -> Iterator[Batch]:
        """One pass over a part in batches of like lengths, shortest first; at most `limit` sentences, spread evenly."""
        rows = spread(self.rows(name), limit)
        rows = rows[np.argsort(self.lengths[rows].sum(1), kind="stable")]
        for first in range(0, len(rows), batch):
            yield self.batch(rows[first : first + batch])


class PairBatches:
    """What a translator learns from: batches of sentences of like lengths, a function of (seed, step)."""

    def __init__(self, pairs: Pairs, batch_size: int, seed: int) -> None:
        if batch_size < 1:
            raise ValueError(f"batch must be at least 1 sentence; got {batch_size}")
        self.prepared, self.seed = pairs, seed
        self.n = len(pairs.split.train)
        self.batch_size = min(batch_size, self.n)
        self.steps_per_epoch = self.n // self.batch_size  # the rest of an epoch, below one batch, waits for the next
        self._epoch: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, dtype=np.int64))

    def __deepcopy__(self, memo: dict[int, Any]) -> "PairBatches":
        return self

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Endless training batches from step `start`, see `Pairs.batch`."""
        yield from map(self.batch, count(start))

    def batch(self, step: int) -> Batch:
        """The training batch of one step."""
        return self.prepared.batch(self.rows(step))

    def sources(self, step: int) -> list[str]:
        """The source sentences in the batch of one step, in its order."""
        return [self.prepared.source_text[row] for row in self.rows(step)]

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over a part, see `Pairs.part`."""
        return self.prepared.part(name, limit)

    def part_steps(self, name: str) -> int:
        return -(-len(self.prepared.rows(name)) // PART_BATCH)

    def rows(self, step: int) -> Rows:
        """The rows (B,) in the batch of one step."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, self._order(epoch))
        return self._epoch[1][place]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """The rows of every batch of an epoch, (steps, B): sorted by length, nearly, and the batches shuffled."""
        kept = permutation(self.seed, epoch, self.n)[: self.steps_per_epoch * self.batch_size]
        rows = self.prepared.split.train[kept]
        lengths, draws = self.prepared.lengths[rows], uniform(self.seed, epoch, rows, 2)
        blurred = np.floor(lengths[:, 1] + MIXING * draws[:, 0])
        ordered = np.lexsort((lengths[:, 0] + draws[:, 1], blurred))  # by the target, then by the source
        batches = rows[ordered].reshape(self.steps_per_epoch, self.batch_size)
        return batches[permutation(self.seed + 1, epoch, self.steps_per_epoch)]


def prepare_pairs(
    source: str | Path | Parallel,
    languages: str = "",
    lower: bool = False,
    threshold: int = THRESHOLD,
    longest: int = LONGEST,
    seed: int = 0,
) -> Pairs:
    """Read, leave out what cannot be learned from, divide, and number the words of the training part.

    lower: bring everything to lower case. threshold: a word seen fewer times in training is UNKNOWN. longest: a
    training sentence of more words on a side is left out; one to validate or test stays. Raises what `read_parallel`
    raises, and ValueError if too little is left.
    """
    lines = source if isinstance(source, Parallel) else read_parallel(source, languages)
    left = [tuple(tokenise(line, lower)) for line in lines.source]
    right = [tuple(tokenise(line, lower)) for line in lines.target]
    stated = {VALIDATION, TEST} & set(lines.parts)
    empty = [row for row in range(len(lines)) if not left[row] or not right[row]]
    lengthy = [
        row for row in range(len(lines))
        if max(len(left[row]), len(right[row])) > longest and lines.parts[row] in (TRAIN, "")
    ]  # fmt: skip
    rows = sorted(set(range(len(lines))) - {*empty, *lengthy})
    if len(rows) < 2 + len(PARTS):
        raise ValueError(
            f"{lines.origin} leaves {len(rows)} pairs of sentences to learn from ({len(empty)} lines are empty on a "
            f"side, {len(lengthy)} have more than {longest} words); give more, thousands if anything is to be learned"
        )
    texts = [[side[row].strip() for row in rows] for side in (lines.source, lines.target)]
    words = [[side[row] for row in rows] for side in (left, right)]
    division = _divide(texts[0], texts[1], [lines.parts[row] for row in rows], sorted(stated), lines.note, seed)
    vocabularies = [Vocabulary.of_words((side[row] for row in division.train), threshold) for side in words]
    left_out = {"empty": len(empty), f"longer than {longest} words": len(set(lengthy) - set(empty))}
    return Pairs(
        lines.origin,
        lines.languages,
        texts[0],
        texts[1],
        words[0],
        words[1],
        division,
        vocabularies[0],
        vocabularies[1],
        lower,
        {reason: n for reason, n in left_out.items() if n},
    )


def padded(rows: Sequence[Sequence[int]], value: int = PAD) -> Tensor:
    """Rows of unequal length as int64 (B, T), filled up with `value`."""
    filled = np.full((len(rows), max(map(len, rows))), value, dtype=np.int64)
    for number, row in enumerate(rows):
        filled[number, : len(row)] = row
    return torch.from_numpy(filled)


def _divide(
    source: Sequence[str], target: Sequence[str], parts: Sequence[str], stated: Sequence[str], note: str, seed: int
) -> Split:
    """The stated parts; those that are missing are drawn from the training part, equal sentences kept together."""
    keys = [hashlib.blake2b(f"{s}\t{t}".encode(), digest_size=16).hexdigest() for s, t in zip(source, target)]
    part = np.array([PARTS.index(name or TRAIN) for name in parts], dtype=np.int64)
    missing = [name for name in (VALIDATION, TEST) if name not in stated]
    pool = np.flatnonzero(part == 0)
    groups = merge_groups(len(pool), _equal(source, pool), _equal(target, pool))
    ranks = {
        group: hashlib.blake2b(f"{seed} {key}".encode(), digest_size=8).digest()
        for group, key in sorted(zip(groups.tolist(), (keys[row] for row in pool)), key=lambda pair: pair[1])
    }
    queue = iter(sorted(ranks, key=lambda group: ranks[group]))
    for name in missing:
        wanted, taken = max(1, min(CARVED_MOST, int(CARVED * len(pool)))), 0
        while taken < wanted and (group := next(queue, None)) is not None:
            members = pool[groups == group]
            part[members], taken = PARTS.index(name), taken + len(members)
    how = f"as the files state it ({', '.join([TRAIN, *stated])})" if stated else ""
    if missing:
        drawn = f"{' and '.join(missing)} drawn from training, equal sentences kept together, seed {seed}"
        how = f"{how}; {drawn}" if how else drawn
    rows = [np.flatnonzero(part == number) for number in range(len(PARTS))]
    if not all(len(found) for found in rows[:2]):
        raise ValueError("too many of the sentences are equal to be divided; give different ones")
    return Split(rows[0], rows[1], rows[2], f"{how}; {note}" if note else how, keys)


def _equal(sentences: Sequence[str], pool: Rows) -> list[list[int]]:
    """Groups of places in `pool` of the same sentence."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(pool.tolist()):
        places.setdefault(sentences[row].casefold(), []).append(place)
    return [group for group in places.values() if len(group) > 1]
