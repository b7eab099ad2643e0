"""Recipes of recurrent attention: they learn, go on exactly where they stopped, and refuse what cannot be."""

import copy
import json

import pytest
import torch

from visus.engine.loop import fit
from visus.engine.seed import random_state, restore_random_state
from visus.recipes import classify, ram_mnist, ram_mnist_translated, regress
from visus.runs.reader import EVENTS
from visus.runs.recorder import Recorder

SMALL = {
    "data": "digits", "glimpses": 4, "window": 4, "hidden": 64, "looks": 3, "batch": 50, "lr": 5e-3,
    "arithmetic": "float32", "device": "cpu",
}  # fmt: skip


def weights(task):
    return {name: tensor.clone() for name, tensor in task.state_dict().items()}


def test_digits_are_told_apart_in_four_glimpses():
    task = ram_mnist.build(**SMALL, epochs=10)
    fit(task, task.steps)
    assert task.evaluate()["validation_accuracy"] > 0.8  # a guess has 0.1


def test_a_run_that_is_taken_up_again_ends_as_one_that_never_stopped(tmp_path):
    whole = ram_mnist.build(**SMALL, epochs=1)
    fit(whole, 9)
    begun = ram_mnist.build(**SMALL, epochs=1)
    recorder = Recorder(tmp_path)
    fit(begun, 5)
    recorder.save(begun, 5)
    recorder.journal.close()
    resumed = ram_mnist.build(**SMALL, epochs=1)
    again = Recorder(tmp_path)
    assert again.resume(resumed) == 5
    fit(resumed, 9, start=5)
    again.journal.close()
    assert all(torch.equal(tensor, weights(resumed)[name]) for name, tensor in weights(whole).items())


def test_looking_at_the_loss_twice_from_one_random_state_gives_it_twice():
    task = ram_mnist.build(**SMALL)
    batch, state = next(task.batches()), random_state()
    first = {name: term.item() for name, term in task.misjudgement(batch).items()}
    restore_random_state(state)
    assert first == {name: term.item() for name, term in task.misjudgement(batch).items()}
    assert set(first) == {"cross_entropy", "reinforce", "baseline"}
    assert set(task.surrogates) < set(first)


def test_a_copy_looks_for_itself():
    task = ram_mnist.build(**SMALL)
    twin = copy.deepcopy(task)
    fit(twin, 2)
    network, other = (t.model.get_submodule("network") for t in (task, twin))
    assert torch.equal(network.draws, other.draws)
    assert not torch.equal(network.locate.weight, other.locate.weight)


def test_ways_over_validation_pictures_are_kept_at_each_evaluation(tmp_path):
    task = ram_mnist.build(**SMALL)
    (ways,) = task.pictured().values()
    assert ways.shape[:2] == (8, 3)
    assert ways.dtype == torch.uint8
    recorder = Recorder(tmp_path)
    recorder.after_evaluation(0, task, task.evaluate())
    recorder.journal.close()
    events = [json.loads(line) for line in (tmp_path / EVENTS).read_text().splitlines()]
    assert [set(event["sheets"]) for event in events if event["event"] == "pictures"] == [{"glimpses"}]
    assert classify.build("digits", model="linear", arithmetic="float32", device="cpu").pictured() == {}


def test_each_recipe_is_the_papers_in_its_glimpses():
    small, large = ram_mnist.build.keywords, ram_mnist_translated.build.keywords
    assert (small["glimpses"], small["window"]) == (6, 8)
    assert (large["glimpses"], large["window"], large["scales"], large["data"]) == (6, 12, 3, "mnist-translated")
    assert large["scatter"]


def test_what_has_no_right_and_wrong_cannot_teach_where_to_look(tmp_path, draw_shades):
    table = str(draw_shades(tmp_path, 30, "path", 1.0))
    with pytest.raises(ValueError, match=r"learns where to look from classes .* cannot tell numbers; take model=small"):
        regress.build(table, "shade", size=12, model="recurrent_attention", device="cpu")
