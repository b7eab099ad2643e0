"""Test accuracy of a recipe with its defaults: `accuracy.py digits [SEED ...]`, three seeds unless named.

Trains as `visus train` does (recorder and watchers included), keeps the best-validation weights, tests once a seed.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import mean

from _claim import spread, state

from visus import recipes
from visus.engine import catalogue
from visus.metrics.accuracy import accuracy
from visus.playbook._session import Silent
from visus.playbook._training import train

CLAIMS = {
    "cifar10_resnet20": (0.91, float("inf")),
    "fashion_mnist": (0.92, float("inf")),
    "digits": (0.98, float("inf")),
}


def once(name: str, seed: int) -> tuple[float, float, str]:
    """Test accuracy, seconds from start to tested, and the precision."""
    began = time.perf_counter()
    task = catalogue.find(recipes, name).build(seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        train(task, Path(folder), Silent())
    share = accuracy(*task.score_part("test"))
    seconds = time.perf_counter() - began
    print(f"  seed {seed}: {100 * share:.2f} % in {seconds:.0f} s ({task.precision})", flush=True)
    return share, seconds, str(task.precision)


if __name__ == "__main__":
    name, seeds = sys.argv[1], [int(s) for s in sys.argv[2:]] or [0, 1, 2]
    wanted, limit_s = CLAIMS[name]
    found = [once(name, seed) for seed in seeds]
    shares, seconds = [share for share, _, _ in found], [s for _, s, _ in found]
    state(
        f"accuracy_{name}",
        f"at least {100 * wanted:.0f} %" + (f" in at most {limit_s:.0f} s" if limit_s < float("inf") else ""),
        mean(shares) >= wanted and max(seconds) <= limit_s,
        test_percent=spread([100 * share for share in shares]),
        each=[round(100 * share, 2) for share in shares],
        seconds=spread(seconds, 0),
        seeds=seeds,
        precision=found[0][2],
    )
