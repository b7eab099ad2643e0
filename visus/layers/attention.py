"""Attention: where in a memory to look, learned as a soft choice.

A query scores every place of the memory; the softmax of the scores weighs what is read there:

    additive   v . tanh(W q + U m)        Bahdanau et al., 2015, appendix A.1.2
    dot        (W q) . m                  Luong et al., 2015, section 3.1: "general", and "dot" without W

All queries of a sequence ask at once: nothing here goes step by step.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Attention(nn.Module, ABC):
    """Queries (B, Q, D) and a memory (B, S, M) -> what was read (B, Q, M), and the weights (B, Q, S) that sum to 1."""

    def keys(self, memory: Tensor) -> Tensor:
        """What queries are compared with, (B, S, A): once for a memory, however many queries follow."""
        return memory

    @abstractmethod
    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """How well each place answers each query, (B, Q, S)."""

    def forward(
        self, queries: Tensor, memory: Tensor, mask: Tensor | None = None, keys: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """mask: bool (B, S), true where the memory is real; each row needs one such place. keys: if they are known."""
        scores = self.scores(queries, self.keys(memory) if keys is None else keys)
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, :], -math.inf)
        # Under autocast a softmax is float32 by itself; the product that follows is not.
        weights = scores.softmax(-1)
        return weights.to(memory.dtype) @ memory, weights


class Additive(Attention):
    """A layer of `hidden` tanh units looks at query and place together; query and memory may be of any sizes."""

    def __init__(self, n_query: int, n_memory: int, hidden: int) -> None:
        super().__init__()
        self.of_query = nn.Linear(n_query, hidden)
        self.of_memory = nn.Linear(n_memory, hidden, bias=False)  # the query's bias serves both
        self.score = nn.Linear(hidden, 1, bias=False)

    def keys(self, memory: Tensor) -> Tensor:
        found: Tensor = self.of_memory(memory)
        return found

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        together = torch.tanh(self.of_query(queries)[:, :, None] + keys[:, None])  # (B, Q, S, A)
        found: Tensor = self.score(together)[..., 0]
        return found


class DotProduct(Attention):
    """The product of query and place, through a matrix where asked for or where their sizes differ.

    scaled: divide by the root of the size, so that scores do not grow with it (Vaswani et al., 2017, section 3.2.1).
    """

    def __init__(self, n_query: int, n_memory: int, scaled: bool = False, matrix: bool = True) -> None:
        super().__init__()
        self.matrix = nn.Linear(n_query, n_memory, bias=False) if matrix or n_query != n_memory else nn.Identity()
        self.factor = 1 / math.sqrt(n_memory) if scaled else 1.0

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        return self.matrix(queries) * self.factor @ keys.transpose(1, 2)
