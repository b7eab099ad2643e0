"""Which examples of a batch are not finite, or are made so before any weight touches them?"""

import torch
from torch import Tensor, nn

from ...engine.seed import own_randomness
from .consultation import copied
from .tensors import first_tensor


@torch.no_grad()
def culprits(model: nn.Module, inputs: Tensor) -> list[int]:
    """Rows of a batch (B, ...) whose answer is not finite whatever the weights; [] where none is, or where all are.

    Asked of a copy with all weights 0, in evaluation mode: weights may be spoiled already when this is asked, and
    0 * NaN is NaN, so that what remains not finite comes from the example or from preprocessing inside the model.
    """
    rows = _not_finite(inputs)
    if not rows:
        with own_randomness(0):
            twin = copied(model).eval()
            for tensor in (*twin.parameters(), *twin.buffers()):
                if tensor.is_floating_point():
                    tensor.nan_to_num_(0.0, 0.0, 0.0)
            for parameter in twin.parameters():
                parameter.zero_()
            answers = first_tensor(twin(inputs))
        rows = _not_finite(answers) if answers is not None and len(answers) == len(inputs) else []
    return rows if len(rows) < len(inputs) else []


def _not_finite(batch: Tensor) -> list[int]:
    found: list[int] = (~torch.isfinite(batch.reshape(len(batch), -1))).any(1).nonzero().reshape(-1).tolist()
    return found
