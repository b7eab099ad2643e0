"""How to use pretrained weights on your pictures: measured, and told by the 2 x 2 rule of data size and similarity."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..data.batches import Prepared
from ..data.collection import TRAIN
from ..data.prepare import prepare
from ..engine import anatomy, rest
from ..engine.task import evaluating
from ..geometry.neighbours import nearest
from ..metrics.intervals import wilson
from ..recipes import _features as made
from ..recipes import _form, classify
from ..report.exhibit import Exhibit, Table, write
from ..report.figures.bars import Bar, baselines
from ..ship.embed import pooled
from ._session import Show, Silent

MOST = 2_000  # training pictures that are measured on, spread evenly
FOLDS = 5
LITTLE = 100  # training pictures a class; below it a convolutional net forgets more than it learns (CS231n's "small")
NEIGHBOURS = 5
GRID = 2  # maps are averaged over 2 x 2 parts: where something is still counts in early layers
SURE = 2.0  # standard errors of a difference that is believed
PENALTIES = np.logspace(0, 5, 6)  # of ridge regression; the best on held-out rows of the fold is taken
REFERENCES = ("pixels", "HOG")
LITTLE_MOVED = 0.1
# A fresh head and trained layers need steps of different length; small nets scale their scores down besides, and under
# SGD a head alone is then still moving when a short training ends: 40 % against Adam's 58 % in `visus lab transfer`.
RULE: dict[str, Any] = {"optimizer": "adam", "lr": 0.003}

CASES = {  # (similar, much) -> what is usually done
    (True, False): "a linear classifier on top",
    (True, True): "fine-tune a few layers",
    (False, False): "a linear classifier on an earlier stage; hard",
    (False, True): "fine-tune all layers",
}

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class Cell:
    """One of the four cases, and what is done in it. settings: of the recipe."""

    similar: bool
    much: bool
    what: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What was measured. right: for pixels, HOG and each stage, which pictures were told right when held out, (N,).

    near: the same by the vote of the nearest neighbours. layers: the last module of each stage below the head, from the
    input upwards; the names in `right`.
    """

    per_class: int
    n: int
    n_classes: int
    right: Mapping[str, Right]
    near: Mapping[str, Right]
    layers: Sequence[str]
    cell: Cell

    @property
    def accuracy(self) -> dict[str, float]:
        return {name: float(right.mean()) for name, right in self.right.items()}

    @property
    def best(self) -> str:
        """The stage whose features a linear classifier does best on; of equals the uppermost."""
        return max(reversed(self.layers), key=lambda name: self.accuracy[name])

    @property
    def reference(self) -> str:
        return max((name for name in REFERENCES if name in self.right), key=lambda name: self.accuracy[name])


def measure(
    data: str | Prepared, name: str, settings: Mapping[str, Any], seed: int = 0, show: Show | None = None
) -> Found:
    """Linear classifiers on the features of each stage, on pixels and on HOG, by cross-validation on training pictures.

    settings: of the recipe, as model= for imagenet. Raises LookupError, ValueError.
    """
    show = show or Silent()
    form = _form.resolved(classify.build, {**settings, "pretrained": name})
    show.progress("transfer", 0, 1, "looking at the pictures")
    prepared = data if isinstance(data, Prepared) else prepare(data, form["size"], form["framing"], seed=seed)
    chosen = {key: value for key, value in settings.items() if key not in ("size", "framing")}
    task = classify.build(prepared, **{**chosen, "pretrained": name, "arithmetic": "float32", "seed": seed})
    labels, rows, layers = _features(task.model, prepared)
    right: dict[str, Right] = {}
    near: dict[str, Right] = {}
    for number, (which, values) in enumerate(rows.items()):
        show.progress("transfer", number, len(rows), which)
        right[which] = told_right(values, labels, seed)
        near[which] = told_by_neighbours(values, labels)
    per_class = int(np.median(np.bincount(prepared.labels(prepared.rows(TRAIN)).numpy(), minlength=prepared.n_classes)))
    return Found(per_class, len(labels), prepared.n_classes, right, near, layers, judge(per_class, right, layers))


def told_right(rows: NDArray[np.float32], labels: NDArray[np.int64], seed: int = 0) -> Right:
    """Which rows (N, D) ridge regression on the classes tells right when they are held out, (N,).

    Columns are standardised in each fold. Raises ValueError if a class has fewer than two rows.
    """
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fewest = int(np.bincount(labels)[np.unique(labels)].min())
    if fewest < 2:
        raise ValueError("a class has a single training picture; two are needed to hold one out")
    folds = StratifiedKFold(min(FOLDS, fewest), shuffle=True, random_state=seed)
    model = make_pipeline(StandardScaler(), RidgeClassifierCV(PENALTIES))
    return np.asarray(cross_val_predict(model, rows.astype(np.float64), labels, cv=folds) == labels)


def told_by_neighbours(rows: NDArray[np.float32], labels: NDArray[np.int64]) -> Right:
    """Which rows (N, D) the vote of their NEIGHBOURS nearest other rows tells right, (N,), by cosine."""
    points = torch.from_numpy(rows)
    found = nearest(points, points, min(NEIGHBOURS + 1, len(rows)), "cosine")[1]
    others = found != torch.arange(len(rows))[:, None]
    others &= others.cumsum(1) <= NEIGHBOURS  # a twin may stand before the row itself
    votes = torch.zeros(len(rows), int(labels.max()) + 1)
    votes.scatter_add_(1, torch.from_numpy(labels)[found], others.float())
    return np.asarray(votes.argmax(1).numpy() == labels)


def judge(per_class: int, right: Mapping[str, Right], layers: Sequence[str]) -> Cell:
    """Which of the four cases it is. Similar: the uppermost features tell surely more than pixels and HOG do, and
    those of no earlier stage tell surely more than they."""
    top = right[layers[-1]]
    better = all(surely_better(top, right[name]) for name in REFERENCES if name in right)
    similar = better and not any(surely_better(right[name], top) for name in layers[:-1])
    much = per_class >= LITTLE
    best = max(reversed(layers), key=lambda name: float(right[name].mean()))
    if similar and not much:
        return Cell(True, False, "keep all layers, train a linear classifier on top", {"freeze": "backbone", **RULE})
    if similar:
        below = {"freeze": layers[-2]} if len(layers) > 1 else {}
        settings = {**below, "head_epochs": 1.0, "rate_of_pretrained": LITTLE_MOVED, **RULE}
        return Cell(True, True, "fine-tune the upper stage gently, the head first", settings)
    if not much:
        return Cell(
            False,
            False,
            f"keep the layers up to {best}, whose features serve best, and learn anew what is above",
            {"freeze": best if best != layers[-1] else "backbone", **RULE},
        )
    settings = {"head_epochs": 1.0, "lower_rate": 0.7, **RULE}
    return Cell(False, True, "fine-tune all layers, lower ones more gently", settings)


def surely_better(a: Right, b: Right) -> bool:
    """Whether more were told right by a than by b, on the same pictures, beyond SURE standard errors."""
    difference = a.astype(float) - b.astype(float)
    return bool(difference.mean() > SURE * difference.std() / np.sqrt(len(difference)))


def sentences(found: Found) -> list[str]:
    """What was found, with its numbers, and what follows."""
    share, top = found.accuracy, found.layers[-1]
    size = "much" if found.cell.much else "little"
    alike = "similar to" if found.cell.similar else "different from"
    plain = " and ".join(name for name in REFERENCES if name in share)
    seen = f"tells {100 * share[top]:.1f} % of pictures held out"
    plain += f" at best {100 * share[found.reference]:.1f} %"
    lines = [
        f"{found.per_class} training pictures a class: {size} (the border is {LITTLE}).",
        f"A linear classifier on the uppermost features {seen}, on {plain}.",
    ]
    if found.best != top:
        sure = surely_better(found.right[found.best], found.right[top])
        how = "surely more" if sure else "no sure difference"
        lines.append(f"The features of {found.best} do best: {100 * share[found.best]:.1f} % ({how}).")
    lines.append(
        f"So the pictures are {alike} those the weights were trained on, and the data are {size}: {found.cell.what}."
    )
    return lines


def command(source: str, name: str, settings: Mapping[str, Any], found: Found) -> str:
    """What to type."""
    words = {**settings, "pretrained": name, **found.cell.settings}
    return shlex.join(["visus", "fit", source, *(f"{key}={_spoken(value)}" for key, value in words.items())])


def write_page(source: str, name: str, settings: Mapping[str, Any], found: Found, folder: Path) -> Path:
    """Write folder/transfer-NAME.html with table and picture, and the numbers beside it; returns the page's path."""
    typed = command(source, name, settings, found)
    shares = found.accuracy
    labels = list(found.right)
    bars = []
    for label in labels:
        low, high = wilson(int(found.right[label].sum()), found.n)
        bars.append(Bar(label, shares[label], label in found.layers, low, high))
    chart = replace(
        baselines(bars),
        title="Accuracy of a linear classifier, by what it looks at",
        reading="From the input upwards. Blue bars are features of the weights; the whisker is the 95 % interval.",
    )
    table = Table(
        "The rule, and where you are",
        ["pictures", ""],
        [[_case(*case), "here" if case == (found.cell.similar, found.cell.much) else ""] for case in CASES],
        "After CS231n's notes on transfer learning.",
    )
    by_layer = Table(
        "The same features, by a linear classifier and by their neighbours",
        ["features", "linear", f"{NEIGHBOURS} nearest neighbours"],
        [[name, f"{100 * shares[name]:.1f} %", f"{100 * found.near[name].mean():.1f} %"] for name in labels],
        "Each picture was held out when it was told. What neighbours tell well needs no training at all.",
    )
    numbers = {
        "accuracy": shares,
        "neighbours": {name: float(near.mean()) for name, near in found.near.items()},
        "per_class": found.per_class,
        "settings": dict(found.cell.settings),
        "command": typed,
    }
    exhibit = Exhibit(
        "Transfer", [*sentences(found), f"Type: {typed}"], [chart], tables=[by_layer, table], data=numbers
    )
    shown = {"data": source, "pretrained": name, **settings}
    stem = "".join(letter if letter.isalnum() else "-" for letter in Path(source).name) or "data"
    return write(
        f"transfer-{stem}", "How are these weights best used on these pictures?", shown, exhibit, folder, "transfer"
    )


def _case(similar: bool, much: bool) -> str:
    few = f"{LITTLE} or more a class" if much else f"fewer than {LITTLE} a class"
    return f"{few}, {'similar' if similar else 'different'}: {CASES[similar, much]}"


def _features(
    model: nn.Module, prepared: Prepared
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float32]], list[str]]:
    """Labels (N,), rows (N, D) of pixels, HOG and each stage, and the stages' names."""
    network = model.get_submodule("network")
    head = anatomy.head(network, prepared.n_classes)
    stages = [stage for stage in rest.stages(network, torch.zeros(1, *prepared.image)) if stage]
    stages = [kept for stage in stages if (kept := [name for name in stage if name != head])]
    layers = [stage[-1] for stage in stages]
    # What a stage has to offer is what the next one is given: behind its activation and pooling.
    doors = dict(zip(layers, [*(stage[0] for stage in stages[1:]), head], strict=True))
    hog = _hog(prepared.image)
    found: dict[str, list[torch.Tensor]] = {name: [] for name in (*REFERENCES[: 1 + (hog is not None)], *layers)}
    labels = []
    with evaluating(model):
        for images, truth in _some(prepared):
            seen = anatomy.entering(model, images, [f"network.{door}" for door in doors.values()])
            for layer, door in doors.items():
                found[layer].append(pooled(seen[f"network.{door}"], GRID))
            found["pixels"].append(images.flatten(1).float())
            if hog:
                found["HOG"].append(hog(images))
            labels.append(truth)
    return torch.cat(labels).numpy(), {name: torch.cat(rows).numpy() for name, rows in found.items()}, layers


def _hog(image: tuple[int, int, int]) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """None where pictures are too small to have a histogram of edges."""
    try:
        return made._parts("hog", image).describe
    except ValueError:
        return None


def _some(prepared: Prepared) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for images, truth in prepared.part(TRAIN, MOST):
        yield from zip(images.split(100), truth.split(100), strict=True)


def _spoken(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
