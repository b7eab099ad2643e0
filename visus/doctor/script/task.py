"""The task behind a script: its networks, its optimizers, the batches that were seen, its loss played again."""

import copy
import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ...engine.objective import Batch, Objective, Terms
from ...engine.optimizers import adam
from ...engine.seed import own_randomness
from ...engine.task import Task
from ..before._look import failure
from ..finding import NOTE, PASS, Finding
from .listener import Seen, Step
from .tape import Given, Tape, mapped

FAITHFUL = 2e-2  # relative: bfloat16 in the script, single precision here

STAND_IN_RATE = 1e-2  # of the Adam that trains where the script's own optimizer must call the loss itself


class NotFollowedError(ValueError):
    """The script's loss cannot be computed again; the text says why."""


class ScriptTask(Task):
    """What a script trains, with its weights as they were before the first step.

    A batch is what came from outside in one step, in the order of its use: inputs first, then targets. What was the
    same in every step, such as class weights, is part of the loss. Raises NotFollowedError.
    """

    def __init__(self, seen: Seen, names: Mapping[int, str]) -> None:
        super().__init__()
        by_optimizer = _by_optimizer(seen)
        self._tapes: list[list[list[Tape]]] = []  # of each objective: of each step: of each loss
        owned: dict[int, nn.Parameter] = {}
        for steps in by_optimizer.values():
            self._tapes.append(_alike([step.tapes for step in steps if step.tapes], seen))
        self._adopt_networks(names)
        self._adopt_weights(owned)
        self._sort_given()
        _restore(seen)
        self._fixed = [
            module
            for network in self.children()
            if network.training
            for module in network.modules()
            if not module.training
        ]
        self.steps_per_epoch, self._last = _epoch(seen, self._size)
        self.objectives = [
            _objective(index, steps, partial(self._loss, index), names, owned)
            for index, steps in enumerate(by_optimizer.values())
        ]

    # -- the contract of a task -----------------------------------------------------------------------------------

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """The batches that were seen, over and over; the last of each epoch is as short as it will be."""
        for step in count(start):
            batch = self._batches[step % len(self._batches)]
            last = self._last and (step + 1) % self.steps_per_epoch == 0
            yield tuple(column[: self._last] for column in batch) if last else batch

    def evaluate(self) -> dict[str, float]:
        return {}

    # -- playing the tapes ----------------------------------------------------------------------------------------

    def _loss(self, index: int, batch: Batch) -> Terms:
        """The named losses of objective `index`."""
        size = (self._size, len(batch[0]) if batch else 0)
        device = batch[0].device if batch else torch.device("cpu")
        tapes, terms = self._tapes[index][0], {}
        for number, tape in enumerate(tapes):
            given = [self._give(index, number, i, batch).to(device) for i in range(len(tape.given))]
            value = tape.play(given, size)
            terms["loss" if len(tapes) == 1 else f"loss {number + 1}"] = value if value.numel() == 1 else value.sum()
        return terms

    def _give(self, index: int, number: int, position: int, batch: Batch) -> Tensor:
        column, fold, dim = self._columns[index, number, position]
        if column < 0:
            return self.get_buffer(f"constant_{index}_{number}_{position}")
        tensor = batch[column].transpose(0, dim)
        return tensor.reshape(-1, *tensor.shape[2:]) if fold > 1 else tensor

    def fidelity(self) -> list[Finding]:
        """Is the loss, computed again with the same weights, batch and random numbers, the one that was seen?"""
        tape = self._tapes[0][0][0]
        try:
            twin = copy.deepcopy(self)
        except Exception as error:
            raise NotFollowedError(f"its network cannot be copied ({failure(error)})") from error
        random = next((op.random for op in tape.ops.values() if op.random is not None), None)
        with own_randomness(0), torch.no_grad():
            if random is not None:
                torch.set_rng_state(random)
            again = float(twin._tapes[0][0][0].play(tape.given))
        what = f"the first loss was {tape.value:.6g}; computed again it is {again:.6g}"
        if math.isclose(tape.value, again, rel_tol=FAITHFUL, abs_tol=1e-6) or math.isnan(tape.value):
            return [Finding(PASS, what), *self._stand_ins()]
        return [
            Finding(
                NOTE,
                what,
                "the same",
                cause="something that changes it was not heard: random numbers outside torch, a state kept elsewhere",
                remedy="read what follows with care",
            )
        ]

    def _stand_ins(self) -> list[Finding]:
        names = [objective.name for objective in self.objectives if objective.name.endswith(" as Adam")]
        return [Finding(NOTE, f"examinations that train take {name}, whose step needs no closure") for name in names]

    def train(self, mode: bool = True) -> "ScriptTask":
        """Layers that the script keeps in evaluation mode while it trains stay there."""
        super().train(mode)
        for module in self._fixed:
            module.training = False
        return self

    # -- building -------------------------------------------------------------------------------------------------

    def _adopt_networks(self, names: Mapping[int, str]) -> None:
        tapes = [tape for steps in self._tapes for tapes in steps for tape in tapes]
        networks = {id(network): network for tape in tapes for network in tape.networks}
        inner = {id(m) for n in networks.values() for m in n.modules() if m is not n}
        for number, (key, network) in enumerate(networks.items()):
            if key not in inner:
                name = names.get(key, f"network{number + 1}")
                self.add_module(name if not hasattr(self, name) else f"{name}_", network)
                _forget_graphs(network)

    def _adopt_weights(self, owned: dict[int, nn.Parameter]) -> None:
        """Weights outside any module become parameters of the task."""
        mine = {id(p) for p in self.parameters()}
        for tape in [tape for steps in self._tapes for tapes in steps for tape in tapes]:
            for weight in tape.weights:
                if id(weight) not in mine and id(weight) not in owned:
                    owned[id(weight)] = weight if isinstance(weight, nn.Parameter) else nn.Parameter(weight.data)
                    self.register_parameter(f"weight{len(owned)}", owned[id(weight)])
            for op in tape.ops.values():
                op.args = mapped(op.args, lambda t: owned.get(id(t), t))
                op.kwargs = mapped(op.kwargs, lambda t: owned.get(id(t), t))

    def _sort_given(self) -> None:
        """Tell the columns of a batch from what belongs to the loss, and find where examples are counted."""
        self._columns: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        first = [
            ((i, n, p), tensor)
            for i, steps in enumerate(self._tapes)
            for n, tape in enumerate(steps[0])
            for p, tensor in enumerate(tape.given)
        ]
        self._size = _batch_size([tensor for _, tensor in first])
        rows: list[list[Tensor]] = [[] for _ in min(self._tapes, key=len)]
        for (index, number, position), tensor in first:
            dim, fold = _examples_along(tensor, self._size)
            if not fold or position in _settings(self._tapes[index][0][number]):
                self._columns[index, number, position] = (-1, 0, 0)
                self.register_buffer(f"constant_{index}_{number}_{position}", tensor)
                continue
            self._columns[index, number, position] = (len(rows[0]), fold, dim)
            for row, step in zip(rows, self._tapes[index]):
                version = step[number].given[position].transpose(0, dim)
                row.append(version.reshape(-1, fold, *version.shape[1:]) if fold > 1 else version)
        self._batches = [tuple(row) for row in rows if row and len({len(t) for t in row}) == 1]
        if not self._batches:
            raise NotFollowedError("no tensor from outside has the length of a batch; nothing can be examined on it")


def _by_optimizer(seen: Seen) -> dict[int, list[Step]]:
    found: dict[int, list[Step]] = {}
    for step in seen.steps:
        found.setdefault(id(step.optimizer), []).append(step)
    with_loss = {key: steps for key, steps in found.items() if any(step.tapes for step in steps)}
    if not with_loss:
        why = seen.unfollowed or (
            "no backward() was heard before the optimizer's step" if not seen.backwards else "its graph was not seen"
        )
        raise NotFollowedError(why)
    return with_loss


def _alike(steps: list[list[Tape]], seen: Seen) -> list[list[Tape]]:
    """Steps of the same program as the first. Equal losses within a step are pieces of an accumulated batch."""
    if seen.unfollowed:
        raise NotFollowedError(seen.unfollowed)
    first = [tape.signature for tape in steps[0]]
    if len(first) > 1 and len(set(first)) == 1:
        return [[tape] for tapes in steps for tape in tapes if tape.signature == first[0]]
    return [tapes for tapes in steps if [tape.signature for tape in tapes] == first]


def _batch_size(given: list[Tensor]) -> int:
    """The length, of the first two of the first tensor's dimensions, that most tensors share."""
    sizes = next((tuple(t.shape[:2]) for t in given if t.ndim), ())
    return max(sizes, key=lambda n: sum(n in t.shape[:2] for t in given), default=0)


def _examples_along(tensor: Tensor, size: int) -> tuple[int, int]:
    """The dimension along which examples are counted, and how many rows each has there; (0, 0) if it is no column.

    An example has several rows where a sequence was flattened into the batch.
    """
    for dim, length in enumerate(tensor.shape[:2]):
        if length == size > 0:
            return dim, 1
    if tensor.ndim and size and len(tensor) and len(tensor) % size == 0:
        return 0, len(tensor) // size
    return 0, 0


def _settings(tape: Tape) -> set[int]:
    """Numbers of what is given by a name such as weight: part of a loss function, though it may be as long."""
    named = [op.kwargs.get(name) for op in tape.ops.values() for name in ("weight", "pos_weight")]
    return {value.index for value in named if isinstance(value, Given)}


def _restore(seen: Seen) -> None:
    """Weights and buffers as they were before the first step, without gradients."""
    with torch.no_grad():
        for tensor, value in seen.initial.values():
            tensor.data.copy_(value)
            tensor.grad = None


def _forget_graphs(network: nn.Module) -> None:
    """Tensors with a graph that a network keeps for later looks cannot be copied: keep their values only."""
    for module in network.modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, Tensor) and value.grad_fn is not None:
                setattr(module, name, value.detach())


def _epoch(seen: Seen, size: int) -> tuple[int, int]:
    """Batches in an epoch, and the size of the last one if it is shorter; many, and 0, if the loader does not tell."""
    loader = seen.loader
    try:
        n, batch = len(loader.sampler), int(loader.batch_size)  # type: ignore[union-attr, arg-type]
        rest = 0 if loader.drop_last or batch != size else n % batch  # type: ignore[union-attr]
        return max(1, n // batch + (rest > 0)), rest
    except (AttributeError, TypeError):
        return 1000, 0


def _needs_closure(optimizer: Optimizer) -> bool:
    """Whether its step calls the loss itself, as LBFGS does."""
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


def _objective(
    index: int, steps: Sequence[Step], loss: Any, names: Mapping[int, str], owned: Mapping[int, nn.Parameter]
) -> Objective:
    """The user's own optimizer, forgetting what it learned, in an objective."""
    optimizer = steps[0].optimizer
    optimizer.state.clear()
    for group in optimizer.param_groups:
        group["params"] = [owned.get(id(p), p) for p in group["params"]]
    # A schedule has lowered or not yet raised the rate: what was asked for is kept as initial_lr.
    rates = [float(max(group["lr"], group.get("initial_lr", 0.0))) for group in optimizer.param_groups if "lr" in group]
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if not any(p.requires_grad for p in parameters):
        raise NotFollowedError("the optimizer holds no tensor that requires a gradient")

    if _needs_closure(optimizer):
        return Objective(f"{type(optimizer).__name__} as Adam", loss, parameters, adam, lr=STAND_IN_RATE)

    def own(groups: list[dict[str, Any]], lr: float) -> Optimizer:
        return optimizer

    return Objective(
        names.get(id(optimizer), f"optimizer {index + 1}"), loss, parameters, own, lr=max(rates, default=0.0)
    )
