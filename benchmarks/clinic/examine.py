"""The same runs with the doctor watching, and once more with the other doctors."""

import traceback

from .baselines import RIVALS
from .baselines.torchmortem import missing
from .cases import Case
from .controls import CONTROLS
from .faults import FAULTS
from .harm import Harm
from .loop import train
from .store import Record, Store
from .watchers import WithDoctor

EXTRA_SEEDS = 3  # controls are to be more than faulty runs


def cases(harm: dict[tuple[str, str], Harm], seeds: int) -> list[Case]:
    """Faults that hurt, and every control."""
    faulty = [
        Case(recipe, name, seed)
        for name, fault in FAULTS.items()
        for recipe in fault.recipes
        for seed in range(seeds)
        if (recipe, name) in harm and harm[recipe, name].harmful
    ]
    healthy = [
        Case(recipe, name, seed)
        for name, control in CONTROLS.items()
        for recipe in control.recipes
        for seed in range(seeds + EXTRA_SEEDS)
    ]
    return faulty + healthy


def work(case: Case, store: Store) -> Record:
    """With the doctor. Its chart goes into the store, so that thresholds can be judged anew without a run."""
    doctor = WithDoctor()
    try:
        found = train(case.plan, case.seed, [doctor], seen=case.seen)
    except Exception:  # a doctor that breaks the user's training has failed; the table counts it
        return {"key": case.key, "crashed": traceback.format_exc(limit=-3), "alarm": False, "kinds": []}
    store.save_chart(case.key, doctor.chart)
    diagnosis = doctor.diagnosis
    return {
        "key": case.key,
        **vars(found),
        "alarm": diagnosis["alarm"],
        "kinds": [cause["kind"] for cause in diagnosis["causes"]],
        "first": diagnosis["first_alarm"],
        "outcome": diagnosis["outcome"]["state"],
    }


def first_seeds(cases: list[Case]) -> list[Case]:
    """One run of each kind and recipe: enough to place the other doctors."""
    return [case for case in cases if case.seed == 0]


def rivals(case: Case) -> Record:
    """With all other doctors, in a run of their own."""
    watching = {name: make() for name, make in RIVALS.items() if "torchmortem" not in name or not missing()}
    found = train(case.plan, case.seed, list(watching.values()), seen=case.seen)
    return {"key": case.key, **vars(found), "verdicts": {name: vars(w.verdict) for name, w in watching.items()}}
