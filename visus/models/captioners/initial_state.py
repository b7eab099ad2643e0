"""The picture begins the sentence: its features are the recurrent layer's first state (the course's captioner).

Source: Stanford CS231n, assignment 3, CaptioningRNN; with an LSTM as Vinyals et al., 2015, who feed it as a first word.
"""

from torch import Tensor, nn

from ...layers.recurrent import Cell, Recurrent
from ._contract import Shape, State, Told, check, head, pooled


class InitialState(nn.Module):
    """Features (B, D, h, w) and words (B, T) -> scores (B, T, V). The picture is seen once, before the first word."""

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
        self.layers, self.hidden = layers, hidden
        self.recurrent = Recurrent(cell, embedding, hidden, layers, dropout)
        self.project = nn.Linear(feature_shape[0], layers * hidden)
        self.embed = nn.Embedding(vocabulary, embedding)
        self.drop = nn.Dropout(dropout)
        self.head = head(hidden, vocabulary)

    def begin(self, features: Tensor) -> State:
        """h is an affine map of the mean features; an LSTM's c is 0."""
        h = self.project(pooled(features)).unflatten(1, (self.layers, self.hidden))
        return h, *self.recurrent.start(len(h))[1:]

    def step(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        outputs, state = self.recurrent(self.embed(words[:, None]), state)
        return self.head(self.drop(outputs))[:, 0], state

    def forward(self, features: Tensor, words: Tensor) -> Told:
        outputs, _ = self.recurrent(self.drop(self.embed(words)), self.begin(features))  # (B, T, H)
        return Told(self.head(self.drop(outputs)))


def build(
    feature_shape: Shape,
    vocabulary: int,
    hidden: int = 256,
    embedding: int = 256,
    cell: Cell = "lstm",
    layers: int = 1,
    dropout: float = 0.0,
) -> nn.Module:
    """hidden: units a layer. embedding: numbers that stand for a word. dropout: on words, outputs, between layers."""
    return InitialState(feature_shape, vocabulary, hidden, embedding, cell, layers, dropout)
