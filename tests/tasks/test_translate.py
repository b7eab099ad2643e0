"""Translate: what it learns from, what it says of itself, and that padding does not count."""

import copy
import math

import pytest
import torch

from visus.data.pairs import prepare_pairs
from visus.data.phrases import phrases
from visus.engine.loop import fit
from visus.recipes import translate

SMALL = {"hidden": 32, "embedding": 24, "batch": 16, "dropout": 0.0, "lr": 1e-2, "arithmetic": "float32"}


@pytest.fixture(scope="module")
def pairs():
    return prepare_pairs(phrases(400))


def test_it_learns_to_translate_and_a_blind_guess_is_its_start(pairs):
    task = translate.build(pairs, epochs=5, attention="additive", **SMALL)
    first = task.nats("validation")
    assert first == pytest.approx(task.objectives[0].blind_loss, abs=0.2)
    fit(task, task.steps)
    scores = task.evaluate()
    assert next(iter(scores)) == "validation_log_likelihood"
    assert scores["validation_nats"] == -scores["validation_log_likelihood"] < first / 2
    assert scores["validation_perplexity"] == pytest.approx(math.exp(scores["validation_nats"]))
    assert scores["train_nats"] < first / 2
    assert 0 <= scores["validation_bleu"] <= 100
    assert len(task.illustrate()) == task.SHOWN


def test_padding_does_not_count(pairs):
    task = translate.build(pairs, epochs=1, **SMALL).eval()
    source, before, after = task.data.batch(0)
    wide = [torch.cat([tensor, torch.zeros(len(tensor), 7, dtype=torch.long)], 1) for tensor in (source, before, after)]
    assert torch.allclose(
        task.surprise(tuple(wide))["cross_entropy"], task.surprise((source, before, after))["cross_entropy"]
    )


def test_smoothing_is_of_training_alone(pairs):
    plain, smooth = (translate.build(pairs, epochs=1, **SMALL, smoothing=share).eval() for share in (0.0, 0.3))
    assert plain.nats("validation", 20) == smooth.nats("validation", 20)
    batch = plain.data.batch(0)
    assert plain.surprise(batch)["cross_entropy"] != smooth.surprise(batch)["cross_entropy"]


def test_translations_come_in_the_order_of_the_rows(pairs):
    task = translate.build(pairs, epochs=1, **SMALL)
    rows = [int(row) for row in pairs.rows("validation")[:6]]
    together = task.translations(rows, batch=2)
    assert together == [task.translations([row])[0] for row in rows]


def test_a_copy_shares_the_sentences_and_learns_apart(pairs):
    task = translate.build(pairs, epochs=1, **SMALL)
    twin = copy.deepcopy(task)
    assert twin.data is task.data
    twin.objectives[0].improve(next(iter(twin.batches())))
    assert any(not torch.equal(a, b) for a, b in zip(task.parameters(), twin.parameters(), strict=True))


def test_a_batch_may_be_cut_into_pieces(pairs):
    whole, cut = (translate.build(pairs, epochs=1, **SMALL, accumulate=n) for n in (1, 4))
    losses = [float(task.objectives[0].improve(task.data.batch(0)).loss) for task in (whole, cut)]
    assert losses[0] == pytest.approx(losses[1], abs=0.05)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"input_feeding": True, "attention": "none"}, "feeds what attention read"),
        ({"average": 0.9, "swa": 0.5}, "two averages"),
    ],
)
def test_settings_that_cannot_be_together(pairs, settings, says):
    with pytest.raises(ValueError, match=says):
        translate.build(pairs, **SMALL | settings)
