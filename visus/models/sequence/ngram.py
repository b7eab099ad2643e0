"""N-grams: the next symbol from counts of what followed the last n - 1, the baseline of every language model.

An order-n model has seen, for each stretch of n - 1 symbols (its context), how often each symbol came next. Most long
contexts were seen once or never, so the counts of each order lean on those of the order below, down to one over V.
Two ways of leaning are here, and both are exact mixtures that sum to one:

- Witten-Bell (1991): a context that was followed by many different symbols leans more. Needs no constants.
- Modified Kneser-Ney (Chen and Goodman, 1999, eq. 26): a discount is taken from each count, and the orders below count
  in how many different contexts a symbol was seen instead of how often.

On tiny-shakespeare (last tenth) Witten-Bell reaches 1.67 nats at order 5 and gets worse from there, Kneser-Ney 1.56 at
order 5 and 1.52 at 6: the harder rival, and what `baselines` takes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
Grams = tuple[Ids, Ids, Ids]
Smoothing = Literal["kneser_ney", "witten_bell"]

ORDERS = (1, 2, 3, 4, 5, 6)
WORDS = {1: "unigram", 2: "bigram", 3: "trigram"}
MOST = 10_000_000  # symbols that baselines learn from, the last ones: a minute
UNSEEN = -1
LEAST_DISCOUNT = 0.05  # without any, a symbol never seen behind a context would be impossible
PIECE = 100_000  # symbols whose nats are computed at once


@dataclass(frozen=True)
class _Counts:
    """The k-grams of a text. A k-gram is a row; its key is V * (row of its first k - 1 symbols) + its last symbol.

    keys (R,) sorted; keep (R,) the probability each has before the order below is asked; lean, for each row of the
    order below, a context, how much of that order is mixed in: 1 for a context that was never followed by anything.
    """

    keys: Ids
    keep: Floats
    lean: Floats


class NGram:
    """P(symbol | the `order` - 1 symbols before it), for symbols 0 .. n_symbols - 1.

    order: 1 counts symbols alone, 5 looks at four before. smoothing: how long contexts lean on shorter ones. The first
    symbols of a text have shorter contexts. Raises ValueError for an order or a number of symbols below 1.
    Source: Witten and Bell, 1991; Chen and Goodman, 1999.
    """

    def __init__(self, order: int, n_symbols: int, smoothing: Smoothing = "kneser_ney") -> None:
        if order < 1:
            raise ValueError(f"the order of an n-gram model is at least 1; got {order}. 5 is usual for letters")
        if n_symbols < 1:
            raise ValueError(f"an n-gram model needs at least one symbol; got n_symbols={n_symbols}")
        if smoothing not in _WEIGHTS:
            raise ValueError(f"smoothing is one of {', '.join(_WEIGHTS)}; got '{smoothing}'")
        self.order, self.n_symbols, self.smoothing = order, n_symbols, smoothing
        self.levels: list[_Counts] = []

    def learn(self, ids: Sequence[int] | Ids) -> "NGram":
        """Count the text's symbols (T,) and return the model itself.

        Raises ValueError for an empty text or a symbol outside 0 .. n_symbols - 1.
        """
        return self._weigh(self._count(ids))

    def _count(self, ids: Sequence[int] | Ids) -> list[Grams]:
        text = self._checked(ids)
        if not len(text):
            raise ValueError("there is nothing to count: the text has no symbols")
        return _grams(text, self.order, self.n_symbols)

    def _weigh(self, grams: Sequence[Grams]) -> "NGram":
        weigh = _WEIGHTS[self.smoothing]
        self.levels = []
        for k, (keys, counts) in enumerate(_counted(grams[: self.order], self.smoothing == "kneser_ney")):
            contexts = keys // self.n_symbols
            keep, lean = weigh(counts, contexts, len(self.levels[-1].keys) if k else 1)
            self.levels.append(_Counts(keys, keep, lean))
        return self

    def surprise(self, ids: Sequence[int] | Ids) -> Floats:
        """Minus the logarithm of each symbol's probability given those before it, in nats: (T,) -> (T,)."""
        self._must_have_learned()
        text = self._checked(ids)
        pieces = []
        for start in range(0, len(text), PIECE):
            before = min(start, self.order - 1)
            pieces.append(self._surprise(text[start - before : start + PIECE])[before:])
        return np.concatenate(pieces) if pieces else np.empty(0)

    def nats(self, ids: Sequence[int] | Ids) -> float:
        """The mean surprise of a text (T,), nats per symbol: ln V for a model that knows nothing. Its exp: perplexity.

        Raises ValueError for an empty text or one of unknown symbols.
        """
        surprise = self.surprise(ids)
        if not len(surprise):
            raise ValueError("a text without symbols has no surprise; give at least one symbol")
        return float(surprise.mean())

    def probabilities(self, context: Sequence[int] | Ids = ()) -> Floats:
        """P of every next symbol (V,), given what came before; the last `order` - 1 symbols of it count."""
        self._must_have_learned()
        rows = self._contexts(self._checked(context)[max(0, len(context) - self.order + 1) :])
        chance = np.full(self.n_symbols, 1 / self.n_symbols)
        for level, row in zip(self.levels, rows, strict=False):
            if row == UNSEEN:
                break
            chance *= level.lean[row]
            first, last = np.searchsorted(level.keys, [row * self.n_symbols, (row + 1) * self.n_symbols])
            chance[level.keys[first:last] % self.n_symbols] += level.keep[first:last]
        return chance

    def sample(
        self, length: int, prompt: Sequence[int] | Ids = (), temperature: float = 1.0, seed: int = 0
    ) -> list[int]:
        """`length` symbols drawn one after the other behind the prompt, which is not returned.

        temperature: above 1 evens chances out, below 1 sharpens them. Raises ValueError unless it is above 0.
        """
        if not temperature > 0:
            raise ValueError(f"temperature is above 0; got {temperature}. Towards 0 the most likely symbol wins")
        rng = np.random.default_rng(seed)
        said = [int(i) for i in prompt]
        for _ in range(length):
            chance = self.probabilities(said[len(said) - min(len(said), self.order) :])
            chance = np.exp((np.log(np.maximum(chance, 1e-300)) - np.log(chance.max())) / temperature)
            said.append(int(rng.choice(self.n_symbols, p=chance / chance.sum())))
        return said[len(prompt) :]

    def _surprise(self, text: Ids) -> Floats:
        chance = np.full(len(text), 1 / self.n_symbols)
        before = np.zeros(len(text), np.int64)  # the row of each symbol's context, here the empty one
        for level in self.levels:
            known = before != UNSEEN
            chance[known] *= level.lean[before[known]]
            rows = _rows(level.keys, np.where(known, before * self.n_symbols + text, UNSEEN))
            seen = rows != UNSEEN
            chance[seen] += level.keep[rows[seen]]
            before = np.concatenate([[UNSEEN], rows[:-1]])
        return -np.log(chance)

    def _contexts(self, before: Ids) -> list[int]:
        """The row of the last 0, 1, ... `order` - 1 symbols among the contexts of each level; UNSEEN behind the end."""
        rows = [0]
        for k in range(1, self.order):
            if k > len(before):
                break
            row = 0
            for level, symbol in zip(self.levels, before[len(before) - k :], strict=False):
                row = int(_rows(level.keys, np.array([row * self.n_symbols + symbol]))[0])
                if row == UNSEEN:
                    break
            rows.append(row)
        return rows

    def _checked(self, ids: Sequence[int] | Ids) -> Ids:
        text = np.asarray(ids, np.int64)
        if text.ndim != 1:
            raise ValueError(f"symbols come one after the other, (T,); got an array {text.shape}")
        wrong = np.flatnonzero((text < 0) | (text >= self.n_symbols))
        if len(wrong):
            raise ValueError(
                f"symbol {text[wrong[0]]} at place {wrong[0]} is outside 0 to {self.n_symbols - 1}; "
                "was it encoded with another vocabulary?"
            )
        return text

    def _must_have_learned(self) -> None:
        if not self.levels:
            raise ValueError("this n-gram model has counted nothing yet; call learn(ids) first")


def build(vocabulary: int, order: int = 5, smoothing: Smoothing = "kneser_ney") -> NGram:
    """An n-gram model of `vocabulary` symbols that has counted nothing yet."""
    return NGram(order, vocabulary, smoothing)


def baselines(
    train: Sequence[int] | Ids, validation: Sequence[int] | Ids, n_symbols: int, orders: Sequence[int] = ORDERS
) -> dict[str, float]:
    """Nats per symbol of the validation text by name of the model: uniform, unigram, bigram, ... 6-gram.

    Of a training text longer than 10 million symbols the last ones are counted.
    """
    return measured(learned(train, n_symbols, orders), validation)


def learned(train: Sequence[int] | Ids, n_symbols: int, orders: Sequence[int] = ORDERS) -> dict[int, NGram]:
    """A model of each order from one count of the text, of its last 10 million symbols if it is longer."""
    grams = NGram(max(orders), n_symbols)._count(train[max(0, len(train) - MOST) :])
    return {order: NGram(order, n_symbols)._weigh(grams) for order in orders}


def measured(models: Mapping[int, NGram], validation: Sequence[int] | Ids) -> dict[str, float]:
    """Nats per symbol of each model by its name, and of one that knows nothing."""
    n_symbols = next(iter(models.values())).n_symbols
    return {"uniform": float(np.log(n_symbols))} | {name(order): m.nats(validation) for order, m in models.items()}


def name(order: int) -> str:
    """What a model of an order is called: unigram, bigram, trigram, 4-gram, ..."""
    return WORDS.get(order, f"{order}-gram")


def _grams(text: Ids, order: int, n_symbols: int) -> list[Grams]:
    """For k = 1 .. order: keys of the k-grams of a text, the row of the one that ends at each place, one place of each.

    The first k - 1 places end no k-gram: their row is UNSEEN.
    """
    found = []
    before = np.zeros(len(text), np.int64)
    for _ in range(order):
        whole = before != UNSEEN
        keys, first, inverse = np.unique(
            before[whole] * n_symbols + text[whole], return_index=True, return_inverse=True
        )
        rows = np.full(len(text), UNSEEN, np.int64)
        rows[whole] = inverse
        found.append((keys, rows, np.flatnonzero(whole)[first]))
        before = np.concatenate([[UNSEEN], rows[:-1]])
    return found


def _counted(grams: Sequence[Grams], of_contexts: bool) -> list[tuple[Ids, Floats]]:
    """(keys, counts) of each order. of_contexts: below the highest, count different symbols before, not occurrences."""
    counted = []
    for k, (keys, rows, _) in enumerate(grams):
        if of_contexts and k + 1 < len(grams):
            longer = grams[k + 1][2]  # one place of each (k + 1)-gram: where its last k symbols end, too
            counts = np.bincount(rows[longer], minlength=len(keys))
        else:
            counts = np.bincount(rows[rows != UNSEEN], minlength=len(keys))
        counted.append((keys, counts.astype(np.float64)))
    return counted


def _rows(keys: Ids, wanted: Ids) -> Ids:
    """Where each wanted key is among the sorted keys; UNSEEN if it is not."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, places, UNSEEN) if len(keys) else np.full(len(wanted), UNSEEN)


def _witten_bell(counts: Floats, contexts: Ids, n_contexts: int) -> tuple[Floats, Floats]:
    """(count + T * P below) / (N + T): T different symbols followed the context, N symbols in all."""
    total = np.bincount(contexts, counts, n_contexts)
    different = np.bincount(contexts, minlength=n_contexts).astype(np.float64)
    whole = np.where(total > 0, total + different, 1)
    return counts / whole[contexts], np.where(total > 0, different / whole, 1.0)


def _kneser_ney(counts: Floats, contexts: Ids, n_contexts: int) -> tuple[Floats, Floats]:
    """(count - D(count)) / N, and what was taken away goes to the order below; D for counts of 1, 2, and 3 or more."""
    discount = _discounts(counts)[np.minimum(counts, 3).astype(np.int64)]
    total = np.bincount(contexts, counts, n_contexts)
    taken = np.bincount(contexts, discount, n_contexts)
    whole = np.where(total > 0, total, 1)
    return (counts - discount) / whole[contexts], np.where(total > 0, taken / whole, 1.0)


def _discounts(counts: Floats) -> Floats:
    """(0, D1, D2, D3+) from the numbers of k-grams seen 1 to 4 times (eq. 26); a half where there are none to tell."""
    n = [int((counts == times).sum()) for times in range(5)]
    if not (n[1] and n[2]):
        return np.array([0, 0.5, 0.5, 0.5])
    y = n[1] / (n[1] + 2 * n[2])
    wished = [0.0, *(k - (k + 1) * y * n[k + 1] / n[k] if n[k] else 0.5 for k in (1, 2, 3))]
    return np.array([0.0, *(min(max(d, LEAST_DISCOUNT), 0.999 * k) for k, d in enumerate(wished) if k)])


_WEIGHTS: dict[str, Callable[[Floats, Ids, int], tuple[Floats, Floats]]] = {
    "kneser_ney": _kneser_ney,
    "witten_bell": _witten_bell,
}
