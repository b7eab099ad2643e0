"""How far back does a recurrent layer's answer look, and does its state come from the step before?"""

import weakref
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence
from torch.utils.hooks import RemovableHandle

from ...engine.aside import is_aside
from .consultation import apart
from .tensors import remove, rounded

EXAMPLES, STEPS = 4, 256  # of a batch, and the last of its steps: the measurement costs less than a training step
SHORTEST = 4  # steps; shorter sequences have no past to speak of
MOST_LAGS = 24  # written down, denser near 0
SAME = 1e-6  # of a state's size: carried over, not made anew


class Recurrences:
    """Hooks on the recurrent layers of torch (RNN, LSTM, GRU), wherever in the network they are."""

    def __init__(self, model: nn.Module) -> None:
        self._layers = {name or type(m).__name__: m for name, m in model.named_modules() if isinstance(m, nn.RNNBase)}
        self._seen: dict[str, _Seen] = {name: _Seen() for name in self._layers}
        self._handles: list[RemovableHandle] = []
        weakref.finalize(self, remove, self._handles)
        for name, layer in self._layers.items():
            self._handles.append(layer.register_forward_hook(_Hook(self._seen[name]), with_kwargs=True))

    def detach(self) -> None:
        remove(self._handles)

    def expect(self, measured: bool) -> None:
        """A step begins: what was seen of the last one is let go, but for the state that it ended with."""
        for seen in self._seen.values():
            seen.begin(measured)

    def read(self) -> dict[str, dict[str, Any]]:
        """Figures of each layer that was called with a sequence: see `look_back`; 'carried' where a state was given."""
        found = {}
        for name, layer in self._layers.items():
            seen = self._seen[name]
            row = look_back(layer, seen.given) if seen.given is not None else {}
            if seen.carried is not None:
                row["carried"] = seen.carried
            if row:
                found[name] = {"kind": type(layer).__name__, **row}
        return found


class _Seen:
    """What was seen of one layer in a step: the first call's input, whether its state is the one left behind before."""

    def __init__(self) -> None:
        self.measured, self.calls = True, 0
        self.given: Tensor | None = None
        self.carried: float | None = None
        self.before: Tensor | None = None  # the state at the end of the step before
        self.after: Tensor | None = None

    def begin(self, measured: bool) -> None:
        self.measured, self.calls = measured, 0
        self.given = self.carried = None
        self.before, self.after = self.after, None

    @torch.no_grad()
    def called(self, layer: nn.RNNBase, given: Any, state: Any, answer: Any) -> None:
        self.calls += 1
        self.after = _first(answer[1])
        if self.calls > 1 or not self.measured:
            return
        started = _first(state)
        if started is not None and self.before is not None and started.shape == self.before.shape:
            self.carried = rounded(_alike(started, self.before))
        x = _batch_first(layer, given)
        if x is not None and x.shape[1] >= SHORTEST:
            self.given = x[:EXAMPLES, -STEPS:].detach().clone()


def _first(state: Any) -> Tensor | None:
    """The hidden state out of (h, c) or h, without its history."""
    h = state[0] if isinstance(state, tuple) else state
    return h.detach() if isinstance(h, Tensor) else None


def _alike(started: Tensor, ended: Tensor) -> float:
    """Share of the rows, over all layers, whose state is what the step before left behind. (layers, B, H) both."""
    ended, started = ended.float(), started.float()
    apart_by, size = (started - ended).norm(dim=-1), ended.norm(dim=-1)
    return float(((apart_by <= SAME + 1e-2 * size) & (size > SAME)).float().mean())


def _batch_first(layer: nn.RNNBase, given: Any) -> Tensor | None:
    """Inputs (B, T, D) of a call; of packed ones those of the longest sequences."""
    if isinstance(given, PackedSequence):
        padded, lengths = pad_packed_sequence(given, batch_first=True)
        return padded[(lengths == lengths.max()).to(padded.device)]
    if not isinstance(given, Tensor) or given.ndim != 3 or is_functorch_wrapped_tensor(given):
        return None
    return given if layer.batch_first else given.transpose(0, 1)


def look_back(layer: nn.RNNBase, inputs: Tensor) -> dict[str, Any]:
    """Length of the gradient of the last output at the inputs of the steps before it. inputs: (B, T, D).

    {'steps': T, 'lags': steps back, 'norms': lengths there, as a share of the one at lag 0}. The layer's weights,
    gradients, hooks and the random state stay as they are: only inputs are differentiated, past the hooks.
    """
    weight = next(layer.parameters())
    x = inputs.to(weight).requires_grad_()
    device = weight.device.type
    with (
        apart(0),
        torch.enable_grad(),
        torch.autocast(device, enabled=False),
        torch.autograd.grad_mode.inference_mode(False),
    ):
        outputs, _ = layer.forward(x if layer.batch_first else x.transpose(0, 1))
        last = outputs[:, -1] if layer.batch_first else outputs[-1]
        forwards = last[:, : last.shape[1] // (2 if layer.bidirectional else 1)]
        towards = torch.randn(forwards.shape, dtype=forwards.dtype, device=forwards.device)
        (gradient,) = torch.autograd.grad(forwards, x, towards)
    norms = gradient.float().square().sum((0, 2)).sqrt().flip(0)  # by lag
    lags = _spread(len(norms))
    first = float(norms[0])
    if not first > 0:
        return {}
    return {"steps": len(norms), "lags": lags, "norms": [rounded(float(norms[lag]) / first) for lag in lags]}


def _spread(n: int) -> list[int]:
    """At most about MOST_LAGS of the lags 0 to n - 1, each about a quarter more than the one before."""
    lags, lag = [], 0
    while lag < n - 1:
        lags.append(lag)
        lag += max(1, lag // 4 if n > MOST_LAGS else 1)
    return [*lags, n - 1]


class _Hook:
    """One layer's hook. A class, so that a copy of the model made for a trial carries no state of ours."""

    def __init__(self, seen: _Seen) -> None:
        self.seen = seen

    def __deepcopy__(self, memo: Any) -> "_Hook":
        return _Hook(_Seen())

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        if torch.compiler.is_compiling() or is_aside() or not (module.training and torch.is_grad_enabled()):
            return
        try:
            assert isinstance(module, nn.RNNBase)
            given = args[0] if args else kwargs.get("input")
            self.seen.called(module, given, args[1] if len(args) > 1 else kwargs.get("hx"), output)
        except Exception:  # whatever a foreign network hands over, the user's training goes on
            return
