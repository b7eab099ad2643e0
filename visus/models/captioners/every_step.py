"""The picture is seen with every word: its features enter the recurrent layer at each step, h = f(W x + U h + V v).

Source: Karpathy and Fei-Fei, 2015, equation 14, where they enter at the first step alone; Donahue et al., 2015, LRCN.
"""

import torch
from torch import Tensor, nn

from ...layers.recurrent import Cell, Recurrent
from ._contract import Shape, State, Told, check, head, pooled


class EveryStep(nn.Module):
    """Features (B, D, h, w) and words (B, T) -> scores (B, T, V)."""

    def __init__(
        self,
        feature_shape: Shape,
        vocabulary: int,
        hidden: int,
        embedding: int,
        cell: Cell,
        layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        check(vocabulary, embedding, dropout)
        self.project = nn.Linear(feature_shape[0], embedding)
        self.embed = nn.Embedding(vocabulary, embedding)
        # word and picture side by side: one matrix times both is the sum of two matrices times each
        self.recurrent = Recurrent(cell, 2 * embedding, hidden, layers, dropout)
        self.drop = nn.Dropout(dropout)
        self.head = head(hidden, vocabulary)

    def begin(self, features: Tensor) -> State:
        """The recurrent layer's zeros, and the picture (B, E), which stays."""
        return *self.recurrent.start(len(features)), self.drop(self.project(pooled(features)))

    def step(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        *carried, picture = state
        scores, after = self._told(words[:, None], picture, tuple(carried))
        return scores[:, 0], (*after, picture)

    def forward(self, features: Tensor, words: Tensor) -> Told:
        *carried, picture = self.begin(features)
        return Told(self._told(words, picture, tuple(carried))[0])

    def _told(self, words: Tensor, picture: Tensor, state: State) -> tuple[Tensor, State]:
        embedded = self.drop(self.embed(words))  # (B, T, E)
        beside = picture[:, None].expand(-1, words.shape[1], -1).to(embedded.dtype)
        outputs, state = self.recurrent(torch.cat([embedded, beside], 2), state)
        return self.head(self.drop(outputs)), state


def build(
    feature_shape: Shape,
    vocabulary: int,
    hidden: int = 256,
    embedding: int = 256,
    cell: Cell = "lstm",
    layers: int = 1,
    dropout: float = 0.0,
) -> nn.Module:
    """hidden: units a layer. embedding: numbers for a word, and for the picture. dropout: on both and on outputs."""
    return EveryStep(feature_shape, vocabulary, hidden, embedding, cell, layers, dropout)
