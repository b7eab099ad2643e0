"""Write the chart of a running training, whoever's loop it is: hooks that come and go, one call a step."""

import math
import sys
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from ..engine.aside import is_aside
from .chart import Chart
from .instruments import consultation, depth, due, facts, filters, inputs, outputs, sequences
from .instruments.beside import beside
from .instruments.examples import Examples
from .instruments.layers import Layers
from .instruments.pretraining import Pretraining
from .instruments.recurrence import Recurrences
from .instruments.tensors import first_tensor, remove, rounded, unwrapped
from .instruments.updates import Updates
from .instruments.vocabulary import Tokens

T = TypeVar("T")
FLUSH_EVERY = 20  # steps; a loss on a GPU is not waited for at each of them
EVALUATION_BATCHES = 2  # looked at after each change from training to evaluation
OFTEN = 12  # measured steps of which every second is looked back on, later every fourth: it costs a forward pass


class Examiner:
    """Measures one model and its optimizers into `chart`. root: the module whose calls are the network's answers.

    answers: whether these are compared with what was to be answered; of pictures that are made, nothing was. calls:
    whether calls of the network are told apart: one that acts is called to act as often as to learn.

    Nothing here changes weights, buffers, gradients or random state, and nothing here raises: what cannot be measured
    is written down as not examined.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizers: Sequence[Optimizer],
        *,
        steps: int | None = None,
        root: nn.Module | None = None,
        answers: bool = True,
        calls: bool = True,
    ) -> None:
        self.chart, self.answers, self.calls = Chart(), answers, calls
        self.model = unwrapped(model)
        self.root = root or model
        self.network = unwrapped(self.root)  # what trials on a copy call
        self.compiled = any(hasattr(m, "_orig_mod") for m in model.modules())
        self.examples = Examples()
        self.optimizers = list(optimizers)
        self.attached = True
        self._losses: list[tuple[int, Tensor | float]] = []
        self._sample: dict[str, Any] | None = None
        self._pending: dict[str, Any] | None = None
        self._batch: tuple[tuple[Any, ...], Tensor] | None = None  # what the network is called with, and targets
        self._called: tuple[Any, ...] | None = None  # all that it was called with while training, first of all
        self.borders, self.tokens = sequences.Borders(), Tokens()
        self._random: Tensor | None = None
        self._column: int | None = None  # of a batch, what is asked for
        self._given: Tensor | None = None  # what the network was last called with while training
        self._answered: Tensor | None = None
        self._evaluated, self._training_calls = 0, 0
        self._evaluation: dict[str, Any] = {}
        self._left_at = time.perf_counter()
        self._busy_since = 0.0  # when an attack on the batch began
        self._began = time.perf_counter()
        self._rank_of_due = 0
        self._handles: list[RemovableHandle] = []
        weakref.finalize(self, remove, self._handles)  # a doctor that is forgotten leaves nothing behind
        self.layers: Layers | None = None
        self.recurrences: Recurrences | None = None
        self.updates: Updates | None = None
        self.pretraining: Pretraining | None = None
        self.chart.facts = {"planned_steps": steps}
        self._begun = False
        self._begin()

    # -- what the owner calls -------------------------------------------------------------------------------------

    def step(self, loss: Any, inputs: Any = None, targets: Any = None, outputs: Any = None, told: Any = None) -> None:
        """One training step: its loss, and what belonged to it, as far as the owner knows.

        told: the term of the loss that compares outputs with targets, where penalties are added to it.
        """
        if not self.attached:
            return
        self._begin()
        self._guard("a step", lambda: self._step(loss, inputs, targets, outputs, told), None)
        self.chart.steps += 1  # a step is a step, also where it could not be measured
        self._given = self._answered = self._called = None
        self._guard("the layers", lambda: self._arm(self.chart.steps), None)
        self._left_at = time.perf_counter()

    def asked_for(self, columns: Sequence[Tensor], loss: Any) -> Tensor | None:
        """The column of a batch that the answers are compared with: the one that explains the loss, once and for all.

        Most batches have one; that of a decoder has what it is shown first, and what it is to say.
        """
        if self._column is None and len(columns) > 1 and self._answered is not None:
            self._guard("the column asked for", lambda: self._choose(columns, self._answered, float(loss)), None)
        at = self._column or 0
        return columns[at] if at < len(columns) else None

    def _choose(self, columns: Sequence[Tensor], answered: Tensor | None, loss: float) -> None:
        assert answered is not None, "asked where there is an answer"
        off = {
            i: abs(outputs.entropy(answers, column, loss) - loss)
            for i, column in enumerate(columns)
            if column.dtype != torch.bool and (answers := outputs.understand(answered, column)) is not None
        }
        self._column = min(off, key=lambda i: off[i]) if off else None

    def validate(self, loss: float | None, score: float | None, more: Mapping[str, float] | None = None) -> None:
        """The run was scored on held-out data. score: higher is better. more: whatever else was measured."""
        self._guard("a validation", lambda: self._validate(loss, score, more or {}), None)

    def adopt(self, chart: Chart) -> None:
        """Go on with the chart of an earlier attempt at the same run."""
        self.chart, self.pretraining = chart, None  # these weights are not those that the run began with
        if self.updates:
            self.updates.go_on(chart)

    def consult(self, reference: bool = False) -> None:
        """Try the kept examples on a copy; with `reference`, also what simple methods reach on them."""
        self._guard("the kept examples", lambda: self._consult(reference), None)

    def finish(self) -> None:
        """Bring the chart up to date."""
        self._guard("the losses", self._flush, None)
        if self.updates:
            self.updates.close_window()

    def detach(self) -> None:
        """Take every hook away."""
        self.finish()
        self.attached = False
        remove(self._handles)
        if self.layers:
            self.layers.detach()
        if self.recurrences:
            self.recurrences.detach()
        if self.updates:
            self.updates.detach()

    def _begin(self) -> None:
        """Look at the model and attach; later, if its layers do not know their sizes yet."""
        if self._begun or any(nn.parameter.is_lazy(p) for p in self.model.parameters()):
            return
        self._begun = True
        nothing: dict[str, Any] = {}
        self.chart.facts |= self._guard("the model", lambda: facts.of(self.model, self.chart, self.compiled), nothing)
        self.pretraining = self._guard("pretrained features", lambda: Pretraining(self.network), None)
        self._guard("the hooks", self._attach, None)

    # -- attaching ------------------------------------------------------------------------------------------------

    def _attach(self) -> None:
        self.layers = Layers(self.model, learning_only=not self.calls)
        if not self.compiled:
            self.recurrences = Recurrences(self.model)
        self.chart.facts["layers"] = self.layers.facts()
        self.updates = Updates(self.model, self.optimizers, self.chart, self._updated)
        self.updates.suspect = self._suspect
        self.chart.facts |= self.updates.owners(self.optimizers)
        if self.calls:
            self._follow_calls()
        self._arm(0)

    def _follow_calls(self) -> None:
        if getattr(self.root, "_compiled_call_impl", None) is not None:  # hooks would be compiled in, and break it
            self.chart.cannot(
                "calls of the network", "it was compiled in place; use torch.compile(model) to have more seen"
            )
            self.compiled = True
            return
        self._handles.append(self.root.register_forward_pre_hook(_Entry(self), with_kwargs=True))
        self._handles.append(self.root.register_forward_hook(_Exit(self)))

    def _arm(self, step: int) -> None:
        if due(step) and self.layers and not self.compiled:
            self.layers.attach()
        if self.recurrences:
            self.recurrences.expect(due(step))

    def entered(self, args: Any, kwargs: Any) -> None:
        """The network is called."""
        given = first_tensor(args) if args else first_tensor(kwargs)
        if given is not None and is_functorch_wrapped_tensor(given):
            return  # inside vmap or grad: what is seen here may not leave it
        if is_aside():  # an attack on the batch is work: the wait for the batch ended where it began
            if not self._evaluated:
                self._busy_since = self._busy_since or time.perf_counter()
            return
        if self._searching():
            return
        if self.root.training and torch.is_grad_enabled():
            now, self._busy_since = self._busy_since or time.perf_counter(), 0.0
            if self._training_calls and self._answered is None:  # later pieces of a batch wait for the ones before
                self.chart.count("waited_s", now - self._left_at)
            self._training_calls += 1
            self._given, self._evaluated = given, 0
            if due(self.chart.steps):
                self._random = torch.get_rng_state()
                if self._called is None:
                    self._called = consultation.detached(args) if args and not kwargs else None
            return
        if not torch.is_grad_enabled() and self.root.training:
            self.chart.count("evaluated_in_training_mode")
        elif torch.is_grad_enabled() and not self.root.training:
            self._given = given
            self.chart.count("trained_in_eval_mode")
        else:
            self.chart.count("evaluated")
        if not torch.is_grad_enabled() and self._evaluated < EVALUATION_BATCHES and isinstance(given, Tensor):
            self._evaluated += 1
            if not self._evaluation:
                self._evaluation = {"inputs": inputs.look(given), "training": self.root.training}

    def _searching(self) -> bool:
        """A line search asks again, at other weights: the step's loss is that of the first answer."""
        return self._answered is not None and self.updates is not None and self.updates.stepping

    def left(self, output: Any) -> None:
        """The network has answered."""
        if self._searching() or is_aside():
            return
        answered = first_tensor(output)
        if torch.is_grad_enabled() and not (answered is not None and is_functorch_wrapped_tensor(answered)):
            self._answered = answered
            if "beside" not in self.chart.facts and self.root.training and answered is not None:
                nothing: list[str] = []
                self.chart.facts["beside"] = self._guard("the graph", lambda: beside(self.model, answered), nothing)
            self._left_at = time.perf_counter()

    # -- a step ---------------------------------------------------------------------------------------------------

    def _step(self, loss: Any, given: Any, targets: Any, answered: Any, told: Any) -> None:
        step = self.chart.steps
        value = self._scalar(loss)
        given, answered = self._batch_of("inputs", given), self._batch_of("outputs", answered)
        given = self._given if given is None else given
        answered = self._answered if answered is None else answered
        targets = self._batch_of("targets", targets)
        if value is not None:
            self._losses.append((step, value))
        if len(self._losses) >= FLUSH_EVERY or due(step):
            self._flush()
        if self.updates:
            self.updates.step = step
        crossed = self.borders.crossed(given, targets)
        if due(step):
            value = value if told is None else self._scalar(told)
            self._measure(step, value, given, targets, answered, crossed)

    def _scalar(self, loss: Any) -> Tensor | float | None:
        if isinstance(loss, Tensor):
            if loss.numel() != 1 or loss.is_complex():
                self.chart.cannot(
                    "the loss",
                    f"it has shape {tuple(loss.shape)} and type {loss.dtype}; a single real number is expected",
                )
                return None
            loss = loss.detach()
            return float(loss) if loss.device.type == "cpu" else loss.reshape(())
        if isinstance(loss, int | float):
            return float(loss)
        if loss is None:
            self.chart.cannot("the loss", "none was given; call step(loss, ...)")
        else:
            self.chart.cannot(
                "the loss", f"a {type(loss).__name__} came; a number or a tensor with one element is expected"
            )
        return None

    def _batch_of(self, what: str, found: Any) -> Tensor | None:
        """One tensor (B, ...) of what was given; None where there is none."""
        if (
            isinstance(found, list | tuple)
            and len(found) > 1
            and what != "outputs"
            and isinstance(found[0], Tensor | dict)
        ):
            self.chart.cannot(
                what, f"a list of {len(found)} came, one for each example; a tensor of the batch is expected"
            )
            return None
        tensor = first_tensor(found)
        if tensor is None or tensor.ndim == 0 or tensor.numel() == 0:
            return None
        return tensor

    def _flush(self) -> None:
        pending, self._losses = self._losses, []
        for step, value in pending:
            number = float(value)
            if not math.isfinite(number):
                self.chart.count("losses_not_finite")
                if self.chart.losses.first_not_finite < 0:
                    self._suspect()
            self.chart.losses.add(step, number)

    def _measure(
        self,
        step: int,
        value: Any,
        given: Tensor | None,
        targets: Tensor | None,
        answered: Tensor | None,
        crossed: float | None,
    ) -> None:
        sample: dict[str, Any] = {
            "step": step,
            "seconds": rounded(time.perf_counter() - self._began),
            "memory": _memory(),
        }
        if value is not None:
            sample["loss"] = rounded(float(value))
        flows = self.layers.read() if self.layers else {}
        if flows:
            sample["layers"] = flows
        elif self.compiled:
            self.chart.cannot("the layers", "the model is compiled; its layers are not looked into")
        if given is not None:
            sample["inputs"] = inputs.look(given)
        self._guard("the recurrence", lambda: self._note_sequences(sample, given, targets, crossed), None)
        if self.answers:
            self._compare(sample, value, given, targets, answered)
        if self._pending is not None:
            sample["update"], self._pending = self._pending, None
        self._sample = sample
        self.chart.add_sample(sample)
        self._rank_of_due += 1
        if "update" in sample:
            self._look_back(sample)

    def _compare(
        self, sample: dict[str, Any], value: Any, given: Tensor | None, targets: Tensor | None, answered: Tensor | None
    ) -> None:
        """What was answered beside what was to be answered, and a few examples of both, kept."""
        labels = None
        if answered is not None and "ways" not in self.chart.facts:
            found = depth.ways(answered)
            self.chart.facts["ways"] = [found.longest, found.shortest] if found else None
        if answered is not None and targets is not None:
            answers = outputs.understand(answered, targets)
            if answers is None:
                self.chart.cannot(
                    "outputs against targets",
                    f"outputs {tuple(answered.shape)} {answered.dtype} and targets {tuple(targets.shape)} "
                    f"{targets.dtype} do not fit a known problem",
                )
            else:
                loss = float("nan") if value is None else float(value)
                answers, targets, counted = outputs.without_padding(answers, targets, loss)
                sample["outputs"] = outputs.look(answers, loss) | ({} if counted is None else {"padding": counted})
                if answers.n_classes and len(answers.labels) == len(targets):
                    labels = answers.labels
                if sample["outputs"].get("tokens"):
                    self.chart.facts["tokens"] = self.tokens.saw(answers)
        elif targets is None:
            self.chart.cannot(
                "outputs against targets", "no targets were given; call step(loss, inputs=x, targets=y, outputs=logits)"
            )
        if given is not None:
            more = consultation.others(self._called, given)
            self.examples.keep(given, targets, labels, more, 0 if answered is None else answered.numel())
        if given is not None and targets is not None and len(given) == len(targets):
            whole = self._called is not None and self._called[0] is not None and len(self._called[0]) == len(given)
            self._batch = ((self._called if whole and self._called else (given.detach(),)), targets.detach())

    def _note_sequences(
        self, sample: dict[str, Any], given: Tensor | None, targets: Tensor | None, crossed: float | None
    ) -> None:
        """What recurrent layers pass on through time; and how tokens asked for follow from those that are given."""
        if self.recurrences and (found := self.recurrences.read()):
            sample["time"] = found
        moved = sequences.moved(given, targets)
        if crossed is not None and moved:
            moved["crossed"] = crossed
        if moved:
            sample["tokens"] = moved

    def _updated(self, update: dict[str, Any]) -> None:
        """An update was measured: it belongs to the step just told, or to the one that will be told next."""
        sample = self._sample
        if sample is not None and "update" not in sample:
            sample["update"] = update
            if update["step"] == sample["step"]:
                self._look_back(sample)
        else:
            self._pending = {**update, "step": self.chart.steps}

    def _look_back(self, sample: dict[str, Any]) -> None:
        """The loss on the same batch after the update, on a copy: did the step help where it must?"""
        batch, self._batch = self._batch, None
        before = sample.get("outputs", {}).get("cross_entropy")
        if batch is None or before is None or self._rank_of_due % (2 if self._rank_of_due <= OFTEN else 4):
            return

        def look() -> None:
            after = consultation.after_update(self.network, *batch, self._random)
            if after is not None:
                sample["after"] = [before, after]

        self._guard("the loss after an update", look, None)

    def _suspect(self) -> None:
        """Something is not finite: name the first layer that makes it so, while the weights may still tell."""
        if "not_finite" in self.chart.facts or (self._given is None and self._batch is None):
            return
        given = self._given if self._given is not None else self._batch[0][0]  # type: ignore[index]
        found: dict[str, Any] = {"step": self.chart.steps}
        self.chart.facts["not_finite"] = found
        if given.is_floating_point():
            bad = (~torch.isfinite(given)).flatten(1).any(1) if given.ndim > 1 else ~torch.isfinite(given)
            found["inputs"] = int(bad.sum())
            found["rows"] = bad.nonzero().reshape(-1)[:16].tolist()
        broken = [name for name, p in self.model.named_parameters() if not bool(torch.isfinite(p).all())]
        found["weights"] = broken[:5]
        if not broken:
            found["layer"] = self._guard(
                "the first layer not finite", lambda: consultation.first_not_finite(self.network, given), ""
            )

    # -- between steps --------------------------------------------------------------------------------------------

    def _validate(self, loss: float | None, score: float | None, more: Mapping[str, float]) -> None:
        self._flush()
        found: dict[str, Any] = {"step": self.chart.steps, "loss": _number(loss), "score": _number(score)}
        found |= {name: _number(value) for name, value in more.items()}
        found |= {"seen": self._evaluation} if self._evaluation else {}
        found["calls"] = self.chart.counts.get("evaluated", 0) + self.chart.counts.get("evaluated_in_training_mode", 0)
        self._evaluation, self._evaluated = {}, 0
        self.chart.add_evaluation(found)
        if not self.attached:  # scored once more, after its end
            return
        self.consult()
        found["consulted"] = {k: v for k, v in self.chart.consultation.items() if k != "reference"}
        self._left_at = time.perf_counter()

    def _consult(self, reference: bool) -> None:
        kept = self.chart.consultation.get("reference")
        reference = reference and self.answers
        raw = self.examples.raw()
        if raw is not None:
            self.chart.consultation = consultation.consult(self.network, *raw, self.examples.room)
        if self.pretraining is not None:
            steps, planned = self.chart.steps, self.chart.facts.get("planned_steps")
            if found := self.pretraining.compare(self.network, raw, steps, planned):
                self.chart.facts["features"] = found
        if reference:
            kept = self.examples.reference() | {"seen": self.examples.seen, "again": self.examples.again}
        if kept is not None:
            self.chart.consultation["reference"] = kept
        if now := filters.look(self.model, self.chart.facts.get("filters", {})):
            self.chart.consultation["filters"] = now

    def _guard(self, what: str, act: Callable[[], T], otherwise: T) -> T:
        try:
            return act()
        except consultation.NoCopyError as error:
            self.chart.cannot("what is tried on a copy", str(error))
            return otherwise
        except Exception as error:  # the user's training must never stop because of us
            reason = str(error).split("\n")[0][:200]
            self.chart.cannot(what, f"{type(error).__name__}: {reason}")
            return otherwise


class _Entry:
    """The network is called. It knows its examiner weakly, and a copy of the model knows none."""

    def __init__(self, examiner: Examiner | None) -> None:
        self.examiner = weakref.ref(examiner) if examiner else None

    def __deepcopy__(self, memo: Any) -> "_Entry":
        return type(self)(None)

    def __call__(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if torch.compiler.is_compiling():
            return
        examiner = self.examiner() if self.examiner else None
        if examiner and examiner.attached:
            examiner._guard("the input", lambda: examiner.entered(args, kwargs), None)


class _Exit(_Entry):
    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        if torch.compiler.is_compiling():
            return
        examiner = self.examiner() if self.examiner else None
        if examiner and examiner.attached:
            examiner._guard("the output", lambda: examiner.left(output), None)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _memory() -> float:
    """Resident memory of this process in MiB; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0.0
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return rounded(pages * 4096 / 2**20)
