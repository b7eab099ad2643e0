"""An adversary to train against: each batch is changed to mislead the network as it is, before it is learned from.

Training with one step from a random start is nearly as good as with many and costs as much as two plain trainings, but
it can collapse within an epoch ("catastrophic overfitting"): the network then stands the single step and nothing else.
So it is scored under an attack that it was not trained against, too.
Source: Madry et al., 2018, section 2 (pgd); Wong, Rice and Kolter, 2020, algorithm 3 (fgsm). Departs from both in
making examples in evaluation mode, as Zhang et al., 2019 (TRADES) do, so that batch norms see each batch once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ..attacks import fgsm, noise, pgd
from ..attacks._contract import UnitPixels, check_epsilon
from ..engine.objective import Batch

STRETCH = 1.25  # of one step from a random start (Wong et al., section 4.1); with 2 it collapses
STRONG_STEPS, STRONG_SEED = 10, 1  # of the attack that it is also scored under
SAMPLE = 200  # validation pictures attacked at each evaluation


@dataclass(frozen=True)
class Adversary:
    """How pictures are changed, by at most epsilon in each value of [0, 1].

    how: one fgsm step from a random start, `steps` of pgd, or noise, which is no adversary but its control.
    """

    how: Literal["fgsm", "pgd", "noise"]
    epsilon: float
    steps: int = 7

    def __post_init__(self) -> None:
        check_epsilon(self.epsilon)

    def change(self, model: nn.Module, images: Tensor, labels: Tensor, seed: int | None = None) -> Tensor:
        """Images uint8 (B, C, H, W) -> floats from 0 to 255 that mislead `model`, which takes either.

        seed: of the random start; None draws it from torch's own random state, which a resumed run restores.
        """
        seed = int(torch.randint(2**31, ())) if seed is None else seed
        pixels, network = _unit(images, model), UnitPixels(model)
        if self.how == "noise":
            found = noise.attack(network, pixels, labels, self.epsilon, seed=seed)
        elif self.how == "fgsm":
            found = fgsm.attack(network, pixels, labels, self.epsilon, random_start=True, stretch=STRETCH, seed=seed)
        else:
            found = pgd.attack(network, pixels, labels, self.epsilon, steps=self.steps, seed=seed)
        return 255 * found

    def scores(self, model: nn.Module, examples: Iterable[Batch]) -> dict[str, float]:
        """Accuracy under the attack that is trained against, and under a stronger one.

        Where the first is high and the second near 0 the network has learned the attack, not to withstand it.
        """
        right: dict[str, list[Tensor]] = {"validation_attacked_accuracy": [], "validation_robust_accuracy": []}
        network = UnitPixels(model)
        for images, labels in examples:
            strong = pgd.attack(
                network, _unit(images, model), labels, self.epsilon, steps=STRONG_STEPS, seed=STRONG_SEED
            )
            both = (self.change(model, images, labels, seed=0), 255 * strong)
            for kept, changed in zip(right.values(), both, strict=True):
                kept.append(model(changed).argmax(1) == labels)
        return {name: float(torch.cat(kept).double().mean()) for name, kept in right.items() if kept}


def _unit(images: Tensor, model: nn.Module) -> Tensor:
    """Pixels in [0, 1], in the precision of the model's weights: a check of gradients asks for float64."""
    kind = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
    return images.to(kind) / 255
