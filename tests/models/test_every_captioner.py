"""Promises every captioner keeps. A new file in `models/captioners` is tested without being mentioned."""

import math

import pytest
import torch

from visus.decoding import beam, greedy
from visus.engine import catalogue
from visus.models import captioners

NAMES = catalogue.names(captioners)
SHAPE, V, END = (6, 2, 3), 9, 2
every_captioner = pytest.mark.parametrize("name", NAMES)
every_cell = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def fresh(name, **settings):
    torch.manual_seed(0)
    return catalogue.find(captioners, name).build(SHAPE, V, hidden=7, embedding=5, **settings).eval()


@pytest.fixture
def features():
    return torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def words():
    return torch.randint(0, V, (3, 4), generator=torch.Generator().manual_seed(2))


@every_captioner
@every_cell
def test_word_by_word_is_the_same_as_all_at_once(name, cell, features, words):
    model = fresh(name, cell=cell)
    told, state = model(features, words), model.begin(features)
    assert told.scores.shape == (3, 4, V)
    for t in range(4):
        assert all(len(tensor) == 3 for tensor in state)
        scores, state = model.step(words[:, t], state)
        assert torch.allclose(scores, told.scores[:, t], atol=1e-6)


@every_captioner
def test_a_fresh_one_guesses_blindly(name, features, words):
    with torch.no_grad():
        scores = fresh(name)(features, words).scores
    assert float(torch.nn.functional.cross_entropy(scores.flatten(0, 1), words.flatten())) == pytest.approx(
        math.log(V), abs=0.05
    )


@every_captioner
def test_a_word_depends_on_the_picture_and_no_later_word_or_other_picture(name, features, words):
    model = fresh(name).double()
    torch.nn.init.normal_(model.head.weight)
    features, told = features.double(), model(features.double(), words)
    later, other = words.clone(), features.clone()
    later[:, 2:] = (later[:, 2:] + 1) % V
    other[1] += 1
    assert torch.allclose(model(features, later).scores[:, :2], told.scores[:, :2])
    changed = (model(other, words).scores - told.scores).abs().amax((1, 2))
    assert changed[1] > 1e-6
    assert changed[0] == changed[2] == 0


@every_captioner
def test_gradients_are_those_of_differences(name, features, words):
    model = fresh(name).double()

    def scores(grid):
        return model(grid, words[:1]).scores

    assert torch.autograd.gradcheck(scores, features[:1].double().requires_grad_())


@every_captioner
def test_weights_say_where_it_looked_if_it_looks(name, features, words):
    weights = fresh(name)(features, words).weights
    if weights is not None:
        assert weights.shape == (3, 4, 6)
        assert torch.allclose(weights.sum(2), torch.ones(3, 4))
        assert weights.min() >= 0


@every_captioner
def test_the_beam_finds_what_no_greedy_walk_beats(name, features):
    model = fresh(name)
    torch.nn.init.normal_(model.head.weight)
    start = torch.ones(3, dtype=torch.int64)

    def step(tokens, state):
        scores, state = model.step(tokens, state)
        return scores.log_softmax(1), state

    wide = beam.decode(step, model.begin(features), start, END, 4, width=V)
    assert (wide.scores >= greedy.decode(step, model.begin(features), start, END, 4).scores - 1e-5).all()


@every_captioner
@pytest.mark.parametrize(
    ("settings", "message"),
    [({"dropout": 1.0}, "dropout"), ({"hidden": 0}, "hidden"), ({"cell": "mut"}, "cell must be")],
)
def test_settings_that_cannot_be_get_one_sentence(name, settings, message):
    with pytest.raises(ValueError, match=message):
        catalogue.find(captioners, name).build(SHAPE, V, **settings)


def test_soft_attention_sees_the_weighted_mean_by_hand():
    from visus.models.captioners.soft_attention import mean_feature

    grid = torch.tensor([[[1.0, 0], [0, 4]]])
    seen, drawn = mean_feature(torch.tensor([[0.25, 0.75]]), grid, True)
    assert seen.tolist() == [[0.25, 3.0]]
    assert drawn is None


def test_hard_attention_draws_in_training_and_takes_the_likeliest_in_use():
    from visus.models.captioners.hard_attention import one_place

    weights = torch.tensor([[0.3, 0.7]]).repeat(4000, 1)
    grid = torch.tensor([[[1.0], [2.0]]]).expand(4000, 2, 1)
    torch.manual_seed(0)
    seen, drawn = one_place(weights, grid, True)
    assert drawn.float().mean() == pytest.approx(0.7, abs=0.03)
    assert torch.equal(seen[:, 0], drawn + 1.0)
    seen, drawn = one_place(weights, grid, False)
    assert (seen == 2).all()
    assert drawn is None
