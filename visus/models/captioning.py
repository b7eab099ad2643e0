"""A picture described: standardise, a classifier's grid of features, a captioner, as one module to train and ship."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..data.preprocess import Standardise
from ..data.vocabulary import END, SPECIALS
from .captioners._contract import State, Told

SILENT = [index for index, token in enumerate(SPECIALS) if token != END]  # no sentence says PAD, START or UNKNOWN
FEWEST_PLACES = 4  # a map of 2 x 2: with fewer there is nowhere to look


class Grid(nn.Module):
    """Float images (B, C, H, W) -> the features (B, D, h, w) that one layer of a classifier puts out.

    frozen: the classifier stays in evaluation mode and no gradient reaches it.
    """

    def __init__(self, network: nn.Module, layer: str, frozen: bool = True) -> None:
        super().__init__()
        self.network, self.layer, self.frozen = network, layer, frozen
        self.network.requires_grad_(not frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> "Grid":
        """As of any module; what is frozen stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.network.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        seen: list[Tensor] = []
        hook = self.network.get_submodule(self.layer).register_forward_hook(lambda module, given, out: seen.append(out))
        try:
            self.network(images)
        finally:
            hook.remove()
        return seen[-1]


class Captioning(nn.Module):
    """Pictures uint8 (B, 3, H, W) and words (B, T) -> what a captioner tells.

    mean, std: (D,) of the features in the training part, which a captioner sees standardised; saved with the weights.
    facts: what it was built from, ready for JSON.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, standardise: Standardise, grid: Grid, captioner: nn.Module, facts: Mapping[str, Any]) -> None:
        super().__init__()
        self.facts = dict(facts)
        n_features = facts["features"][0]
        self.standardise, self.grid, self.captioner = standardise, grid, captioner
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("std", torch.ones(n_features))

    def raw(self, images: Tensor) -> Tensor:
        """Pictures uint8 (B, 3, H, W) -> the classifier's features (B, D, h, w)."""
        found: Tensor = self.grid(self.standardise(images.to(self.mean.device)))
        return found

    def scaled(self, raw: Tensor) -> Tensor:
        """Features (B, D, h, w) with mean 0 and deviation 1 over the training part."""
        return (raw - self.mean[:, None, None]) / self.std[:, None, None]

    def see(self, images: Tensor) -> Tensor:
        """Pictures uint8 (B, 3, H, W) -> the features (B, D, h, w) that the captioner is given."""
        return self.scaled(self.raw(images))

    def settle(self, raw: Tensor) -> None:
        """Take mean and deviation from features (N, D, h, w) of the training part."""
        self.mean.copy_(raw.mean((0, 2, 3)))
        self.std.copy_(raw.std((0, 2, 3)).clamp_min(1e-4))  # a feature that never fires is not blown up

    def forward(self, images: Tensor, words: Tensor) -> Told:
        told: Told = self.captioner(self.see(images), words)
        return told

    def begin(self, features: Tensor) -> State:
        """Features as `see` gives them -> the state before the first word: tensors with the batch first."""
        state: State = self.captioner.begin(features)  # type: ignore[operator]
        return state

    def step(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        """The contract of `decoding`: words int64 (B,) and a state -> log-probabilities (B, V) of what may be said."""
        scores, state = self.captioner.step(words, state)  # type: ignore[operator]
        scores = scores.float()
        scores[:, SILENT] = -torch.inf
        return scores.log_softmax(1), state

    def attention(self, features: Tensor, words: Tensor) -> Tensor | None:
        """How much each place was looked at for each of the words that were said, (B, T) -> (B, T, h, w), or None.

        words: with START in front instead of the last one.
        """
        weights = self.captioner(features, words).weights
        return None if weights is None else weights.unflatten(2, features.shape[2:])


@torch.no_grad()
def last_grid(network: nn.Module, image: tuple[int, int, int]) -> tuple[str, tuple[int, int, int]]:
    """The last layer of a classifier that puts out a map of at least 2 x 2 places, and that map's shape (D, h, w).

    Raises ValueError for a network that has none.
    """
    seen: list[tuple[str, Sequence[int]]] = []
    hooks = [
        module.register_forward_hook(lambda m, given, out, name=name: seen.append((name, _shape(out))))
        for name, module in network.named_modules()
        if name
    ]
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        network(torch.zeros(1, *image, device=next(network.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes.items():
            module.training = training
    maps = [(name, shape) for name, shape in seen if len(shape) == 4 and shape[2] * shape[3] >= FEWEST_PLACES]
    if not maps:
        raise ValueError(
            f"this classifier has no map of features at {image[1]} x {image[2]} pixels; take a convolutional one, or "
            "larger pictures (size=)"
        )
    name, (_, *shape) = maps[-1]
    return name, (shape[0], shape[1], shape[2])


def _shape(out: object) -> Sequence[int]:
    return out.shape if isinstance(out, Tensor) else ()
