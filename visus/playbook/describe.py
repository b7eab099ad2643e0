"""What a network costs, layer by layer, in sentences and on a page; and networks beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from ..engine import catalogue
from ..models import classifiers
from ..models.description import COPIES, Description, Layer, describe
from ..models.published import RELEASES
from ..recipes import _form
from ..report.exhibit import Exhibit, Table
from ..report.figures.architecture import Network, Part, bubbles, where
from ..report.wording import scaled
from ..runs.reader import RUN, Run
from ..ship import model as shipped

Image = tuple[int, int, int]
USUAL: Image = (3, 224, 224)
CLASSES = 1000
BATCH = 32  # for which the memory of a training is stated
MOST_BARS = 60
HALF = 0.5
IMAGENET = "ImageNet top-1"


@dataclass(frozen=True)
class Subject:
    """A described network. accuracy: a fraction, or None; of: what it is the accuracy of."""

    name: str
    description: Description
    accuracy: float | None = None
    of: str = IMAGENET


def subject(
    name: str, image: Image | None = None, classes: int = CLASSES, settings: Mapping[str, str] | None = None
) -> Subject:
    """A classifier by name, with its settings as typed, or the network in a run or model folder.

    image: (C, H, W); None is 3 x 224 x 224 for a name, and for a folder the size it was trained at. Raises LookupError
    with the nearest name, and ValueError for what the network cannot take.
    """
    folder = Path(name)
    if folder.is_dir():
        return _of_folder(folder, image, settings)
    module = catalogue.find(classifiers, name)
    if not getattr(module, "DESCENDS", True):
        raise ValueError(
            f"{name} learns by remembering pictures and has no layers; describe a network, such as resnet18"
        )
    image = image or USUAL
    values = _form.read(module.build, settings or {})
    with torch.device("meta"):  # shapes only: no memory, and no time for starting weights
        network: nn.Module = module.build(image, classes, **values)
    released = RELEASES.get(name) if image == USUAL and classes == CLASSES and not values else None
    return Subject(name, describe(network, image), released.top1 / 100 if released else None)


def _of_folder(folder: Path, image: Image | None, settings: Mapping[str, str] | None) -> Subject:
    if settings:
        raise ValueError(f"{folder} was trained with its own settings; leave {', '.join(settings)} out")
    model = shipped.load(folder)
    C, H, W = model.facts["image"]
    tested = Run(folder).verdict("test") if (folder / RUN).is_file() else None
    accuracy = tested["detail"].get("accuracy") if tested else None
    found = describe(model.network, image or (C, H, W))
    return Subject(folder.resolve().name, found, accuracy, f"test ({model.facts.get('data', folder)})")


def sentences(found: Description) -> list[str]:
    """What the numbers say: where parameters, work and memory sit, how far a value sees, and what is odd."""
    layers, (_, H, W) = found.blocks(MOST_BARS), found.image
    said = [
        (
            f"{found.parameters:,} parameters{_most(layers, 'parameters', found.parameters)}: "
            f"{_megabytes(found.weight_bytes)} as float32, and {COPIES} times that, "
            f"{_megabytes(COPIES * found.weight_bytes)}, with gradients and momentum."
        ),
        f"{found.macs:,} multiplications a picture{_most(layers, 'macs', found.macs)}.",
        (
            f"{found.activations:,} values a picture{_most(layers, 'activations', found.activations)}: "
            f"{_megabytes(found.activation_bytes)} as float32; a training with batches of {BATCH} takes about "
            f"{_megabytes(found.training_bytes(BATCH))}."
        ),
    ]
    maps = [
        layer for layer in found.layers if layer.activations and len(layer.output) == 3 and min(layer.output[1:]) > 1
    ]
    if maps:
        last = maps[-1]
        said.append(
            f"One value of the last map, {last.name} ({_times(last.output)}), has seen {_times(last.field)} px of the "
            f"{H} x {W}; its neighbour's view lies {last.jump[0]} px further."
        )
    said += [f"{name or 'the network'} had no part in this pass: {n:,} parameters." for name, n in found.idle]
    return said + size_rules(found)


def size_rules(found: Description) -> list[str]:
    """Where the usual rules of sizes are broken: windows that do not fill a map, sides that cannot be halved."""
    said = [f"{layer.name}: {layer.remark}." for layer in found.layers if layer.remark]
    jump = max((layer.jump[0] for layer in found.layers if len(layer.output) == 3 and layer.output[1] > 1), default=1)
    sides = [side for side in found.image[1:] if side % jump]
    if said and sides and jump > 1:
        side = sides[0]
        smaller = side // jump * jump
        nearest = f"{smaller} or {smaller + jump}" if smaller else f"{jump}"
        said.append(
            f"The maps shrink by {jump} in all, and {side} px is no multiple of it: {nearest} px would be whole."
        )
    return said


def page(name: str, found: Description) -> Exhibit:
    """The page of one network: figure, sentences and the table of all its layers."""
    rows = [_row(layer) for layer in found.main()]
    table = Table(
        "Layers", ["layer", "kind", "output", "parameters", "multiplications", "values", "sees"], rows, READING
    )
    layers = found.blocks(MOST_BARS)
    chart = where([Part(layer.name, layer.activations, layer.macs, layer.parameters) for layer in layers])
    data = {"image": list(found.image), "parameters": found.parameters, "macs": found.macs}
    data |= {"activations": found.activations, "layers": [asdict(layer) for layer in found.layers]}
    return Exhibit(f"{name}, layer by layer", sentences(found), [chart], tables=[table], data=data)


READING = (
    "Multiplications, each with its addition, are those of convolutions and matrix products; values are the outputs of "
    "convolutions, poolings and linear layers, since what normalises or bends them can work in place; sees is the side "
    "in input pixels of what one value depends on, of branches the largest."
)


def comparison(subjects: Sequence[Subject]) -> Exhibit:
    """Several networks: accuracy over operations, parameters as area, and a table.

    Raises ValueError for names and runs in one comparison: their accuracies are of different pictures.
    """
    if len(subjects) < 2:
        raise ValueError("a comparison needs two networks; name another one")
    of = {s.of for s in subjects}
    if len({what == IMAGENET for what in of}) > 1:
        raise ValueError("a name stands for its accuracy on ImageNet and a run for its own; compare names, or runs")
    known = [Network(s.name, s.accuracy, s.description.macs, s.description.parameters) for s in subjects if s.accuracy]
    rows = [
        (
            s.name,
            f"{100 * s.accuracy:.1f} %" if s.accuracy else "–",
            scaled(s.description.macs),
            scaled(s.description.parameters),
            _megabytes(s.description.weight_bytes),
            _megabytes(s.description.activation_bytes),
        )
        for s in sorted(subjects, key=lambda s: -(s.accuracy or 0))
    ]
    headings = ["network", "accuracy", "multiplications", "parameters", "weights", "values a picture"]
    charts = [bubbles(known, "top-1" if of == {IMAGENET} else "test")] if len(known) > 1 else []
    data = {
        s.name: {
            "accuracy": s.accuracy,
            "macs": s.description.macs,
            "parameters": s.description.parameters,
            "activations": s.description.activations,
        }
        for s in subjects
    }
    tables = [Table("Measured", headings, rows, "Sorted by accuracy; weights and values in float32.")]
    return Exhibit("Networks beside each other", _compared(subjects, known, of), charts, tables=tables, data=data)


def _compared(subjects: Sequence[Subject], known: Sequence[Network], of: set[str]) -> list[str]:
    costly = max(subjects, key=lambda s: s.description.macs)
    heavy = max(subjects, key=lambda s: s.description.parameters)
    work, weight = scaled(costly.description.macs), scaled(heavy.description.parameters)
    said = [f"Most multiplications: {costly.name}, {work}; most parameters: {heavy.name}, {weight}."]
    if known and len(of) == 1:  # accuracies of other pictures say nothing about each other
        best = max(known, key=lambda n: n.accuracy)
        said.append(f"Most accurate: {best.name}, {100 * best.accuracy:.1f} %.")
        better = {network.name: _better(network, known) for network in known}
        beaten = ", ".join(f"{name} (by {other.name})" for name, other in better.items() if other)
        if beaten:
            said.append(f"More accurate with no more work and no more parameters is another than {beaten}.")
    missing = [s.name for s in subjects if not s.accuracy]
    if missing:
        why = "no accuracy of one 224 px crop is recorded here" if of == {IMAGENET} else "not tested"
        said.append(f"Not in the figure: {', '.join(missing)} ({why}).")
    if of == {IMAGENET} and known:
        said.append("Accuracies are published ones, of torchvision's first weights; work and sizes were computed now.")
    elif len(of) > 1:
        said.append("These runs were tested on different data, so their accuracies are not of the same pictures.")
    return said


def _better(network: Network, others: Sequence[Network]) -> Network | None:
    """One that is more accurate with no more work and no more parameters: the most accurate of them."""
    found = [
        other
        for other in others
        if other.accuracy > network.accuracy and other.macs <= network.macs and other.parameters <= network.parameters
    ]
    return max(found, key=lambda n: n.accuracy, default=None)


def _most(layers: Sequence[Layer], what: str, total: int) -> str:
    """', 74 % of them in classifier.0': the layers that hold half of something, at most three."""
    if not total:
        return ""
    ranked = sorted(layers, key=lambda layer: -getattr(layer, what))
    chosen: list[Layer] = []
    for layer in ranked[:3]:
        chosen.append(layer)
        if sum(getattr(c, what) for c in chosen) >= HALF * total:
            break
    share = sum(getattr(c, what) for c in chosen) / total
    names = [layer.name for layer in chosen]
    listed = " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
    return f", {100 * share:.0f} % of them in {listed}"


def _row(layer: Layer) -> list[str]:
    counts = (f"{n:,}" if n else "" for n in (layer.parameters, layer.macs, layer.activations))
    return [layer.name, layer.kind, _times(layer.output), *counts, side(layer.field)]


def side(field: tuple[int, int]) -> str:
    """The side of a receptive field in pixels: one number if it is square."""
    return str(field[0]) if field[0] == field[1] else _times(field)


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _megabytes(n: int) -> str:
    return f"{n / 1e9:.2f} GB" if n >= 1e9 else f"{n / 1e6:.1f} MB" if n >= 1e5 else f"{n / 1e3:.1f} kB"
