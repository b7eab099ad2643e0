"""Facts of a course against Visus: each vector, by its name, through Visus's own public functions.

    python -m tests.conformance.adapter FILE

prints a line for each vector of a JSON file: a list of {name, inputs (NumPy expressions), prelude, params, expected,
tolerance, tolerance_metric}. Inputs are computed from the vector, so other numbers under the same names work. `facts`
says which function answers which name.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import expressions
from .facts import KNOWN, Answer, Given


def answer(vector: Mapping[str, Any]) -> Answer:
    """Visus's answer to a vector. Raises LookupError for a name it does not know."""
    if vector["name"] not in KNOWN:
        raise LookupError(f"no function of Visus is named for '{vector['name']}' yet")
    names = expressions.assign(vector.get("prelude", ""))
    inputs = {name: _tensor(expressions.value(text, names)) for name, text in vector.get("inputs", {}).items()}
    return KNOWN[vector["name"]](Given(inputs, vector.get("params", {})))


def worst(vector: Mapping[str, Any], given: Answer) -> float:
    """The largest deviation from what is expected, in the vector's own measure."""
    measure = {"rel_error": _relative, "abs": _absolute, "exact": _absolute}[vector["tolerance_metric"]]
    return max(_deviation(measure, expected, given[name]) for name, expected in vector["expected"].items())


def judge(vector: Mapping[str, Any]) -> tuple[bool, str]:
    """(whether it holds, a line that says so)."""
    name, allowed, metric = vector["name"], vector["tolerance"], vector["tolerance_metric"]
    try:
        off = worst(vector, answer(vector))
    except Exception as error:
        return False, f"error  {name}: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
    holds = off <= allowed
    return holds, f"{'ok    ' if holds else 'WRONG '} {name}: off by {off:.1e}, allowed {allowed:g} ({metric})"


def _tensor(value: Any) -> Tensor:
    array = np.asarray(value)
    return torch.from_numpy(array.copy() if np.issubdtype(array.dtype, np.integer) else array.astype(np.float64))


def _deviation(measure: Callable[[Any, Any], float], expected: Any, given: Any) -> float:
    found = np.asarray([float(v) for v in given] if isinstance(given, list) else given, dtype=np.float64)
    if not isinstance(expected, dict):
        wanted = np.asarray(expected, dtype=np.float64)
        if wanted.shape != found.shape:
            raise ValueError(f"shape {found.shape} where {wanted.shape} is expected")
        return measure(wanted, found)
    if list(found.shape) != expected["shape"]:
        raise ValueError(f"shape {found.shape} where {tuple(expected['shape'])} is expected")
    flat = found.ravel()
    # a sum of large numbers that cancel is as exact as they are large
    total = abs(flat.sum() - expected["sum"]) / max(1.0, expected["abs_sum"])
    parts = {"abs_sum": np.abs(flat).sum(), "l2": np.linalg.norm(flat), "first5": flat[:5], "last5": flat[-5:]}
    return max(total, *(measure(np.asarray(expected[name]), part) for name, part in parts.items()))


def _relative(a: Any, b: Any) -> float:
    return float(np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)), initial=0.0))


def _absolute(a: Any, b: Any) -> float:
    return float(np.max(np.abs(a - b), initial=0.0))


def main(arguments: list[str]) -> int:
    """Print a line for each vector of a file; 0 if all hold."""
    judged = [judge(vector) for vector in json.loads(Path(arguments[0]).read_text(encoding="utf-8"))]
    for _, line in judged:
        print(line)  # noqa: T201
    return 0 if all(holds for holds, _ in judged) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
