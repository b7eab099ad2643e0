"""Recurrent cells, written as in a textbook, and a layer that runs them readably or through torch's kernels.

rnn    h' = tanh(W x + U h + b)                       the gradient through time is a product of U's: fades or explodes
lstm   c' = f c + i g,  h' = o tanh(c')               the cell state adds up, so its gradient is a product of f's alone
gru    h' = (1 - z) n + z h                           one state, two gates; fewer parameters than the LSTM

Weights stand as torch stacks them, w_ih (G H, D) and w_hh (G H, H), one block of H rows a gate, in this order:
rnn: one block; lstm: i, f, g, o (input, forget, candidate, output); gru: r, z, n (reset, update, candidate).
Course notes stack the LSTM as i, f, o, g: `course_order` goes there, and back.

A state is a tuple of tensors with the batch FIRST: (h,) for rnn and gru, (h, c) for lstm, each (B, layers * directions,
H); layer 0 forwards, layer 0 backwards, layer 1 forwards, ...

Sources: Elman, 1990; Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000; Cho et al., 2014,
with the reset gate applied after the product, as in cuDNN and torch (version 1 of the paper).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Cell = Literal["rnn", "lstm", "gru"]
State = tuple[Tensor, ...]
FAST: Mapping[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def rnn_step(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor) -> Tensor:
    """One step of the vanilla RNN. x: (B, D); h: (B, H); w_ih: (H, D); w_hh: (H, H); bias: (H,). Returns h, (B, H)."""
    return torch.tanh(x @ w_ih.T + h @ w_hh.T + bias)


def lstm_step(x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """One step of the LSTM. x: (B, D); h, c: (B, H); w_ih: (4H, D); w_hh: (4H, H); bias: (4H,). Returns h, c."""
    return lstm_gates(x @ w_ih.T + h @ w_hh.T + bias, c)


def lstm_gates(sums: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """What the LSTM makes of its four sums, i, f, g, o: (B, 4H, ...), and of its cell: (B, H, ...). Returns h, c."""
    i, f, g, o = sums.chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru_step(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
    """One step of the GRU. x: (B, D); h: (B, H); w_ih: (3H, D); w_hh: (3H, H); biases: (3H,). Returns h, (B, H).

    The two biases are not one: the reset gate multiplies that of the state's candidate, and not that of the input's.
    """
    (r_x, z_x, n_x), (r_h, z_h, n_h) = (x @ w_ih.T + bias_ih).chunk(3, 1), (h @ w_hh.T + bias_hh).chunk(3, 1)
    r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
    n = (n_x + r * n_h).tanh()
    return (1 - z) * n + z * h


def _rnn(x: Tensor, state: State, weights: Sequence[Tensor]) -> State:
    w_ih, w_hh, bias_ih, bias_hh = weights
    return (rnn_step(x, state[0], w_ih, w_hh, bias_ih + bias_hh),)


def _lstm(x: Tensor, state: State, weights: Sequence[Tensor]) -> State:
    w_ih, w_hh, bias_ih, bias_hh = weights
    return lstm_step(x, state[0], state[1], w_ih, w_hh, bias_ih + bias_hh)


def _gru(x: Tensor, state: State, weights: Sequence[Tensor]) -> State:
    w_ih, w_hh, bias_ih, bias_hh = weights
    return (gru_step(x, state[0], w_ih, w_hh, bias_ih, bias_hh),)


STEPS: Mapping[str, Callable[[Tensor, State, Sequence[Tensor]], State]] = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}


def course_order(stacked: Tensor) -> Tensor:
    """LSTM weights or biases (4H, ...) from i, f, g, o to i, f, o, g; the exchange undoes itself, so back as well."""
    i, f, third, fourth = stacked.chunk(4)
    return torch.cat((i, f, fourth, third))


class Recurrent(nn.Module):
    """Sequences (B, T, D) and a state -> outputs of the last layer (B, T, H * directions), and the state behind them.

    The parameters are those of `.cells`, a torch.nn.RNN, LSTM or GRU with its names (weight_ih_l0, ...). `readable`
    runs the steps above on them, one at a time, and agrees to rounding. dropout: probability, between layers (so one
    layer has none). forget_bias: where the LSTM's forget gate starts; 1 lets it remember from the start (Jozefowicz et
    al., 2015), None leaves torch's random start. Raises ValueError for settings out of range.
    """

    def __init__(
        self,
        cell: Cell,
        n_inputs: int,
        hidden: int,
        layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        readable: bool = False,
        forget_bias: float | None = 1.0,
    ) -> None:
        super().__init__()
        check(cell, hidden, layers, dropout)
        self.cell, self.hidden, self.layers, self.readable = cell, hidden, layers, readable
        self.dropout = dropout if layers > 1 else 0.0
        self.directions = 2 if bidirectional else 1
        self.cells = FAST[cell](
            n_inputs, hidden, layers, batch_first=True, dropout=self.dropout, bidirectional=bidirectional
        )
        if cell == "lstm" and forget_bias is not None:
            self._start_forgetting_at(forget_bias)

    @property
    def n_outputs(self) -> int:
        """Numbers in one step's output: H * directions."""
        return self.hidden * self.directions

    @property
    def n_states(self) -> int:
        """Tensors in a state: 2 for the LSTM, else 1."""
        return 2 if self.cell == "lstm" else 1

    def start(self, batch: int) -> State:
        """The state before anything was read: zeros, on the device and in the precision of the weights."""
        shape = (batch, self.layers * self.directions, self.hidden)
        return tuple(self.cells.all_weights[0][0].new_zeros(shape) for _ in range(self.n_states))

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """x: (B, T, D); state: zeros if None. Behind the last step of a padded sequence it reads padding."""
        state = self.start(len(x)) if state is None else state
        outputs, after = (self._step_by_step if self.readable else self._by_kernel)(x, state)
        # under autocast the kernel answers in bfloat16; a state keeps its precision, however often it is carried
        return outputs, tuple(new.to(old.dtype) for new, old in zip(after, state, strict=True))

    def _by_kernel(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        by_layer = tuple(s.transpose(0, 1).contiguous() for s in state)  # torch has the layers first
        outputs, after = self.cells(x, by_layer if self.cell == "lstm" else by_layer[0])
        return outputs, tuple(s.transpose(0, 1) for s in (after if self.cell == "lstm" else (after,)))

    def _step_by_step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        after: list[State] = []
        for layer in range(self.layers):
            if layer:
                x = F.dropout(x, self.dropout, self.training)
            ways = []
            for way in range(self.directions):
                started = tuple(s[:, len(after)] for s in state)
                outputs, ended = self._one_way(x, started, self.cells.all_weights[len(after)], backwards=way == 1)
                ways.append(outputs)
                after.append(ended)
            x = torch.cat(ways, dim=2)
        return x, tuple(torch.stack(each, dim=1) for each in zip(*after, strict=True))

    def _one_way(self, x: Tensor, state: State, weights: Sequence[Tensor], backwards: bool) -> tuple[Tensor, State]:
        outputs: list[Tensor] = []
        for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
            state = STEPS[self.cell](x[:, t], state, weights)
            outputs.append(state[0])
        return torch.stack(outputs[::-1] if backwards else outputs, dim=1), state

    def _start_forgetting_at(self, bias: float) -> None:
        forget = slice(self.hidden, 2 * self.hidden)
        with torch.no_grad():  # torch adds two biases; one of them carries the value
            for name, values in self.cells.named_parameters():
                if name.startswith("bias"):
                    values[forget] = bias if name.startswith("bias_ih") else 0.0

    def extra_repr(self) -> str:
        return "readable=True" if self.readable else ""


def check(cell: str, hidden: int, layers: int, dropout: float) -> None:
    """Raise ValueError, in one sentence, for a recurrent layer that cannot be."""
    if cell not in FAST:
        raise ValueError(f"cell must be one of {', '.join(FAST)}; got '{cell}'")
    if hidden < 1 or layers < 1:
        raise ValueError(f"hidden and layers must be at least 1, for example 128 and 1; got {hidden} and {layers}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, for example 0.5; got {dropout}")
