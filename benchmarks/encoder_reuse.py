"""What the encoder of an autoencoder is worth to a classifier that has few labels, against the same network afresh.

A denoising autoencoder and a variational one learn from all training pictures of MNIST without a label; then 100 or
1,000 labels teach a head on the encoder, frozen or fine-tuned. Test accuracy, three seeds of the weights and the order.

    VISUS_DATA=... python benchmarks/encoder_reuse.py [epochs=5] [labels=100,1000]
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import mean

from _claim import spread, state
from _command import named, trained

from visus.data.batches import Prepared
from visus.data.prepare import prepare
from visus.data.source import open_collection
from visus.engine.loop import fit
from visus.recipes import classify

SEEDS = (0, 1, 2)
STEPS, BATCH = 400, 50
TESTED = 5_000  # test pictures, spread evenly
SHAPE = {"trunk": "dense", "hidden": 256, "layers": 2, "grey": True}
LEARNED = {"denoising": ("denoising_autoencoder",), "variational": ("vae", "hidden=256")}
TAKEN: dict[str, dict[str, object]] = {"frozen": {"freeze": "backbone", "lr": 0.01}, "fine-tuned": {"lr": 0.001}}


def percent(prepared: Prepared, seed: int, **settings: object) -> float:
    """Test accuracy of an encoder with a head, trained for STEPS steps."""
    epochs = STEPS * BATCH / len(prepared.split.train)
    task = classify.build(
        prepared,
        batch=BATCH,
        epochs=epochs,
        optimizer="adamw",
        weight_decay=0.01,
        standardise="unit",
        crop=0,
        seed=seed,
        arithmetic="float32",
        **settings,
    )
    fit(task, task.steps)
    found = [(task.predict(images).argmax(1) == labels) for images, labels in prepared.part("test", TESTED)]
    return 100 * float(sum(hits.sum() for hits in found)) / sum(map(len, found))


def main(words: list[str]) -> None:
    _, labels, rest = named(words, "labels", ("100", "1000"))
    rest = rest or ["epochs=5"]
    prepared = prepare(open_collection("mnist"))
    found: dict[str, list[float]] = {}
    with ExitStack() as runs:
        folders: dict[str, Path] = {
            name: runs.enter_context(trained(*recipe, "data=mnist", *rest))[0] for name, recipe in LEARNED.items()
        }
        for n in map(int, labels):
            few = prepared.limited(train=n)
            found[f"{n} labels, from scratch"] = [
                percent(few, seed, model="encoder", lr=0.001, **SHAPE) for seed in SEEDS
            ]
            for name, folder in folders.items():
                for way, how in TAKEN.items():
                    found[f"{n} labels, {name}, {way}"] = [
                        percent(few, seed, pretrained=str(folder), **how) for seed in SEEDS
                    ]
            for title, values in found.items():
                if title.startswith(f"{n} "):
                    print(f"  {title}: {spread(values, 1)}", flush=True)
    fewest = min(map(int, labels))
    best = max(
        mean(values) for title, values in found.items() if title.startswith(f"{fewest} ") and "scratch" not in title
    )
    state(
        "encoder_reuse",
        f"with {fewest} labels an encoder that learned without them tells more test digits right than one from scratch",
        best > mean(found[f"{fewest} labels, from scratch"]),
        **{title: spread(values, 1) for title, values in found.items()},
        seeds=list(SEEDS),
        autoencoders=rest,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
