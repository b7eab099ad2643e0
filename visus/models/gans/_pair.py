"""What every file of this folder is made of: a generator, a critic, and the pair of them, which is saved."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...data.canvas import Canvas
from ...layers.spectral import SpectralEmbedding, SpectralLinear
from ..generative import Progress, check_count, check_labels, check_latent, check_temperature

AT_ONCE = 250  # pictures made together
DEVIATION = 0.02  # of starting weights (Radford et al., 2015, section 4)


class Generator(nn.Module):
    """Points z (B, Z), with classes beside their labels (B,), -> pictures (B, C, H, W) in [-1, 1].

    paint: (B, Z + K) -> (B, C, H, W) in [-1, 1]; a class is told by its one-hot beside z (Mirza and Osindero, 2014).
    """

    def __init__(self, canvas: Canvas, n_classes: int, latents: int, paint: nn.Module) -> None:
        super().__init__()
        self.canvas, self.n_classes, self.latents, self.paint = canvas, n_classes, latents, paint

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.n_classes:
            assert labels is not None
            z = torch.cat([z, F.one_hot(labels, self.n_classes).to(z)], 1)
        painted: Tensor = self.paint(z)
        return painted

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The picture of each point (B, Z): brightness, float32 (B, C, H, W) in [0, 1]."""
        check_latent(z, self.latents)
        check_labels(labels, self.n_classes, len(z))
        return (self(z, labels).float() + 1) / 2

    def draw(self, n: int, dice: torch.Generator) -> Tensor:
        """n points of the prior, a normal of mean 0 and deviation 1 in each direction, (n, Z)."""
        where = next(self.parameters())
        return torch.randn(n, self.latents, generator=dice).to(where)

    def sample(
        self,
        n: int,
        dice: torch.Generator,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Tensor:
        """n pictures, levels uint8 (n, C, H, W). temperature: deviation of the points; below 1 they are nearer to the
        middle, where pictures are better and more alike (the aim of Brock et al., 2019, section 3.1)."""
        check_count(n)
        check_labels(labels, self.n_classes, n)
        check_temperature(temperature)
        z, made = temperature * self.draw(n, dice), []
        labels = labels if labels is None else labels.to(z.device)
        for first in range(0, n, AT_ONCE):
            some = slice(first, first + AT_ONCE)
            brightness = self.decode(z[some], None if labels is None else labels[some])
            made.append((brightness * (self.canvas.levels - 1)).round().to(torch.uint8))
            if progress:
                progress(min(n, first + AT_ONCE), n)
        return torch.cat(made)


class Critic(nn.Module):
    """Pictures (B, C, H, W) in [-1, 1], with classes beside their labels, -> scores (B,), higher for more real.

    see: pictures -> features (B, D). A class adds the product of its own vector with the features (projection: Miyato
    and Koyama, 2018, equation 3). spectral: whether the last layer too is normalised by its largest singular value.
    """

    def __init__(self, see: nn.Module, features: int, n_classes: int, spectral: bool = False) -> None:
        super().__init__()
        self.see = see
        self.score = (SpectralLinear if spectral else nn.Linear)(features, 1)
        self.suits = (SpectralEmbedding if spectral else nn.Embedding)(n_classes, features) if n_classes else None

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.see(pictures)  # (B, D)
        scores: Tensor = self.score(features).squeeze(1)
        if self.suits is not None:
            assert labels is not None
            scores = scores + (self.suits(labels).to(features) * features).sum(1)
        return scores


class Pair(nn.Module):
    """A generator and the critic that it learned from; what it offers is the generator's."""

    def __init__(self, generator: Generator, critic: Critic) -> None:
        super().__init__()
        self.generator, self.critic = generator, critic
        self.canvas, self.n_classes, self.latents = generator.canvas, generator.n_classes, generator.latents
        self.decode, self.draw, self.sample = generator.decode, generator.draw, generator.sample

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Points (B, Z) -> pictures (B, C, H, W) in [-1, 1]."""
        painted: Tensor = self.generator(z, labels)
        return painted


@torch.no_grad()
def start(module: nn.Module) -> None:
    """DCGAN's start: weights normal of deviation 0.02, scales of batch norms about 1, shifts and biases 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
            nn.init.normal_(part.weight, 0.0, DEVIATION)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.weight, 1.0, DEVIATION)
        if isinstance(bias := getattr(part, "bias", None), Tensor):
            nn.init.zeros_(bias)
