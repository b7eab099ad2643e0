"""What every variational autoencoder is: a posterior of each picture, a prior, and a likelihood of pictures given z."""

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn

from ...data.canvas import Canvas
from ...losses.segmentation import widened
from ...losses.variational import gaussian_kl, log_weights, tightened
from ..generative import Progress, check_count, check_labels, check_latent, check_temperature
from ._likelihoods import Observation
from ._trunks import Decoder, Encoder, given

DRAWS = 500  # of a bound of the likelihood: the field's number
AT_ONCE = 4_000_000  # values of decoded pictures in memory at a time
STEEPEST = 10.0  # a log-variance beyond is no longer told from it: exp stays finite


class VAE(nn.Module):
    """z ~ N(0, I), x ~ p(x|z), and q(z|x) = N(mean(x), diag(exp(log_variance(x)))) that stands for the posterior.

    encoder: brightness -> 2 Z numbers. decoder: z -> logits of brightness. Levels are uint8 (B, C, H, W), labels (B,).
    Source: Kingma and Welling, 2014; conditional on a class: Kingma et al., 2014, "Semi-supervised Learning with Deep
    Generative Models", model M2 with its labels seen.
    """

    exact = False  # log_likelihood is a bound from below

    def __init__(
        self, canvas: Canvas, n_classes: int, latents: int, encoder: Encoder, decoder: Decoder, observation: nn.Module
    ) -> None:
        super().__init__()
        self.canvas, self.n_classes, self.latents = canvas, n_classes, latents
        self.encoder, self.decoder, self.observation = encoder, decoder, observation

    @property
    def seen(self) -> Observation:
        """p(x|z), as what it offers."""
        return cast(Observation, self.observation)

    def posterior(self, levels: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z|x), (B, Z) each."""
        brightness = self.canvas.brightness(levels)
        found = widened(self.encoder(brightness, given(labels, self.n_classes, brightness)))
        mean, log_variance = found.chunk(2, 1)
        return mean, log_variance.clamp(-STEEPEST, STEEPEST)

    def log_prob(self, levels: Tensor, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """log p(x|z) of pictures (B, C, H, W) at points (k, B, Z): nats (k, B)."""
        return self.seen.log_prob(levels, self._maps(z, labels))

    def log_weights(
        self, levels: Tensor, labels: Tensor | None, k: int, dice: torch.Generator | None = None, beta: float = 1.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What bounds are made of, by k draws of each posterior.

        Returns log p(x|z) + beta (log p(z) - log q(z|x)) (k, B), log p(x|z) (k, B) and KL(q || p) of each latent
        (B, Z). dice: what draws; torch's own generator if none.
        """
        mean, log_variance = self.posterior(levels, labels)
        z = drawn(mean, log_variance, k, dice)
        found = self.log_prob(levels, z, labels)
        return log_weights(found, z, mean, log_variance, beta), found, gaussian_kl(mean, log_variance)

    def log_likelihood(
        self, levels: Tensor, labels: Tensor | None = None, *, dice: torch.Generator, k: int = DRAWS
    ) -> Tensor:
        """The importance-weighted bound of log p(x) by k draws of the posterior: nats of each picture, (B,).

        k=1 is the evidence lower bound; in expectation more draws never lower it. Source: Burda et al., 2016.
        """
        self._check(levels, labels)
        check_count(k)
        many = max(1, AT_ONCE // self.canvas.values)
        found = []
        for some, of in _pieces(levels, labels, max(1, many // k)):
            mean, log_variance = self.posterior(some, of)
            weights = []
            for begun in range(0, k, many):
                z = drawn(mean, log_variance, min(many, k - begun), dice)
                weights.append(log_weights(self.log_prob(some, z, of), z, mean, log_variance))
            found.append(tightened(torch.cat(weights)))
        return torch.cat(found)

    def encode(self, levels: Tensor, labels: Tensor | None = None) -> Tensor:
        """The mean of each picture's posterior, (B, Z)."""
        self._check(levels, labels)
        return self.posterior(levels, labels)[0]

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The brightness where p(x|z) has its middle: points (B, Z) -> (B, C, H, W) in [0, 1]."""
        check_latent(z, self.latents)
        check_labels(labels, self.n_classes, len(z))
        return torch.sigmoid(self._maps(z[None], labels)[0])

    def draw(self, n: int, dice: torch.Generator) -> Tensor:
        """n points of the prior N(0, I), (n, Z)."""
        return torch.randn(n, self.latents, generator=dice, device=dice.device).to(self.encoder.head.weight.device)

    def sample(
        self,
        n: int,
        dice: torch.Generator,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Tensor:
        """n pictures of p(z) p(x|z), levels uint8. temperature: on the deviations of both, and on a Bernoulli's logits.

        Each value is drawn on its own given z, which shows as grain; `decode` shows the middle without it.
        """
        check_count(n)
        check_labels(labels, self.n_classes, n)
        check_temperature(temperature)
        maps = self._maps(temperature * self.draw(n, dice)[None], labels)[0]
        if progress:
            progress(n, n)
        return self.seen.draw(maps, dice, temperature)

    def _maps(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Points (k, B, Z) -> logits of brightness (k, B, C, H, W), float32 or wider."""
        k, n, _ = z.shape
        classes = given(labels, self.n_classes, z)
        if classes is not None:
            classes = classes.expand(k, -1, -1).flatten(0, 1)
        maps: Tensor = self.decoder(z.flatten(0, 1).to(self.encoder.head.weight.dtype), classes)
        return widened(maps).view(k, n, *self.canvas.image)

    def _check(self, levels: Tensor, labels: Tensor | None) -> None:
        self.canvas.check(levels)
        check_labels(labels, self.n_classes, len(levels))


def drawn(mean: Tensor, log_variance: Tensor, k: int, dice: torch.Generator | None = None) -> Tensor:
    """k points of each N(mean, exp(log_variance)), (B, Z) -> (k, B, Z), through which the gradient passes.

    Reparameterised: noise is drawn, then scaled and moved (Kingma and Welling, 2014, section 2.4).
    """
    where = mean.device if dice is None else dice.device
    noise = torch.randn(k, *mean.shape, generator=dice, device=where, dtype=mean.dtype).to(mean.device)
    return mean + noise * torch.exp(0.5 * log_variance)


def _pieces(levels: Tensor, labels: Tensor | None, size: int) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Pictures and their labels, at most `size` at a time."""
    for first in range(0, len(levels), size):
        yield levels[first : first + size], None if labels is None else labels[first : first + size]
