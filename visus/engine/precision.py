"""Number format and memory layout of the arithmetic: float32, or bfloat16 where the machine has it natively."""

import contextlib
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from statistics import median

import torch


@dataclass(frozen=True)
class Precision:
    """dtype of matrix products and convolutions (weights stay float32), and the layout of pictures."""

    dtype: torch.dtype = torch.float32
    channels_last: bool = False

    def autocast(self, device: str) -> AbstractContextManager[object]:
        """Run what stands inside with products in `dtype`. Source: Micikevicius et al., 2018."""
        if self.dtype == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(device, dtype=self.dtype)

    @property
    def memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def __str__(self) -> str:
        return next(name for name, precision in NAMED.items() if precision == self)


FLOAT32 = Precision()
NAMED: Mapping[str, Precision] = {
    "float32": FLOAT32,
    "float32-channels-last": Precision(channels_last=True),
    "bfloat16": Precision(torch.bfloat16),
    "bfloat16-channels-last": Precision(torch.bfloat16, channels_last=True),
}
WORTH_IT = 0.85  # a precision must take at most this share of float32's time to be chosen
HOPELESS = 2.0  # times the fastest's time: what takes longer is not measured again
WARM_UP, ROUNDS = 2, 3  # the first steps allocate memory and choose kernels


def named(name: str) -> Precision:
    """The precision called `name`. Raises ValueError with the known names."""
    if name not in NAMED:
        raise ValueError(f"precision must be auto, {', '.join(NAMED)}; got '{name}'")
    return NAMED[name]


def candidates(device: str, pictures: bool = True) -> list[Precision]:
    """The precisions worth measuring on this machine: bfloat16 only where it is native, not emulated.

    pictures: whether that is what goes in; only they can be laid out with the channels last.
    """
    names = ["float32", "float32-channels-last", "bfloat16-channels-last"] if pictures else ["float32", "bfloat16"]
    return [NAMED[name] for name in names if name.startswith("float32") or _has_native_bfloat16(device)]


def fastest(
    step: Callable[[Precision], object], device: str, pictures: bool = True
) -> tuple[Precision, dict[str, float]]:
    """The precision whose training step takes least time, and the median seconds of each.

    step: one training step at a precision, on a copy of the task. Candidates take turns, so that a busy machine
    slows all of them alike. pictures: as for `candidates`.
    """
    found = candidates(device, pictures)
    seconds: dict[str, list[float]] = {str(precision): [] for precision in found}
    for turn in range(WARM_UP + ROUNDS):
        last = {precision: _seconds(step, precision) for precision in found}
        if turn >= WARM_UP - 1:
            for precision in found:
                seconds[str(precision)].append(last[precision])
            found = [p for p in found if last[p] < HOPELESS * min(last.values())]
    medians = {name: median(times) for name, times in seconds.items()}
    best = min(medians, key=lambda name: medians[name])
    # A gain within the noise is not worth another arithmetic, nor another result at the next measurement.
    return (named(best) if medians[best] < WORTH_IT * medians[str(FLOAT32)] else FLOAT32), medians


def _seconds(step: Callable[[Precision], object], precision: Precision) -> float:
    began = time.perf_counter()
    step(precision)
    return time.perf_counter() - began


def _has_native_bfloat16(device: str) -> bool:
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return (
        device == "cpu" and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and torch.cpu._is_avx512_bf16_supported()
    )
