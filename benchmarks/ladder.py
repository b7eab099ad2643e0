"""The classical ladder on CIFAR-10, from nearest neighbours to an ensemble, in one table: `ladder.py [ROW ...]`.

Course protocol (`data=cifar10-course`): 49,000 pictures to learn from, the last 1,000 of the training part to choose
on, and the official test part, of which courses use the first 1,000. Every row is kept as it is measured, in
results/ladder.json, so that one row can be measured anew; the table is docs/ladder.md. `--list` names the rows.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
from _claim import RESULTS, facts, spread
from torch import Tensor

from visus import recipes
from visus.data.batches import Prepared
from visus.data.prepare import prepare
from visus.engine import catalogue
from visus.geometry.neighbours import nearest, vote
from visus.metrics.accuracy import accuracy
from visus.metrics.paired import paired_bootstrap
from visus.playbook._session import Silent
from visus.playbook._training import train

SEEDS = (0, 1, 2)
MEMBERS = 5
FIRST = 1_000  # test pictures that the course looks at
KS = (1, 3, 5, 8, 10, 12, 15, 20, 50, 100)
TABLE = Path(__file__).parents[1] / "docs" / "ladder.md"


@dataclass(frozen=True)
class Row:
    """One line of the table. Accuracies in per cent, one a seed; remark: what the columns cannot say."""

    method: str
    asked: str
    held: bool
    validation: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)
    first_test: list[float] = field(default_factory=list)
    seconds: float = 0.0
    remark: str = ""


@cache
def pictures() -> Prepared:
    return prepare("cifar10-course")


def official(part: str, n: int) -> tuple[Tensor, Tensor]:
    """The first n pictures of the official training or test part as float rows (n, 3072) in 0..255, and labels."""
    collection = pictures().collection
    mine = [row for row, name in enumerate(collection.names) if name.startswith("test") is (part == "test")][:n]
    rows = np.array(mine, dtype=np.int64)
    return pictures().images(rows).flatten(1).float(), pictures().labels(rows)


def neighbours_of_few() -> Row:
    """5,000 pictures against 500, as in the course's assignment: counts that are known exactly."""
    began = time.perf_counter()
    (train_x, train_y), (test_x, test_y) = official("train", 5_000), official("test", 500)
    right = hits(train_x, train_y, test_x, test_y, (1, 5, 10))
    folds_x, folds_y = train_x.tensor_split(5), train_y.tensor_split(5)
    shares = []
    for held_out in range(5):
        rest = [i for i in range(5) if i != held_out]
        known = torch.cat([folds_x[i] for i in rest]), torch.cat([folds_y[i] for i in rest])
        shares.append(hits(*known, folds_x[held_out], folds_y[held_out], KS))
    means = {k: mean(fold[k] / len(folds_y[0]) for fold in shares) for k in KS}
    best = max(means, key=means.__getitem__)
    said = ", ".join(f"k = {k}: {n}" for k, n in right.items())
    return Row(
        "kNN, L2, 5,000 pictures, 500 tested",
        "137, 139, 141 right; best k = 10",
        list(right.values()) == [137, 139, 141] and best == 10,
        validation=[100 * means[best]],
        test=[100 * right[best] / 500],
        seconds=time.perf_counter() - began,
        remark=f"right of 500: {said}; best of 5-fold cross-validation: k = {best}",
    )


def hits(known: Tensor, labels: Tensor, queries: Tensor, truth: Tensor, ks: Sequence[int]) -> dict[int, int]:
    """How many queries are named rightly, for each k; the neighbours are found once."""
    distances, rows = nearest(queries, known, max(ks), "l2")
    return {k: int((vote(labels[rows[:, :k]], distances[:, :k], 10) == truth).sum()) for k in ks}


def nearest_of_all(metric: str, asked: float) -> Row:
    began = time.perf_counter()
    (train_x, train_y), (test_x, test_y) = official("train", 50_000), official("test", 10_000)
    _, rows = nearest(test_x, train_x, 1, metric)
    right = (train_y[rows[:, 0]] == test_y).double()
    share = 100 * float(right.mean())
    return Row(
        f"nearest neighbour, {metric.upper()}, 50,000 pictures",
        f"{asked} % +- 0.1 test",
        abs(share - asked) <= 0.1 + 1e-9,
        test=[share],
        first_test=[100 * float(right[:FIRST].mean())],
        seconds=time.perf_counter() - began,
    )


def trained(recipe: str, method: str, asked: float) -> Row:
    """A recipe with its defaults; its best-validation weights are tested once a seed."""
    found = [once(recipe, seed) for seed in SEEDS]
    validation = [100 * accuracy(*one["validation"]) for one in found]
    return Row(
        method,
        f"at least {asked:g} % validation",
        mean(validation) >= asked,
        validation,
        [100 * accuracy(*one["test"]) for one in found],
        [100 * accuracy(*(column[:FIRST] for column in one["test"])) for one in found],
        mean(one["seconds"] for one in found),
        f"recipe {recipe}",
    )


def once(recipe: str, seed: int) -> dict[str, Any]:
    """Scores and labels of validation and test part, and the seconds of the training."""
    began = time.perf_counter()
    task = catalogue.find(recipes, recipe).build(data=pictures(), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        train(task, Path(folder), Silent())
    seconds = time.perf_counter() - began
    found = {part: task.score_part(part) for part in ("validation", "test")}
    print(f"  {recipe} {seed}: validation {100 * accuracy(*found['validation']):.1f} %, {seconds:.0f} s", flush=True)
    return {**found, "seconds": seconds}


def ensemble() -> Row:
    """Predictions of two-layer nets of different seeds, averaged; the gain over the mean of its members."""
    members = [once("cifar10_mlp", seed) for seed in range(MEMBERS)]
    labels = members[0]["test"][1]
    chances = torch.stack([one["test"][0].softmax(1) for one in members])
    right = (chances.argmax(2) == labels).double().numpy()  # (members, N)
    together = (chances.mean(0).argmax(1) == labels).double().numpy()
    gain = paired_bootstrap(right.mean(0), together)
    validation = torch.stack([one["validation"][0].softmax(1) for one in members]).mean(0)
    return Row(
        f"{MEMBERS} two-layer nets, predictions averaged",
        "gain measured",
        gain.low > 0,
        [100 * accuracy(validation, members[0]["validation"][1])],
        [100 * float(together.mean())],
        [100 * float(together[:FIRST].mean())],
        sum(one["seconds"] for one in members),
        f"gain over the members' mean {100 * right.mean():.1f} %: {100 * gain.mean:.1f} points "
        f"(95 % CI {100 * gain.low:.1f} to {100 * gain.high:.1f})",
    )


ROWS: dict[str, Callable[[], Row]] = {
    "knn_few": neighbours_of_few,
    "nearest_l1": partial(nearest_of_all, "l1", 38.6),
    "nearest_l2": partial(nearest_of_all, "l2", 35.4),
    "svm": partial(trained, "cifar10_svm", "linear SVM on pixels", 39.0),
    "softmax": partial(trained, "cifar10_softmax", "linear softmax on pixels", 39.0),
    "features_svm": partial(trained, "cifar10_features_svm", "linear SVM on HOG and hue", 49.0),
    "two_layers": partial(trained, "cifar10_mlp", "two-layer net on pixels", 54.0),
    "fully_connected": partial(trained, "cifar10_fc", "fully connected net on pixels", 58.0),
    "features_net": partial(trained, "cifar10_features_net", "two-layer net on HOG and hue", 60.0),
    "ensemble": ensemble,
}


def write_table(rows: dict[str, dict[str, Any]], stated: dict[str, Any]) -> None:
    lines = [
        "# The classical ladder on CIFAR-10",
        "",
        "Made by `benchmarks/ladder.py`. Course protocol: 49,000 pictures to learn from, the last 1,000 of the",
        "training part to choose on, the official 10,000 test pictures looked at once a seed (courses use the first",
        "1,000).",
        "Per cent: mean +- deviation over seeds; seconds of one training, or of the whole search for neighbours: an",
        "order of magnitude only, since other work may have run beside it.",
        "",
        "| method | asked | held | validation | test | first 1,000 | seconds | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in ROWS:
        if row := rows.get(name):
            scores = [spread(row[part], 1) if row[part] else "" for part in ("validation", "test", "first_test")]
            held = "yes" if row["held"] else "**no**"
            cells = [row["method"], row["asked"], held, *scores, f"{row['seconds']:.0f}", row["remark"]]
            lines.append(f"| {' | '.join(cells)} |")
    versions = ", ".join(f"{name} {version}" for name, version in stated["versions"].items())
    machine = f"{stated['hardware']['cpu']}, {stated['hardware']['cores']} cores"
    lines += ["", f"Seeds {', '.join(map(str, SEEDS))} where trained. {machine}; {versions}.", ""]
    TABLE.write_text("\n".join(lines))


if __name__ == "__main__":
    if "--list" in sys.argv:
        sys.exit("\n".join(ROWS))
    kept = RESULTS / "ladder.json"
    rows = json.loads(kept.read_text())["rows"] if kept.exists() and sys.argv[1:] else {}
    for name in sys.argv[1:] or list(ROWS):
        print(name, flush=True)
        rows[name] = asdict(ROWS[name]())
        print(f"  {rows[name]}", flush=True)
        kept.write_text(json.dumps({**facts(), "rows": rows}, indent=2) + "\n")
    write_table(rows, facts())
