"""Infer: describe a picture by a distribution of latents, and raise a bound of its likelihood."""

import math
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.task import evaluating
from ..losses.variational import free_nats, tightened
from .autoencode import DICE, Autoencode, Coder, Drawn

ACTIVE = 0.01  # variance over pictures of a latent's mean: above, it tells them apart (Burda et al., 2016, section 5.2)


class Inferring(Coder, Protocol):
    """What the network offers: see models.autoencoders."""

    def posterior(self, levels: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]: ...
    def log_weights(
        self, levels: Tensor, labels: Tensor | None, k: int, dice: torch.Generator | None = None, beta: float = 1.0
    ) -> tuple[Tensor, Tensor, Tensor]: ...


class Variational(Autoencode):
    """Descend minus the evidence lower bound, mean nats of a picture: E_q[-log p(x|z)] + beta KL(q(z|x) || p(z)).

    k: draws of each posterior; with more than one the bound is the importance-weighted one, and the term `tightening`
    is what it gains (Burda et al., 2016). beta: weight of the KL; other than 1 it is no bound (Higgins et al., 2017).
    warm_up: improvements over which that weight rises in a line from nearly 0, so that latents are of use before they
    cost (Bowman et al., 2016). free: nats of the KL that each latent has for nothing.
    """

    NAME = "variational"

    def __init__(
        self,
        model: nn.Module,
        data: Drawn,
        optimizer: OptimizerFactory,
        *,
        beta: float = 1.0,
        warm_up: int = 0,
        free: float = 0.0,
        k: int = 1,
        **rest: Any,
    ) -> None:
        super().__init__(model, data, optimizer, **rest)
        if k > 1 and free:
            raise ValueError(f"free nats are of the KL, and a bound of k={k} draws has none; set free or k back")
        self.beta, self.warm_up, self.free, self.k = beta, warm_up, free, k

    @property
    def network(self) -> Inferring:
        """The model, as what it offers."""
        return cast(Inferring, self.model)

    @property
    def weight_of_kl(self) -> float:
        """Beta as it is now."""
        done = cast(Objective, self.objectives[0]).improvements + 1
        return self.beta * min(1.0, done / (self.warm_up + 1))

    def loss(self, batch: Batch) -> Terms:
        levels, labels = batch
        weight = self.weight_of_kl
        weights, likelihood, kl = self.network.log_weights(levels, self.given(labels), self.k, beta=weight)
        terms = {"reconstruction": -likelihood.mean(), "kl": weight * free_nats(kl, self.free)}
        if self.k > 1:
            terms["tightening"] = -tightened(weights).mean() - terms["reconstruction"] - terms["kl"]
        return terms

    def judged(self, name: str, limit: int | None = None) -> tuple[float, Tensor, Tensor]:
        """Of a part: mean nats of -log p(x|z), mean KL of each latent (Z,), and the variance of its mean (Z,).

        NaN for an empty part. One draw of each posterior, the same at every call.
        """
        dice = torch.Generator().manual_seed(DICE)
        lost, kl, means = list[Tensor](), list[Tensor](), list[Tensor]()
        for levels, labels in self.pieces(name, limit):
            with evaluating(self), self.precision.autocast(self.device.type):
                _, likelihood, apart = self.network.log_weights(levels, labels, 1, dice)
                means.append(self.network.posterior(levels, labels)[0])
            lost.append(-likelihood[0])
            kl.append(apart)
        if not lost:
            nothing = torch.full((self.coder.latents,), math.nan)
            return math.nan, nothing, nothing
        every = torch.cat(means).double()
        return float(torch.cat(lost).double().mean()), torch.cat(kl).double().mean(0), every.var(0, correction=0)

    def evaluate(self) -> dict[str, float]:
        lost, kl, variance = self.judged("validation", self.JUDGED)
        train_lost, train_kl, _ = self.judged("train", self.TRAIN_SAMPLE)
        return {
            "validation_elbo": -lost - float(kl.sum()),
            "validation_reconstruction": lost,
            "validation_kl": float(kl.sum()),
            "train_elbo": -train_lost - float(train_kl.sum()),
            "active_latents": float((variance > ACTIVE).sum()),
            "validation_bits_per_dim": (lost + float(kl.sum())) / (self.coder.canvas.values * math.log(2)),
        }
