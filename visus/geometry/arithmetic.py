"""The arithmetic of convolutions: sizes, parameters, receptive fields.

A window of F pixels that moves by S over W pixels with P zeros on each side stands at (W - F + 2P) / S + 1 places.
Where that is not whole, the last pixels are not looked at. Poolings count as convolutions do, without parameters.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reach:
    """What one value of a layer has seen along one axis: `field` input pixels; its neighbour's lie `jump` further."""

    field: int = 1
    jump: int = 1

    def through(self, field: int, stride: int = 1, dilation: int = 1) -> "Reach":
        """What a window of `field` values over such values has seen."""
        return Reach(self.field + (spread(field, dilation) - 1) * self.jump, self.jump * stride)


def conv_output(
    size: int, field: int, stride: int = 1, padding: int = 0, dilation: int = 1, *, whole: bool = True
) -> int:
    """How many places a window stands at along one axis: (size - field + 2 padding) / stride + 1. All in pixels.

    whole: refuse what is not a whole number, with the sum and what would be; else round down, as torch does. Raises
    ValueError, also for a window that is larger than the padded input.
    Source: the convolutional layer's summary in any course; Dumoulin and Visin, 2016, relationship 5.
    """
    _check(size, field, stride, padding, dilation)
    left = size - spread(field, dilation) + 2 * padding
    shown = summed(size, field, stride, padding, dilation)
    if left < 0:
        raise ValueError(f"{shown} is below 1: the window is larger than the padded input; {_remedy_of_size(-left)}")
    if whole and left % stride:
        raise ValueError(f"{shown} is not whole; {_remedy(size, field, stride, padding, dilation)}")
    return left // stride + 1


def summed(size: int, field: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> str:
    """The sum as it is written: '(227 - 11 + 2*0) / 4 + 1 = 55'."""
    places = (size - spread(field, dilation) + 2 * padding) / stride + 1
    return f"({size} - {spread(field, dilation)} + 2*{padding}) / {stride} + 1 = {places:.4g}"


def same_padding(field: int) -> int:
    """The padding P = (F - 1) / 2 with which a window that moves by 1 keeps the size; ValueError for an even F."""
    if field % 2 == 0:
        raise ValueError(f"({field} - 1) / 2 = {(field - 1) / 2} is not whole; a field of {field + 1} keeps the size")
    return (field - 1) // 2


def conv_parameters(field: int, channels: int, filters: int, bias: bool = True, groups: int = 1) -> int:
    """Weights of `filters` square windows over channels / groups channels each, F F C K, and their biases, K."""
    return field * field * (channels // groups) * filters + (filters if bias else 0)


def conv_macs(field: int, channels: int, filters: int, places: int) -> int:
    """Multiplications of a convolution that stands at `places` places: each takes F F C of them for each filter."""
    return conv_parameters(field, channels, filters, bias=False) * places


def receptive_fields(windows: Iterable[tuple[int, int]]) -> list[int]:
    """The input pixels that one value has seen along an axis, after each of a chain of windows (field, stride)."""
    found, reach = [], Reach()
    for field, stride in windows:
        reach = reach.through(field, stride)
        found.append(reach.field)
    return found


def spread(field: int, dilation: int) -> int:
    """The pixels that a window spans whose `field` values lie `dilation` apart."""
    return dilation * (field - 1) + 1


def _check(size: int, field: int, stride: int, padding: int, dilation: int) -> None:
    for name, value in (("size", size), ("field", field), ("stride", stride), ("dilation", dilation)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1; got {value}")
    if padding < 0:
        raise ValueError(f"padding must be at least 0; got {padding}")


def _remedy_of_size(missing: int) -> str:
    return f"enlarge the input by {missing} px, pad {-(-missing // 2)} more, or take a smaller window"


def _remedy(size: int, field: int, stride: int, padding: int, dilation: int) -> str:
    """What nearby makes the sum whole: another padding, stride, and the nearest sizes."""
    window = spread(field, dilation)

    def places(n: int, s: int, p: int) -> int:
        left = n - window + 2 * p
        return left // s + 1 if left >= 0 and left % s == 0 else 0

    found = []
    paddings = [p for p in range(window) if places(size, stride, p)]
    if paddings:
        best = min(paddings, key=lambda p: (abs(p - padding), p))
        found.append(f"padding {best} gives {places(size, stride, best)}")
    strides = [s for s in range(1, 2 * stride) if places(size, s, padding)]
    if strides:
        best = min(strides, key=lambda s: (abs(s - stride), s))
        found.append(f"stride {best} gives {places(size, best, padding)}")
    over = (size - window + 2 * padding) % stride
    smaller, larger = size - over, size - over + stride
    if smaller >= 1:
        found.append(f"an input of {smaller} px gives {places(smaller, stride, padding)}")
    found.append(f"an input of {larger} px gives {places(larger, stride, padding)}")
    return ", ".join(found)
