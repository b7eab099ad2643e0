"""The doctor as an observer of our own loop: the same instruments, the same chart."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from torch import nn

from ..engine import catalogue
from ..engine.loop import Observer, StopTraining
from ..engine.objective import Batch, Memory, Objective, Report
from ..engine.seed import own_randomness
from ..engine.task import Task
from . import during
from .chart import Chart
from .diagnosis import Diagnosis, diagnose
from .examiner import Examiner
from .instruments import acted, acting, due, generative, opposed, terms
from .instruments.culprits import culprits
from .instruments.tensors import rounded

LOOK_EVERY = 10  # steps; a loss that is not finite stays so, and looking waits for the device
RECENT = 2 * LOOK_EVERY  # reports kept, to tell afterwards in which step and term it began
LOSSES = ("validation_loss", "validation_nats")  # as tasks call the loss on the validation part
BOUND = "validation_elbo"  # a bound of its likelihood, which is maximised
MOST_NAMES = 16  # of examples, in a chart


class StopNotFinite(Observer):
    """Ends a run whose loss or gradient is not finite any more. `term` then says which."""

    def __init__(self) -> None:
        self.term, self.step = "", -1

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        if step % LOOK_EVERY and step > LOOK_EVERY:
            return
        if term := _not_finite(report):
            self.term, self.step = term, step
            raise StopTraining(f"{term} is not finite at step {step}")


def _not_finite(report: Report) -> str:
    """The first term of a loss that is not finite, or 'the gradient', or ''."""
    norm = report.gradient_norm
    if math.isfinite(float(report.loss)) and (norm is None or math.isfinite(float(norm))):
        return ""
    return next((term for term, value in report.terms.items() if not math.isfinite(float(value))), "the gradient")


class Checkup(Observer):
    """Charts a run of a task. reference: the score that other methods reach on the same data, if known."""

    def __init__(self, reference: float | None = None) -> None:
        self.reference = reference
        self._examiner: Examiner | None = None
        self._batch: Batch = ()
        self._restored: Chart | None = None
        self._charted = ""  # the first objective's name: the chart follows one loss
        self._recent: deque[tuple[int, int, Report]] = deque(maxlen=RECENT)  # (step, the chart's step, report)
        self._traced = False
        self._several = False  # terms in the loss, as the last step told
        self._opponents: dict[str, int] = {}  # objectives that play against each other, and their improvements
        self._acts = False

    @property
    def chart(self) -> Chart:
        return self._examiner.chart if self._examiner else self._restored or Chart()

    def before_fit(self, task: Task, start: int) -> None:
        optimizers = [o.optimizer for o in task.objectives if isinstance(o, Objective)]
        self._charted = next((o.name for o in task.objectives if isinstance(o, Objective)), "")
        if not self._charted:
            return  # a memory: nothing descends, nothing can go wrong on the way
        model = getattr(task, "model", None)
        answering = getattr(task, "answering", model)  # the part that is called, where the whole is not
        root = answering if isinstance(answering, nn.Module) else task
        # What rests beside the part that answers, such as a network whose features are kept, is nobody's patient.
        outside = {id(p) for p in task.parameters() if p.requires_grad} - {id(p) for p in root.parameters()}
        made, self._acts = generative.are_drawings(task), acting.acts(task)
        whole = root if (hasattr(task, "answering") or self._acts) and not outside else task
        self._examiner = Examiner(
            whole, optimizers, steps=task.steps, root=root, answers=not (made or self._acts), calls=not self._acts
        )
        if generative.are_opponents(task):
            self._opponents = {o.name: o.improvements for o in task.objectives if isinstance(o, Objective)}
            self._examiner.chart.facts["opponents"] = {name: [] for name in self._opponents}
        self._examiner.chart.facts["reference"] = self.reference
        if self._acts and not (self._restored is not None and start):
            nothing: dict[str, Any] = {}
            known = self._examiner._guard("random play", lambda: acted.facts(task), nothing)
            self._examiner.chart.facts["acting"] = known
        if self._restored is not None and start:
            facts = self._examiner.chart.facts
            self._examiner.adopt(self._restored)
            self._examiner.chart.facts = {**facts, **self._restored.facts}

    def before_step(self, step: int, task: Task, batch: Batch) -> None:
        self._batch = batch if due(step) or due(step + 1) else ()  # the next one is asked whether it goes on from here
        if self._examiner is not None and self._several and terms.due(step):
            self._weigh(step, task, batch)
        if self._examiner is not None and self._acts and due(step):
            self._examiner._guard("what is taught", lambda: self._note_lessons(step, task, batch), None)

    def _note_lessons(self, step: int, task: Task, batch: Batch) -> None:
        """[step, figures] of some batches of a task that acts, and of the networks before they learn from them."""
        looks = self.chart.facts["acting"].setdefault("looks", [])
        looks.append([step, acted.look(task, batch)])
        opposed.thinned(looks)

    def _weigh(self, step: int, task: Task, batch: Batch) -> None:
        """How hard each term of the charted loss pulls, before this step."""
        try:
            found = terms.look(task, self._charted, batch)
        except Exception as error:  # the training must never stop because of us
            self.chart.cannot("the balance of the loss's terms", f"{type(error).__name__}: {str(error)[:200]}")
            self._several = False
            return
        if found and all(math.isfinite(number) for pair in found.values() for number in pair):
            kept = self.chart.facts.setdefault("terms", [])
            kept.append([step, found])
            del kept[: -terms.MOST]

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        if self._examiner is not None and objective.name in self._opponents:
            self._note_opponent(step, objective.name, report)
        if self._examiner is None or objective.name != self._charted:
            return
        self._several = len(report.terms) > 1
        inputs = self._batch[0] if self._batch and not self._acts else None  # a batch begins with what enters
        self._recent.append((step, self.chart.steps, report))
        targets = (
            self._examiner.asked_for(self._batch[1:], report.terms.get("cross_entropy", report.loss))
            if self._batch and not self._acts
            else None
        )
        self._examiner.step(report.loss, inputs, targets, told=report.terms.get("cross_entropy"))

    def _note_opponent(self, step: int, name: str, report: Report) -> None:
        """[step, loss, norm of its gradient] of some improvements of each: what one gains the other need not lose."""
        done, self._opponents[name] = self._opponents[name], self._opponents[name] + 1
        if due(done) and report.gradient_norm is not None:
            numbers = [float(step), rounded(float(report.loss)), rounded(float(report.gradient_norm))]
            if all(map(math.isfinite, numbers)):
                self.chart.facts["opponents"][name].append(numbers)
                opposed.thinned(self.chart.facts["opponents"][name])

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        if self._examiner is None:
            return
        more = {name: float(value) for name, value in scores.items()}
        for name in catalogue.names(during):
            measure = getattr(catalogue.find(during, name), "measure", None)
            if measure is not None:
                more |= measure(task)
        loss = next((scores[name] for name in LOSSES if name in scores), None)
        loss = -scores[BOUND] if loss is None and BOUND in scores else loss
        self._examiner.validate(loss, next(iter(scores.values()), None), more)
        self._trace(task)

    def after_fit(self, steps_done: int, task: Task, why: str) -> None:
        if self._examiner is not None:
            self._examiner.consult(reference=True)
            self._examiner.detach()
            self._trace(task)

    def diagnosis(self, final: bool = True) -> Diagnosis:
        return diagnose(self.chart, final)

    def _trace(self, task: Task) -> None:
        """Once something is not finite: at which step and in which term it began, and from which examples."""
        first = self.chart.losses.first_not_finite
        begun = next(((s, at, term) for s, at, report in self._recent if (term := _not_finite(report))), None)
        if self._traced or (first < 0 and begun is None):
            return
        self._traced = True
        found = self.chart.facts.setdefault("not_finite", {"step": first})
        if begun is None or 0 <= first < begun[1]:
            return  # it began before the reports that are still here; the chart knows the step
        step, found["step"], found["term"] = begun
        try:
            self._name_examples(task, step, found)
        except Exception as error:  # a broken example may well break this as well
            self.chart.cannot("the examples that are not finite", f"{type(error).__name__}: {error}")

    def _name_examples(self, task: Task, step: int, found: dict[str, Any]) -> None:
        """The offending rows of the batch of a step, where they can be told; and what they are called."""
        sources = getattr(task, "sources", None)
        if sources is None:
            return
        model = getattr(task, "model", None)
        with own_randomness(0):
            inputs = next(iter(task.batches(step)))[0]  # a function of the step alone, as its sources are
        names, rows = sources(step), culprits(model, inputs) if isinstance(model, nn.Module) else []
        if rows:
            found["rows"] = rows[:MOST_NAMES]
        found["files"] = [names[row] for row in rows or range(len(names))][:MOST_NAMES]

    def state(self) -> dict[str, Any]:
        if self._examiner:  # losses wait in it for a device to be asked; a checkpoint holds every step
            self._examiner._guard("the losses", self._examiner._flush, None)
        return {"chart": self.chart.to_dict()} if self._examiner or self._restored else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._restored = Chart.from_dict(state["chart"]) if "chart" in state else None
