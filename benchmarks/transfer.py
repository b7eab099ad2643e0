"""What `pretrained=visus-small` is worth on a folder of 400 photos in 10 classes, against training from scratch.

`visus fit` without its search, 30 epochs, three seeds (each a split of its own); test accuracy on 60.
"""

import os
import tempfile
from pathlib import Path
from statistics import mean

from _claim import spread, state

from visus import fit
from visus.runs.reader import Run

SEEDS = (0, 1, 2)
WAYS = {
    "from scratch, 32 px": {"size": 32},
    "from scratch, 64 px": {"size": 64},
    "visus-small, 32 px": {"pretrained": "visus-small"},
}


def percent(settings: dict[str, object], seed: int) -> float:
    source = Path(os.environ["VISUS_DATA"]) / "caltech101-10" / "101_ObjectCategories"
    with tempfile.TemporaryDirectory() as runs:
        run = Run(fit(source, runs=runs, seed=seed, skip=["search"], epochs=30, **settings).folder)
        return 100 * float(run.verdict("test")["detail"]["accuracy"])


if __name__ == "__main__":
    found: dict[str, list[float]] = {}
    for name, settings in WAYS.items():
        found[name] = [percent(settings, seed) for seed in SEEDS]
        print(f"  {name}: {spread(found[name], 1)}", flush=True)
    scratch, transferred = (
        max(mean(values) for name, values in found.items() if name.startswith(kind))
        for kind in ("from scratch", "visus-small")
    )
    state(
        "transfer",
        "pretrained weights tell more of the test pictures right than training from scratch",
        transferred > scratch,
        **{name: spread(values, 1) for name, values in found.items()},
        seeds=list(SEEDS),
    )
