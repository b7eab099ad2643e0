"""Does a map depend on what the network learned? Compare it with maps of the same network made forgetful.

Weights are shuffled layer by layer from the head down (cascading randomisation). A map that stays the same shows the
picture, edges above all, and explains nothing about the network. Source: Adebayo et al., 2018, section 3.
"""

import copy
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..engine.anatomy import call_order, layer

Explain = Callable[[nn.Module, Tensor, Tensor], Tensor]


def cascade(
    network: nn.Module, explain: Explain, images: Tensor, targets: Tensor, stages: int = 0, seed: int = 0
) -> list[tuple[str, float]]:
    """[(layer down to which all weights are shuffled, rank correlation with the true map)], from the head down.

    stages: after how many of the layers, evenly spread, to look; 0 after each. The last is always all layers. The
    correlation is Spearman's of absolute maps, the mean over pictures, NaN if a map is constant; 1 is an unchanged map.
    The network itself is not touched.
    """
    true = explain(network, images, targets)
    order = [name for name in reversed(call_order(network, images[:1])) if list(_own(layer(network, name)))]
    n = len(order)
    looked = {max(1, round((i + 1) * n / stages)) - 1 for i in range(stages)} | {n - 1} if stages else set(range(n))
    return [
        (name, agreement(true, explain(forgetful, images, targets)))
        for i, (name, forgetful) in enumerate(shuffled(network, order, seed))
        if i in looked
    ]


def shuffled(network: nn.Module, order: list[str], seed: int = 0) -> Iterator[tuple[str, nn.Module]]:
    """Copies of the network in which the layers of `order` up to the one named have lost what they learned.

    Each parameter keeps its values but not their places, so that signals keep their size all the way up.
    It is one copy, changed further at each step.
    """
    forgetful, dice = copy.deepcopy(network), torch.Generator().manual_seed(seed)
    for name in order:
        for parameter in _own(layer(forgetful, name)):
            mixed = torch.randperm(parameter.numel(), generator=dice).to(parameter.device)
            parameter.data = parameter.data.flatten()[mixed].reshape(parameter.shape)
        yield name, forgetful


def agreement(maps: Tensor, others: Tensor) -> float:
    """Spearman's rank correlation of absolute maps (B, H, W) with others, the mean over the batch; NaN if undefined."""
    from scipy.stats import rankdata  # scipy.stats takes half a second to load

    ranks = [torch.from_numpy(rankdata(m.detach().abs().flatten(1).cpu().numpy(), axis=1)) for m in (maps, others)]
    one, other = (rank - rank.mean(1, keepdim=True) for rank in ranks)
    lengths = one.norm(dim=1) * other.norm(dim=1)
    return float(torch.where(lengths > 0, (one * other).sum(1) / lengths, torch.nan).nanmean())


def _own(module: nn.Module) -> Iterator[nn.Parameter]:
    return (parameter for parameter in module.parameters(recurse=False) if parameter.numel() > 1)
