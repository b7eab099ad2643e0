"""Detectors trained here, from nothing, and tested once: mAP@.5 on the test part of BCCD, mask AP@.5 on drawn shapes.

`detection.py [SEED ...] [cases=faster_rcnn,one_stage,mask_rcnn] [SETTING=VALUE ...]`: `visus train`, recorder and
doctor on, one process a run, timed from the command's start to its end; the weights are those of the best validation
score. Every run is kept.
"""

import json
import sys
from collections.abc import Sequence
from statistics import mean
from typing import Any

from _claim import RESULTS, keep, spread, state
from _command import named, trained

from visus.data.prepared_objects import prepare_objects
from visus.playbook._detection_evidence import FINER, MEASURE, examine
from visus.ship.kinds import detection

MASKS = FINER["masks"]
CASES: dict[str, tuple[list[str], str, str, int, float]] = {  # words, set, figure, size of the frame, asked
    "faster_rcnn": (["bccd"], "bccd", MEASURE, 320, 0.80),
    "one_stage": (["bccd", "model=one_stage", "lr=0.002"], "bccd", MEASURE, 320, 0.80),
    "mask_rcnn": (["mask_rcnn"], "shapes", MASKS, 0, 0.70),
}
MEASURED = RESULTS / "detection_runs.json"


def tested(case: str, seed: int, settings: Sequence[str]) -> dict[str, Any]:
    """Train once, by the command, and test."""
    words, source, figure, size, _ = CASES[case]
    given = [*words, f"seed={seed}", *settings]
    with trained(*given) as (folder, seconds):
        found = examine(detection.load(folder), prepare_objects(source, size), "test")
    low, high = found.interval
    return {
        "case": case,
        "words": given,
        "figure": figure,
        "reached": found.values[figure],
        "values": found.values,
        "classes": dict(zip(found.classes, found.scores.per_class50.tolist(), strict=True)),
        "low": low,
        "high": high,
        "seconds": seconds,
    }


def main(words: Sequence[str]) -> None:
    seeds, chosen, settings = named(words, "cases", [*CASES])
    for case in chosen:
        runs = []
        for seed in seeds:
            run = tested(case, seed, settings)
            runs.append(run)
            earlier = json.loads(MEASURED.read_text()) if MEASURED.is_file() else []  # another process may have written
            keep(MEASURED, [*earlier, run])
            told = {"minutes": run["seconds"] / 60, **run["values"], **run["classes"]}
            print(f"{case}, seed {seed}:", ", ".join(f"{name} {value:.3f}" for name, value in told.items()))
        values, (_, source, figure, _, asked) = [run["reached"] for run in runs], CASES[case]
        state(
            f"detection_{case}",
            f"{case} on {source}, trained from nothing: {figure} of at least {asked:g} on the test part",
            mean(values) >= asked,
            reached=spread(values, 3),
            minutes=spread([run["seconds"] / 60 for run in runs], 0),
            seeds=seeds,
            settings=settings,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
