"""The doctor for any PyTorch loop: two lines, and a report.

doctor = visus.Doctor(model, optimizer)
for inputs, targets in loader:
    ...                                                              # the loop as it is
    doctor.step(loss, inputs=inputs, targets=targets, outputs=logits)
doctor.validate(loss, score)                                         # after each evaluation
print(doctor.report())
"""

import json
import logging
import math
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

from torch import nn
from torch.optim import Optimizer

from .chart import Chart
from .diagnosis import Diagnosis, diagnose
from .during import free_running
from .examiner import Examiner
from .instruments import due, ranks
from .instruments import found as objects

LOG = logging.getLogger("visus.doctor")
JUDGE_EVERY = 3  # measured steps between two judgements while the training runs


class Doctor:
    """Watches a training it does not run, and changes nothing: weights, buffers, gradients and random state stay.

    model: the network, also wrapped (DataParallel, DistributedDataParallel, compiled). optimizer: one or several.
    steps: how many steps are planned, if known; without it a run is not called unfinished. reference: the score that a
    good run is known to reach, if known. live: log a warning (logger 'visus.doctor') as soon as there is an alarm.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer | Iterable[Optimizer] | None = None,
        *,
        steps: int | None = None,
        reference: float | None = None,
        live: bool = True,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model must be a torch.nn.Module; got a {type(model).__name__}")
        found = [] if optimizer is None else list(optimizer) if isinstance(optimizer, Iterable) else [optimizer]
        # Some trainers wrap the optimizer; what counts is the one inside, whose steps are seen.
        optimizers = [getattr(o, "optimizer", o) if not isinstance(o, Optimizer) else o for o in found]
        for each in optimizers:
            if not isinstance(each, Optimizer):
                raise TypeError(f"optimizer must be a torch.optim.Optimizer or several; got a {type(each).__name__}")
        self._examiner = Examiner(model, optimizers, steps=steps)
        self._examiner.chart.facts["reference"] = _share(reference)
        self.live = live
        self._told: set[str] = set()
        self._judged = 0

    @property
    def chart(self) -> Chart:
        """Everything measured so far."""
        return self._examiner.chart

    def step(self, loss: Any, inputs: Any = None, targets: Any = None, outputs: Any = None) -> None:
        """Call once a training step, anywhere after the loss is known.

        loss: a scalar tensor or a number. inputs (B, ...): what the network was given; outputs: what it answered;
        targets: what the loss compared that with. The more is given, the more is examined.
        """
        self._refuse_when_detached("step")
        measured = due(self.chart.steps)
        self._examiner.step(loss, inputs, targets, outputs)
        if self.live and measured:
            self._judged += 1
            if self._judged % JUDGE_EVERY == 0:
                self._judge()

    def validate(
        self,
        loss: Any = None,
        score: Any = None,
        *,
        found: Sequence[Any] = (),
        marked: Sequence[Any] = (),
        **sequences: Sequence[Sequence[int]],
    ) -> None:
        """Call after each evaluation on held-out data. score: higher is better; accuracies as shares or in per cent.

        sequences: of a model that writes: `written` by itself, what was `expected`, and, if known, its best guesses
        when it is `forced` to the right beginning; each a few sequences of whole numbers. See `during.free_running`.
        found, marked: of a detector, for each picture what it answers (boxes, scores, labels) and what is marked there
        (boxes, labels), as torchvision's detectors give and take them. See `instruments.found`.
        """
        self._refuse_when_detached("validate")
        nothing: dict[str, float] = {}
        more = dict(self._examiner._guard("what was written", lambda: free_running.figures(sequences), nothing))
        more |= self._examiner._guard("what was found", lambda: objects.figures(found, marked), nothing)
        self._examiner.validate(
            self._number("the validation loss", loss), _share(self._number("the score", score)), more
        )
        if self.live:
            self._judge()

    def compare_ranks(self) -> float:
        """Call on every process of a distributed training at once: how far their weights are apart, of their size."""
        apart = ranks.apart(self._examiner.model)
        self.chart.counts["ranks_apart"] = max(apart, self.chart.counts.get("ranks_apart", 0.0))
        return apart

    def report(self) -> Diagnosis:
        """What is wrong, why, and what to do: print it, or show it in a notebook."""
        if self._examiner.attached:
            self._examiner.finish()
            self._examiner.consult(reference=True)
        return diagnose(self.chart)

    def to_json(self) -> str:
        """The report for machines."""
        return self.report().to_json()

    def chart_json(self) -> str:
        """Everything measured, for `Chart.from_dict(json.loads(...))`."""
        return json.dumps(_plain(self.chart.to_dict()))

    def detach(self) -> None:
        """Take every hook away. The report stays available."""
        if self._examiner.attached:
            self._examiner.consult(reference=True)
            self._examiner.detach()

    def __enter__(self) -> "Doctor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()

    def _number(self, what: str, value: Any) -> float | None:
        try:
            return None if value is None else float(value)
        except (TypeError, ValueError):
            self.chart.cannot(what, f"{type(value).__name__} {value!r} came; a single number is expected")
            return None

    def _judge(self) -> None:
        found = diagnose(self.chart, final=False)
        if found.alarm and self.chart.first_alarm is None:
            self.chart.first_alarm = self.chart.steps
        if found.alarm and found.causes and found.causes[0].kind not in self._told:
            self._told.add(found.causes[0].kind)
            first = found.causes[0]
            LOG.warning("step %d: %s; %s. %s", self.chart.steps, first.what, first.cause, first.remedy)

    def _refuse_when_detached(self, what: str) -> None:
        if not self._examiner.attached and what not in self._told:
            self._told.add(what)
            LOG.warning("%s was called after detach(): nothing is examined any more; make a new Doctor", what)


def _share(score: float | None) -> float | None:
    """A score as it is; one above 1 and up to 100 is taken for a percentage."""
    if score is None or not math.isfinite(score):
        return None
    return score / 100 if 1 < score <= 100 else score


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
