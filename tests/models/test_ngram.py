"""N-grams: probabilities that sum to one, numbers worked by hand, and the baseline of a real text."""

import math
from collections import Counter

import numpy as np
import pytest

from visus.models.sequence import ngram
from visus.models.sequence.ngram import NGram

SMOOTHINGS = ["kneser_ney", "witten_bell"]
every_smoothing = pytest.mark.parametrize("smoothing", SMOOTHINGS)


def text(n=400, n_symbols=5, seed=0):
    return np.random.default_rng(seed).integers(0, n_symbols, n) ** 2 % n_symbols


@every_smoothing
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_sum_to_one_and_none_is_nothing(smoothing, order):
    model = NGram(order, 7, smoothing).learn(text())  # symbols 5 and 6 never come
    for context in ([], [0], [1, 4, 1], [6, 6], [4, 1, 0, 0, 1, 1, 4]):
        chances = model.probabilities(context)
        assert chances.sum() == pytest.approx(1)
        assert (chances > 0).all()


@every_smoothing
def test_surprise_is_that_of_the_probabilities_one_by_one(smoothing):
    model, new = NGram(4, 5, smoothing).learn(text()), text(60, seed=1)
    slowly = [-math.log(model.probabilities(new[:t])[new[t]]) for t in range(len(new))]
    assert np.allclose(model.surprise(new), slowly)
    assert model.nats(new) == pytest.approx(np.mean(slowly))


def test_a_long_text_in_pieces_is_one_text(monkeypatch):
    model, new = NGram(4, 5).learn(text()), text(101, seed=1)
    whole = model.surprise(new)
    monkeypatch.setattr(ngram, "PIECE", 10)
    assert np.allclose(model.surprise(new), whole)


def test_witten_bell_worked_by_hand():
    # abab a: behind a came b twice, one kind of symbol; behind b came a twice
    model = NGram(2, 2, "witten_bell").learn([0, 1, 0, 1, 0])
    unigram = (3 + 2 * 0.5) / (5 + 2)  # a three times of five, two kinds, half each below
    assert model.probabilities([])[0] == pytest.approx(unigram)
    assert model.probabilities([0])[1] == pytest.approx((2 + 1 * (1 - unigram)) / (2 + 1))


@every_smoothing
def test_it_agrees_with_a_loop_over_dictionaries(smoothing):
    learned, order, n_symbols = text(300, 4), 3, 4
    model = NGram(order, n_symbols, smoothing).learn(learned)
    counts = [Counter(tuple(learned[t : t + k]) for t in range(len(learned) - k + 1)) for k in range(1, order + 1)]
    if smoothing == "kneser_ney":
        for k in range(order - 1):  # in how many contexts, not how often
            counts[k] = Counter(dict.fromkeys(counts[k], 0)) + Counter(gram[1:] for gram in counts[k + 1])

    def discount(k, count):
        if smoothing == "witten_bell" or not count:
            return 0.0
        n = Counter(counts[k].values())
        y = n[1] / (n[1] + 2 * n[2]) if n[1] and n[2] else None
        c = min(count, 3)
        if y is None:
            return 0.5
        return min(max(c - (c + 1) * y * n[c + 1] / n[c] if n[c] else 0.5, ngram.LEAST_DISCOUNT), 0.999 * c)

    def chance(symbol, context):
        below = 1 / n_symbols
        for k in range(len(context) + 1):
            mine = {g: c for g, c in counts[k].items() if g[:-1] == tuple(context[len(context) - k :])}
            total = sum(mine.values())
            if not total:
                break
            gram = (*context[len(context) - k :], symbol)
            if smoothing == "witten_bell":
                below = (mine.get(gram, 0) + len(mine) * below) / (total + len(mine))
            else:
                taken = sum(discount(k, c) for c in mine.values())
                own = mine.get(gram, 0)
                below = (own - discount(k, own) + taken * below) / total
        return below

    for context in ([], [0], [1, 0], [2, 2], [3, 1]):
        expected = [chance(symbol, context) for symbol in range(n_symbols)]
        assert np.allclose(model.probabilities(context), expected)


def test_a_text_that_repeats_is_known_by_heart():
    again = np.tile([0, 1, 2, 3, 3, 1], 200)
    assert NGram(3, 4).learn(again).nats(again) < 0.02
    assert NGram(1, 4).learn(again).nats(again) == pytest.approx(1.33, abs=0.02)  # the entropy of 1/6 1/3 1/6 1/3


def test_more_context_helps_where_there_is_structure_and_the_baselines_are_named():
    rng = np.random.default_rng(0)
    made = [0, 0]
    for _ in range(20_000):
        made.append(int((made[-2] + 1) % 8 if rng.random() < 0.9 else rng.integers(8)))
    found = ngram.baselines(made[:15_000], made[15_000:], 8, (1, 2, 3))
    assert list(found) == ["uniform", "unigram", "bigram", "trigram"]
    assert found["uniform"] == pytest.approx(math.log(8))
    assert found["trigram"] < 0.7 < 1.9 < found["bigram"]
    assert NGram(3, 8).learn(made[:15_000]).nats(made[15_000:]) == pytest.approx(found["trigram"])


def test_samples_follow_the_text_and_the_seed():
    again = np.tile([0, 1, 2, 3], 100)
    model = NGram(2, 4).learn(again)
    assert model.sample(8, [0], temperature=0.1) == [1, 2, 3, 0, 1, 2, 3, 0]
    assert model.sample(50, seed=3) == model.sample(50, seed=3)
    assert len(model.sample(5)) == 5


def test_a_vocabulary_of_words_does_not_overflow():
    ids = np.random.default_rng(0).integers(0, 100_000, 2000)
    model = NGram(6, 100_000).learn(np.concatenate([ids, ids]))
    assert model.nats(ids) < 6 < math.log(100_000)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: NGram(0, 5), "at least 1; got 0"),
        (lambda: NGram(2, 0), "at least one symbol"),
        (lambda: NGram(2, 5, "laplace"), "kneser_ney, witten_bell; got 'laplace'"),
        (lambda: NGram(2, 5).learn([]), "nothing to count"),
        (lambda: NGram(2, 5).learn([1, 7]), "symbol 7 at place 1 is outside 0 to 4"),
        (lambda: NGram(2, 5).learn([[1, 2]]), "one after the other"),
        (lambda: NGram(2, 5).nats([1]), "counted nothing yet"),
        (lambda: NGram(2, 5).learn([1]).nats([]), "no surprise"),
        (lambda: NGram(2, 5).learn([1]).sample(3, temperature=0), "temperature is above 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize("learned", [[0], [0, 0], [0, 1], [1, 1, 1, 1]])
@every_smoothing
def test_the_smallest_texts_are_counted(smoothing, learned):
    model = NGram(5, 2, smoothing).learn(learned)
    assert model.probabilities(learned).sum() == pytest.approx(1)
    assert np.isfinite(model.nats([0, 1, 0, 0, 1]))


def test_the_five_gram_of_tiny_shakespeare_is_the_baseline_the_issue_names(visus_data):
    file = visus_data / "text" / "tinyshakespeare" / "input.txt"
    if not file.is_file():
        pytest.skip("tiny-shakespeare is not there")
    whole = file.read_text(encoding="utf-8")
    symbols = sorted(set(whole))
    ids = np.searchsorted([ord(s) for s in symbols], np.frombuffer(whole.encode("utf-32-le"), np.uint32))
    cut = int(0.9 * len(ids))
    witten_bell = NGram(5, len(symbols), "witten_bell").learn(ids[:cut]).nats(ids[cut:])
    assert witten_bell == pytest.approx(1.669, abs=0.005)
    assert NGram(5, len(symbols)).learn(ids[:cut]).nats(ids[cut:]) == pytest.approx(1.561, abs=0.005)
