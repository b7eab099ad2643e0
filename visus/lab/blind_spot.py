"""Which pixels does a pixel know of, in PixelCNN, gated PixelCNN and PixelRNN?

By the gradient: a network with random weights tells the middle of the last row, and whatever changes that is seen.
"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..data.canvas import Canvas
from ..engine import catalogue
from ..models import autoregressive
from ..models.autoregressive._contract import Autoregressive
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, PURPLE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate, Table

MODELS = {
    "pixelcnn": ("PixelCNN", ORANGE),
    "gated_pixelcnn": ("gated PixelCNN", BLUE),
    "row_lstm": ("Row LSTM", GREEN),
    "diagonal_bilstm": ("Diagonal BiLSTM", PURPLE),
}
SMALL = {"features": 16, "kernel": 3, "hidden": 16}
PICTURES = 3  # whose gradients are joined: behind one unit that is off there is none
SEEN, BLIND, ITSELF, LATER = (47, 111, 181), (232, 138, 60), (20, 20, 20), (236, 236, 236)
PIXEL = 12  # side on the page
QUICK = {"side": 7, "layers": 2}


def sees(model: Autoregressive, y: int, x: int, seed: int = 0) -> NDArray[np.bool_]:
    """The pixels (H, W) by which what a grey model tells at (y, x) has a gradient."""
    dice = torch.Generator().manual_seed(seed)
    size = (PICTURES, *model.canvas.image)
    levels = torch.randint(0, model.canvas.levels, size, generator=dice).double().requires_grad_()
    told = model.log_probabilities(levels)[:, 0, 0, y, x].sum()
    (by,) = torch.autograd.grad(told, levels)
    found: NDArray[np.bool_] = (by != 0).any(0)[0].numpy()
    return found


def random_model(name: str, side: int, layers: int, seed: int) -> Autoregressive:
    """A model of the folder with weights that pass everything on, in float64: no gradient is rounded away."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = catalogue.find(autoregressive, name).build(Canvas(1, side, side, levels=2), layers=layers, **SMALL)
        with torch.no_grad():
            for values in model.parameters():
                values += 0.2 * torch.randn_like(values)
    assert isinstance(model, Autoregressive)
    return model.double().eval()


def run(
    side: Annotated[int, Limits(3, 33), About("of the picture, in pixels")] = 11,
    layers: Annotated[int, Limits(1, 20), About("of each network, with windows of 3 x 3")] = 10,
    seed: Annotated[int, Limits(0), About("of the weights")] = 0,
) -> Exhibit:
    """What each network sees of all that stands before the middle of the last row, and how that grows with layers."""
    y, x = side - 1, side // 2
    before = np.arange(side * side).reshape(side, side) < y * side + x
    depths = sorted({1, *range(2, layers + 1, 2), layers})
    seen = {
        name: {depth: sees(random_model(name, side, depth, seed), y, x, seed) for depth in depths} for name in MODELS
    }
    final = {name: found[layers] for name, found in seen.items()}
    missed = {name: int((before & ~found).sum()) for name, found in final.items()}
    leaked = sum(int((found & ~before).sum()) for by_depth in seen.values() for found in by_depth.values())
    total = int(before.sum())
    shares = {name: {depth: float(f[before].mean()) for depth, f in found.items()} for name, found in seen.items()}
    beyond = _beyond(before, y, x)
    findings = [
        (
            f"Of the {total} pixels before it, with {layers} layers: "
            + "; ".join(f"{MODELS[name][0]} misses {n}" for name, n in missed.items())
            + "."
        ),
        (
            "PixelCNN's masked windows reach one to the right for each row they go up: of the "
            f"{int(beyond.sum())} pixels beyond that diagonal it sees {int((final['pixelcnn'] & beyond).sum())}, "
            "however many layers there are. The vertical stack of the gated network has whole windows of rows above, "
            "and looks around it."
        ),
        (
            f"One layer of Diagonal BiLSTM sees {100 * shares['diagonal_bilstm'][1]:.0f} % of what is before, one of "
            f"the gated network {100 * shares['gated_pixelcnn'][1]:.0f} %: a state goes on, a window ends. What the "
            "former misses is the last pixel of the row above, which its sweep from the right begins without."
        ),
        f"No network has a gradient by itself or a later pixel: {leaked} leaks among {len(depths) * len(MODELS)}.",
    ]
    pictures = np.stack([_painted(found, before, y, x) for found in final.values()])
    captions = [f"{MODELS[name][0]}: misses {n}" for name, n in missed.items()]
    reading = "Black: the pixel that is told. Blue: seen. Orange: before it, and not seen. Grey: later."
    rows = [[MODELS[name][0], *(f"{100 * by_depth[d]:.0f} %" for d in depths)] for name, by_depth in shares.items()]
    headings = ["seen of what is before", *(f"{d} layer{'s' if d > 1 else ''}" for d in depths)]
    return Exhibit(
        "What a pixel knows of",
        findings,
        [_chart(shares)],
        [Plate("What the middle of the last row sees", pictures, reading, captions)],
        [Table("By layers", headings, rows)],
        {"missed": missed, "shares": shares, "leaked": leaked},
    )


def _beyond(before: NDArray[np.bool_], y: int, x: int) -> NDArray[np.bool_]:
    """Pixels above, further to the right than above."""
    rows, columns = np.indices(before.shape)
    found: NDArray[np.bool_] = before & (columns - x > y - rows)
    return found


def _painted(seen: NDArray[np.bool_], before: NDArray[np.bool_], y: int, x: int) -> NDArray[np.uint8]:
    picture = np.where(before[..., None], np.where(seen[..., None], SEEN, BLIND), LATER).astype(np.uint8)
    picture[y, x] = ITSELF
    return picture.repeat(PIXEL, 0).repeat(PIXEL, 1)


def _chart(shares: dict[str, dict[int, float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, by_depth in shares.items():
            said, colour = MODELS[name]
            axes.plot(list(by_depth), [100 * s for s in by_depth.values()], "o-", ms=4, color=colour, label=said)
        scale(axes, "y", log=False)
        axes.set(xlabel="layers", ylabel="seen, % of what is before", ylim=(0, 105))
        legend(axes, columns=2)

    return Chart(
        "How much is seen", draw(paint, 230), "Windows reach further with each layer; what they are blind for stays."
    )
