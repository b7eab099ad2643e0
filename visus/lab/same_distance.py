"""Do pictures at the same distance look equally alike?"""

from typing import Annotated, Literal

import torch
from torch import Tensor

from ..geometry.distances import l2_distances
from ..recipes._form import About, Limits
from ..report.exhibit import Exhibit, Plate
from ._pictures import few, shown

COLOUR = torch.tensor([1.0, 0.2, 0.6])  # that a tint leads to
QUICK = {"n": 300}


def run(
    data: Annotated[Literal["digits", "mnist", "fashion-mnist", "cifar10"], About("pictures")] = "digits",
    n: Annotated[int, Limits(100, 20_000), About("pictures of the set")] = 1797,
    picture: Annotated[int, Limits(0), About("which training picture is changed")] = 0,
) -> Exhibit:
    """A picture shifted, boxed, tinted and noised, so that each change lies at the same L2 distance from it."""
    prepared = few(data, n)
    rows = prepared.rows("train")
    if picture >= len(rows):
        raise ValueError(f"picture must be below the number of training pictures, {len(rows)}; got {picture}")
    original = prepared.images(rows[[picture]]).float()[0] / 255  # (3, H, W)
    shifted = original.roll(1, dims=2)
    target = float((shifted - original).norm())
    if not target:
        raise ValueError(f"picture {picture} does not change when it is shifted; choose another")
    changed = {
        "shifted by 1 pixel": shifted,
        **{name: _at(original, change, target) for name, change in _changes(original).items()},
    }
    others = prepared.images(rows).float().div(255)
    between = l2_distances(original.reshape(1, -1), others.flatten(1))[0]
    between[picture] = torch.inf
    twin, stranger = int(between.argmin()), int((between - target).abs().argmin())
    classes = [prepared.collection.classes[int(k)] for k in prepared.labels(rows)]
    far = {name: float((view - original).norm()) for name, view in changed.items()}
    apart = f"{min(far.values()):.2f}"
    if max(far.values()) - min(far.values()) > 0.01 * target:  # a change that could not be made large enough
        apart += f" to {max(far.values()):.2f}"
    side = "nearer" if between[twin] < target else "farther"
    findings = [
        (
            f"Shifted by one pixel, boxed, tinted or noised, this picture of class {classes[picture]} lies {apart} "
            "from itself: for L2 all four changes are equally large, for an eye they are not."
        ),
        (
            f"Its nearest other picture of the set is of class {classes[twin]}, at {between[twin]:.2f}: {side} than "
            "its own copy shifted by one pixel."
        ),
        (
            f"Of all other pictures the one closest to that distance, at {between[stranger]:.2f}, is of class "
            f"{classes[stranger]}."
        ),
        (
            "Pixel distance adds up differences of brightness place by place; background and position weigh as much as "
            "what is shown."
        ),
    ]
    pictures = torch.stack([original, *changed.values(), others[stranger]])
    captions = ["original", *(f"{name}, {far[name]:.2f}" for name in changed), f"another, {between[stranger]:.2f}"]
    plate = Plate("At the same L2 distance", shown(pictures), "The number is the distance from the original.", captions)
    data_found = {"l2": far, "nearest_other": float(between[twin])}
    return Exhibit("Equal distance, unequal likeness", findings, plates=[plate], data=data_found)


def _changes(original: Tensor) -> dict[str, Tensor]:
    """Directions to change (3, H, W) in: a box away from its values, a tint, noise."""
    _, height, width = original.shape
    box = torch.zeros_like(original)
    middle = (slice(None), slice(height // 4, 3 * height // 4), slice(width // 4, 3 * width // 4))
    box[middle] = torch.where(original[middle] > 0.5, -1.0, 1.0)
    tint = COLOUR[:, None, None] - original
    noise = torch.randn(original.shape, generator=torch.Generator().manual_seed(0))
    return {"boxed": box, "tinted": tint, "noised": torch.where(original > 0.5, -noise.abs(), noise.abs())}


def _at(original: Tensor, change: Tensor, target: float) -> Tensor:
    """The picture moved along `change`, within [0, 1], until it lies `target` away; as far as it goes if it cannot."""
    low, high = 0.0, 1e3
    for _ in range(60):  # halving: what is clipped makes the distance no simple function of the step
        middle = (low + high) / 2
        moved = (original + middle * change).clamp(0, 1)
        low, high = (middle, high) if float((moved - original).norm()) < target else (low, middle)
    return (original + low * change).clamp(0, 1)
