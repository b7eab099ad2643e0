"""All L2 distances three ways: with two loops, with one loop and with none. Same answer, other speed."""

import time

import torch
from sklearn.datasets import load_digits
from torch import Tensor

from visus.geometry.distances import l2_distances
from visus.geometry.neighbours import nearest, vote


def two_loops(queries: Tensor, examples: Tensor) -> Tensor:
    """(B, D), (N, D) -> (B, N): one pair at a time."""
    distances = queries.new_empty(len(queries), len(examples))
    for i in range(len(queries)):
        for j in range(len(examples)):
            distances[i, j] = (queries[i] - examples[j]).square().sum().sqrt()
    return distances


def one_loop(queries: Tensor, examples: Tensor) -> Tensor:
    """(B, D), (N, D) -> (B, N): one query at a time against all examples."""
    distances = queries.new_empty(len(queries), len(examples))
    for i in range(len(queries)):
        distances[i] = (queries[i] - examples).square().sum(1).sqrt()
    return distances


no_loop = l2_distances  # sqrt(|a|**2 - 2 a.b + |b|**2): one matrix product for all pairs

WAYS = {"two loops": two_loops, "one loop": one_loop, "no loop": no_loop}

if __name__ == "__main__":
    rows, labels = (torch.from_numpy(values) for values in load_digits(return_X_y=True))
    rows = rows.float()
    train, test = rows[:1500], rows[1500:1600]
    found = {}
    for name, distances in WAYS.items():
        began = time.perf_counter()
        found[name] = distances(test, train)
        print(f"{name:<10} {1000 * (time.perf_counter() - began):8.1f} ms")
    for name in ("two loops", "one loop"):
        print(f"no loop and {name} differ by {(found['no loop'] - found[name]).norm():.1e} in all (Frobenius norm)")
    for k in (1, 3, 5):
        near, which = nearest(test, train, k)  # without keeping all distances, and exact
        right = (vote(labels[:1500][which], near, 10) == labels[1500:1600]).double().mean()
        print(f"k = {k}: {100 * right:.0f} % right")
