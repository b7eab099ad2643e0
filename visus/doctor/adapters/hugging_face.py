"""The doctor as a Hugging Face callback: Trainer(..., callbacks=[doctor := VisusCallback()]), then doctor.report()."""

from collections.abc import Mapping
from typing import Any

from ..anywhere import Doctor
from ..diagnosis import Diagnosis
from ..instruments.tensors import first_tensor
from ._watch import TARGETS, Watch, figure, package, targets_of, unharmed

_transformers: Any = package(["transformers"], "transformers")

NOT_INPUTS = frozenset({*TARGETS, "num_items_in_batch", "attention_mask", "return_dict"})


class VisusCallback(_transformers.TrainerCallback):  # type: ignore[misc]
    """Watches one training at a time; a new `train` begins a new report.

    A callback is told neither batch nor loss, so the model's own calls are overheard. Where the model returns no loss
    (label smoothing, a loss function of the trainer's), the logged mean stands for it: set logging_steps=1 then.

    score: the name of an evaluation metric, higher is better; by default the first that holds 'acc'.
    reference: the score a good run is known to reach.
    """

    def __init__(self, *, score: str | None = None, reference: float | None = None) -> None:
        self.score = score
        self._watch = Watch(reference)
        self._waiting: tuple[Any, Any, Any] | None = None  # inputs, targets, outputs of a step whose loss is not known

    @property
    def doctor(self) -> Doctor | None:
        """The doctor of the training under way, or of the last one."""
        return self._watch.doctor

    def report(self) -> Diagnosis:
        """What is wrong, why, and what to do: print it, or show it in a notebook."""
        return self._watch.report()

    @unharmed
    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, optimizer: Any = None, **more: Any
    ) -> None:
        self._waiting = None
        steps = state.max_steps * args.gradient_accumulation_steps
        inner = getattr(optimizer, "optimizer", optimizer)  # accelerate wraps it
        self._watch.begin([model], [inner], steps if steps > 0 else None)

    @unharmed
    def on_substep_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._backward_done(args)

    @unharmed
    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._backward_done(args)

    @unharmed
    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **more: Any) -> None:
        waiting, loss = self._waiting, (logs or {}).get("loss")
        if waiting is not None and loss is not None:
            self._waiting = None
            self._watch.step(loss, *waiting)

    @unharmed
    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        scores = metrics or {}
        self._watch.validate(figure(scores, None, "eval", "loss"), figure(scores, self.score, "eval", "acc"))

    @unharmed
    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._watch.end()

    def _backward_done(self, args: Any) -> None:
        """A step, or the part of one where gradients are accumulated."""
        calls = self._watch.calls
        if calls.outputs is None:
            return
        inputs = next((value for name, value in calls.given.items() if name not in NOT_INPUTS), calls.inputs)
        targets = targets_of(calls.given)
        loss, outputs = _parted(calls.outputs)
        if self._predicts_next():
            targets = None
            self._watch.cannot("outputs against targets", "a language model's targets are its inputs, shifted by one")
        if loss is None:
            self._watch.cannot("the loss of each step", "the model returns none; the mean that is logged stands for it")
            self._waiting = (inputs, targets, outputs)
            calls.forget()
            return
        # a loss divided by the items of all accumulated batches is a part of the step's loss; the parts add up
        parts = 1 if calls.given.get("num_items_in_batch") is None else args.gradient_accumulation_steps
        self._watch.step(loss.detach() * parts, inputs, targets, outputs)

    def _predicts_next(self) -> bool:
        name = self.doctor.chart.facts.get("model", "") if self.doctor else ""
        return str(name).endswith(("ForCausalLM", "LMHeadModel"))


def _parted(output: Any) -> tuple[Any, Any]:
    """Loss and scores of what a model returned: a mapping with both, or a tuple that begins with the loss."""
    if isinstance(output, Mapping):
        scores = {name: value for name, value in output.items() if name != "loss"}
        return output.get("loss"), first_tensor(scores)
    if isinstance(output, tuple | list) and output and getattr(output[0], "ndim", 1) == 0:
        return output[0], first_tensor(output[1:])
    return (output, None) if getattr(output, "ndim", 1) == 0 else (None, first_tensor(output))
