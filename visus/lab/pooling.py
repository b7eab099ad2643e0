"""What does pooling keep, and what does it buy?"""

from typing import Annotated

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.batches import Prepared
from ..layers.pooling import L2Pool
from ..models.description import describe
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, INK, ORANGE, draw, legend
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate, Table
from ._learn import learn, pictures
from ._pictures import of_each_class, shown

WAYS = ("max", "avg", "l2", "stride", "none")
SHIFTS = ((0, 1), (0, -1), (1, 0), (-1, 0))
SHOWN = 3  # pictures on the page
QUICK = {"train": 60, "epochs": 0.5}


def run(
    data: Annotated[str, About("a named set whose sides can be halved twice")] = "digits",
    train: Annotated[int, Limits(0), About("training pictures; 0: all")] = 0,
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over them")] = 8.0,
    width: Annotated[int, Limits(1, 256), About("filters of the first layer")] = 8,
    seed: Annotated[int, Limits(0), About("of weights and shuffling")] = 0,
) -> Exhibit:
    prepared = pictures(data, train)
    accuracy, moved, costs = {}, {}, {}
    for pool in WAYS:
        settings = {"model": "pattern", "n": 1, "m": 2, "k": 1, "width": width, "fc": 32, "pool": pool}
        found = learn(prepared, optimizer="adam", lr=3e-3, epochs=epochs, seed=seed, **settings)
        accuracy[pool] = found.task.evaluate()["validation_accuracy"]
        moved[pool] = changed(found.task.model.eval(), validation(prepared))
        costs[pool] = describe(found.network, prepared.image)
    best = max(WAYS, key=lambda pool: accuracy[pool])
    pooled, strided, whole = costs["max"], costs["stride"], costs["none"]
    findings = [
        (
            f"Pooling has no parameters: with it the network has {pooled.parameters:,}, without it "
            f"{whole.parameters:,}, because the linear layer then looks at maps of full size."
        ),
        (
            f"It makes {pooled.macs:,} multiplications a picture instead of {whole.macs:,}; a 2x2 convolution that "
            f"moves by 2 in its place makes {strided.macs:,}, with {strided.parameters - pooled.parameters:,} "
            "parameters more."
        ),
        f"{data}, validation accuracy: {_listed(accuracy)}; best {best}.",
        f"Moved by one pixel, the answer changes for {_listed(moved)}.",
    ]
    examples = of_each_class(prepared)[:SHOWN].float() / 255
    plate = Plate(
        "Halved once",
        shown(torch.cat([F.interpolate(image, examples.shape[2:]) for image in ways(examples).values()])),
        "The largest of every 2x2 pixels keeps bright strokes, the mean blurs them, the length (L2, divided by 2) lies "
        "between; every second pixel may miss a stroke.",
        [name if k == 0 else "" for name in ways(examples) for k in range(len(examples))],
    )
    chart = Chart(
        "Accuracy, and answers that a shift of one pixel changes",
        draw(lambda figure: _paint(figure, accuracy, moved), 240),
        "One training each: a difference of a percent or two may be chance; another seed= gives another.",
    )
    rows = [
        [p, f"{accuracy[p]:.1%}", f"{moved[p]:.1%}", f"{costs[p].parameters:,}", f"{costs[p].macs:,}"] for p in WAYS
    ]
    tables = [Table("Two poolings of 2x2", ["pooling", "accuracy", "changed", "parameters", "multiplications"], rows)]
    result = {"accuracy": accuracy, "changed": moved, "parameters": {p: costs[p].parameters for p in WAYS}}
    return Exhibit("Pooling", findings, [chart], [plate], tables, result)


def ways(images: Tensor) -> dict[str, Tensor]:
    """Pictures (N, C, H, W) in [0, 1] halved in several ways."""
    return {
        "as it is": images,
        "largest": F.max_pool2d(images, 2),
        "mean": F.avg_pool2d(images, 2),
        "L2": L2Pool()(images) / 2,  # of four equal values it is twice their value
        "every second": images[:, :, ::2, ::2],
    }


def validation(prepared: Prepared) -> Tensor:
    """The validation pictures, uint8 (N, C, H, W)."""
    return torch.cat([images for images, _ in prepared.part("validation")])


@torch.no_grad()
def changed(model: nn.Module, images: Tensor) -> float:
    """The share of answers that change when a picture moves by one pixel; the rim is repeated."""
    answers = model(images).argmax(1)
    padded = F.pad(images.float(), (1, 1, 1, 1), mode="replicate").to(images.dtype)
    H, W = images.shape[2:]
    moved = [model(padded[:, :, 1 + y : 1 + y + H, 1 + x : 1 + x + W]).argmax(1) for y, x in SHIFTS]
    return float(torch.stack([m != answers for m in moved]).float().mean())


def _listed(shares: dict[str, float]) -> str:
    return ", ".join(f"{pool} {share:.1%}" for pool, share in shares.items())


def _paint(figure: Figure, accuracy: dict[str, float], moved: dict[str, float]) -> None:
    axes = figure.add_subplot()
    axes.grid(False)
    rows = ((0.2, accuracy, "accuracy", BLUE), (-0.2, moved, "changed by a shift", ORANGE))
    for offset, shares, name, colour in rows:
        places = [len(WAYS) - 1 - i + offset for i in range(len(WAYS))]
        axes.barh(places, [shares[pool] for pool in WAYS], 0.36, color=colour, label=name)
        for place, pool in zip(places, WAYS, strict=True):
            text = f"{shares[pool]:.1%}"
            axes.annotate(text, (shares[pool], place), (4, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(len(WAYS)), WAYS[::-1], color=INK)
    axes.set(xticks=[], xlim=(0, 1.16))
    axes.spines["bottom"].set_visible(False)
    legend(axes, columns=2)
