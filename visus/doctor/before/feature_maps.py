"""Do convolutions still have a map to look at, or do most of their weights only ever meet padding?"""

from collections.abc import Sequence

from torch import Tensor, nn

from ...engine.objective import Objective
from ...engine.task import Task
from ..finding import PASS, WARNING, Finding
from ._copy import descending, first_batch, patient
from ._look import LayerCall, look

# Share of the convolutions' weights that never meet data. ResNet-18 as made for large pictures has 0.56 at 32 pixels,
# and learns CIFAR-10 worse than with a small stem; a net that ends in some maps of one pixel may be right for digits.
MANY = 0.5


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        batch = first_batch(copy, 2)
        return [_examine(copy, objective, batch) for objective in descending(copy)]


def _examine(task: Task, objective: Objective, batch: tuple[Tensor, ...]) -> Finding:
    rows = [
        (call, call.module.weight.numel(), seeing(call.module, call.given.shape[2:]))
        for call in look(task, objective, batch).layers
        if isinstance(call.module, nn.Conv2d) and call.given is not None and call.given.ndim == 4
    ]
    total = sum(n for _, n, _ in rows)
    if not total:
        return Finding(PASS, "no convolution over pictures")
    idle = sum(n * (1 - share) for _, n, share in rows) / total
    first = next((call for call, _, share in rows if share < 1), None)
    what = f"{idle:.0%} of the weights of {len(rows)} convolutions only meet padding"
    if first is not None:
        what += f", from {first.name} on, which is given {_size(first)} pixels"
    if idle <= MANY or first is None:
        return Finding(PASS, what, f"at most {MANY:.0%}")
    return Finding(
        WARNING,
        what,
        f"at most {MANY:.0%}",
        cause="the map is reduced too early, or the picture is too small for this network",
        remedy="give larger pictures (size=), or leave out strides and poolings at the beginning",
        kind="downsampled_too_early",
        where=first.name,
        weight=0.35,
    )


def seeing(layer: nn.Conv2d, given: Sequence[int]) -> float:
    """Share of a kernel's places that meet a pixel of a map (H, W) somewhere; the others only ever meet padding."""
    if layer.padding_mode != "zeros":
        return 1.0
    share = 1.0
    for axis, n in enumerate(given):
        field, stride, dilation = layer.kernel_size[axis], layer.stride[axis], layer.dilation[axis]
        span = dilation * (field - 1)
        before, after = _padding(layer, axis, span)
        answers = (n + before + after - span - 1) // stride + 1
        starts = [i * stride - before for i in range(max(1, answers))]
        share *= sum(any(0 <= start + k * dilation < n for start in starts) for k in range(field)) / field
    return share


def _padding(layer: nn.Conv2d, axis: int, span: int) -> tuple[int, int]:
    if layer.padding == "same":
        return span // 2, span - span // 2
    if isinstance(layer.padding, str):
        return 0, 0
    return int(layer.padding[axis]), int(layer.padding[axis])


def _size(call: LayerCall) -> str:
    return " x ".join(map(str, call.given.shape[2:])) if call.given is not None else ""
