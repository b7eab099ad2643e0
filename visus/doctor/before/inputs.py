"""Are the inputs that reach the first layer finite, varied, normalised like the recorded statistics, and in order?"""

import torch
from torch import Tensor, nn

from ...engine.objective import Objective
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, WARNING, Finding
from ..instruments import acting
from ._copy import descending, first_batch, patient, unexamined
from ._look import NORMS, WEIGHTED, LayerCall, Look, look

ODD = 4.0  # deviations from zero, or times the deviation, that standardised inputs do not have
WRONG = 20.0  # raw pixels (0..255) are about 120 from zero; pixels divided by 255 twice are 250 times too small
RECORDED_SHIFT, RECORDED_SCALE = 1.0, 3.0  # of a batch against recorded statistics: batches differ, but not by that
# Read in the other order, the colours of a pixel agree better, and neighbouring pixels differ less. On CIFAR-10 the
# gain in agreement is at most 0.2 for pictures in order and at least 0.66 for scrambled ones, the ratio of roughness
# at most 0.35 and at least 3.
ALIKE_GAIN, ROUGHER = 0.1, 1.5
COLOURS = (2, 3, 4)


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        batch = first_batch(copy)
        judge = _observed if acting.acts(copy) else _examine
        return [judge(copy, objective, look(copy, objective, batch)) for objective in descending(copy)]


def _observed(task: Task, objective: Objective, seen: Look) -> Finding:
    """Of observations: they may all be the same, and small at first; but bytes are to be scaled before weights."""
    call = next((call for call in seen.layers if _reads(call) and call.given is not None), None)
    if call is None or call.given is None or not call.given.is_floating_point():
        return Finding(PASS, "no layer of torch.nn was seen to receive observations as numbers")
    x = call.given.detach().float()
    if not bool(torch.isfinite(x).all()) and (broken := _judge_values(x, call)):
        return broken
    found = _judge_scale(x, call, recorded=False, absorbed=isinstance(call.module, NORMS))
    return found if float(x.abs().max()) > WRONG else Finding(PASS, found.what, found.against)


def _examine(task: Task, objective: Objective, seen: Look) -> Finding:
    first = next((i for i, call in enumerate(seen.layers) if _reads(call)), None)
    if first is None:
        return unexamined("no layer of torch.nn was seen to receive the inputs")
    call = seen.layers[first]
    x = call.given
    if x is None or not x.is_floating_point():
        return Finding(PASS, "whole numbers enter an embedding", call.name)
    x = x.detach().float()
    return (
        _judge_values(x, call)
        or _judge_layout(x, call)
        or _judge_scale(x, call, _recorded(task), _absorbed(seen.layers[first:]))
    )


def _reads(call: LayerCall) -> bool:
    """Layers with weights, or a normalisation, which makes the scale of what enters indifferent."""
    kinds = (*WEIGHTED, *NORMS, nn.RNNBase, nn.Embedding, nn.EmbeddingBag, nn.MultiheadAttention)
    return isinstance(call.module, kinds) and call.given is not None


def _judge_values(x: Tensor, call: LayerCall) -> Finding | None:
    if not bool(torch.isfinite(x).all()):
        return Finding(
            BLOCKER,
            f"{int((~torch.isfinite(x)).sum())} of {x.numel()} values that reach {call.name} are not finite",
            "finite inputs",
            cause="a division by zero or a missing value on the way to the network",
            remedy="find the examples with torch.isfinite and repair or drop them",
            kind="inputs_not_finite",
            where="inputs",
            weight=1.0,
        )
    if len(x) > 1 and float(x.std(0, correction=0).max()) <= 1e-6 * max(1.0, float(x.abs().max())):
        return Finding(
            BLOCKER,
            f"all {len(x)} inputs of the batch are the same when they reach {call.name}",
            "inputs that differ",
            cause="the same example is read again and again, or a factor of zero stands before the network",
            remedy="look at a batch just before the network",
            kind="inputs_constant",
            where="inputs",
            weight=1.0,
        )
    return None


def _judge_layout(x: Tensor, call: LayerCall) -> Finding | None:
    """Height, width, channels where channels, height, width are expected."""
    if not isinstance(call.module, nn.Conv2d) or x.ndim != 4:
        return None
    last = x.shape[3] in (1, *COLOURS) and x.shape[1] == x.shape[2] > 4
    if last:
        shape, remedy = tuple(x.shape), "permute(0, 3, 1, 2) the pictures before the network"
        return _layout(f"pictures of shape {shape} reach {call.name}, with the colours last", remedy)
    if x.shape[1] not in COLOURS or min(x.shape[2:]) < 4:
        return None
    other = x.reshape(len(x), x.shape[2], x.shape[3], x.shape[1]).permute(0, 3, 1, 2)
    here, there = _colours_alike(x), _colours_alike(other)
    if there - here <= ALIKE_GAIN or _roughness(x) <= ROUGHER * _roughness(other):
        return None
    return _layout(
        f"the colours of a pixel agree by {here:.2f} as the pictures reach {call.name}, "
        f"by {there:.2f} if they are read with the colours last",
        "use permute(0, 3, 1, 2) where a view or reshape changes the shape",
    )


def _layout(what: str, remedy: str) -> Finding:
    cause = "the pictures are laid out (B, H, W, C), and their memory is read as (B, C, H, W)"
    return Finding(
        BLOCKER, what, "(B, C, H, W)", cause, remedy, kind="wrong_layout", where="inputs", weight=0.8, defect=True
    )


def _colours_alike(x: Tensor) -> float:
    """Mean correlation of the first channel with the others, over the pixels of a picture."""
    rows = x.flatten(2) - x.flatten(2).mean(2, keepdim=True)  # (B, C, HW)
    rows = rows / rows.norm(dim=2, keepdim=True).clamp_min(1e-6)
    return float((rows[:, :1] * rows[:, 1:]).sum(2).mean())


def _roughness(x: Tensor) -> float:
    """Mean squared difference of neighbouring pixels."""
    return float((x[..., 1:] - x[..., :-1]).square().mean() + (x[:, :, 1:] - x[:, :, :-1]).square().mean())


def _recorded(task: Task) -> bool:
    """Whether a module of the task keeps the statistics that its inputs are normalised with."""
    names = {name.rpartition(".")[2] for name, _ in task.named_buffers()}
    return {"mean", "std"} <= names


def _absorbed(layers: list[LayerCall]) -> bool:
    """Whether a normalisation comes before the second layer with weights: it takes the scale out again."""
    for call in layers:
        if isinstance(call.module, NORMS):
            return True
        if isinstance(call.module, WEIGHTED) and call is not layers[0]:
            return False
    return False


def _judge_scale(x: Tensor, call: LayerCall, recorded: bool, absorbed: bool) -> Finding:
    channels = x.transpose(0, 1).flatten(1) if x.ndim > 2 and isinstance(call.module, nn.modules.conv._ConvNd) else x
    over = 1 if channels is not x else None
    mean = (channels.mean(1) if over else x.mean()).reshape(-1)
    std = (channels.std(1, correction=0) if over else x.std(correction=0)).reshape(-1)
    centre, spread = float(mean[mean.abs().argmax()]), float(std.median())
    what = f"inputs reach {call.name} with mean {centre:.3g} and deviation {spread:.3g}"
    off = max(abs(centre), spread, 0.2 / max(spread, 1e-9))  # a fifth of unit spread, as pixels in 0..1 have, is fine
    against = "near 0 and 1"
    if recorded:
        against += ", by the recorded statistics"
        off = max(off, ODD * abs(centre) / RECORDED_SHIFT, ODD * max(spread, 1 / max(spread, 1e-9)) / RECORDED_SCALE)
    if off <= ODD:
        return Finding(PASS, what, against)
    wrong = off > WRONG or (recorded and off > 2 * ODD)
    return Finding(
        WARNING if wrong and not absorbed else NOTE,
        what,
        against,
        cause="they were never normalised, normalised twice, or with statistics of other data",
        remedy="subtract the mean and divide by the deviation of the training inputs, once",
        kind="inputs_not_normalised",
        where="inputs",
        weight=0.6 if not absorbed else 0.1,
    )
