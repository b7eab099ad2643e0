"""Visus agrees with every fact of the course that concerns it, and the adapter notices when it does not."""

import copy
import json
from pathlib import Path

import pytest

from . import adapter, expressions
from .facts import KNOWN

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
NAMED = {vector["name"]: vector for vector in VECTORS}


@pytest.mark.parametrize("vector", VECTORS, ids=NAMED)
def test_visus_agrees(vector):
    holds, line = adapter.judge(vector)
    assert holds, line


def test_every_fact_is_there_once():
    assert len(NAMED) == len(VECTORS) >= 78


def test_the_adapter_computes_from_the_inputs_it_is_given():
    other = copy.deepcopy(NAMED["sgd"])
    other["inputs"] = {"w": "np.array([1.,2.])", "dw": "np.array([10.,-10.])"}
    other["expected"] = {"next_w": [0.9, 2.1]}
    assert adapter.judge(other)[0]
    other = copy.deepcopy(NAMED["circuit_add_mul"])
    other["inputs"], other["expected"] = {"x": "1.0", "y": "2.0", "z": "3.0"}, {"f": 9.0, "dx": 3.0, "dz": 3.0}
    assert adapter.judge(other)[0]


@pytest.mark.parametrize("name", NAMED)
def test_a_wrong_expectation_is_noticed(name):
    wrong = copy.deepcopy(NAMED[name])
    wrong["expected"] = {key: _spoilt(value) for key, value in wrong["expected"].items()}
    holds, line = adapter.judge(wrong)
    assert not holds
    assert line.startswith(("WRONG", "error"))


def _spoilt(expected):
    if isinstance(expected, dict):
        return {**expected, "l2": expected["l2"] + 1}
    return [_spoilt(value) for value in expected] if isinstance(expected, list) else expected + 1


# Rules whose facts were kept aside, with numbers worked by hand.
W, DW = {"w": "np.array([1.0])", "dw": "np.array([2.0])"}, {"learning_rate": 0.1}


@pytest.mark.parametrize(
    ("name", "inputs", "params", "expected"),
    [
        ("sgd_momentum", {"v": "np.array([0.5])"}, {"momentum": 0.9}, {"next_w": [1.25], "velocity": [0.25]}),
        ("rmsprop", {"cache": "np.array([1.0])"}, {"decay_rate": 0.5, "epsilon": 0.0}, {"cache": [2.5]}),
        ("adam", {"m": "np.zeros(1)", "v": "np.zeros(1)"}, {"t": 0, "epsilon": 0.0}, {"next_w": [0.9], "m": [0.2]}),
        ("adam_almost", {"m": "np.zeros(1)", "v": "np.zeros(1)"}, {"epsilon": 0.0}, {"next_w": [1 - 0.1**0.5]}),
    ],
)
def test_other_rules_under_their_usual_names(name, inputs, params, expected):
    vector = {"name": name, "inputs": W | inputs, "params": DW | params, "expected": expected}
    holds, line = adapter.judge({**vector, "tolerance": 1e-9, "tolerance_metric": "rel_error"})
    assert holds, line


def test_a_name_without_a_function_is_an_error_of_one_line():
    holds, line = adapter.judge({"name": "warp_drive", "tolerance": 0, "tolerance_metric": "abs"})
    assert not holds
    assert "warp_drive" not in KNOWN
    assert "no function of Visus" in line


def test_the_command_prints_a_line_each_and_fails_with_the_worst(tmp_path, capsys):
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps(VECTORS[:3]), encoding="utf-8")
    assert adapter.main([str(file)]) == 0
    assert capsys.readouterr().out.count("ok ") == 3
    file.write_text(json.dumps([{**VECTORS[0], "name": "warp_drive"}]), encoding="utf-8")
    assert adapter.main([str(file)]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "np.load('x')",
        "rs.__class__",
        "open('x')",
        "(lambda: 1)()",
        "np.random.seed(1)",
        "1 if 1 else 2",
        "a b",
    ],
)
def test_an_expression_can_compute_and_nothing_else(text):
    with pytest.raises(ValueError, match=r"not allowed|not an expression"):
        expressions.value(text, {"rs": object()})


def test_a_prelude_only_gives_names():
    with pytest.raises(ValueError, match="prelude"):
        expressions.assign("import os")
