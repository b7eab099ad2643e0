"""Encoder and decoder with attention: one network reads a sentence, another writes its translation.

The encoder reads in both directions; the decoder starts from what it read last, and looks back at all of it before
each word. Without attention all that is known of the source must pass through that one state (Sutskever et al., 2014).
Attention is asked after the decoder's step, as in Luong et al., 2015, so in training every step of a sentence is one
call. With input feeding (there, section 3.3) what was read is an input of the next step, and steps go one by one.

Differs from the papers: the encoder's two directions are two layers stacks of their own, not interleaved by layer.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from ...layers.attention import Additive, Attention, DotProduct
from ...layers.recurrent import Cell, Recurrent, State

Look = Literal["none", "dot", "additive"]
PAD, START, UNKNOWN = 0, 1, 3
NEVER = (PAD, START)  # these are never the next word


class Encoder(nn.Module):
    """Sentences (B, S), filled up with 0 -> what is remembered of each place (B, S, 2 H), and the last states.

    The backward direction reads the words of a row in reverse, its padding still behind: so neither direction ever
    reads padding before a word, and torch's fast kernels need no packing.
    """

    def __init__(self, words: int, embedding: int, hidden: int, cell: Cell, layers: int, dropout: float) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, embedding, padding_idx=PAD)
        self.forwards = Recurrent(cell, embedding, hidden, layers, dropout)
        self.backwards = Recurrent(cell, embedding, hidden, layers, dropout)
        self.drop = nn.Dropout(dropout)

    def forward(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the memory (B, S, 2 H) and the outputs behind the last word of both directions, (B, 2 H)."""
        lengths = (source != PAD).sum(1)
        words = self.drop(self.embed(source))
        turned = reversal(lengths, source.shape[1])[:, :, None]
        there, _ = self.forwards(words)
        back, _ = self.backwards(words.gather(1, turned.expand_as(words)))
        memory = torch.cat([there, back.gather(1, turned.expand_as(back))], 2)
        last = (lengths - 1)[:, None, None].expand(-1, 1, there.shape[2])
        return memory, torch.cat([there.gather(1, last), back.gather(1, last)], 2)[:, 0]


class EncoderDecoder(nn.Module):
    """Source (B, S) and the target so far (B, T), int64 filled up with 0 -> scores of the next words (B, T, V)."""

    def __init__(
        self,
        source_words: int,
        target_words: int,
        embedding: int,
        hidden: int,
        cell: Cell,
        layers: int,
        attention: Look,
        input_feeding: bool,
        dropout: float,
        tied: bool,
    ) -> None:
        super().__init__()
        self.hidden, self.layers, self.feeds = hidden, layers, input_feeding
        self.avoids = list(NEVER)
        self.encode = Encoder(source_words, embedding, hidden // 2, cell, layers, dropout)
        self.embed = nn.Embedding(target_words, embedding, padding_idx=PAD)
        self.decode = Recurrent(cell, embedding + input_feeding * embedding, hidden, layers, dropout)
        n_states = layers * self.decode.n_states
        self.begin = nn.Linear(2 * (hidden // 2), n_states * hidden)
        self.attention = _attention(attention, hidden, 2 * (hidden // 2))
        self.combine = nn.Linear(hidden + (2 * (hidden // 2) if self.attention else 0), embedding)
        self.drop = nn.Dropout(dropout)
        self.write = nn.Linear(embedding, target_words)
        for table in (self.encode.embed, self.embed):
            nn.init.normal_(table.weight, std=embedding**-0.5)
            with torch.no_grad():
                table.weight[PAD] = 0.0
        if tied:
            self.write.weight = self.embed.weight
        else:
            nn.init.normal_(self.write.weight, std=0.01)  # so that the first loss is ln V
        nn.init.zeros_(self.write.bias)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        return self.scores_and_weights(source, target)[0]

    def scores_and_weights(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """Scores (B, T, V) of the next words, and where the decoder looked, (B, T, S), or None without attention."""
        memory, state = self.read(source)
        words = self.drop(self.embed(target))
        if not self.feeds:
            outputs, _ = self.decode(words, state)
            features, weights = self.look(outputs, *memory)
            return self.write(self.drop(features)), weights
        features, steps = words.new_zeros(len(words), 1, words.shape[2]), []
        for t in range(words.shape[1]):
            outputs, state = self.decode(torch.cat([words[:, t : t + 1], features], 2), state)
            features, weights = self.look(outputs, *memory)
            features = self.drop(features)
            steps.append((features, weights))
        found = [torch.cat(tensors, 1) if tensors[0] is not None else None for tensors in zip(*steps, strict=True)]
        return self.write(found[0]), found[1]

    def read(self, source: Tensor) -> tuple[tuple[Tensor, ...], State]:
        """What attention needs to know of the source, and the state the decoder starts from."""
        memory, last = self.encode(source)
        begun = torch.tanh(self.begin(last)).view(len(source), self.decode.n_states, self.layers, self.hidden)
        state = tuple(begun.unbind(1))
        keys = self.attention.keys(memory) if self.attention else memory
        return (memory, keys, source != PAD), state

    def look(self, outputs: Tensor, memory: Tensor, keys: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """The decoder's outputs (B, T, H) with what they make it read in the memory: (B, T, E), and the weights."""
        weights = None
        if self.attention:
            found, weights = self.attention(outputs, memory, mask, keys)
            outputs = torch.cat([found.to(outputs.dtype), outputs], 2)
        return torch.tanh(self.combine(outputs)), weights

    def starts(self, source: Tensor) -> State:
        """The state that `step` begins with: all that is known of the source, each tensor with the batch first."""
        memory, state = self.read(source)
        fed = (state[0].new_zeros(len(source), self.embed.embedding_dim),) if self.feeds else ()
        return (*memory, *fed, *state)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """The last words (B,) and a state -> log-probabilities (B, V) of the next words, and the state behind them.

        The words of `avoids`, PAD and START if nothing else is said, have -inf: they are never next.
        """
        n_memory = 3 + self.feeds
        memory, recurrent = state[:3], state[n_memory:]
        words = self.embed(tokens)[:, None]
        if self.feeds:
            words = torch.cat([words, state[3][:, None].to(words.dtype)], 2)
        outputs, recurrent = self.decode(words, recurrent)
        features, _ = self.look(outputs, *memory)
        scores = self.write(features)[:, 0].float()
        scores[:, self.avoids] = -torch.inf
        fed = (features[:, 0],) if self.feeds else ()
        return scores.log_softmax(1), (*memory, *fed, *recurrent)


def build(
    source_words: int,
    target_words: int,
    *,
    embedding: int = 256,
    hidden: int = 512,
    cell: Cell = "lstm",
    layers: int = 1,
    attention: Look = "dot",
    input_feeding: bool = False,
    dropout: float = 0.3,
    tied: bool = True,
) -> EncoderDecoder:
    """source_words, target_words: sizes of the vocabularies, PAD, START, END, UNKNOWN being 0 to 3.

    hidden: the decoder's size; each direction of the encoder has half. tied: the output layer's weights are the
    embedding of the target (Press and Wolf, 2017). Raises ValueError for sizes out of range.
    """
    if hidden < 2 or hidden % 2 or embedding < 1:
        raise ValueError(f"hidden must be even, for the encoder's two directions share it, and embedding at least 1; "
                         f"got {hidden} and {embedding}")  # fmt: skip
    sizes = (source_words, target_words, embedding, hidden, cell, layers)
    return EncoderDecoder(*sizes, attention, input_feeding, dropout, tied)


def reversal(lengths: Tensor, longest: int) -> Tensor:
    """Places (B, S) of the words of each row in reverse, its padding left behind them: its own inverse."""
    places = torch.arange(longest, device=lengths.device)[None]
    return torch.where(places < lengths[:, None], lengths[:, None] - 1 - places, places)


def _attention(name: Look, n_query: int, n_memory: int) -> Attention | None:
    if name == "none":
        return None
    if name == "additive":
        return Additive(n_query, n_memory, n_query // 2)
    if name == "dot":
        return DotProduct(n_query, n_memory, scaled=True)
    raise ValueError(f"attention must be one of none, dot, additive; got '{name}'")
