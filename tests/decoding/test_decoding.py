"""Every way of choosing tokens, on models small enough to try all sequences."""

import itertools
import math

import pytest
import torch

from visus import decoding
from visus.decoding import beam, greedy, sample
from visus.decoding._walk import NO_END
from visus.engine import catalogue

WAYS = catalogue.names(decoding)
V, END = 4, 3
MANY = 6  # words, more than the usual width of a beam


def markov(seed: int, n_tokens: int = V, sharpness: float = 2.0):
    """A model of which the state is a sum over all that was seen: the order of the state's rows matters."""
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(n_tokens, n_tokens, generator=generator) * sharpness
    mix = torch.randn(n_tokens, n_tokens, generator=generator)

    def step(tokens, state):
        (seen,) = state
        seen = 0.7 * seen + torch.nn.functional.one_hot(tokens, n_tokens).float()
        return (table[tokens] + seen @ mix).log_softmax(1), (seen,)

    return step, lambda n: (torch.zeros(n, n_tokens),)


def score(step, state, start, tokens, end=END):
    """Log-probability of one sequence, by following it."""
    total, last = 0.0, start
    for token in tokens:
        log_probabilities, state = step(torch.tensor([last]), state)
        total, last = total + float(log_probabilities[0, token]), token
        if token == end:
            break
    return total


def all_sequences(most, n_tokens=V, end=END):
    for tokens in itertools.product(range(n_tokens), repeat=most):
        length = tokens.index(end) + 1 if end in tokens else most
        if all(token == end for token in tokens[length:]):
            yield tokens[:length]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_keeps_the_contract(way):
    step, states = markov(0, MANY)
    start = torch.tensor([0, 1, 2, 0, 1])
    decoded = catalogue.find(decoding, way).decode(step, states(5), start, END, 6)
    assert decoded.tokens.dtype == torch.int64
    assert decoded.tokens.shape[0] == 5
    assert 1 <= decoded.tokens.shape[1] <= 6
    for row, value, first in zip(decoded.tokens.tolist(), decoded.scores.tolist(), start.tolist(), strict=True):
        after = row[row.index(END) :] if END in row else []
        assert all(token == END for token in after)
        assert value == pytest.approx(score(step, states(1), first, row), abs=1e-4)
    assert [END not in row for row in decoded.rows(END)] == [True] * 5


@pytest.mark.parametrize("way", WAYS)
def test_no_end_means_full_length(way):
    step, states = markov(1, MANY)
    decoded = catalogue.find(decoding, way).decode(step, states(2), torch.tensor([0, 1]), NO_END, 9)
    assert decoded.tokens.shape == (2, 9)


@pytest.mark.parametrize("way", WAYS)
def test_the_answer_of_a_row_does_not_depend_on_its_neighbours(way):
    if way == "sample":
        pytest.skip("draws are made for the whole batch at once")
    step, states = markov(2, MANY)
    decode = catalogue.find(decoding, way).decode
    together = decode(step, states(3), torch.tensor([2, 0, 1]), END, 6)
    alone = decode(step, states(1), torch.tensor([0]), END, 6)
    assert together.rows(END)[1] == alone.rows(END)[0]
    assert float(together.scores[1]) == pytest.approx(float(alone.scores[0]), abs=1e-5)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("start", "most"),
    [(torch.tensor([[0]]), 3), (torch.tensor([0.0]), 3), (torch.empty(0).long(), 3), (torch.tensor([0]), 0)],
)
def test_what_is_no_start_is_refused(way, start, most):
    step, states = markov(0)
    with pytest.raises(ValueError, match="must be"):
        catalogue.find(decoding, way).decode(step, states(1), start, END, most)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("alpha", [0.0, 0.8])
def test_a_beam_that_holds_everything_is_exhaustive_search(seed, alpha):
    step, states = markov(seed)
    found = beam.decode(step, states(1), torch.tensor([0]), END, 2, width=V, alpha=alpha)
    best = max(all_sequences(2), key=lambda s: score(step, states(1), 0, s) / ((5 + len(s)) / 6) ** alpha)
    cut = found.tokens[0].tolist()
    assert tuple(cut[: cut.index(END) + 1] if END in cut else cut) == best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.5])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_the_beam_is_the_textbooks_loop(seed, alpha, width):
    step, states = markov(seed, sharpness=1.0)
    kept, most = [((), 0.0)], 7

    def rank(entry):
        return entry[1] / ((5 + len(entry[0])) / 6) ** alpha

    for _ in range(most):
        longer = [entry for entry in kept if entry[0][-1:] == (END,)]
        for tokens, _ in (entry for entry in kept if entry[0][-1:] != (END,)):
            longer += [((*tokens, t), score(step, states(1), 0, (*tokens, t))) for t in range(V)]
        kept = sorted(longer, key=rank, reverse=True)[:width]
    tokens, value = max(kept, key=rank)
    found = beam.decode(step, states(1), torch.tensor([0]), END, most, width=width, alpha=alpha)
    assert found.rows(END)[0] == [t for t in tokens if t != END]
    assert float(found.scores[0]) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_greedy_is_a_beam_of_one_and_sampling_without_warmth(alpha):
    step, states = markov(5)
    start = torch.tensor([0, 1, 2])
    chosen = greedy.decode(step, states(3), start, END, 8)
    narrow = beam.decode(step, states(3), start, END, 8, width=1, alpha=alpha)
    cold = sample.decode(step, states(3), start, END, 8, temperature=1e-6)
    for other in (narrow, cold, sample.decode(step, states(3), start, END, 8, top_k=1)):
        assert other.rows(END) == chosen.rows(END)
        assert torch.allclose(other.scores, chosen.scores, atol=1e-5)


def test_a_wider_beam_is_not_worse_when_it_holds_everything():
    step, states = markov(7, sharpness=1.0)
    exact = beam.decode(step, states(3), torch.tensor([0, 1, 2]), END, 2, width=V)
    assert bool((exact.scores >= greedy.decode(step, states(3), torch.tensor([0, 1, 2]), END, 2).scores - 1e-6).all())


@pytest.mark.parametrize("width", [0, V + 1])
def test_a_beam_wider_than_the_vocabulary_is_refused_in_a_sentence(width):
    step, states = markov(0)
    with pytest.raises(ValueError, match=r"width must be at least 1|width 5 is wider than the vocabulary of 4"):
        beam.decode(step, states(1), torch.tensor([0]), END, 3, width=width)


def test_draws_follow_the_distribution():
    step, states = markov(3, sharpness=1.0)
    n = 20_000
    decoded = sample.decode(step, states(n), torch.zeros(n, dtype=torch.long), NO_END, 1, seed=1)
    truth = step(torch.tensor([0]), states(1))[0][0].exp()
    counted = torch.bincount(decoded.tokens[:, 0], minlength=V) / n
    assert torch.allclose(counted, truth, atol=0.02)


def test_the_same_seed_draws_the_same():
    step, states = markov(3)
    first, again, other = (
        sample.decode(step, states(2), torch.tensor([0, 1]), NO_END, 30, seed=seed).tokens for seed in (4, 4, 5)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


PLAIN = torch.tensor([0.5, 0.25, 0.15, 0.1]).log()


def test_filters_by_hand():
    assert torch.allclose(sample.filtered(PLAIN).exp(), PLAIN.exp())
    assert torch.allclose(sample.filtered(PLAIN, top_k=2).exp(), torch.tensor([2 / 3, 1 / 3, 0, 0]))
    assert torch.allclose(sample.filtered(PLAIN, nucleus=0.5).exp(), torch.tensor([1.0, 0, 0, 0]))
    assert torch.allclose(sample.filtered(PLAIN, nucleus=0.51).exp(), torch.tensor([2 / 3, 1 / 3, 0, 0]))
    squared = PLAIN.exp().square()
    assert torch.allclose(sample.filtered(PLAIN, temperature=0.5).exp(), squared / squared.sum())
    assert torch.allclose(sample.filtered(PLAIN, temperature=1e9).exp(), torch.full((4,), 0.25))


def test_filters_take_any_leading_shape_and_stay_normalised():
    some = torch.randn(3, 2, 50, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    kept = sample.filtered(some, temperature=0.7, top_k=20, nucleus=0.9)
    assert kept.shape == some.shape
    assert torch.allclose(kept.exp().sum(-1), torch.ones(3, 2))
    assert torch.equal(kept.argmax(-1), some.argmax(-1))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"temperature": 0.0}, "temperature must be above 0"),
        ({"temperature": -1.0}, "temperature must be above 0"),
        ({"temperature": math.nan}, "temperature must be above 0"),
        ({"top_k": -1}, "top_k must be at least 1"),
        ({"nucleus": 0.0}, "nucleus must be"),
        ({"nucleus": 1.1}, "nucleus must be"),
    ],
)
def test_settings_outside_their_range_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        sample.filtered(PLAIN, **settings)
