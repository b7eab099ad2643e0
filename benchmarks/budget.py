"""`budget=` is kept within 10 %: `visus fit` on digits and, with $VISUS_DATA, on CIFAR-10, start-up included."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _claim import state

LIMIT = 1.10

if __name__ == "__main__":
    visus = Path(sys.executable).with_name("visus")
    cases = [("digits", 30), ("digits", 60)] + ([("cifar10", 180)] if "VISUS_DATA" in os.environ else [])
    found = {}
    for source, budget_s in cases:
        with tempfile.TemporaryDirectory() as runs:
            began = time.perf_counter()
            command = [str(visus), "fit", source, f"budget={budget_s}s", "--yes", "--runs", runs]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds = time.perf_counter() - began
        print(done.stdout, done.stderr, flush=True)
        found[f"{source} {budget_s} s"] = round(seconds, 1)
    held = all(seconds <= LIMIT * budget_s for (_, budget_s), seconds in zip(cases, found.values(), strict=True))
    state("budget", "a budget is exceeded by at most 10 %", held, seconds=found)
