"""The example's three ways agree, as the course asks: to 1e-3 in the Frobenius norm."""

import runpy
from pathlib import Path

import torch

EXAMPLE = Path(__file__).parents[2] / "examples" / "knn_three_ways.py"


def test_two_loops_one_loop_and_none_agree():
    ways = runpy.run_path(str(EXAMPLE))["WAYS"]
    dice = torch.Generator().manual_seed(0)
    queries, examples = torch.rand(20, 48, generator=dice), torch.rand(50, 48, generator=dice)
    two, one, none = (distances(queries, examples) for distances in ways.values())
    assert (two - one).norm() < 1e-3
    assert (two - none).norm() < 1e-3
