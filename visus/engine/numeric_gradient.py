"""The gradient by its definition: move one number, look what the function does. Exact enough to check others, and slow.

It calls the function once or twice for every entry, where backpropagation takes two passes for all of them.
"""

from collections.abc import Callable

import torch
from torch import Tensor


@torch.no_grad()
def numeric_gradient(f: Callable[[Tensor], Tensor | float], x: Tensor, h: float = 1e-5, centred: bool = True) -> Tensor:
    """The gradient of a scalar function at x, in the shape of x, float64.

    centred: (f(x + h) - f(x - h)) / 2h, wrong by about h^2; else (f(x + h) - f(x)) / h, wrong by about h. x is taken in
    float64: with 7 digits the difference of two nearly equal values would be noise. Raises ValueError for h <= 0.
    """
    if not h > 0:
        raise ValueError(f"h must be above 0, for example 1e-5; got {h}")
    x = x.detach().to(torch.float64).clone()
    gradient = torch.empty_like(x)
    here = 0.0 if centred else float(f(x))
    for place, slot in zip(x.view(-1).split(1), gradient.view(-1).split(1), strict=True):  # both are views
        old = float(place)
        place.fill_(old + h)
        above = float(f(x))
        if centred:
            place.fill_(old - h)
            slot.fill_((above - float(f(x))) / (2 * h))
        else:
            slot.fill_((above - here) / h)
        place.fill_(old)
    return gradient
