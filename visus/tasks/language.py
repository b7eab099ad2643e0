"""Language: tell the next symbol of a text, learned by truncated back-propagation through time."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor

from ..decoding.sample import draws
from ..engine.objective import Batch, OptimizerFactory, Terms
from ..engine.task import evaluating
from ..losses.sequence import temporal_cross_entropy
from ._telling import Telling

NO_END = -1  # a text goes on until enough of it was made
State = tuple[Tensor, ...]


class Reader(Protocol):
    """What the text a task learns from is asked for: see data.text.Text."""

    def part(self, name: str) -> Tensor: ...


class Streams(Protocol):
    """What a task learns from: see data.lanes.Lanes."""

    steps_per_epoch: int
    batch_size: int

    @property
    def prepared(self) -> Reader: ...

    def batches(self, start: int = 0) -> Iterator[Batch]: ...

    def sources(self, step: int) -> list[str]: ...


class LanguageNetwork(Protocol):
    """What the network offers: see models.sequence.language.LanguageModel."""

    def start(self, batch: int) -> State: ...

    def step(self, symbols: Tensor, state: State) -> tuple[Tensor, State]: ...

    def read(self, symbols: Tensor) -> State: ...

    def surprises(self, symbols: Tensor) -> Tensor: ...


class Language(Telling):
    """Descend the nats of the next symbol, window by window, the state carried from one window to the next.

    The gradient stops at the border of a window (truncated back-propagation), what was read does not. The loss of a
    batch begins from the state that the batch before left behind, however often it is asked for: only the next batch
    takes over what this one leaves. Both states are the task's, so that a resumed run has them.

    written: symbols -> a text. shown, temperature: length of the text that `illustrate` has drawn, and how it is drawn.
    """

    NAME = "language"
    TRAIN_SAMPLE = 20_000  # symbols
    data: Streams
    PLACES, WRITTEN = 8, 60  # of the validation part, and symbols written there for the doctor

    def __init__(
        self,
        model: torch.nn.Module,
        data: Streams,
        optimizer: OptimizerFactory,
        *,
        vocabulary: int,
        written: Callable[[list[int]], str] | None = None,
        shown: int = 0,
        temperature: float = 0.8,
        **descent: Any,
    ) -> None:
        super().__init__(model, data, optimizer, vocabulary, **descent)
        self._written, self._shown, self._temperature = written, shown, temperature
        fresh = torch.stack(model.start(data.batch_size))  # type: ignore[operator]  # (states, B, layers, H)
        self.register_buffer("carried", fresh)
        self.register_buffer("left_behind", fresh.clone())
        self.carried: Tensor
        self.left_behind: Tensor

    @property
    def network(self) -> LanguageNetwork:
        """The model, as what it offers."""
        return self.model  # type: ignore[return-value]

    def batches(self, start: int = 0) -> Iterator[Batch]:
        for batch in self.data.batches(start):
            self.carried.copy_(self.left_behind)
            yield self.moved(batch)

    def surprise(self, batch: Batch) -> Terms:
        """Mean nats of the targets. batch: inputs and targets (B, T), lanes (B,), begins (B,)."""
        inputs, targets, lanes, begins = batch
        state = self.carried[:, lanes].masked_fill(begins[:, None, None], 0.0)
        scores, after = self.model(inputs, tuple(state.to(next(self.model.parameters()).dtype)))
        self.left_behind[:, lanes] = torch.stack(after).detach().to(self.left_behind)
        return {"cross_entropy": temporal_cross_entropy(scores, targets)}

    def predict(self, inputs: Tensor) -> Tensor:
        """Symbols int64 (B, T) -> probabilities of the symbol behind each, (B, T, V), from an empty state."""
        with evaluating(self), self.precision.autocast(self.device.type):
            scores, _ = self.model(inputs.to(self.device))
        return scores.float().softmax(-1)

    def nats(self, name: str, limit: int | None = None) -> float:
        """Mean nats of a symbol of a part, or of its first `limit` symbols, all before it given."""
        return float(self.surprises(self.data.prepared.part(name)[:limit]).double().mean())

    def surprises(self, symbols: Tensor) -> Tensor:
        """Nats of each symbol of a text given all before it, (N,) -> (N - 1,), in evaluation mode."""
        with evaluating(self), self.precision.autocast(self.device.type):
            return self.network.surprises(symbols.to(self.device)).cpu()

    def continuation(self, symbols: Tensor, length: int, *, temperature: float = 1.0, seed: int = 0) -> list[int]:
        """`length` symbols drawn from the model behind the given ones, int64 (N,) with N at least 1."""
        with evaluating(self):
            symbols = symbols.to(self.device)
            state = self.network.read(symbols[None, :-1])
            drawn = draws(self.network.step, state, symbols[-1:], NO_END, length, temperature=temperature, seed=seed)
            return [int(token) for token, _ in drawn]

    def free_running(self) -> dict[str, list[list[int]]]:
        """What the doctor asks for: texts drawn from the model behind places of the validation part, and the true ones.

        forced: the likeliest symbol at each place of the true text, all before it given.
        """
        text = self.data.prepared.part("validation")
        length = min(self.WRITTEN, (len(text) - 1) // 2)
        starts = torch.linspace(0, len(text) - 2 * length - 1, self.PLACES).long().unique()
        if length < 2:
            return {}
        rows = torch.stack([text[at : at + 2 * length] for at in starts]).to(self.device)
        with evaluating(self), self.precision.autocast(self.device.type):
            scores, _ = self.model(rows)
            state = self.network.read(rows[:, : length - 1])
            drawn = draws(self.network.step, state, rows[:, length - 1], NO_END, length)
            written = torch.stack([tokens for tokens, _ in drawn], 1)
        return {
            "written": written.tolist(),
            "expected": rows[:, length:].tolist(),
            "forced": scores[:, length - 1 : -1].argmax(2).tolist(),
        }

    def illustrate(self) -> dict[str, str]:
        """What the model makes now: a text, begun where the validation part begins. Empty if none is to be shown."""
        if not self._written or not self._shown:
            return {}
        begun = self.data.prepared.part("validation")[:1]
        made = self.continuation(begun, self._shown, temperature=self._temperature)
        return {f"at temperature {self._temperature:g}": self._written(begun.tolist() + made)}
