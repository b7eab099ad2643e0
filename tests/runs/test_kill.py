"""A real process is killed with kill -9 at random moments; resumed, it ends with the very same weights."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch

import visus
from visus.runs import checkpoint
from visus.runs.reader import Run

# The command line, with a checkpoint after every step, so that kills fall between many of them.
PROGRAM = """
import sys
from visus.runs import recorder
recorder.CHECKPOINT_SECONDS = 0.0
from visus.cli._app import run
if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
"""
SETTINGS = ["width=16", "epochs=40", "arithmetic=float32", "dropout=0.3", "average=0.9", "flip=yes", "colour=0.2"]
SKIP = ["--skip", "search", "--skip", "baselines", "--skip", "checks", "--skip", "report"]


def start(program, arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(program), *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process):
    out, error = process.communicate(timeout=180)
    assert process.returncode == 0, error.decode() + out.decode()


def kill_while_training(process, folder_of, after):
    """Wait for the first checkpoint, then a little longer, then kill -9. Returns whether it was still running."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if any(folder_of.glob("*/checkpoints/last.safetensors")):
            break
        time.sleep(0.01)
    time.sleep(after)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return alive


@pytest.mark.parametrize("extra", [[], ["memory=0", "workers=2"]], ids=["in memory", "with loader workers"])
def test_killed_at_random_and_resumed_the_weights_are_the_same(stripes, tmp_path, extra):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    fit = ["fit", str(stripes), *SETTINGS, *extra, *SKIP, "--yes", "--runs"]
    whole = start(program, [*fit, str(tmp_path / "whole")])
    finish(whole)

    dice = random.Random(0 if extra else 1)
    killed = kill_while_training(start(program, [*fit, str(tmp_path / "cut")]), tmp_path / "cut", dice.uniform(0, 0.5))
    (folder,) = [path.parent for path in (tmp_path / "cut").glob("*/run.json")]
    steps = [checkpoint.load(folder / "checkpoints" / "last.safetensors")["step"]]
    for _ in range(2):
        process = start(program, ["resume", str(folder)])
        time.sleep(dice.uniform(1.5, 4.0))  # somewhere from start-up to training
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        steps.append(checkpoint.load(folder / "checkpoints" / "last.safetensors")["step"])  # whole, whatever happened
    assert killed, "every run had ended before its kill: the test proves nothing"
    assert steps == sorted(steps)
    finish(start(program, ["resume", str(folder)]))

    (reference,) = [path.parent for path in (tmp_path / "whole").glob("*/run.json")]
    ours, theirs = visus.load(folder).network.state_dict(), visus.load(reference).network.state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
    curves = [[(e["step"], e["loss"]) for e in Run(f).events("metrics")] for f in (folder, reference)]
    assert {step for step, _ in curves[0]} >= {step for step, _ in curves[1][-3:]}
    assert Run(folder).verdict("test")["detail"]["use"] == 1
