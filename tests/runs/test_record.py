"""The record of a run survives torn lines and resumes; the ledger counts every use."""

import json

import pytest
import torch

from visus.runs import ledger
from visus.runs.reader import Run
from visus.runs.recorder import Journal, create, plain


@pytest.fixture
def folder(tmp_path):
    return create(tmp_path, "toy", {"recipe": "toy"})


def test_runs_of_one_name_are_numbered(tmp_path):
    assert [create(tmp_path, "toy", {}).name for _ in range(3)] == ["toy-1", "toy-2", "toy-3"]


def test_what_a_killed_attempt_logged_beyond_its_checkpoint_is_left_out_after_resuming(folder):
    journal = Journal(folder)
    for step in range(5):
        journal.note("metrics", step=step, attempt=1)
    journal.note("resumed", step=2)
    for step in (3, 4, 5):
        journal.note("metrics", step=step, attempt=2)
    journal.close()
    found = [(event["step"], event["attempt"]) for event in Run(folder).events("metrics")]
    assert found == [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 2)]


@pytest.mark.parametrize(
    "rubbish", ['{"event": "metrics", "st', "[]", "null", '{"step": 3}', '{"event": "x", "step": "y"}']
)
def test_a_torn_or_strange_line_is_passed_over_and_the_next_stands_alone(folder, rubbish):
    first = Journal(folder)
    first.note("one")
    first.close()
    with (folder / "events.jsonl").open("a") as file:
        file.write(rubbish)
    second = Journal(folder)
    second.note("two")
    second.close()
    assert [event["event"] for event in Run(folder).events()] == ["one", "two"]


def test_numbers_that_json_lacks_become_null():
    value = {"a": float("nan"), 1: [float("inf"), torch.tensor(2.5)], "t": (True, None, "x")}
    assert json.loads(json.dumps(plain(value))) == {"a": None, "1": [None, 2.5], "t": [True, None, "x"]}


def test_every_use_of_a_split_is_counted_and_others_are_not(tmp_path):
    assert [ledger.record(tmp_path, "abc", "run-1", 60, 0.7) for _ in range(2)] == [1, 2]
    assert ledger.record(tmp_path, "def", "run-2", 60, 0.7) == 1
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write('{"split_hash": "abc", "ru')
    assert len(ledger.uses(tmp_path, "abc")) == 2
    assert ledger.ordinal(1) == "first use of this test split"
    assert ledger.ordinal(3).startswith("use 3 of this test split")


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no run \(run.json is missing\); `visus runs`"):
        Run(tmp_path)
