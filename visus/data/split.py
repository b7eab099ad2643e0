"""Training, validation and test parts: alike in their classes, with nothing that belongs together in two of them.

The parts depend on what the pictures show and on the seed, not on the order of the files: rows are ranked by a hash
of their content, so the same pictures in another folder, or read in another order, fall into the same parts.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .collection import TEST, TRAIN, VALIDATION

CARVED = 0.10  # share of a given training part that becomes the part the data set came without
CARVED_MOST = 5000  # pictures: enough to tell two models 1 % apart, whatever the size of the data set
SHOWN = 5  # classes named in a message
PARTS = (TRAIN, VALIDATION, TEST)

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Rows of the training, validation and test part, int64, ranked by content; `how` says how they came about."""

    train: Rows
    validation: Rows
    test: Rows
    how: str
    keys: Sequence[str] = field(repr=False)  # N content hashes, what `hash` is made of

    @property
    def hash(self) -> str:
        """Hex digest of which content lies in which part: equal splits of equal pictures have equal hashes."""
        digest = hashlib.blake2b(digest_size=16)
        for part, rows in zip(PARTS, (self.train, self.validation, self.test)):
            digest.update("\n".join([f"{part} {len(rows)}", *sorted(self.keys[row] for row in rows)]).encode())
        return digest.hexdigest()


def split(
    labels: Rows,
    keys: Sequence[str],
    groups: Rows,
    stated: Sequence[str] | None = None,
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15),
    seed: int = 0,
    fewest_classes: int = 2,
) -> Split:
    """Divide N pictures into training, validation and test part, stratified by class, groups kept whole.

    labels: (N,) classes; keys: N content hashes; groups: (N,) ids of what must stay together, from `merge_groups`.
    stated: N of 'train', 'validation', 'test' or '' (counted as training), or None. Stated parts stay as they are; a
    missing validation or test part is carved out of the training part: a tenth of it, at most CARVED_MOST pictures.
    fractions: share of training, validation and test pictures where nothing is stated.

    A class of fewer groups than there are parts to fill stays in the training part; all others come into every part.
    Raises ValueError if fewer than `fewest_classes` can be divided, or if what is stated leaves a part impossible.
    """
    _check_lengths(labels, keys, groups, stated)
    if len(fractions) != 3 or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(
            f"fractions must be three positive shares that sum to 1, such as (0.7, 0.15, 0.15); got {fractions}"
        )
    part, how = _stated_parts(stated, len(labels))
    pool = np.flatnonzero(part == 0)
    missing = [p for p in (1, 2) if not (part == p).any()]
    if missing:
        shares = tuple(fractions)
        if len(missing) == 1:
            carved = min(CARVED, CARVED_MOST / max(1, len(pool)))
            shares = (1 - carved, carved)
        subkeys = [keys[row] for row in pool.tolist()]
        dealt = _deal(labels[pool], subkeys, groups[pool], shares, seed, fewest_classes)
        part[pool] = np.array([0, *missing])[dealt]
        how = _how(how, [PARTS[p] for p in missing], shares, groups[pool], seed)
    ranked = _ranked(keys, labels)
    train, validation, test = (ranked[part[ranked] == p] for p in range(3))
    return Split(train, validation, test, how, keys)


def folds(labels: Rows, keys: Sequence[str], groups: Rows, k: int, seed: int = 0) -> list[tuple[Rows, Rows]]:
    """k pairs of (training rows, validation rows): every row is validated once; stratified, groups kept whole.

    Raises ValueError unless 2 <= k <= the number of groups.
    """
    _check_lengths(labels, keys, groups, None)
    n_groups = len(np.unique(groups))
    if k < 2 or k > n_groups:
        raise ValueError(
            f"the number of folds must be between 2 and the number of independent groups, {n_groups}; got {k}"
        )
    part = _deal(labels, keys, groups, (1 / k,) * k, seed)
    ranked = _ranked(keys, labels)
    return [(ranked[part[ranked] != fold], ranked[part[ranked] == fold]) for fold in range(k)]


def merge_groups(n: int, *groupings: Iterable[Sequence[int]]) -> Rows:
    """Group id of each of n rows, where rows that any grouping holds together, directly or in a chain, share one.

    groupings: each lists groups of row numbers, such as duplicate groups or the rows of each patient. Rows named in
    none get an id of their own. Ids count up from 0 in the order of the rows.
    """
    from scipy.sparse import coo_array  # takes a tenth of a second, and who only predicts splits nothing
    from scipy.sparse.csgraph import connected_components

    links = [(group[0], row) for grouping in groupings for group in grouping if len(group) > 1 for row in group[1:]]
    if links and (min(min(link) for link in links) < 0 or max(max(link) for link in links) >= n):
        raise ValueError(f"a group names a row outside 0..{n - 1}; were the groups made for another collection?")
    ends = np.array(links, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), dtype=bool), (ends[:, 0], ends[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, first, ids = np.unique(component, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[ids].astype(np.int64)


def rows_by_key(keys: Sequence[str] | None) -> dict[str, list[int]]:
    """The rows of each key of a group column; rows without a key ('') belong to nobody."""
    rows: dict[str, list[int]] = {}
    for row, key in enumerate(keys or ()):
        if key:
            rows.setdefault(key, []).append(row)
    return rows


def fingerprint(content_hashes: Sequence[str], labels: Rows, classes: Sequence[str]) -> str:
    """Hex digest of a data set, in whatever order it was read: which pictures there are, in which class."""
    pictures = sorted(f"{classes[label]}\0{content}" for content, label in zip(content_hashes, labels, strict=True))
    return hashlib.blake2b("\n".join([*sorted(classes), "", *pictures]).encode(), digest_size=16).hexdigest()


# ---- stated parts


def _stated_parts(stated: Sequence[str] | None, n: int) -> tuple[Rows, str]:
    """Part number of each row, unstated ones in training, and what to say of it."""
    said = set(stated or ())
    if unknown := said - {*PARTS, ""}:
        raise ValueError(f"a split is one of {', '.join(PARTS)} or '' for unstated; got '{min(unknown)}'")
    if not said & {VALIDATION, TEST}:
        return np.zeros(n, dtype=np.int64), ""
    part = np.array([PARTS.index(name or TRAIN) for name in stated or ()], dtype=np.int64)
    if not (part == 0).any():
        raise ValueError("the stated split has no training pictures; state some as 'train' or drop the split")
    n_unstated = sum(not name for name in stated or ())
    also = f", {n_unstated} unstated pictures count as training" if n_unstated and TRAIN in said else ""
    return part, f"as the data set states it ({', '.join(p for p in PARTS if p in said or p == TRAIN)}{also})"


def _how(stated: str, made: Sequence[str], shares: Sequence[float], groups: Rows, seed: int) -> str:
    n_kept = int((np.unique(groups, return_counts=True)[1] > 1).sum())
    together = f"{n_kept} groups of alike or related pictures kept together" if n_kept else "no groups to keep together"
    drawn = f"stratified by class, {together}, seed {seed}"
    if not stated:
        return f"drawn {' / '.join(f'{100 * share:.0f}' for share in shares)} %, {drawn}"
    return f"{stated}; it has no {made[0]} part, so {100 * shares[1]:.1f} % of training became it, {drawn}"


# ---- dealing groups to parts


@dataclass(frozen=True)
class _Group:
    rank: bytes  # a seeded hash of the content: a random number that does not depend on the order of rows
    rows: Rows
    counts: dict[int, int]  # class -> pictures


def _deal(
    labels: Rows, keys: Sequence[str], groups: Rows, shares: Sequence[float], seed: int, whole_classes: int = 0
) -> Rows:
    """Part of each row. Every group goes where its classes are most wanting.

    `whole_classes`: a class of fewer groups than parts stays in part 0, and at least so many must have more; 0: each
    group goes where it will.
    """
    dealt = _Dealt(list(_grouped(labels, keys, groups, seed)), shares)
    small = dealt.small_classes()
    if len(dealt.n_groups) - len(small) < whole_classes:
        raise ValueError(_too_small(dealt.n_groups, small, len(shares), whole_classes))
    for g in dealt.order():
        forced = whole_classes and any(c in small for c in dealt.groups[g].counts)
        dealt.give(g, 0 if forced else dealt.most_wanting(g))
    dealt.fill_empty(small)
    part = np.zeros(len(labels), dtype=np.int64)
    for group, where in zip(dealt.groups, dealt.part):
        part[group.rows] = where
    return part


class _Dealt:
    """Groups as they are dealt to parts, with what each part still wants of each class."""

    def __init__(self, groups: list[_Group], shares: Sequence[float]) -> None:
        self.groups, self.shares = groups, shares
        self.part = [-1] * len(groups)
        self.n_pictures: dict[int, int] = {}
        self.n_groups: dict[int, int] = {}
        for group in groups:
            for c, n in group.counts.items():
                self.n_pictures[c] = self.n_pictures.get(c, 0) + n
                self.n_groups[c] = self.n_groups.get(c, 0) + 1
        self.wants = [{c: share * n for c, n in self.n_pictures.items()} for share in shares]
        self.wants_in_all = [share * sum(self.n_pictures.values()) for share in shares]
        self.has = [dict.fromkeys(self.n_pictures, 0) for _ in shares]  # groups of each class in each part

    def small_classes(self) -> set[int]:
        """Classes of fewer groups than parts."""
        return {c for c, n in self.n_groups.items() if n < len(self.shares)}

    def order(self) -> list[int]:
        """Boulders first, largest before smaller: what exceeds the smallest part's share of a class fits only an
        empty part. The rest by rank, so that the small parts get groups of all sizes."""

        def key(g: int) -> tuple[int, bytes]:
            group = self.groups[g]
            boulder = any(n > min(self.shares) * self.n_pictures[c] for c, n in group.counts.items())
            return (-len(group.rows) if boulder else 0, group.rank)

        return sorted(range(len(self.groups)), key=key)

    def most_wanting(self, g: int) -> int:
        """The part that lacks most of the group's classes, rare classes counting as much as frequent ones."""
        counts = self.groups[g].counts

        def want(p: int) -> tuple[float, float]:
            return sum(n * self.wants[p][c] / self.n_pictures[c] for c, n in counts.items()), self.wants_in_all[p]

        return max(range(len(self.shares)), key=want)

    def give(self, g: int, p: int) -> None:
        """Deal group g to part p, taking it from where it lay."""
        for where, sign in ((self.part[g], -1), (p, 1)):
            if where < 0:
                continue
            for c, n in self.groups[g].counts.items():
                self.wants[where][c] -= sign * n
                self.has[where][c] += sign
            self.wants_in_all[where] -= sign * len(self.groups[g].rows)
        self.part[g] = p

    def fill_empty(self, small: set[int]) -> None:
        """Give every part a group of every class that has enough, the smallest that leaves no other gap."""
        gaps = [(c, p) for c in sorted(self.n_groups) if c not in small for p, has in enumerate(self.has) if not has[c]]
        for c, p in gaps:
            spare = [g for g, group in enumerate(self.groups) if c in group.counts and self._can_spare(g, small)]
            if spare and not self.has[p][c]:
                self.give(min(spare, key=lambda g: (len(self.groups[g].rows), self.groups[g].rank)), p)

    def _can_spare(self, g: int, small: set[int]) -> bool:
        counts = self.groups[g].counts
        return not any(c in small or self.has[self.part[g]][c] < 2 for c in counts)


def _grouped(labels: Rows, keys: Sequence[str], groups: Rows, seed: int) -> Iterator[_Group]:
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order])) + 1
    for rows in np.split(order, starts) if len(order) else ():
        members = sorted(f"{keys[row]} {labels[row]}" for row in rows)
        rank = hashlib.blake2b("\n".join([str(seed), *members]).encode(), digest_size=16).digest()
        found, counts = np.unique(labels[rows], return_counts=True)
        yield _Group(rank, rows, dict(zip(found.tolist(), counts.tolist())))


def _too_small(n_groups: dict[int, int], small: set[int], n_parts: int, fewest: int) -> str:
    if not n_groups:
        return "there are no pictures to split"
    who = "at least two classes need" if fewest > 1 else "at least one class needs"
    listed = ", ".join(f"class {c}: {n_groups[c]}" for c in sorted(small)[:SHOWN]) + (
        ", ..." if len(small) > SHOWN else ""
    )
    return (
        f"{who} {n_parts} or more independent pictures or groups, one for each part; "
        f"{len(n_groups) - len(small)} of {len(n_groups)} classes have them"
        + (f" ({listed})" if small else "")
        + "; add pictures that are neither copies of nor grouped with the present ones"
    )


def _ranked(keys: Sequence[str], labels: Rows) -> Rows:
    """All rows, sorted by content, so that nothing downstream depends on the order of the files either."""
    return np.array(sorted(range(len(keys)), key=lambda row: (keys[row], labels[row], row)), dtype=np.int64)


def _check_lengths(labels: Rows, keys: Sequence[str], groups: Rows, stated: Sequence[str] | None) -> None:
    lengths = {"labels": len(labels), "keys": len(keys), "groups": len(groups)}
    if stated is not None:
        lengths["stated"] = len(stated)
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"one entry per picture is needed; got {', '.join(f'{n} {what}' for what, n in lengths.items())}"
        )
