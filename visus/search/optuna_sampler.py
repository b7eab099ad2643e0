"""Optuna's tree-structured Parzen estimator chooses each batch of trials by all results so far (an extra).

Source: Bergstra et al., 2011, as implemented by Optuna: `pip install 'visus[optuna]'`.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ._rounds import Conduct, Run, RunMany, Tell, never, search_in_rounds, silent
from ._space import Choices, Round, Search, Settings, Space, Span, Trial

BATCH = 4  # trials proposed at once, whatever the number of processes: the same search on every machine
FIRST_AT_RANDOM = 0.4  # share of the trials before the estimator has enough to go by
MOST_AT_RANDOM = 10
LOST = -1e9  # told for a trial that diverged; the estimator only ranks


def rounds(trials: int, length: float) -> list[Round]:
    """One round: the sampler itself comes from coarse to fine."""
    return [Round(trials, length)]


def need() -> Any:
    """Optuna itself. Raises RuntimeError with the pip command where it is missing."""
    try:
        import optuna  # an extra: searching by other strategies needs none of it
    except ModuleNotFoundError:
        raise RuntimeError(
            "the strategy optuna_sampler needs Optuna, which is not installed; pip install 'visus[optuna]'"
        ) from None
    return optuna


def search(
    run: Run,
    space: Space,
    rounds: Sequence[Round],
    seed: int = 0,
    known: Sequence[Trial] = (),
    stop: Callable[[], bool] = never,
    run_many: RunMany | None = None,
    tell: Tell = silent,
) -> Search:
    """Try settings that Optuna's sampler proposes. Raises RuntimeError with the pip command where Optuna is missing."""
    optuna = need()
    found = Search(spans=dict(space))
    distributions = {name: _distribution(optuna, span) for name, span in space.items()}
    planned = sum(plan.trials for plan in rounds)

    def proposals(plan: Round, number: int) -> Iterator[Sequence[Settings]]:
        n_random = max(1, min(MOST_AT_RANDOM, round(FIRST_AT_RANDOM * planned)))
        with _quiet(optuna):
            sampler = optuna.samplers.TPESampler(seed=seed + number, n_startup_trials=n_random)
            study = optuna.create_study(direction="maximize", sampler=sampler)
            for trial in found.trials:  # of shorter rounds: they score lower, and still say where not to look
                study.add_trial(optuna.create_trial(**_told(trial), distributions=distributions))
        best = found.best
        if best and found.lengths[best.round] < plan.length:
            study.enqueue_trial(dict(best.settings))
        for first in range(0, plan.trials, BATCH):
            with _quiet(optuna):
                asked = [study.ask(distributions) for _ in range(min(BATCH, plan.trials - first))]
            yield [trial.params for trial in asked]
            with _quiet(optuna):
                for trial, made in zip(asked, found.trials[-len(asked) :], strict=True):
                    study.tell(trial, LOST if made.score is None else made.score)

    return search_in_rounds(found, rounds, seed, Conduct(run, known, stop, run_many, tell), proposals)


def _distribution(optuna: Any, span: Span | Choices) -> Any:
    if isinstance(span, Choices):
        return optuna.distributions.CategoricalDistribution(span.values)
    if span.whole:
        return optuna.distributions.IntDistribution(round(span.low), round(span.high), log=span.log)
    return optuna.distributions.FloatDistribution(span.low, span.high, log=span.log)


def _told(trial: Trial) -> dict[str, Any]:
    return {"params": dict(trial.settings), "value": LOST if trial.score is None else trial.score}


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Optuna reports every trial on its own; ours are reported already."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)
