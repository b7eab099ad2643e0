"""Look at another place of the picture for every word (Xu et al., 2015, Show, Attend and Tell, section 3.1.2).

Differs from the paper: the start of h and c is one layer, and the scores need no second layer (its equation 7 without
L_o's product). How the weights become what is seen, the mean or a draw, is each captioner's own: `Glance`.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...layers.attention import Additive
from ...layers.recurrent import Cell, Recurrent
from ._contract import Shape, State, Told, check, head, pooled

# (weights (B, L), grid (B, L, D), training) -> (what is seen (B, D), the places drawn (B,) or None)
Glance = Callable[[Tensor, Tensor, bool], tuple[Tensor, Tensor | None]]


class Attending(nn.Module):
    """Features (B, D, h, w) and words (B, T) -> scores (B, T, V) and the weights of L = h * w places (B, T, L)."""

    def __init__(
        self,
        feature_shape: Shape,
        vocabulary: int,
        hidden: int,
        embedding: int,
        attention: int,
        cell: Cell,
        dropout: float,
        glance: Glance,
    ) -> None:
        super().__init__()
        check(vocabulary, embedding, dropout)
        n_features = feature_shape[0]
        self.glance = glance
        self.embed = nn.Embedding(vocabulary, embedding)
        self.recurrent = Recurrent(cell, embedding + n_features, hidden)
        self.start = nn.Linear(n_features, self.recurrent.n_states * hidden)
        self.attend = Additive(hidden, n_features, attention)
        self.gate = nn.Linear(hidden, 1)  # beta of section 4.2.1: how much of the picture this word needs
        self.drop = nn.Dropout(dropout)
        self.word_to_head = nn.Linear(embedding, hidden, bias=False)
        self.seen_to_head = nn.Linear(n_features, hidden, bias=False)
        self.head = head(hidden, vocabulary)

    def begin(self, features: Tensor) -> State:
        """h (and c) of the mean features, the grid (B, L, D), and its keys (B, L, A), which are the same all along."""
        grid = features.flatten(2).transpose(1, 2)  # (B, L, D)
        first = torch.tanh(self.start(pooled(features))).unflatten(1, (self.recurrent.n_states, 1, -1))
        return *first.unbind(1), grid, self.attend.keys(grid)

    def step(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        embedded = self.embed(words)
        output, seen, _, _, state = self._look(embedded, state)
        return self._scores(output, embedded, seen), state

    def forward(self, features: Tensor, words: Tensor) -> Told:
        embedded, state = self.drop(self.embed(words)), self.begin(features)
        steps = []
        for t in range(words.shape[1]):
            *found, state = self._look(embedded[:, t], state)
            steps.append(found)
        outputs, seen, weights, chosen = zip(*steps, strict=True)
        scores = self._scores(torch.stack(outputs, 1), embedded, torch.stack(seen, 1))
        return Told(scores, torch.stack(weights, 1), None if chosen[0] is None else torch.stack(chosen, 1))

    def _look(self, embedded: Tensor, state: State) -> tuple[Tensor, Tensor, Tensor, Tensor | None, State]:
        """One word (B, E) further: output (B, H), what was seen (B, D), weights (B, L), places drawn, state."""
        *carried, grid, keys = state
        h = carried[0][:, 0]  # (B, H)
        weights = self.attend.scores(h[:, None], keys)[:, 0].softmax(1)  # (B, L); float32 also under autocast
        seen, chosen = self.glance(weights, grid, self.training)
        seen = torch.sigmoid(self.gate(h)) * seen
        inputs = torch.cat([embedded, seen.to(embedded.dtype)], 1)[:, None]
        output, after = self.recurrent(inputs, tuple(carried))
        return output[:, 0], seen, weights, chosen, (*after, grid, keys)

    def _scores(self, outputs: Tensor, embedded: Tensor, seen: Tensor) -> Tensor:
        """Equation 7: of the state, the word before and what is seen, (..., H), (..., E), (..., D) -> (..., V)."""
        return self.head(self.drop(outputs + self.word_to_head(embedded) + self.seen_to_head(seen)))
