"""Two tested runs are told apart where their answers differ enough, and only on the same pictures."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch

from visus.cli._app import run as visus
from visus.playbook.compare import compare
from visus.runs.reader import EVIDENCE, RUN, SPLIT


def answered(root, name, right, contents=None, labels=None):
    """A run folder as `visus fit` leaves it, whose test answers are right where `right` says so."""
    folder = root / name
    folder.mkdir(parents=True)
    n = len(right)
    labels = np.arange(n) % 3 if labels is None else labels
    predicted = np.where(right, labels, (labels + 1) % 3)
    probabilities = torch.eye(3)[torch.from_numpy(predicted)]
    tensors = {"test.probabilities": probabilities, "test.labels": torch.from_numpy(labels)}
    facts = {"classes": ["ant", "bee", "cat"], "test.names": [f"{i}.png" for i in range(n)]}
    (folder / EVIDENCE).write_bytes(safetensors.torch.save(tensors, {"facts": json.dumps(facts)}))
    (folder / RUN).write_text(json.dumps({"name": name, "recipe": "fit", "split_hash": "same"}))
    contents = contents or [f"picture {i}" for i in range(n)]
    (folder / SPLIT).write_text(json.dumps({"train": [], "validation": [], "test": contents}))
    return folder


def test_a_clear_winner_is_named_with_interval_and_p(tmp_path):
    right = np.arange(300) % 10 > 1
    a, b = answered(tmp_path, "a", right), answered(tmp_path, "b", right | (np.arange(300) % 10 == 0))
    found = compare(a, b)
    assert found.sure
    assert found.sentence.startswith("b is better than a: 10.0 points, ")
    assert "p < 0.001, on 300 pictures" in found.sentence
    assert (found.test.only_first, found.test.only_second) == (0, 30)
    assert compare(b, a).sentence.startswith("b is better than a: 10.0 points")


def test_a_few_pictures_more_are_no_winner(tmp_path):
    right = np.arange(100) != 0
    a, b = answered(tmp_path, "a", right), answered(tmp_path, "b", np.arange(100) > 2)
    found = compare(a, b)
    assert not found.sure
    assert "a and b cannot be told apart: -2.0 points for the second" in found.sentence


def test_pictures_are_paired_by_content_whatever_their_order(tmp_path):
    dice = np.random.default_rng(0)
    right, order = dice.random(60) < 0.5, dice.permutation(60)
    contents = [f"picture {i // 2}" for i in range(60)]  # each twice: copies are paired in their order
    labels = np.arange(60) // 2 % 3
    right[1::2] = right[::2]
    a = answered(tmp_path, "a", right, contents, labels)
    b = answered(tmp_path, "b", right[order], [contents[i] for i in order], labels[order])
    found = compare(a, b)
    assert found.test.only_first == found.test.only_second == 0
    assert "cannot be told apart" in found.sentence


def test_the_classes_where_the_difference_lies_come_first_and_p_is_corrected(tmp_path):
    right = np.ones(300, dtype=bool)
    a, b = answered(tmp_path, "a", (np.arange(300) % 3 != 1) | (np.arange(300) > 150)), answered(tmp_path, "b", right)
    first, *others = compare(a, b).classes
    assert (first.name, first.n, first.second) == ("bee", 100, 1.0)
    assert first.p < 0.001
    assert all(of.p == 1 for of in others)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"contents": [f"other {i}" for i in range(9)]}, "different pictures (9 and 9, 0 of them the same)"),
        ({"labels": (np.arange(9) + 1) % 3}, "a has a picture as 'ant' that b has as 'bee'"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(tmp_path, change, sentence, capsys):
    right = np.ones(9, dtype=bool)
    a, b = answered(tmp_path, "a", right), answered(tmp_path, "b", right, **change)
    assert visus(["compare", str(a), str(b)]) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.splitlines()) == 1


def test_an_untested_run_and_the_same_run_twice_are_refused(tmp_path):
    a, b = (answered(tmp_path, name, np.ones(9, dtype=bool)) for name in "ab")
    (b / EVIDENCE).unlink()
    with pytest.raises(ValueError, match="b was not tested"):
        compare(a, b)
    with pytest.raises(ValueError, match="was given twice"):
        compare(a, a)


def test_the_command_counts_nothing_and_prints_the_sentence(tmp_path, capsys):
    a, b = (answered(tmp_path, name, np.ones(9, dtype=bool)) for name in "ab")
    assert visus(["compare", str(a), str(b)]) == 0
    shown = capsys.readouterr().out
    assert "a and b cannot be told apart" in shown
    assert "bee" in shown
    assert not (tmp_path / "ledger.jsonl").exists()
