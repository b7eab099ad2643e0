"""`visus fit` on a folder of 400 photos in 10 classes beats its kNN and linear baselines clearly: three seeds.

Clearly: the lower end of the test score's 95 % interval lies above the better baseline's validation score.
"""

import os
import sys
import tempfile
from pathlib import Path

from _claim import spread, state

from visus import fit
from visus.runs.reader import Run

if __name__ == "__main__":
    source = Path(os.environ["VISUS_DATA"]) / "caltech101-10" / "101_ObjectCategories"
    budget = sys.argv[1] if len(sys.argv) > 1 else None
    found = []
    for seed in (0, 1, 2):
        with tempfile.TemporaryDirectory() as runs:
            run = Run(fit(source, runs=runs, budget=budget, seed=seed).folder)
            verdicts = {name: run.verdict(name) for name in ("baselines", "test")}
            seconds = sum(event["seconds"] for event in run.events("verdict"))
        baselines, test = verdicts["baselines"]["detail"], verdicts["test"]["detail"]
        found.append((test["accuracy"], test["low"], baselines["knn"], baselines["linear"], seconds))
        print(
            f"  seed {seed}: test {test['accuracy']:.3f} ({test['low']:.3f}..), {verdicts['baselines']['line']}",
            flush=True,
        )
    columns = [[100 * value for value in column] for column in list(zip(*found, strict=True))[:4]]
    state(
        "folder",
        "the test score's lower bound is above kNN and linear",
        all(low > max(knn, linear) for _, low, knn, linear, _ in found),
        test_percent=spread(columns[0], 1),
        lower_bound_percent=spread(columns[1], 1),
        knn_validation_percent=spread(columns[2], 1),
        linear_validation_percent=spread(columns[3], 1),
        seconds=spread([row[4] for row in found], 0),
        seeds=[0, 1, 2],
        budget=budget or "none",
    )
