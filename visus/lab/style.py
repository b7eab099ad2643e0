"""What does each layer keep of the way a picture is painted?"""

from typing import Annotated, Literal

import torch
from matplotlib.figure import Figure

from ..explain import texture_synthesis
from ..explain._drawing import features
from ..explain.texture_synthesis import style_distance, style_of
from ..losses.style import content_loss, gram_matrix, style_loss
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, PURPLE, draw, legend, percent
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate, Table
from ._perception import LAYERS, photograph, random_network
from ._pictures import shown

COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
QUICK = {"side": 24, "steps": 5}


def run(
    picture: Annotated[
        Literal["brick", "grass", "gravel", "coffee", "cat", "astronaut", "rocket"], About("the texture that is copied")
    ] = "gravel",
    side: Annotated[int, Limits(16, 512), About("pixels that it is brought to")] = 64,
    steps: Annotated[int, Limits(1), About("steps of each synthesis")] = 120,
    seed: Annotated[int, Limits(0), About("of the network's random filters and of the noise")] = 0,
) -> Exhibit:
    network, style = random_network(seed), photograph(picture, side)
    wanted = style_of(network, style, list(LAYERS))
    start = _shuffled(style, seed)
    made = [
        texture_synthesis.picture(network, style, ",".join(LAYERS[:depth]), steps=steps, seed=seed)
        for depth in range(1, len(LAYERS) + 1)
    ]
    left = [
        [_left(network, one, wanted, layer) / _left(network, start, wanted, layer) for layer in LAYERS] for one in made
    ]
    content, gram = _moved(network, style, seed)
    findings = [
        (
            f"With its places shuffled, {picture} is as far from itself as {content:.0%} of its own features, and "
            f"its Gram matrix at layer 1 as {gram:.1%}: the Gram matrix knows what is there, not where."
        ),
        *(
            f"After {steps} steps at {_layers(depth)}, {left[depth - 1][-1]:.0%} of the distance to the style of layer "
            f"{len(LAYERS)} is left, and {left[depth - 1][0]:.0%} of that of layer 1 (100 %: the pixels in disorder)."
            for depth in range(1, len(LAYERS) + 1)
        ),
        "The network's filters are random: no training is needed for a texture, only for what things are.",
    ]
    names = ["the picture", *(_layers(depth) for depth in range(1, len(made) + 1))]
    reading = "From noise, until the Gram matrices of these layers were those of the picture: ever larger motifs."
    plate = Plate("The picture, and textures from it", shown(torch.cat([style, *made])), reading, names)
    rows = [[name, *(f"{share:.1%}" for share in shares)] for name, shares in zip(names[1:], left, strict=True)]
    table = Table("Style that is still missing", ["matched", *(f"at layer {i + 1}" for i in range(len(LAYERS)))], rows)
    return Exhibit(
        "Style", findings, [_chart(left)], [plate], [table], {"left": left, "content": content, "gram": gram}
    )


def _left(network: torch.nn.Module, picture: torch.Tensor, wanted: dict[str, torch.Tensor], layer: str) -> float:
    """How far a picture's style is from the wanted one at one layer."""
    with torch.no_grad():
        return float(style_distance(features(network, picture, [layer]), {layer: wanted[layer]}))


def _layers(depth: int) -> str:
    return f"layers 1 to {depth}" if depth > 1 else "layer 1"


def _shuffled(picture: torch.Tensor, seed: int) -> torch.Tensor:
    """The same pixels in another order: the same colours, and nothing else of the style."""
    places = torch.randperm(picture[0, 0].numel(), generator=torch.Generator().manual_seed(seed))
    return picture.flatten(2)[:, :, places].view_as(picture)


def _moved(network: torch.nn.Module, style: torch.Tensor, seed: int) -> tuple[float, float]:
    """(content, style) distance of a layer's features to themselves with their places shuffled."""
    with torch.no_grad():
        maps = features(network, style, [LAYERS[0]])[LAYERS[0]]
    moved = _shuffled(maps, seed)
    gram = gram_matrix(maps)
    far = style_loss(gram_matrix(moved), gram) / gram.square().sum()
    return float(content_loss(moved, maps) / maps.square().sum()), float(far)


def _chart(left: list[list[float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for depth, (shares, colour) in enumerate(zip(left, COLOURS, strict=True), 1):
            axes.plot(range(1, len(shares) + 1), shares, "o-", color=colour, label=_layers(depth))
        axes.set(xlabel="layer", ylabel="style missing", ylim=(0, None), xticks=range(1, len(LAYERS) + 1))
        percent(axes, "y")
        legend(axes, columns=2)

    reading = "Each line is one synthesis: more layers bring the coarse ones down; the fine ones then need more steps."
    return Chart("How far a texture is from the picture's style", draw(paint, 250), reading)
