"""`visus --help` takes at most 0.3 s, and does not import torch."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from _claim import state

ROUNDS, LIMIT_S = 15, 0.3

if __name__ == "__main__":
    visus = Path(sys.executable).with_name("visus")
    bare, ours = [], []
    for _ in range(ROUNDS):
        for command, times in (([sys.executable, "-c", "pass"], bare), ([str(visus), "--help"], ours)):
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - began)
    state(
        "start_up",
        f"visus --help takes at most {LIMIT_S} s",
        median(ours) <= LIMIT_S,
        median_s=round(median(ours), 3),
        worst_s=round(max(ours), 3),
        bare_python_s=round(median(bare), 3),
    )
