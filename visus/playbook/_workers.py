"""Trials side by side: processes of one thread each, which share the pictures and are asked for one trial at a time.

A small network gains little from a second thread, two of them side by side gain nearly double. Nothing is pickled and
nothing is imported from the caller's script: a worker is `python -m visus.playbook._worker`, talked to in JSON lines.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ._trial_run import Bench, Result
from ._worker import hand_over

SHARED = "bench.safetensors"
KINDS = {error.__name__: error for error in (ValueError, LookupError, OSError, RuntimeError)}


class WorkerDiedError(RuntimeError):
    """A worker ended without an answer, killed for want of memory most likely."""


class Workers:
    """n processes that make trials of one bench. They start when they are first asked and end with `close`."""

    def __init__(self, bench: Bench, n: int) -> None:
        self.bench, self.n = bench, n
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._processes: list[subprocess.Popen[str]] = []

    def make(self, proposals: Sequence[Mapping[str, Any]], epochs: float) -> Generator[Result, None, None]:
        """The results of trials with these settings, in their order. Raises WorkerDiedError, and what a trial raises.

        Whoever stops asking in between gives up what is under way.
        """
        if not self._processes:
            self._start()
        wishes, results = deque(enumerate(proposals)), dict[int, Result]()
        idle, busy = deque(self._processes), dict[subprocess.Popen[str], int]()
        try:
            for number in range(len(proposals)):
                while number not in results:
                    while wishes and idle:
                        place, settings = wishes.popleft()
                        process = idle.popleft()
                        busy[process] = place
                        _ask(process, settings, epochs)
                    for process in _answering(list(busy)):
                        results[busy.pop(process)] = Result(**_answer(process))
                        idle.append(process)
                yield results.pop(number)
        finally:
            if busy:
                self.close()

    def close(self) -> None:
        """End all processes, whatever they are doing, and remove what they shared."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
        self._processes.clear()
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def _start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="visus-search-")
        path = Path(self._folder.name) / SHARED
        hand_over(self.bench, path)
        home = str(Path(__file__).parents[2])  # where this package lies: a worker must run the same code
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
        for _ in range(self.n):
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "visus.playbook._worker", str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                text=True,
                start_new_session=True,  # a Ctrl-C is for us alone; we end our workers
            )
            self._processes.append(process)
        try:
            for process in self._processes:
                _answer(process)
        except BaseException:
            self.close()
            raise
        path.unlink()  # all have it open: a kill leaves no copy of the pictures behind


def cores() -> int:
    """How many processes may work at once: the cores this process may use, or fewer where the user said so."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(allowed, int(asked)) if asked.isdigit() and int(asked) else allowed


def _ask(process: subprocess.Popen[str], settings: Mapping[str, Any], epochs: float) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps({"settings": dict(settings), "epochs": epochs}) + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        raise _died(process) from None


def _answering(processes: Sequence[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """Those of the processes that have answered or ended; waits for the first."""
    pipes = {process.stdout: process for process in processes if process.stdout}
    ready, _, _ = select.select(list(pipes), [], [])
    return [pipes[pipe] for pipe in ready]


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.endswith("\n"):
        raise _died(process)
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise KINDS.get(answer["kind"], RuntimeError)(answer["error"])
    return answer


def _died(process: subprocess.Popen[str]) -> WorkerDiedError:
    return WorkerDiedError(
        f"a search process ended without an answer (exit code {process.wait()}), perhaps for want of memory"
    )
