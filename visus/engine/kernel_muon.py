"""Muon for the kernels of convolutions that stand before batch norm."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

POLYNOMIAL = (3.4445, -4.7750, 2.0315)  # of the iteration; it drives singular values to about 1 within a few rounds
ROUNDS = 3
MOMENTUM = 0.6  # Nesterov's


class KernelMuon(torch.optim.Optimizer):
    """Each kernel (n_out, n_in, h, w), as a matrix of n_out rows, steps along its momentum made orthogonal.

    Batch norm divides a kernel's length out, so it is held: before each step the kernel is scaled to the length
    sqrt(n_out), rows of about length 1, and the rate alone says how far it turns. There is no weight decay.
    Source: Jordan et al., 2024, "Muon: An optimizer for hidden layers in neural networks", and the CIFAR-10 record of
    the same authors.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float = 0.24) -> None:
        super().__init__(groups, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One update of every kernel that has a gradient."""
        for group in self.param_groups:
            for kernel in group["params"]:
                if kernel.grad is None:
                    continue
                state = self.state[kernel]
                velocity = state.setdefault("momentum_buffer", torch.zeros_like(kernel))
                velocity.mul_(MOMENTUM).add_(kernel.grad)
                ahead = kernel.grad.add(velocity, alpha=MOMENTUM)
                kernel.mul_(len(kernel) ** 0.5 / kernel.norm().clamp_min(1e-12))
                kernel.sub_(orthogonal(ahead.flatten(1)).view(kernel.shape), alpha=group["lr"])


def orthogonal(matrix: Tensor) -> Tensor:
    """(m, n) -> about the nearest matrix with singular values 1: U V^T of its decomposition, within 30 % each.

    A Newton-Schulz iteration in bfloat16, which is products only (Bernstein and Newhouse, 2024).
    """
    a, b, c = POLYNOMIAL
    x = matrix.bfloat16()
    x = x / (x.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)
