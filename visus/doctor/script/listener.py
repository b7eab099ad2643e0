"""Listen to a training script from inside its process: networks, losses, backward passes and optimizer steps."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils.data import DataLoader

from .tape import Given, Made, Op, Tape, leaves, mapped

ENOUGH_STEPS = 4  # of one optimizer
ENOUGH_ALTOGETHER = 16


@dataclass
class Step:
    """One call of an optimizer's step: the losses whose gradients it uses, and what was odd about it."""

    optimizer: Optimizer
    tapes: list[Tape]
    backwards: int
    cleared_before: bool = False  # its gradients were gone when it came to use them
    not_cleared: bool = False  # gradients of the step before were still there when the new ones were added


@dataclass
class Seen:
    """What was heard. initial: values before the first step, by the tensor's id. unfollowed: why a loss got lost."""

    steps: list[Step] = field(default_factory=list)
    initial: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)
    loader: DataLoader[Any] | None = None
    unfollowed: str = ""
    backwards: int = 0


class Listener(TorchFunctionMode):
    """Active inside `with`. enough: called with what was seen, just before a further step would be taken."""

    def __init__(self, enough: Callable[[Seen], None]) -> None:
        super().__init__()
        self.seen, self.enough, self.active = Seen(), enough, True
        self._ops: dict[int, Op] = {}
        self._made: dict[int, tuple[Made, Tensor]] = {}  # the tensor is kept, so that its id is not used again
        self._inside = 0  # depth of networks and loaders, whose own operations are not recorded
        self._tapes: list[Tape] = []
        self._asked: list[Tape] = []  # of losses whose gradient was asked for without backward()
        self._since_step = 0
        self._cleared: set[int] = set()  # optimizers without gradients at some backward() since they stepped
        self._kept: list[Tensor] = []  # so that their ids are not used again
        self._loader: DataLoader[Any] | None = None

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Everything that needs to be replaced is replaced, and put back afterwards."""
        handle = register_optimizer_step_pre_hook(self._step)
        with contextlib.ExitStack() as stack:
            stack.callback(handle.remove)
            for owner, name, make in (
                (nn.Module, "__call__", self._listening_call),
                (torch.autograd, "backward", self._listening_backward),
                (torch.autograd, "grad", self._listening_grad),
                (torch.autograd.Function, "apply", self._listening_apply),
                (DataLoader, "__iter__", self._listening_loader),
                (torch.amp.GradScaler, "scale", self._listening_scale),
            ):
                original = owner.__dict__[name] if isinstance(owner, type) else getattr(owner, name)
                setattr(owner, name, make(original))
                stack.callback(setattr, owner, name, original)
            with self:
                yield

    # -- functions and networks -----------------------------------------------------------------------------------

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if self.active and not self._inside and torch.is_grad_enabled():
            name = getattr(func, "__name__", "")
            in_place = name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
            made = args[0] if in_place and args else result
            if any(t.requires_grad and not t.is_leaf for t in leaves(made)):
                self._record(Op(func, args, kwargs or {}, in_place), made)
        return result

    def _listening_call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if not self.active or self._inside or not any(p.requires_grad for p in module.parameters()):
                return original(module, *args, **kwargs)
            for tensor in (*module.parameters(), *module.buffers()):
                self._remember(tensor)
            random, training = torch.get_rng_state(), module.training
            result = self._apart(original, module, *args, **kwargs)
            if torch.is_grad_enabled() and any(t.requires_grad for t in leaves(result)):
                self._record(Op(module, args, kwargs, training=training, random=random), result)
            return result

        return call

    def _listening_apply(self, original: Any) -> Any:
        bound = original.__func__  # a class method

        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            result = bound(cls, *args, **kwargs)
            if self.active and not self._inside and any(t.requires_grad for t in leaves(result)):
                self._record(Op(cls.apply, args, kwargs), result)
            return result

        return classmethod(apply)

    def _listening_loader(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def iterate(loader: DataLoader[Any]) -> Iterator[Any]:
            batches = self._apart(original, loader)
            while True:
                try:
                    batch = self._apart(next, batches)
                except StopIteration:
                    return
                self._loader = loader
                yield batch

        return iterate

    def _listening_scale(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def scale(scaler: Any, outputs: Any) -> Any:
            scaled = self._apart(original, scaler, outputs)
            if isinstance(outputs, Tensor) and id(outputs) in self._made:  # the loss is what it was before scaling
                self._made[id(scaled)] = (self._made[id(outputs)][0], outputs)
                self._kept.append(scaled)
            return scaled

        return scale

    def _apart(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._inside += 1
        try:
            return call(*args, **kwargs)
        finally:
            self._inside -= 1

    def _remember(self, tensor: Tensor) -> None:
        if id(tensor) not in self.seen.initial:
            self.seen.initial[id(tensor)] = (tensor, tensor.detach().clone())

    def _record(self, op: Op, result: Any) -> None:
        """Keep the call, with what was made before replaced by where it was made."""

        def origin(tensor: Tensor) -> Any:
            if id(tensor) in self._made:
                return self._made[id(tensor)][0]
            if tensor.requires_grad and tensor.is_leaf:
                self._remember(tensor)
            return tensor

        number = len(self._ops)
        op.args, op.kwargs = mapped(op.args, origin), mapped(op.kwargs, origin)
        self._ops[number] = op
        for position, tensor in enumerate(leaves(result)):
            self._made[id(tensor)] = (Made(number, position), tensor)

    # -- backward and step ----------------------------------------------------------------------------------------

    def _listening_backward(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            if self.active:
                self._before_backward(tensors)
            return self._apart(original, tensors, *args, **kwargs)

        return backward

    def _listening_grad(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Gradients that are part of a loss (a gradient penalty) are recorded; others may stand in for backward()."""

        def grad(outputs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            result = self._apart(original, outputs, inputs, *args, **kwargs)
            if self.active and not self._inside:
                if any(t.requires_grad for t in leaves(result)):
                    self._record(Op(original, (outputs, inputs, *args), kwargs), result)
                else:
                    self._asked = [tape for root in leaves(outputs) if (tape := self._slice(root))]
            return result

        return grad

    def _before_backward(self, tensors: Any) -> None:
        self.seen.backwards += 1
        self.seen.loader = self.seen.loader or self._loader
        for optimizer in {id(step.optimizer): step.optimizer for step in self.seen.steps}.values():
            if not _live(optimizer):
                self._cleared.add(id(optimizer))
        self._since_step += 1
        for root in leaves(tensors):
            tape = self._slice(root)
            if tape is not None:
                self._tapes.append(tape)

    def _slice(self, root: Tensor) -> Tape | None:
        """The part of what was recorded that leads to a loss."""
        if id(root) not in self._made:
            self.seen.unfollowed = "the loss comes from a computation that does not pass through torch's functions"
            return None
        needed, todo = set(), [self._made[id(root)][0].op]
        while todo:
            number = todo.pop()
            if number not in needed:
                needed.add(number)
                todo += [made.op for made in _origins((self._ops[number].args, self._ops[number].kwargs))]
        given: dict[int, int] = {}
        outside: list[Tensor] = []

        def place(tensor: Tensor) -> Any:
            if tensor.requires_grad and tensor.is_leaf:
                return tensor  # a weight
            if tensor.requires_grad:
                self.seen.unfollowed = f"the loss depends on a tensor of {tensor.grad_fn}, which was made out of sight"
            if id(tensor) not in given:
                given[id(tensor)] = len(outside)
                outside.append(tensor.detach().clone())
            return Given(given[id(tensor)])

        ops = {}
        for number in sorted(needed):
            op = self._ops[number]
            args, kwargs = mapped(op.args, place), mapped(op.kwargs, place)
            ops[number] = Op(op.call, args, kwargs, op.in_place, op.training, op.random)
        made, loss = self._made[id(root)]
        return Tape(ops, made, outside, float(loss.detach()) if loss.numel() == 1 else float("nan"))

    def _step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """Just before an optimizer steps."""
        if not self.active:
            return
        before = any(step.optimizer is optimizer for step in self.seen.steps)
        tapes = self._tapes or self._asked or (self.seen.steps[-1].tapes if self.seen.steps else [])
        step = Step(
            optimizer,
            tapes,
            self._since_step,
            cleared_before=bool(self._since_step) and not _live(optimizer),
            not_cleared=before and bool(self._since_step) and id(optimizer) not in self._cleared,
        )
        self.seen.steps.append(step)
        self._tapes, self._asked, self._since_step = [], [], 0
        self._cleared.discard(id(optimizer))
        mine = sum(s.optimizer is optimizer for s in self.seen.steps)
        if mine >= ENOUGH_STEPS or len(self.seen.steps) >= ENOUGH_ALTOGETHER:
            self.active = False
            self._ops, self._made = {}, {}
            self.enough(self.seen)


def _live(optimizer: Optimizer) -> bool:
    """Whether any of its parameters has a gradient that is not zero."""
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    return any(bool(g._nnz() if g.is_sparse else (g != 0).any()) for g in gradients)


def _origins(value: Any) -> Iterator[Made]:
    if isinstance(value, Made):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _origins(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _origins(inner)
