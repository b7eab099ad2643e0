"""A Gaussian along the leading principal components, and the same small variance in all other directions.

This is probabilistic PCA in closed form (Tipping and Bishop, 1999, section 3.2): x = mean + W z + noise, z and noise
normal. How many components: those under which held-back training pictures are likeliest.

A density of numbers is no probability of integers. Spreading each integer evenly over its cell makes it one, at most as
large as the density's mass of the cell (Theis et al., 2016, section 3.1); for a Gaussian that bound needs no draws.
"""

import math

import torch
from torch import Tensor

from ...data.canvas import Canvas
from ..generative import check_latent
from ._contract import Density, noise

CELL = 1 / 12  # variance of an even spread over a cell
EVERY = 10  # one training picture in so many is held back to choose the number of components
PIECE = 2000  # pictures looked at in one go


class PCAGaussian(Density):
    """components: at most; 0: up to as many as there are values, chosen by held-back pictures."""

    exact = False
    mean: Tensor  # (D,), levels, in the middle of their cells
    weights: Tensor  # (D, Z)
    residual: Tensor  # (1,) variance in all other directions

    def __init__(self, canvas: Canvas, n_classes: int, components: int) -> None:
        super().__init__(canvas, n_classes, ("mean", "weights", "residual"))
        if not 0 <= components < canvas.values:
            raise ValueError(f"components must be between 0 and {canvas.values - 1}, for {canvas}; got {components}")
        self.components = components

    @property
    def latents(self) -> int:
        """Z: components that were kept, 0 before fitting."""
        return self.weights.shape[1] if self.weights.ndim == 2 else 0

    def _fit(self, values: Tensor, dice: torch.Generator) -> None:
        order = torch.randperm(len(values), generator=dice)
        held = order[: len(values) // EVERY] if not self.components else order[:0]
        mean, variances, directions = _principal(values[order[len(held) :]])
        most = min(len(values) - len(held) - 1, self.canvas.values - 1)
        kept = self.components or _likeliest(values[held], mean, variances, directions, most)
        kept = min(kept, most)
        residual = variances[kept:].mean()
        weights = directions[:, :kept] * (variances[:kept] - residual).clamp_min(0).sqrt()
        self.mean, self.weights, self.residual = mean.float(), weights.float(), residual.float().view(1)

    def _nats(self, values: Tensor) -> Tensor:
        D, Z = self.weights.shape
        W, residual = self.weights.double(), self.residual.double()
        variances = self._variances()
        off = values.double() + 0.5 - self.mean
        along = off @ W  # (B, Z): the share of each direction, times its length
        # W' W is diagonal, so the inverse is I / residual less a part along each direction (Woodbury)
        squares = (off.square().sum(1) - (along.square() / variances).sum(1)) / residual
        log_determinant = variances.log().sum() + (D - Z) * residual.log()
        # the mean over a cell: the square grows by the cell's variance times the trace of the inverse
        trace = (1 / variances).sum() + (D - Z) / residual
        return (-0.5 * (squares + CELL * trace + log_determinant + D * math.log(2 * math.pi))).float()

    def _variances(self) -> Tensor:
        """Of the directions that were kept, (Z,), in double precision."""
        return self.weights.double().square().sum(0) + self.residual.double()

    def _draw(self, values: Tensor, known: Tensor, dice: torch.Generator, temperature: float) -> Tensor:
        """Where the picture lies among the components, given what is known of it; then the rest by that point."""
        W, Z, B = self.weights[known].double(), self.latents, len(values)
        residual = self.residual.double()
        inner = W.T @ W + residual * torch.eye(Z, dtype=W.dtype, device=W.device)
        root = torch.linalg.cholesky(inner)
        off = values[:, known].double() + 0.5 - self.mean[known]
        centre = torch.cholesky_solve((off @ W).T, root)  # (Z, B)
        draws = noise((B, Z), dice, W.device).double().T
        # residual * inner^-1 is the covariance, so the noise goes through the transposed root
        spread = math.sqrt(temperature) * residual.sqrt()
        z = centre + spread * torch.linalg.solve_triangular(root.T, draws, upper=True)
        x = self.mean + z.T.float() @ self.weights.T
        x = x + math.sqrt(temperature) * self.residual.sqrt() * noise((B, len(self.mean)), dice, x.device)
        return x.floor().clamp(0, self.canvas.levels - 1).to(torch.uint8)

    # ---- a space of points, as an encoder and a decoder would have

    def encode(self, levels: Tensor, labels: Tensor | None = None) -> Tensor:
        """The mean of where each picture lies: z (B, Z)."""
        self._check(levels, labels)
        off = levels.flatten(1).to(self.mean) + 0.5 - self.mean
        return (off @ self.weights) / self._variances().float()

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The mean picture of each point: brightness in [0, 1], (B, C, H, W)."""
        check_latent(z, self.latents)
        brightness = (self.mean - 0.5 + z @ self.weights.T) / (self.canvas.levels - 1)
        return brightness.clamp(0, 1).view(-1, *self.canvas.image)

    def draw(self, n: int, dice: torch.Generator) -> Tensor:
        """n points of the prior, (n, Z)."""
        return noise((n, self.latents), dice, self.mean.device)


def _principal(values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of levels (N, D), spread over their cells: mean (D,), variances (D,) largest first, directions (D, D)."""
    D = values.shape[1]
    mean = sum((x.double().sum(0) for x in values.split(PIECE)), torch.zeros(D, dtype=torch.float64)) / len(values)
    products = torch.zeros(D, D, dtype=torch.float64)
    for some in values.split(PIECE):
        off = some.float() - mean.float()
        products += (off.T @ off).double()
    covariance = products / len(values) + CELL * torch.eye(D, dtype=torch.float64)
    variances, directions = torch.linalg.eigh(covariance)
    return mean + 0.5, variances.flip(0), directions.flip(1)


def _likeliest(held: Tensor, mean: Tensor, variances: Tensor, directions: Tensor, most: int) -> int:
    """The number of components under which held-back pictures (N, D) are likeliest, by all sums at once."""
    if not len(held):
        return min(1, most)
    squares = ((held.double() + 0.5 - mean) @ directions).square().mean(0) + CELL  # of each direction, (D,)
    kept = torch.arange(1, most + 1)
    rest = torch.arange(len(variances) - 1, len(variances) - 1 - most, -1)
    residual = (variances.sum() - variances.cumsum(0)[:most]) / rest
    inside = (variances.log() + squares / variances).cumsum(0)[:most]
    outside = rest * residual.log() + (squares.sum() - squares.cumsum(0)[:most]) / residual
    return int(kept[(inside + outside).argmin()])


def build(canvas: Canvas, n_classes: int = 0, components: int = 0) -> PCAGaussian:
    """components: directions with a variance of their own; 0: as many as make held-back pictures the likeliest."""
    return PCAGaussian(canvas, n_classes, components)
