"""The clinic's one command. Stages: harm, examine, treat, score, mistakes; 'all' runs the first four.

VISUS_DATA=/path/to/sets python -m benchmarks.clinic all --workers 2
"""

import argparse
import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any

from . import examine, harm, score, treat
from .cases import HEALTHY, Case
from .recipes import RECIPES
from .store import DEFAULT, Record, Store

DOCS = Path(__file__).parents[2] / "docs" / "clinic.md"
TOLD_EVERY_S = 30.0


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clinic", description=__doc__)
    parser.add_argument("stage", choices=["harm", "examine", "treat", "score", "mistakes", "all"])
    parser.add_argument("--cache", type=Path, default=DEFAULT, help="where runs are kept (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--only", default="", help="recipes and names to run, separated by commas")
    parser.add_argument("--seeds", type=int, default=0, help="runs a case (default: 10 for harm, 3 to examine)")
    parser.add_argument("--no-rivals", action="store_true", help="do not run the other doctors")
    parser.add_argument("--again", action="store_true", help="run what is stored, too")
    parser.add_argument("--held-out", action="store_true", help="mistakes: show those nobody may tune on")
    options = parser.parse_args(arguments)
    store = Store(options.cache)
    run = partial(_run, store=store, options=options)
    if options.stage in ("harm", "all"):
        run("harm", harm.cases(options.seeds or 10), harm.work)
    hurt = harm.judged(store.records("harm"))
    if options.stage in ("examine", "all"):
        cases = examine.cases(hurt, options.seeds or 3)
        run("examine", cases, partial(examine.work, store=store))
        if not options.no_rivals:
            run("rivals", examine.first_seeds(cases), examine.rivals)
    if options.stage in ("treat", "all"):
        alarmed = {one.key for one in score.by_doctor(store, hurt) if one.alarm}
        run("treat", treat.cases(hurt, alarmed), partial(_treat, store=store))
    if options.stage in ("score", "all"):
        _write(store, hurt)
    if options.stage == "mistakes":
        part = score.HELD_OUT if options.held_out else score.DEV
        print("\n".join(score.mistakes(_chosen(score.by_doctor(store, hurt), options.only), part)))


def _treat(case: Case, store: Store) -> Record:
    """Diagnoses the stored chart anew: the treatment follows the doctor as it is now."""
    from visus.doctor.chart import Chart
    from visus.doctor.diagnosis import diagnose

    found = diagnose(Chart.from_dict(store.chart(case.key))).to_dict()
    return treat.work(case, found["causes"])


def _run(
    stage: str, cases: list[Case], work: Callable[[Case], Record], store: Store, options: argparse.Namespace
) -> None:
    """Work on the cases that are not stored yet, in processes of one thread."""
    done = set() if options.again else set(store.records(stage))
    todo = [case for case in _chosen(cases, options.only) if case.key not in done]
    print(f"{stage}: {len(todo)} of {len(cases)} cases to run", flush=True)
    began = told = time.monotonic()
    for n, record in enumerate(_parallel(todo, work, options.workers, store.root), 1):
        store.add(stage, record)
        now = time.monotonic()
        if now - told > TOLD_EVERY_S or n == len(todo):
            told, left = now, (now - began) / n * (len(todo) - n)
            print(f"{stage}: {n}/{len(todo)}, {now - began:.0f} s, about {left:.0f} s left", flush=True)


def _parallel(cases: list[Case], work: Callable[[Case], Record], workers: int, cache: Path) -> Iterator[Record]:
    if workers <= 1:
        _prepare_worker(cache)
        yield from map(work, cases)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _prepare_worker, (cache,)) as pool:
        pending = {pool.submit(work, case): case for case in cases}
        for future in as_completed(pending):
            case = pending.pop(future)
            try:
                yield future.result()
            except Exception as error:
                raise RuntimeError(
                    f"{case.key} failed; `--workers 1 --only {case.recipe},{case.name}` shows where"
                ) from error


def _prepare_worker(cache: Path) -> None:
    """One thread: two workers on two cores do not fight, and sums are added in the same order every time."""
    import torch

    torch.set_num_threads(1)
    os.environ["CLINIC_CACHE"] = str(cache)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)  # the doctor's live warnings: they are in its report


def _chosen(cases: list[Any], only: str) -> list[Any]:
    """Cases whose recipe and name are asked for; a list without a recipe means all of them, and so for names."""
    words = {word.strip() for word in only.split(",") if word.strip()}
    recipes, names = words & set(RECIPES), words - set(RECIPES)
    return [
        case
        for case in cases
        if (not recipes or case.recipe in recipes) and (not names or case.name in names or case.name == HEALTHY)
    ]


def _write(store: Store, hurt: Mapping[tuple[str, str], harm.Harm]) -> None:
    """docs/clinic.md and benchmarks/results/clinic.json."""
    from benchmarks._claim import state

    from . import table

    judged, rivals, treated = score.by_doctor(store, hurt), score.by_rivals(store, hurt), store.records("treat")
    healthy = {
        recipe: mean(r["truth"] for key, r in store.records("harm").items() if key.startswith(f"{recipe}/{HEALTHY}/"))
        for recipe in RECIPES
        if any(key.startswith(f"{recipe}/{HEALTHY}/") for key in store.records("harm"))
    }
    faults, controls = score.per_fault(judged, hurt), score.per_control(judged, healthy)
    same, compared = score.unchanged(store)
    kinds = {name for (_, name), h in hurt.items() if h.harmful}
    facts = {
        "faults": f"{len(kinds)} kinds hurt, in {sum(h.harmful for h in hurt.values())} pairs with a recipe",
        "runs": f"{sum(j.faulty for j in judged)} faulty, {sum(not j.faulty for j in judged)} healthy",
        "left as it was": f"{same} of {compared} watched runs ended bit for bit as without a watcher",
        "seeds": f"{min(h.seeds for h in hurt.values())} healthy against as many faulty runs, or more, tell what hurts",
        "recipes run": ", ".join(sorted({j.recipe for j in judged})),
        "healthy scores": ", ".join(f"{recipe} {value:.1%}" for recipe, value in healthy.items()),
    }
    DOCS.write_text(table.markdown(judged, rivals, treated, hurt, faults, controls, facts))
    parts = {
        part: score.figures([one for one in judged if one.part == part], treated)
        for part in (score.DEV, score.HELD_OUT)
    }
    scored = parts[score.HELD_OUT]
    held = all(table.reached(scored, name) for name in table.BARS)
    state(
        "clinic",
        "the doctor reaches its bars on the held-out part",
        held,
        **{part: {n: str(getattr(f, n)) for n in table.LABELS} | {"crashed": f.crashed} for part, f in parts.items()},
        **facts,
    )
    print(f"wrote {DOCS}")


if __name__ == "__main__":
    main()
