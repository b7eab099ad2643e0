"""100 linear settings on CIFAR-10's raw pixels, trained at once, take at most 10 times as long as one of them alone.

49,000 training and 1,000 validation pictures, the same epochs and batches, whole trials: building, training, scoring.
One alone and all at once take turns in one process; the ratio is of each turn, its median counts. One alone runs at the
number format that is fastest for it. That a bfloat16 product changes no verdict is measured too: some members are
trained alone in float32.
"""

import time
from statistics import mean, median

import torch
from _claim import spread, state

from visus.data.prepare import prepare
from visus.engine.probe import fastest_precision
from visus.playbook import _population, _trial_run
from visus.recipes import classify

MEMBERS, EPOCHS, TURNS, ASKED = 100, 1.0, 5, 10.0
COMPARED = 10  # members trained alone in float32 as well
SETTINGS = {"model": "linear", "loss": "hinge", "batch": 500, "crop": 0, "device": "cpu"}


def proposals() -> list[dict[str, float]]:
    """A grid of 20 rates and 5 strengths of weight decay."""
    rates, decays = torch.logspace(-5, -1, MEMBERS // 5).tolist(), torch.logspace(-5, 0, 5).tolist()
    return [{"lr": lr, "weight_decay": decay} for lr in rates for decay in decays]


if __name__ == "__main__":
    data = prepare("cifar10-course").without_test()
    format_of_one = str(fastest_precision(classify.build(data=data, **SETTINGS, arithmetic="float32")))
    bench = _trial_run.Bench("classify", data, {**SETTINGS, "arithmetic": format_of_one})
    tried = proposals()
    ratios, alone, together = [], [], []
    for turn in range(TURNS):
        began = time.perf_counter()
        _trial_run.run(bench, tried[MEMBERS // 2 + turn], EPOCHS)
        alone.append(time.perf_counter() - began)
        began = time.perf_counter()
        scores = _population.trials_at_once(data, SETTINGS, tried, EPOCHS)
        together.append(time.perf_counter() - began)
        ratios.append(together[-1] / alone[-1])
        print(f"  turn {turn}: one {alone[-1]:.2f} s, {MEMBERS} at once {together[-1]:.2f} s", flush=True)
    exact = _trial_run.Bench("classify", data, {**SETTINGS, "arithmetic": "float32"})
    some = range(0, MEMBERS, MEMBERS // COMPARED)
    by_one = {number: _trial_run.run(exact, tried[number], EPOCHS).score for number in some}
    same_fate = all((scores[number] is None) == (score is None) for number, score in by_one.items())
    gaps = [100 * (scores[n] - score) for n, score in by_one.items() if score is not None and scores[n] is not None]
    state(
        "population",
        f"{MEMBERS} linear settings at once take at most {ASKED:g} times as long as one",
        median(ratios) <= ASKED and same_fate and abs(mean(gaps)) < 1.0,
        ratio=round(median(ratios), 2),
        ratios=spread(ratios),
        seconds_alone=spread(alone),
        seconds_together=spread(together),
        format_of_one=format_of_one,
        best_validation=f"{100 * max(score for score in scores if score is not None):.1f} %",
        diverged=sum(score is None for score in scores),
        accuracy_against_alone_in_float32=f"{spread(gaps)} points; largest {max(map(abs, gaps)):.1f}",
        same_members_diverged=same_fate,
        threads=torch.get_num_threads(),
    )
