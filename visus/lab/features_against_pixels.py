"""What do features add to a linear classifier?"""

import time
from typing import Annotated

from matplotlib.figure import Figure

from ..metrics.intervals import wilson
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, INK, MUTED, draw, percent
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import learn
from ._pictures import few

SMALL = ("hue", "words:patch=3:n_words=50", "polar", "hog:cell=4", "pca:components=30", "pixels", "pixels+hog:cell=4")
LARGE = ("hue", "pca", "pixels", "polar", "words", "hog", "hog+hue", "hog+hue+words")
SMALL_PX = 16
QUICK = {"n": 300, "epochs": 1.0, "features": "pixels hog:cell=4"}


def run(
    data: Annotated[str, About("a named set")] = "digits",
    n: Annotated[int, Limits(100), About("pictures at most")] = 4000,
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over the training part")] = 20.0,
    features: Annotated[str, About("lists of features, with spaces between; nothing: a choice for this size")] = "",
    seed: Annotated[int, Limits(0), About("of weights and shuffling")] = 0,
) -> Exhibit:
    prepared = few(data, n, seed)
    asked = features.split() or (SMALL if min(prepared.image[1:]) < SMALL_PX else LARGE)
    n_seen = len(prepared.rows("validation"))
    found, rows = {}, []
    for words in asked:
        began = time.perf_counter()
        learnt = learn(prepared, model="linear", features=words, loss="cross_entropy", optimizer="adam", lr=3e-3,
                       schedule="one_cycle", weight_decay=1e-3, epochs=epochs, seed=seed)  # fmt: skip
        scores = learnt.task.evaluate()
        found[words] = scores["validation_accuracy"]
        n_numbers = next(learnt.network.parameters()).shape[1]
        seconds = time.perf_counter() - began
        rows.append(
            [words, f"{n_numbers:,}", f"{found[words]:.1%}", f"{scores['train_accuracy']:.1%}", f"{seconds:.1f} s"]
        )
    best, worst = max(found, key=lambda w: found[w]), min(found, key=lambda w: found[w])
    findings = [
        f"{data}: one linear classifier, {len(prepared.rows('train')):,} training pictures, {n_seen:,} to choose on.",
        f"Best: {best}, {found[best]:.1%}; worst: {worst}, {found[worst]:.1%}.",
    ]
    if "pixels" in found and best != "pixels":
        apart = wilson(round(found[best] * n_seen), n_seen)[0] > wilson(round(found["pixels"] * n_seen), n_seen)[1]
        findings.append(
            f"The best features add {100 * (found[best] - found['pixels']):.1f} points to pixels alone"
            + ("." if apart else f", no more than chance may add among {n_seen} pictures.")
        )
    elif best == "pixels":
        findings.append("Nothing beat the pixels themselves here: the pictures are small, and always in one place.")
    findings.append("Features set the ceiling; what learns from them only comes near it.")
    table = Table("The same classifier", ["features", "numbers", "validation", "training", "time"], rows)
    chart = _bars(found, n_seen)
    return Exhibit("Features against pixels", findings, [chart], tables=[table], data={"validation_accuracy": found})


def _bars(found: dict[str, float], n: int) -> Chart:
    names = sorted(found, key=lambda words: found[words])

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, words in enumerate(names):
            low, high = wilson(round(found[words] * n), n)
            axes.barh(place, found[words], 0.6, color=BLUE if "pixels" not in words else MUTED)
            axes.plot([low, high], [place, place], color=INK, linewidth=1)
        axes.set_yticks(range(len(names)), names)
        axes.grid(visible=False, axis="y")
        axes.set(xlabel="validation accuracy", xlim=(0, 1))
        percent(axes, "x")
        axes.set_xticks([0, 0.5, 1])

    reading = "Thin lines: 95 % intervals. Grey: with pixels."
    return Chart("Validation accuracy", draw(paint, 40 + 26 * len(names)), reading)
