"""What lies between two pictures, in the space of a variational autoencoder?

Two latents, so that the whole space is a map: where pictures of each class lie, what is decoded at each place, and
what one passes on the way from one picture to another, beside fading one into the other.
"""

from typing import Annotated, Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from ..data.drawings import Drawings, prepare_drawings
from ..engine.loop import fit
from ..engine.task import evaluating
from ..geometry import latent
from ..losses.variational import gaussian_kl
from ..recipes import autoencode
from ..recipes._form import About, Limits
from ..report.figures.canvas import PALETTE, draw, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate
from ._pictures import shown

STEPS = 9  # from one picture to another
LINE = 0.5  # brightness between pictures of the map
MARKERS = "osD^v<>PX*"
COLOURS = [PALETTE[name] for name in ("blue", "orange", "green", "purple", "red")]
QUICK = {"epochs": 1.0, "side": 3, "hidden": 16}


def run(
    data: Annotated[str, About("the named set, binarised at half its brightness")] = "digits",
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over it")] = 60.0,
    hidden: Annotated[int, Limits(1, 4096), About("units of the two hidden layers of each half")] = 128,
    side: Annotated[int, Limits(2, 40), About("of the map, in pictures")] = 10,
    seed: Annotated[int, Limits(0), About("of weights, order and draws")] = 0,
) -> Exhibit:
    """A VAE of two latents: its map, where the classes lie on it, and ways between pictures."""
    drawings = prepare_drawings(data, levels=2, binarise="threshold", seed=seed)
    task = autoencode.build(
        data=drawings, model="dense_vae", latents=2, hidden=hidden, epochs=epochs, batch=32, lr=2e-3, average=0.0,
        seed=seed, arithmetic="float32", device="cpu",
    )  # fmt: skip
    fit(task, task.steps)
    network: Any = task.model
    levels, labels = (torch.cat(parts) for parts in zip(*drawings.part("validation", 500), strict=True))
    with evaluating(network):
        mean, log_variance = network.posterior(levels)
        grid = network.decode(latent.normal_grid(side))
        first, second = _two(labels)
        way = network.decode(latent.line(mean[first], mean[second], STEPS))
    kl = gaussian_kl(mean, log_variance).mean(0)
    faded = latent.line(levels[first].float().flatten(), levels[second].float().flatten(), STEPS).view(way.shape)
    near = _nearest_share(mean, labels)
    findings = [
        (
            f"Two numbers hold {float(kl.sum()):.2f} nats of a picture ({', '.join(f'{v:.2f}' for v in kl)}), and the "
            f"nearest neighbour on the map is of the same class for {100 * near:.0f} % of validation pictures, "
            "although no class was told."
        ),
        (
            f"Halfway between two pictures {100 * _grey(faded):.0f} % of the pixels of the fade are grey, between a "
            f"quarter and three quarters; of the decoded way {100 * _grey(way):.0f} %: it goes by way of shapes that "
            "there are, as far as two numbers can tell."
        ),
        (
            f"Together the means lie at {float(mean.mean(0).norm()):.2f} from the middle with deviations "
            f"{' and '.join(f'{v:.2f}' for v in mean.std(0))}; the prior's are 0 and 1, so what is drawn from it is "
            "drawn where pictures are."
        ),
    ]
    plates = [
        Plate("From one picture to another, decoded", shown(_colour(way)), "Points on the straight line between both."),
        Plate("The same way, faded", shown(_colour(faded)), "Each pixel by itself: two pictures at once, never one."),
    ]
    return Exhibit(
        "A space of pictures",
        findings,
        [_map(mean, labels, drawings), _decoded(_sheet(grid, side))],
        plates,
        data={"kl": kl.tolist(), "neighbours_of_same_class": near},
    )


def _two(labels: Tensor) -> tuple[int, int]:
    """The first picture, and the first of another class."""
    return 0, int((labels != labels[0]).nonzero()[0])


def _nearest_share(mean: Tensor, labels: Tensor) -> float:
    distances = torch.cdist(mean, mean).fill_diagonal_(torch.inf)
    return float((labels[distances.argmin(1)] == labels).float().mean())


def _grey(way: Tensor) -> float:
    """The share of pixels of the middle picture that are neither black nor white."""
    middle = way[len(way) // 2]
    return float(((middle > 0.25) & (middle < 0.75)).float().mean())


def _colour(brightness: Tensor) -> Tensor:
    return brightness.expand(-1, 3, -1, -1)


def _sheet(brightness: Tensor, side: int) -> Tensor:
    """Pictures (side * side, 1, H, W), row by row -> one picture, a grey line behind each of them."""
    framed = F.pad(brightness[:, 0], (0, 1, 0, 1), value=LINE)
    rows = framed.unflatten(0, (side, side)).transpose(1, 2)  # (side, H, side, W)
    return rows.flatten(2, 3).flatten(0, 1)


def _decoded(sheet: Tensor) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.imshow(sheet.numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_axis_off()

    reading = "Each picture is one place of the space; equal shares of the prior lie between neighbours."
    return Chart("What is decoded at each place", draw(paint, 380), reading)


def _map(mean: Tensor, labels: Tensor, drawings: Drawings) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number, name in enumerate(drawings.classes):
            x, y = mean[labels == number].T.tolist()
            colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
            axes.plot(x, y, marker, ms=3, color=colour, label=name, linestyle="none")
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        axes.set(xlabel="first latent", ylabel="second latent")
        axes.legend(ncols=5, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)

    reading = "Each mark is a validation picture, at the mean of where the encoder believes it lies."
    return Chart("Where the classes lie", draw(paint, 380), reading)
