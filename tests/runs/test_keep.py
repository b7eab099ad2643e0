"""Which weights a run keeps."""

import pytest
import torch

from visus.recipes import classify
from visus.runs.recorder import Recorder


@pytest.mark.parametrize(("keep", "kept"), [("best", 1), ("last", 2)])
def test_the_best_weights_are_kept_or_the_last(tmp_path, keep, kept):
    task = classify.build("digits", model="linear", epochs=1, keep=keep, device="cpu", arithmetic="float32")
    recorder = Recorder(tmp_path)
    (weight,) = (p for p in task.parameters() if p.ndim == 2)
    for step, score in enumerate([0.5, 0.9, 0.8]):
        with torch.no_grad():
            weight.fill_(step)
        recorder.after_evaluation(step, task, {"validation_accuracy": score})
    assert recorder.load_best(task) == recorder.best_step == kept
    assert (weight == kept).all()
    recorder.journal.close()
