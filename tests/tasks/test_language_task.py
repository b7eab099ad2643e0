"""The language task: what is carried, what is learned, and that nothing is lost on the way."""

import copy
import math
import random
from itertools import islice

import pytest
import torch

from visus.data.lanes import Lanes
from visus.data.text import divide_text
from visus.engine.loop import Observer, StopTraining, fit
from visus.losses.sequence import temporal_cross_entropy
from visus.models.sequence import language
from visus.recipes import char_gru, char_lstm, char_rnn
from visus.runs.recorder import Recorder
from visus.tasks.language import Language

WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs", "and", "then", "some", "other", "words\n")


def drawn(n_words: int = 1_200):
    dice = random.Random(0)
    return divide_text(" ".join(dice.choice(WORDS) for _ in range(n_words)), "drawn")


TEXT = drawn()
SMALL = {"data": TEXT, "hidden": 24, "layers": 2, "embedding": 8, "batch": 8, "window": 16, "arithmetic": "float32"}


def built(**changed) -> Language:
    return char_lstm.build(**(SMALL | {"epochs": 2, "shown": 0} | changed))


def test_a_fresh_model_knows_nothing():
    task = built()
    scores = task.evaluate()
    assert scores["validation_nats"] == pytest.approx(math.log(len(TEXT.vocabulary)), abs=0.1)
    assert task.objectives[0].blind_loss == pytest.approx(scores["validation_nats"], abs=0.1)
    assert next(iter(scores)) == "validation_log_likelihood"
    assert scores["validation_perplexity"] == pytest.approx(len(TEXT.vocabulary), rel=0.1)


@pytest.mark.parametrize("recipe", [char_lstm, char_gru, char_rnn])
def test_it_learns_a_text_of_a_few_words(recipe):
    task = recipe.build(**SMALL | {"layers": 1}, epochs=5, lr=3e-2, schedule="constant", dropout=0.0, shown=30)
    fit(task, task.steps)
    assert task.evaluate()["validation_nats"] < 1.5
    (made,) = task.illustrate().values()
    assert len(made) == 31


def test_windows_with_the_state_carried_see_what_one_long_window_sees():
    task = built(dropout=0.0)
    seen = []
    for batch in islice(task.batches(), 4):
        with torch.no_grad():
            seen.append(float(task.surprise(batch)["cross_entropy"]))
    long = Lanes(TEXT, 8, 64, 0)
    first = task.data._first(0)
    places = first[:, None] + torch.arange(64)
    with torch.no_grad():
        scores, _ = task.model(long.ids[places])
    assert sum(seen) / 4 == pytest.approx(float(temporal_cross_entropy(scores, long.ids[places + 1])), abs=1e-6)


def test_a_loss_is_the_same_however_often_it_is_asked_for():
    task = built(dropout=0.0)
    second = list(islice(task.batches(), 1))
    task.surprise(second[0])
    batch = next(task.batches(1))
    first_time, second_time = (task.surprise(batch)["cross_entropy"] for _ in range(2))
    assert torch.equal(first_time, second_time)
    assert task.carried.abs().sum() > 0


def test_a_new_pass_begins_with_nothing_read():
    task = built(dropout=0.0)
    for batch in islice(task.batches(), 3):
        task.surprise(batch)
    fresh, used = built(dropout=0.0), task
    step = task.steps_per_epoch
    batch = next(used.batches(step))
    assert batch[3].all()
    assert task.carried.abs().sum() > 0
    assert torch.equal(used.surprise(batch)["cross_entropy"], fresh.surprise(batch)["cross_entropy"])


def test_a_batch_in_pieces_leaves_the_same_state_behind_and_the_same_gradient():
    whole, pieces = built(dropout=0.0), built(dropout=0.0, accumulate=3)
    for task in (whole, pieces):
        for batch in islice(task.batches(), 2):
            task.objectives[0].improve(batch)
    assert torch.allclose(whole.left_behind, pieces.left_behind, atol=1e-6)
    for one, other in zip(whole.parameters(), pieces.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, atol=1e-6)


def test_the_gradient_stops_at_the_border_of_a_window():
    task = built(dropout=0.0)
    for batch in islice(task.batches(), 2):
        task.surprise(batch)["cross_entropy"].backward()  # a second backward through the first window would raise
    assert not task.carried.requires_grad
    assert not task.left_behind.requires_grad


class StopAt(Observer):
    def __init__(self, step: int) -> None:
        self.step = step

    def after_step(self, step, task):
        if step + 1 == self.step:
            raise StopTraining("half-way")


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_run_that_was_stopped_in_the_middle_of_a_pass_ends_as_if_it_was_not(tmp_path, cell):
    steps = 23
    whole = built(cell=cell, dropout=0.3)
    torch.manual_seed(5)
    fit(whole, steps)
    broken = built(cell=cell, dropout=0.3)
    torch.manual_seed(5)
    fit(broken, steps, [recorder := Recorder(tmp_path), StopAt(11)])
    recorder.journal.close()
    again = built(cell=cell, dropout=0.3, seed=0)
    recorder = Recorder(tmp_path)
    assert recorder.resume(again) == 11
    fit(again, steps, start=11)
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), again.state_dict().values(), strict=True))


def test_a_copy_carries_its_own_state():
    task = built()
    task.surprise(next(task.batches()))
    other = copy.deepcopy(task)
    other.left_behind.zero_()
    assert task.left_behind.abs().sum() > 0
    assert other.data is task.data


def test_samples_are_written_down_at_each_evaluation(tmp_path):
    task = built(shown=20)
    recorder = Recorder(tmp_path)
    recorder.after_evaluation(3, task, {"validation_log_likelihood": -1.0})
    recorder.journal.close()
    written = (tmp_path / "events.jsonl").read_text().splitlines()
    assert '"illustration"' in written[-1]
    assert "at temperature 0.8" in written[-1]


def test_evaluating_and_illustrating_change_nothing():
    task = built(shown=20, dropout=0.5)
    task.surprise(next(task.batches()))
    before, dice = copy.deepcopy(task.state_dict()), torch.get_rng_state()
    task.evaluate()
    task.illustrate()
    assert task.model.training
    assert torch.equal(dice, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(before.values(), task.state_dict().values(), strict=True))


@pytest.mark.parametrize("lanes", [2, 7, 64])
def test_reading_a_text_in_stretches_is_reading_it_in_one_pass(lanes):
    model = language.build(9, "gru", hidden=12, layers=2, embedding=5).eval()
    symbols = torch.randint(9, (1_001,), generator=torch.Generator().manual_seed(1))
    one = model.surprises(symbols, lanes=1)
    assert one.shape == (1_000,)
    assert torch.allclose(one, model.surprises(symbols, lanes=lanes, warm_up=70), atol=1e-5)


@pytest.mark.parametrize("n", [2, 3, 255, 256, 257, 258])
def test_each_symbol_but_the_first_has_a_surprise(n):
    model = language.build(4, hidden=6, layers=1, embedding=3).eval()
    symbols = torch.arange(n) % 4
    found = model.surprises(symbols)
    with torch.no_grad():
        scores, _ = model(symbols[None, :-1])
    assert torch.allclose(found, -scores[0].log_softmax(-1).gather(1, symbols[1:, None])[:, 0], atol=1e-6)


def test_a_step_at_a_time_is_the_whole_sequence():
    model = language.build(5, hidden=7, layers=2, embedding=3).eval()
    symbols = torch.tensor([[1, 4, 2, 0], [0, 0, 3, 1]])
    whole, state = model(symbols)
    carried = model.start(2)
    for t in range(4):
        told, carried = model.step(symbols[:, t], carried)
        assert torch.allclose(told, whole[:, t].log_softmax(-1), atol=1e-6)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(state, carried, strict=True))
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(state, model.read(symbols), strict=True))


def test_no_prediction_knows_the_future():
    model = language.build(6, hidden=8, embedding=4).eval()
    symbols = torch.randint(6, (2, 12), generator=torch.Generator().manual_seed(0))
    changed = symbols.clone()
    changed[:, 7:] = (changed[:, 7:] + 1) % 6
    with torch.no_grad():
        assert torch.equal(model(symbols)[0][:, :7], model(changed)[0][:, :7])


def test_a_tied_head_is_the_table_of_embeddings_and_needs_its_width():
    model = language.build(6, hidden=8, embedding=8, tied=True)
    assert model.head.weight is model.embed.weight
    with pytest.raises(ValueError, match="set embedding=8"):
        language.build(6, hidden=8, embedding=4, tied=True)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"average": 0.9, "swa": 0.5}, "two averages"),
        ({"batch": 3_000}, "batch="),
        ({"window": 9_999, "batch": 8}, "window="),
        ({"data": "no-such-text"}, "tiny-shakespeare"),
    ],
)
def test_a_recipe_that_cannot_be_says_what_could(changed, sentence):
    with pytest.raises((ValueError, LookupError), match=sentence):
        built(**changed)


def test_predictions_are_chances_of_the_next_symbol():
    chances = built().predict(torch.tensor([[0, 1, 2]]))
    assert chances.shape == (1, 3, len(TEXT.vocabulary))
    assert torch.allclose(chances.sum(-1), torch.ones(1, 3))
