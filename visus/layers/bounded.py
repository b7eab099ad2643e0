"""Weight clipping: after each update, bring every weight back to at most c (Arjovsky et al., 2017, algorithm 1)."""

import torch
from torch import nn


@torch.no_grad()
def clip_weights(network: nn.Module, c: float) -> None:
    """Hold every parameter of a network within [-c, c], in place: the crude way to keep a critic from being steep.

    c: above 0, 0.01 in the paper. Raises ValueError otherwise.
    """
    if not c > 0:
        raise ValueError(f"weights need a positive bound to stay within, for example 0.01; got {c:g}")
    for parameter in network.parameters():
        parameter.clamp_(-c, c)
