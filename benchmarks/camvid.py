"""Label maps learned here, from nothing, and tested once: mean IoU on the test part of CamVid (240 x 180, 11 classes).

`camvid.py [SEED ...] [cases=camvid,fcn32s,fcn16s,fcn8s] [SETTING=VALUE ...]`: `visus train`, recorder and doctor on,
one process a run, timed from the command's start to its end; the weights are those of the best validation score. The
three FCNs have the same settings but for their strides. Every run is kept.
`camvid.py window`: seconds a picture of the same network asked window by window and all windows at once.
"""

import json
import sys
import time
from collections.abc import Sequence
from statistics import mean
from typing import Any

import torch
from _claim import RESULTS, keep, spread, state
from _command import named, trained

from visus.data.prepared_maps import prepare_maps
from visus.models.segmenters import full_resolution, sliding_window
from visus.playbook._segmentation_evidence import MEASURE, examine
from visus.ship.kinds import segmentation

LIKE = ["data=camvid", "balance=root", "colour=0.5", "weight_decay=0.05", "average=0.995", "epochs=60"]
CASES: dict[str, list[str]] = {"camvid": ["camvid"], **{name: [name, *LIKE] for name in ("fcn32s", "fcn16s", "fcn8s")}}
ASKED, HOUR = 0.55, 3600.0  # of the preset, and seconds it may take
MEASURED = RESULTS / "camvid_runs.json"
SIZE, TIMES = (180, 240), 3


def tested(case: str, seed: int, settings: Sequence[str]) -> dict[str, Any]:
    """Train once, by the command, and test."""
    taken = {word.partition("=")[0] for word in settings}
    given = [*(word for word in CASES[case] if word.partition("=")[0] not in taken), f"seed={seed}", *settings]
    with trained(*given) as (folder, seconds):
        segmenter = segmentation.load(folder)
        prepared = prepare_maps("camvid")
        found, looked_at = examine(segmenter, prepared, "test"), examine(segmenter, prepared, "validation")
    low, high = found.interval
    return {
        "case": case,
        "words": given,
        "reached": found.values[MEASURE],
        "validation": looked_at.values[MEASURE],
        "values": found.values,
        "classes": dict(zip(found.classes, found.scores.iou.tolist(), strict=True)),
        "low": low,
        "high": high,
        "seconds": seconds,
    }


def window() -> None:
    """The same answer, window by window and at once: seconds of the processor."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    one_by_one = sliding_window.build((3, *SIZE), 11).eval()
    at_once = full_resolution.build((3, *SIZE), 11).eval()
    at_once.load_state_dict(one_by_one.state_dict())
    image = torch.randn(1, 3, *SIZE)
    seconds: dict[str, list[float]] = {"window by window": [], "all at once": []}
    answers = {}
    for _ in range(TIMES):
        for name, model in (("window by window", one_by_one), ("all at once", at_once)):
            began = time.process_time()
            with torch.no_grad():
                answers[name] = model(image)
            seconds[name].append(time.process_time() - began)
    apart = float((answers["window by window"] - answers["all at once"]).abs().max())
    ratio = mean(seconds["window by window"]) / mean(seconds["all at once"])
    figures = {f"{name}, s a picture": spread(found) for name, found in seconds.items()}
    figures |= {"ratio": f"{ratio:.0f}", "largest difference of a score": f"{apart:.1e}"}
    claim = "a window of 13 pixels moved over the picture costs tens of times one pass, for the same answer"
    state("camvid_window", claim, ratio > 10 and apart < 1e-4, **figures)


def main(words: Sequence[str]) -> None:
    """Train what was asked for, keep each run, and say whether all claims hold for everything kept so far."""
    seeds, chosen, settings = named(words, "cases", [*CASES])
    runs = json.loads(MEASURED.read_text()) if MEASURED.is_file() else []
    for seed in seeds:
        for case in chosen:
            runs.append(tested(case, seed, settings))
            keep(MEASURED, runs)
            print(f"{runs[-1]['words']}: mean IoU {runs[-1]['reached']:.3f}, {runs[-1]['seconds']:.0f} s", flush=True)
    reached = {case: [run["reached"] for run in runs if run["case"] == case] for case in CASES}
    seconds = {case: [run["seconds"] for run in runs if run["case"] == case] for case in CASES}
    figures = {
        case: {f"{case}: mean IoU": spread(reached[case], 3), f"{case}: seconds": spread(seconds[case], 0)}
        for case in CASES
        if reached[case]
    }
    if own := figures.pop("camvid", None):
        held = mean(reached["camvid"]) >= ASKED and max(seconds["camvid"]) <= HOUR
        state("camvid", f"mean IoU of {ASKED} on CamVid's test part within an hour", held, **own)
    if len(figures) == len(CASES) - 1:
        order = [mean(reached[case]) for case in figures]
        together = {name: value for one in figures.values() for name, value in one.items()}
        state("camvid_fcn", "mean IoU: FCN-32s < FCN-16s < FCN-8s", order == sorted(order), **together)


if __name__ == "__main__":
    if sys.argv[1:] == ["window"]:
        window()
    else:
        main(sys.argv[1:])
