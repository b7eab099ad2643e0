"""Can each objective learn a handful of examples by heart?"""

from ...engine.objective import Batch
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, WARNING, Finding
from ..instruments import acting, generative
from ._by_heart import ADAM, FEWEST, GIST, SHRINK, STEPS, Lesson, by_heart, handful, many_answers
from ._copy import descending, patient

NO_WAY = 0.8  # share of the loss that is left where an optimizer got nowhere; a plain deep net is just slow at first
MOST = 0.5  # of the weights: where fewer learn, what they can say is limited on purpose
HALF = 0.5  # what learns half of the way is slow or bounded, what does not is wired wrongly


def examine(task: Task) -> list[Finding]:
    if acting.acts(task):
        return [Finding(PASS, "what is met by acting is no lesson to know by heart")]
    with patient(task) as copy:
        batch = handful(copy)
        enough = GIST if many_answers(copy, batch) else SHRINK
        played = generative.are_opponents(copy)  # what fools an opponent that has learned nothing yet is no lesson
        asked = range(1 if played else len(descending(copy)))
        found = [_check(copy, index, batch, enough) for index in asked]
        return found + [Finding(PASS, "it plays against what has learned nothing yet")] * (
            len(descending(copy)) - len(found)
        )


def _check(task: Task, index: int, batch: Batch, enough: float = SHRINK) -> Finding:
    n, lesson = len(batch[0]), by_heart(task, index, batch, enough)
    if lesson.left <= enough:
        what, against = (
            f"overfits {n} examples in {lesson.steps} steps",
            f"loss {lesson.first:.2f} to {lesson.last:.3f}",
        )
        return Finding(PASS, what, against) if lesson.factor != ADAM else _only_with_adam(lesson, what, against)
    stuck = lesson.left > HALF
    late = lesson.steps < (FEWEST if stuck else STEPS)
    # Of a loss whose least is not known, a part may have to stay: one step milder.
    severity = (BLOCKER if stuck else WARNING) if lesson.reachable else (WARNING if stuck else NOTE)
    if late or _learning(task) < MOST:  # a head on fixed features may well be unable to
        severity = NOTE
    return Finding(
        severity,
        f"loss on {n} repeated examples only went from {lesson.first:.2f} to {lesson.last:.2f} in {lesson.steps} steps",
        f"expected below {enough * lesson.first:.2f}",
        cause=f"time was up after {lesson.steps} of {STEPS} steps"
        if late
        else "labels and inputs do not belong together, part of the network is frozen, or it is far too small",
        remedy="look again on a machine that is less busy, or with a smaller network"
        if late
        else "look at a batch just before the network, and at which parameters receive gradients",
        kind="labels_unrelated" if stuck else "capacity_too_small",
        where="data" if stuck else "model",
        weight=0.5,
    )


def _learning(task: Task) -> float:
    """Share of the weights that learn."""
    sizes = [(p.numel(), p.requires_grad) for p in task.parameters()]
    return sum(n for n, learns in sizes if learns) / max(1, sum(n for n, _ in sizes))


def _only_with_adam(lesson: Lesson, what: str, against: str) -> Finding:
    return Finding(
        WARNING if lesson.own > NO_WAY else NOTE,
        f"{what} with Adam, but not with its own optimizer at 0.01 to 10 times its rate",
        against,
        cause="the learning rate is far from what these weights need, or the optimizer does not hold them",
        remedy="try other rates, in steps of ten",
        kind="learning_rate_too_low",
        where="lr",
        change={"lr": {"times": 100.0}},
        weight=0.5,
    )
