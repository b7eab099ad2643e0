"""From regions to boxes: what R-CNN, Fast and Faster R-CNN and a one-stage detector cost and find on the same pictures.

`python benchmarks/regions_to_boxes.py`           every detector trained for as many seconds, then timed in turns
`python benchmarks/regions_to_boxes.py 600 bccd`  seconds of training each (default 300), and the pictures

Pictures of 320 x 240 pixels in a frame of 320 x 256, one at a time, one thread. Seconds are the processor's own, so
that other work on the machine does not count. A detector that is told where to look is timed with and without the time
that its proposals take (selective search, 2,000 boxes).
"""

import sys
import time
from typing import Any

import torch
from _claim import spread, state
from torch import Tensor

from visus.data import proposed
from visus.data.prepared_objects import PreparedObjects, prepare_objects
from visus.engine.loop import Observer, StopTraining, fit
from visus.engine.task import Task, evaluating
from visus.recipes import detect
from visus.tasks.detect import Detect

SECONDS, DATA = 300, "bccd"
SIZE = 320
PICTURES = 12  # of the test part that are timed, each by every detector in turn
DETECTORS: dict[str, dict[str, Any]] = {
    "sliding_window": {"batch": 4, "lr": 1e-3},
    "rcnn": {"batch": 4, "lr": 1e-3},
    "fast_rcnn": {"lr": 1e-3},
    "faster_rcnn": {"lr": 1e-3},
    "one_stage": {"lr": 2e-3},
}
PRECISION = {"arithmetic": "bfloat16-channels-last"}


class Until(Observer):
    """Stops after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.began = seconds, time.process_time()

    def after_step(self, step: int, task: Task) -> None:
        if time.process_time() - self.began > self.seconds:
            raise StopTraining


def main(seconds: float = SECONDS, source: str = DATA) -> None:
    torch.set_num_threads(1)
    data = prepare_objects(source, SIZE)
    tasks = {name: trained(name, data, seconds) for name in DETECTORS}
    images = data.pictures.images(data.rows("test")[:PICTURES])
    times = timed(tasks, images)
    figures: dict[str, Any] = {"training": f"{seconds:g} s each", "pictures": f"{source}, {len(images)} timed"}
    for name, task in tasks.items():
        figures[f"{name}: mAP@.5 on the test part"] = f"{score(task):.3f}"
        figures[f"{name}: s a picture"] = spread(times[name], 4)
        if "proposals" in task.model.needs:
            figures[f"{name}: s a picture without proposals"] = spread(times[f"{name} alone"], 4)
    middle = {name: float(torch.tensor(found).median()) for name, found in times.items()}
    for name in (*times,):
        figures[f"{name} : one_stage"] = f"{middle[name] / middle['one_stage']:.1f}"
    held = middle["rcnn"] > middle["fast_rcnn"] > middle["faster_rcnn"] > middle["one_stage"]
    state(
        "regions_to_boxes",
        "R-CNN takes longer than Fast R-CNN, Faster R-CNN, one stage, in this order",
        held,
        **figures,
    )


def trained(name: str, data: PreparedObjects, seconds: float) -> Detect:
    """A detector after so many seconds of steps: measured first how many that are, so that its rate ends at 0."""
    settings = {"data": data, "model": name, "flip_vertical": True, **PRECISION, **DETECTORS[name]}
    trial = detect.build(**settings)
    began, n = time.process_time(), 0
    fit(trial, 10, [Until(seconds / 10)])
    n = trial.objectives[0].improvements
    a_step = (time.process_time() - began) / max(1, n)
    task = detect.build(**settings, epochs=max(0.1, seconds / a_step / trial.steps_per_epoch))
    fit(task, task.steps, [Until(2 * seconds)])
    return task


def score(task: Detect, part: str = "test") -> float:
    """mAP@.5 of a part."""
    answers, truth, _ = task.judged(part, losses=False)
    return task.scored(answers, truth).map50


def timed(tasks: dict[str, Detect], images: Tensor) -> dict[str, list[float]]:
    """Seconds of each picture by each detector, taking turns; and of those that are given proposals, without these."""
    times: dict[str, list[float]] = {}
    for image in (images[:1], *images.split(1)):  # the first once more: it warms up
        for name, task in tasks.items():
            began = time.process_time()
            regions = None
            if "proposals" in task.model.needs:
                regions = torch.from_numpy(proposed.find(image[0].permute(1, 2, 0).contiguous().numpy()))[None]
            middle = time.process_time()
            with evaluating(task), task.precision.autocast("cpu"):
                task.model(image, regions)
            ended = time.process_time()
            times.setdefault(name, []).append(ended - began)
            if regions is not None:
                times.setdefault(f"{name} alone", []).append(ended - middle)
    return {name: found[1:] for name, found in times.items()}


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*(float(word) if word.replace(".", "").isdigit() else word for word in arguments))  # type: ignore[arg-type]
