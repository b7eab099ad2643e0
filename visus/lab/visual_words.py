"""Of which small patches are pictures made?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ..features import words
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, percent
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate
from ._pictures import few, of_each_class, shown, stretched

QUICK = {"n": 200, "n_words": 8}
PATCH_PX = {True: 3, False: 6}  # of small pictures, and of others
SMALL_PX = 16


def run(
    data: Annotated[str, About("a named set")] = "digits",
    n: Annotated[int, Limits(100), About("pictures at most")] = 2000,
    n_words: Annotated[int, Limits(2, 400), About("in the codebook")] = 32,
    patch: Annotated[int, Limits(0, 32), About("side in pixels; 0: 3 for pictures below 16 pixels, else 6")] = 0,
) -> Exhibit:
    prepared = few(data, n)
    side = patch or PATCH_PX[min(prepared.image[1:]) < SMALL_PX]
    feature = words.build(prepared.image, n_words, side, stride=1, grid=1)
    rows = prepared.rows("train")
    images, labels = prepared.images(rows), prepared.labels(rows)
    feature.fit(images)
    shares = feature(images)
    by_class = torch.stack([shares[labels == k].mean(0) for k in range(prepared.n_classes)])  # (K, words)
    order = shares.mean(0).argsort(descending=True)
    often = shares.mean(0)[order].cumsum(0)
    half = int((often < 0.5).sum()) + 1
    word, most, least = telling(by_class)
    names = list(prepared.collection.classes)
    blind = float(labels.bincount().max() / len(labels))
    right = nearest_class(prepared.images(prepared.rows("validation")), feature, by_class)
    found = float((right == prepared.labels(prepared.rows("validation"))).float().mean())
    findings = [
        (
            f"{n_words} words of {side} x {side} pixels, learned from {len(images):,} pictures of {data}; the {half} "
            "most frequent make up half of all patches."
        ),
        (
            f"The word that tells most makes up {by_class[most, word]:.1%} of the patches of '{names[most]}' and "
            f"{by_class[least, word]:.1%} of those of '{names[least]}'."
        ),
        (
            f"The class whose mean histogram is nearest is right for {found:.1%} of new pictures (the largest class: "
            f"{blind:.1%}), although the histogram does not know where a word stands."
        ),
    ]
    assert isinstance(feature, words.Words), "build makes no other"
    plates = [
        Plate(
            "The codebook",
            shown(stretched(feature.words[order])),
            "Most frequent first, with its share of all patches. Grey is the mean of a patch; contrast is stretched.",
            [f"{share:.1%}" for share in shares.mean(0)[order].tolist()],
        ),
        Plate("One picture of each class", shown(of_each_class(prepared)), "Each is a sum of such patches.", names),
    ]
    numbers = {"half": half, "accuracy": found, "blind": blind, "shares": shares.mean(0)[order].tolist()}
    chart = _histograms(by_class[:, order].numpy(), names, most, least)
    return Exhibit("A bag of visual words", findings, [chart], plates, data=numbers)


def telling(by_class: Tensor) -> tuple[int, int, int]:
    """The word whose mean share (K, words) differs most between two classes, and those: (word, most, least)."""
    word = int((by_class.amax(0) - by_class.amin(0)).argmax())
    return word, int(by_class[:, word].argmax()), int(by_class[:, word].argmin())


def nearest_class(images: Tensor, feature: torch.nn.Module, by_class: Tensor) -> Tensor:
    """The class (N,) whose mean histogram (K, words) is nearest to that of each picture."""
    return torch.cdist(feature(images), by_class).argmin(1)


def _histograms(by_class: NDArray[np.float32], names: list[str], most: int, least: int) -> Chart:
    places = np.arange(by_class.shape[1])

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.bar(places - 0.2, by_class[most], 0.4, color=BLUE, label=str(names[most]))
        axes.bar(places + 0.2, by_class[least], 0.4, color=ORANGE, label=str(names[least]))
        axes.plot(places, by_class.mean(0), ".", color=MUTED, label="all classes")
        axes.set(xlabel="word, most frequent first", ylabel="share of patches", xticks=[])
        percent(axes, "y")
        legend(axes)

    reading = "Two pictures are alike if they are made of the same words equally often, wherever the words stand."
    return Chart("Two classes in words", draw(paint, 240), reading)
