"""Max-norm: after each update, bring every neuron's weights back to a length of at most c."""

import torch
from torch import Tensor, nn


def project(weight: Tensor, c: float, dim: int = 0) -> Tensor:
    """The nearest weights of which every neuron's incoming vector has ||w||_2 <= c; shorter ones are as they were.

    weight: any shape with two or more dimensions; `dim` counts neurons, all others belong to one of them: 0 for
    torch's (n_out, n_in) and (n_out, C, h, w), 1 where x @ W has one neuron a column. c: above 0, usually 3 or 4.
    The network cannot explode, even at too high a learning rate. Source: Srivastava et al., 2014, section 5.1.
    """
    if not c > 0:
        raise ValueError(f"a neuron's weights need a positive length to stay within, for example 3; got {c}")
    others = [d for d in range(weight.ndim) if d != dim % weight.ndim]
    length = torch.linalg.vector_norm(weight, dim=others, keepdim=True)
    return torch.where(length > c, weight * (c / length), weight)


@torch.no_grad()
def project_all(network: nn.Module, c: float) -> None:
    """Project the weights of every linear and convolutional layer in place."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.weight.copy_(project(module.weight, c))
