"""Looking inside language models: every technique keeps its promises, and planted cells are found, others not."""

import numpy as np
import pytest
import torch
from torch import nn

from visus.engine import catalogue
from visus.explain import text as techniques
from visus.explain.text import _properties, _reading, cells, reach, surprise
from visus.models.sequence.language import build

LINES = "And so it goes.\nBOB:\nIt does, I say, and goes on for long!\n\n"
QUOTED = 'He said "it is so" and left. Then "no, never" was heard, far away, by us all.\n'
every_technique = pytest.mark.parametrize("name", catalogue.names(techniques))


def encoded(text):
    symbols = sorted(set(text))
    return torch.tensor([symbols.index(symbol) for symbol in text]), symbols


def random_text(n, seed=0, letters='abcdefgh \n."A'):
    return "".join(np.random.default_rng(seed).choice(list(letters), n))


def small(symbols, cell="lstm", seed=0):
    torch.manual_seed(seed)
    return build(len(symbols), cell, hidden=12, layers=2, embedding=8)


class Counter(nn.Module):
    """A language model with a planted cell: unit 3 of its one layer counts symbols since the last new line."""

    def __init__(self, symbols):
        super().__init__()
        self.line_end, self.n = symbols.index("\n"), len(symbols)
        self.noise = nn.Linear(1, 6)

    def forward(self, tokens, state):
        steps = []
        count = torch.zeros(len(tokens)) if state is None else state[0][:, 0, 2]
        for token in tokens.T:
            count = torch.where(token == self.line_end, torch.zeros_like(count), count + 1)
            steps.append(count)
        last = tokens[:, -1:, None].float()
        units = self.noise(last).sin().clone()
        units[:, 0, 2] = count
        return torch.zeros(*tokens.shape, self.n), (units.detach(),)


@every_technique
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_answers_with_readings_and_leaves_the_network_as_it_was(name, cell):
    ids, symbols = encoded(LINES * 50)
    model = small(symbols, cell).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    shares = []
    reading = catalogue.find(techniques, name).read(model, ids, symbols, shares.append)
    assert reading.findings
    assert all(sentence.endswith(".") for sentence in reading.findings)
    assert reading.passages or reading.curves or reading.tables
    for passage in reading.passages:
        assert len(passage.values) == len(passage.symbols)
        assert np.abs(passage.values).max() <= 1
    for table in reading.tables:
        assert all(len(row) == len(table.headings) for row in table.rows)
    assert shares == sorted(shares)
    assert shares[-1] <= 1
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


@every_technique
def test_a_text_too_short_is_refused_in_one_sentence(name):
    ids, symbols = encoded("ab\n")
    with pytest.raises(ValueError, match="needs a text of at least"):
        catalogue.find(techniques, name).read(small(symbols), ids[:1], symbols)


def test_a_planted_cell_is_found_and_told_apart_from_its_controls():
    ids, symbols = encoded(random_text(4000, letters="abcdefgh" * 4 + " ,.\n"))
    reading = cells.read(Counter(symbols), ids, symbols)
    planted = next(one for one in reading.data["cells"] if one["property"] == "position in the line")
    assert (planted["layer"], planted["unit"], planted["sign"]) == (1, 3, 1)
    assert planted["score"] > 0.99
    assert planted["moved"] < 0.3
    assert not planted["tracks"]  # fresh weights have the planted count as well: nothing was learned


def test_a_cell_that_training_made_is_said_to_track():
    rng = np.random.default_rng(0)
    text = list(random_text(4000, letters="abcdefgh" * 4 + " ,.\n"))
    position = _properties.position_in_line(text)
    fresh = rng.normal(size=(4000, 2, 5)).astype(np.float32)
    learned = fresh.copy()
    learned[:, 1, 4] = -position + rng.normal(size=4000)
    found = {one.name: one for one in cells.search(learned, fresh, text)}
    one = found["position in the line"]
    assert one.tracks
    assert (one.layer, one.unit, one.sign) == (2, 5, -1)
    assert not found["vowel"].tracks


def test_noise_tracks_nothing_though_a_thousand_units_are_tried():
    rng = np.random.default_rng(1)
    text = list(random_text(2000))
    units, fresh = rng.normal(size=(2, 2000, 1, 1000)).astype(np.float32)
    assert not any(one.tracks for one in cells.search(units, fresh, text))


def test_scores_are_those_of_scikit_learn_and_scipy():
    from scipy.stats import spearmanr
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(2)
    units = rng.normal(size=(300, 4)).astype(np.float32)
    holds = (units[:, 1] + rng.normal(size=300) > 0).astype(float)
    amount = units[:, 2] + rng.normal(size=300)
    fits = cells._fits(cells._ranks(units), [holds, amount])
    for unit in range(4):
        assert (fits[0, unit] + 1) / 2 == pytest.approx(roc_auc_score(holds, units[:, unit]), abs=1e-5)
        assert fits[1, unit] == pytest.approx(spearmanr(amount, units[:, unit]).statistic, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("inside quotes", 'a"bc"d', "011100"),
        ("inside brackets", "a(b[c]d)e", "011111100"[:9]),
        ("position in the line", "ab\ncd", "12012"),
        ("the line begins", "a\nb", "010"),
        ("the line ends next", "ab\nc", "010?"),
        ("lines since an empty one", "a\nb\n\nc\n", "0112001"[:7]),
        ("a line of capitals", "AB:\nAb", "0110000"[:6]),
        ("indentation of the line", "  a b\nc", "1222200"),
        ("capital letter next", "aBc", "10?"),
        ("vowel", "bAby", "0101"),
        ("vowel next", "bab", "10?"),
        ("digit", "a1b", "010"),
        ("letters of the word so far", "ab, c", "12001"),
        ("the word ends here", "ab c", "010?"),
        ("a sentence has just ended", "a. B", "0110"),
    ],
)
def test_properties_of_a_text_worked_by_hand(name, text, expected):
    told, _ = _properties.PROPERTIES[name]
    found = "".join("?" if np.isnan(value) else f"{value:.0f}" for value in told(list(text)))
    assert found == expected


def test_states_read_in_lanes_are_those_of_one_pass():
    ids, symbols = encoded(random_text(1200))
    model = small(symbols)
    at_once = _reading.states(model, ids, lanes=1, before=100)
    in_lanes = _reading.states(model, ids, lanes=4, before=100)
    assert [s.shape for s in at_once] == [(1200, 2, 12)] * 2
    for one, many in zip(at_once, in_lanes, strict=True):
        assert np.abs(one - many).max() < 1e-4


def test_surprise_is_what_the_model_says_of_its_own_text():
    ids, symbols = encoded(random_text(350))
    model = small(symbols).eval()
    assert np.allclose(_reading.surprise(model, ids), model.surprises(ids).numpy(), atol=1e-5)


def test_the_most_surprising_places_are_the_largest_and_apart():
    nats = np.zeros(200)
    nats[[10, 11, 100, 150]] = [5.0, 4.9, 9.0, 7.0]
    assert surprise.worst(nats, ["a"] * 201, 3) == [101, 151, 11]
    assert surprise.share(np.array([1.0, 1, 1, 1])) == pytest.approx(0.5)


class Looks(nn.Module):
    """Knows the text's period of 6 once it has seen `back` symbols since it began, and nothing before."""

    def __init__(self, back):
        super().__init__()
        self.back = back

    def forward(self, tokens, state):
        scores = torch.zeros(*tokens.shape, 6)
        known = (tokens[:, self.back - 1 :] + 1) % 6
        scores[:, self.back - 1 :].scatter_(2, known[..., None], 5.0)
        return scores, ()


@pytest.mark.parametrize("back", [1, 4, 30])
def test_reach_is_how_far_back_the_model_looks(back):
    ids = torch.arange(1200) % 6
    reading = reach.read(Looks(back), ids, list("abcdef"), windows=16)
    assert abs(reading.data["reach"] - back) <= 1 + back // 3
    nats = reading.data["nats"]
    assert nats[back - 1] < 0.1
    assert back == 1 or nats[back - 2] == pytest.approx(np.log(6), abs=1e-5)
