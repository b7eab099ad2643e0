"""How many bits does a pixel cost under ever better models of the same pictures?

Bits a value are what a perfect coder would need to store the test pictures, told nothing but the model: nats over
C H W ln 2. A coin costs 1 bit for black or white; whatever a model has learned is what it takes off that.
"""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import torch
from matplotlib.figure import Figure

from ..data.drawings import Drawings, prepare_drawings
from ..engine import catalogue
from ..engine.loop import fit
from ..engine.task import evaluating
from ..models import densities
from ..models.generative import Likelihood
from ..recipes import autoencode, autoregress
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, INK, MUTED, draw, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate, Table
from ._pictures import shown

CLASSIC = {
    "independent_pixels": "independent pixels",
    "mixture_of_gaussians": "mixture of Bernoullis",
    "pca_gaussian": "PCA Gaussian",
}
SAMPLES = 8  # of each model on the page
QUICK = {"epochs": 0.5, "data": "digits", "train": 200}


def run(
    data: Annotated[str, About("the named set, binarised")] = "digits",
    epochs: Annotated[float, Limits(0.1, 1000), About("passes of the networks over it")] = 40.0,
    train: Annotated[int, Limits(0), About("training pictures; 0: all")] = 0,
    seed: Annotated[int, Limits(0), About("of weights, order and samples")] = 0,
) -> Exhibit:
    """Nats and bits of test pictures under a coin, three classic densities, a VAE's bound and a gated PixelCNN."""
    drawings = prepare_drawings(data, levels=2, seed=seed).limited(train=train or None)
    models: dict[str, Any] = {said: _fitted(name, drawings, seed) for name, said in CLASSIC.items()}
    models |= {said: _trained(recipe, drawings, epochs, seed) for said, recipe in NETWORKS.items()}
    coin = drawings.canvas.values * math.log(2)
    nats = {"a coin": coin} | {said: _nats(model, drawings) for said, model in models.items()}
    bits = {said: n / coin for said, n in nats.items()}  # of two levels a coin's cost is one bit a value
    classic = min(CLASSIC.values(), key=lambda said: nats[said])
    findings = [
        (
            f"A picture of {drawings.canvas.height} x {drawings.canvas.width} black or white pixels costs {coin:.1f} "
            "nats by a coin, 1 bit a pixel. Independent pixels, which know where ink is likely, take "
            f"{bits['independent pixels']:.3f} bits."
        ),
        (
            f"The best classic density, the {classic}, takes {nats[classic]:.1f} nats or {bits[classic]:.3f} bits; the "
            f"gated PixelCNN, whose likelihood is exact too, {nats['gated PixelCNN']:.1f} or "
            f"{bits['gated PixelCNN']:.3f} after {epochs:g} passes over {len(drawings.rows('train')):,} pictures."
        ),
        (
            f"The VAE's {nats['VAE, a bound']:.1f} nats and the PCA Gaussian's {nats['PCA Gaussian']:.1f} are bounds: "
            "the truth is at most that. A Gaussian is no model of two levels; its bits say so."
        ),
    ]
    pictures = {said: drawings.canvas.shown(_drawn(model, seed)) for said, model in models.items()}
    plates = [Plate(f"Drawn by: {said}", shown(drawn), "") for said, drawn in pictures.items()]
    rows = [
        [said, f"{nats[said]:.2f}", f"{bits[said]:.4f}", f"{n:.2f}"] for said, n in zip(nats, _saved(nats), strict=True)
    ]
    table = Table("On test pictures", ["model", "nats a picture", "bits a value", "saved against a coin, nats"], rows)
    return Exhibit("Bits per dimension", findings, [_chart(bits)], plates, [table], {"nats": nats, "bits": bits})


def _fitted(name: str, drawings: Drawings, seed: int) -> Any:
    parts = (levels for levels, _ in drawings.part("train"))
    return catalogue.find(densities, name).build(drawings.canvas).fit(parts, seed)


def _trained(recipe: Callable[..., Any], drawings: Drawings, epochs: float, seed: int) -> Any:
    task = recipe(data=drawings, epochs=epochs, seed=seed, arithmetic="float32", device="cpu", average=0.0)
    fit(task, task.steps)
    return task.model


def _vae(**settings: Any) -> Any:
    return autoencode.build(model="dense_vae", latents=12, hidden=128, batch=32, lr=2e-3, **settings)


def _pixelcnn(**settings: Any) -> Any:
    return autoregress.build(model="gated_pixelcnn", features=16, layers=4, hidden=32, batch=32, lr=4e-3, **settings)


NETWORKS: Mapping[str, Callable[..., Any]] = {"VAE, a bound": _vae, "gated PixelCNN": _pixelcnn}


def _nats(model: Likelihood, drawings: Drawings) -> float:
    """Mean nats of a test picture."""
    assert isinstance(model, torch.nn.Module)
    dice, found = torch.Generator().manual_seed(0), []
    with evaluating(model):
        for levels, _ in drawings.part("test"):
            found.append(model.log_likelihood(levels, dice=dice))
    return -float(torch.cat(found).mean())


def _drawn(model: Any, seed: int) -> torch.Tensor:
    with evaluating(model):
        drawn: torch.Tensor = model.sample(SAMPLES, torch.Generator().manual_seed(seed))
    return drawn


def _saved(nats: Mapping[str, float]) -> list[float]:
    return [nats["a coin"] - n for n in nats.values()]


def _chart(bits: Mapping[str, float]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(False)
        for row, (said, value) in enumerate(list(bits.items())[::-1]):
            axes.barh(row, value, 0.4, color=BLUE if said in NETWORKS else MUTED, alpha=1 if said in NETWORKS else 0.45)
            axes.text(0, row + 0.3, f"{said}: {value:.3f}", va="bottom", color=INK)
        scale(axes, "x", log=False)
        axes.set(yticks=[], xlabel="bits a value, less is better")

    return Chart("What a pixel costs", draw(paint, 280), "Blue: networks. Grey: a coin, and classic densities.")
