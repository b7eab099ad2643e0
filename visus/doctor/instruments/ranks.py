"""Do the processes of a distributed training hold the same weights?"""

import torch
from torch import distributed, nn


@torch.no_grad()
def apart(model: nn.Module) -> float:
    """Largest difference between processes of a weighted sum of all weights, over its size. 0 with one process.

    A collective call: every process must make it. Source: the silent fault of BLOOM's training, found by hand.
    """
    if not distributed.is_available() or not distributed.is_initialized() or distributed.get_world_size() == 1:
        return 0.0
    parts = [p.detach().double() for p in model.parameters()]
    # Positions weigh differently, so that two weights that change places are noticed.
    total = sum((p.reshape(-1) * torch.arange(1, p.numel() + 1, device=p.device).double().cos()).sum() for p in parts)
    mine = torch.stack([torch.as_tensor(total), sum((p.abs().sum() for p in parts), torch.zeros(()).double())])
    every = [torch.zeros_like(mine) for _ in range(distributed.get_world_size())]
    distributed.all_gather(every, mine)
    table = torch.stack(every)
    return float((table[:, 0].max() - table[:, 0].min()) / table[:, 1].mean().clamp_min(1e-30))
