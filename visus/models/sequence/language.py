"""Language model: each symbol told from all before it, by an RNN, LSTM or GRU (Karpathy's char-rnn, 2015)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...layers.recurrent import Cell, Recurrent, State

STRIDE = 256  # steps that `surprises` runs at once
LANES = 64  # stretches of a long text that `surprises` reads side by side
WARM_UP = 512  # symbols that a stretch reads of what stands before it, so that its state is as if it had read all


class LanguageModel(nn.Module):
    """Symbols int64 (B, T) and a state -> scores of the next symbol (B, T, V), and the state behind them.

    cell: rnn, lstm or gru. hidden: units a layer. embedding: numbers that stand for a symbol. tied: the table of
    embeddings is the head's too (Press and Wolf, 2017), which needs embedding == hidden. dropout: on what goes from
    layer to layer, and into the head, never on the state (Zaremba et al., 2014).
    """

    def __init__(
        self,
        vocabulary: int,
        cell: Cell = "lstm",
        hidden: int = 512,
        layers: int = 2,
        embedding: int = 512,
        dropout: float = 0.0,
        tied: bool = False,
    ) -> None:
        super().__init__()
        if tied and embedding != hidden:
            raise ValueError(
                f"a tied head needs embeddings as wide as the layers, and embedding={embedding} while hidden={hidden}; "
                f"set embedding={hidden}"
            )
        self.embed = nn.Embedding(vocabulary, embedding)
        self.recurrent = Recurrent(cell, embedding, hidden, layers, dropout)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, vocabulary)
        nn.init.zeros_(self.head.bias)
        if tied:
            self.embed.weight = self.head.weight

    @property
    def vocabulary(self) -> int:
        """V, the number of symbols."""
        return self.head.out_features

    def start(self, batch: int) -> State:
        """The state before anything was read: tensors (B, layers, H) of zeros."""
        return self.recurrent.start(batch)

    def forward(self, symbols: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        outputs, state = self.recurrent(self.embed(symbols), state)  # (B, T, H)
        return self.head(self.drop(outputs)), state

    def step(self, symbols: Tensor, state: State) -> tuple[Tensor, State]:
        """Symbols (B,) and a state -> log-probabilities of the next symbol (B, V), float32, and the state behind it."""
        scores, state = self(symbols[:, None], state)
        return scores[:, 0].float().log_softmax(-1), state

    @torch.no_grad()
    def read(self, symbols: Tensor, state: State | None = None) -> State:
        """The state after symbols (B, T), T >= 0."""
        state = self.start(len(symbols)) if state is None else state
        for piece in symbols.split(STRIDE, dim=1) if symbols.shape[1] else ():
            _, state = self.recurrent(self.embed(piece), state)
        return state

    @torch.no_grad()
    def surprises(self, symbols: Tensor, lanes: int = LANES, warm_up: int = WARM_UP) -> Tensor:
        """Nats of each symbol given all before it: int64 (N,) -> float32 (N - 1,), from an empty state.

        A long text is read in stretches side by side, each of which first reads the `warm_up` symbols before it; an
        LSTM remembers less than that, so the mean is that of one pass to four digits. lanes=1 is one pass. The model
        is to be in evaluation mode.
        """
        n = len(symbols) - 1
        if n < 1:
            return torch.zeros(max(0, n))
        lanes = max(1, min(lanes, n // (2 * warm_up) if warm_up else n))
        length = -(-n // lanes)
        lanes = -(-n // length)  # the last lane holds at least one symbol
        padded = F.pad(symbols, (0, lanes * length - n))
        seen, told = padded[:-1].view(lanes, length), padded[1:].view(lanes, length)
        state = self.start(lanes)
        if lanes > 1:
            before = torch.stack([padded[k * length - warm_up : k * length] for k in range(1, lanes)])
            warm = self.read(before)
            state = tuple(torch.cat([zero[:1], some]) for zero, some in zip(state, warm, strict=True))
        found = []
        for inputs, targets in zip(seen.split(STRIDE, dim=1), told.split(STRIDE, dim=1), strict=True):
            scores, state = self(inputs, state)
            found.append(F.cross_entropy(scores.float().transpose(1, 2), targets, reduction="none"))
        return torch.cat(found, dim=1).flatten()[:n]


def build(
    vocabulary: int,
    cell: Cell = "lstm",
    hidden: int = 512,
    layers: int = 2,
    embedding: int = 512,
    dropout: float = 0.0,
    tied: bool = False,
) -> LanguageModel:
    """A fresh language model of `vocabulary` symbols. Raises ValueError for settings that cannot be."""
    return LanguageModel(vocabulary, cell, hidden, layers, embedding, dropout, tied)
