"""A process that makes trials with one thread, asked and answered in JSON lines.

It is started as `python -m visus.playbook._worker FILE`. FILE is what `hand_over` wrote: the training and validation
pictures, which all workers map into memory and share. The process ends when its input does, so that it never outlives
whoever asked, however that one ended.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import safetensors.torch
import torch
from safetensors import safe_open

from ..data.batches import Prepared
from ..data.collection import Arrays, Collection
from ..data.decode import Frame
from ..data.split import Split
from . import _trial_run


def hand_over(bench: _trial_run.Bench, path: Path) -> None:
    """Write what a worker needs to know of all trials: pixels, labels and rows as tensors, the rest as JSON."""
    prepared = bench.prepared
    assert prepared.pixels is not None, "only decoded pictures can be shared"
    tensors = {
        "pixels": prepared.pixels,
        "labels": torch.from_numpy(prepared.collection.labels),
        "train": torch.from_numpy(prepared.split.train),
        "validation": torch.from_numpy(prepared.split.validation),
        "numbers": torch.from_numpy(prepared.numbers_of(np.arange(len(prepared.collection)))),
    }
    facts = {
        "recipe": bench.recipe,
        "settings": dict(bench.settings),
        "frame": [prepared.frame.height, prepared.frame.width, prepared.frame.framing],
        "classes": list(prepared.collection.classes),
        "kind": prepared.collection.kind,
        "target_names": list(prepared.collection.target_names),
        "origin": prepared.collection.origin,
        "mean": list(prepared.mean),
        "std": list(prepared.std),
    }
    if prepared.collection.targets is not None:
        tensors["targets"] = torch.from_numpy(prepared.collection.targets)
    safetensors.torch.save_file(tensors, path, {"facts": json.dumps(facts)})


def take_up(path: Path) -> _trial_run.Bench:
    """What `hand_over` wrote; the pixels stay in the file, mapped into memory."""
    with safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()["facts"])
        pixels, labels = file.get_tensor("pixels"), file.get_tensor("labels").numpy()
        train, validation, numbers = (file.get_tensor(name).numpy() for name in ("train", "validation", "numbers"))
        targets = file.get_tensor("targets").numpy() if "targets" in file.keys() else None  # noqa: SIM118 - no mapping
    n = len(labels)
    nothing = Arrays(np.empty((n, 0, 0, 3), dtype=np.uint8))
    told = {"kind": facts["kind"], "targets": targets, "target_names": facts["target_names"]}
    collection = Collection(facts["origin"], nothing, [str(i) for i in range(n)], labels, facts["classes"], **told)
    split = Split(train, validation, np.empty(0, dtype=np.int64), "handed over", [""] * n)
    height, width, framing = facts["frame"]
    prepared = Prepared(collection, Frame(height, width, framing), split, facts["mean"], facts["std"], pixels, numbers)
    return _trial_run.Bench(facts["recipe"], prepared, facts["settings"])


def serve(path: Path) -> None:
    """Answer each line of the input with one line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not come between two answers
    torch.set_num_threads(1)
    bench = take_up(path)
    _say(answers, {"ready": True})
    for wish in _wishes():
        try:
            found = _trial_run.run(bench, wish["settings"], wish["epochs"])
            _say(answers, vars(found))
        except Exception as error:
            _say(answers, {"error": str(error), "kind": type(error).__name__})


def _wishes() -> Iterator[dict[str, Any]]:
    """What is asked for. A thread reads it, so that the end of the input ends this process in the midst of a trial."""
    waiting: Queue[dict[str, Any]] = Queue()

    def read() -> None:
        for line in sys.stdin:
            waiting.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield waiting.get()


def _say(answers: Any, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
