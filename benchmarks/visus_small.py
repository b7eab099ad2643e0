"""Make the weights that come with the package: `visus_small.py [RUN]`.

Trains `visus train cifar10 SETTINGS` (or takes a finished run of that command), stores its weights in half precision
beside the facts that rebuild the network, measures them as stored on the official test pictures, and writes the card.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import safetensors.torch
import torch
from _claim import facts

from visus.data.prepare import prepare
from visus.metrics.accuracy import accuracy
from visus.metrics.intervals import wilson
from visus.models.pretrained import SHIPPED
from visus.ship.ensemble import assemble
from visus.ship.model import FACTS, MODEL, WEIGHTS

NAME = "visus-small"
SETTINGS = ("seed=0",)
# What a network for other pictures begins with; found on caltech101-10 (`benchmarks/folder.py`).
SUGGESTED = {"optimizer": "adam", "lr": 0.001, "head_epochs": 3.0}
COMMAND = f"visus train cifar10 {' '.join(SETTINGS)}"


def make(run: Path) -> None:
    """Write weights, facts and card of a finished run."""
    known = json.loads((run / MODEL / FACTS).read_text())
    given = json.loads((run / "run.json").read_text())["given"]
    if {f"{name}={value}" for name, value in given.items()} != set(SETTINGS):
        sys.exit(f"{run} was not made by `{COMMAND}`: its settings are {given}")
    weights = safetensors.torch.load_file(run / MODEL / WEIGHTS)
    half = {name: t.half() if t.is_floating_point() else t for name, t in weights.items()}
    network = assemble(known)
    network.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in half.items()})
    right, n = tested(network.eval())
    low, high = wilson(right, n)
    SHIPPED.mkdir(exist_ok=True)
    safetensors.torch.save_file(half, SHIPPED / f"{NAME}.safetensors")
    about = {"command": COMMAND, "test_accuracy": right / n, **facts()}
    (SHIPPED / f"{NAME}.json").write_text(json.dumps({**known, "suggested": SUGGESTED, "made": about}, indent=2) + "\n")
    (SHIPPED / f"{NAME}.md").write_text(card(known, right / n, low, high, n))
    print(f"{NAME}: {100 * right / n:.2f} % of {n:,} test pictures, {bytes_of(half) / 1e6:.1f} MB")


@torch.no_grad()
def tested(network: torch.nn.Module) -> tuple[int, int]:
    """How many of the official test pictures are named right, seen once, and how many there are."""
    found = [(network(images), labels) for images, labels in prepare("cifar10").part("test")]
    scores, labels = (torch.cat(column) for column in zip(*found, strict=True))
    return round(accuracy(scores, labels) * len(labels)), len(labels)


def bytes_of(tensors: dict[str, torch.Tensor]) -> int:
    return sum(t.numel() * t.element_size() for t in tensors.values())


def card(known: dict[str, object], share: float, low: float, high: float, n: int) -> str:
    made = f"torch {facts()['versions']['torch']}, {facts()['date'][:10]}"
    seen = f"{100 * share:.2f} % of the {n:,} official test pictures, seen once"
    return f"""# {NAME}

A small backbone for transfer, trained by Visus itself, from random weights, on CIFAR-10 and nothing else.

- Made by: `python benchmarks/visus_small.py`, which runs `{COMMAND}` ({made}).
- Network: `{known["model"]}`, pictures of {" x ".join(map(str, known["image"]))}; weights stored in half precision.
- Measured as stored: {seen} (95 % CI {100 * low:.1f} to {100 * high:.1f}).
- Use: `visus fit photos/ pretrained={NAME}`, or `visus transfer photos/` first.
- Knows: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck, at 32 x 32 pixels, centred and large in
  the picture. It knows edges, textures and simple parts of such things; not fine detail, text, faces or scans.

## Data and licence

CIFAR-10 (Krizhevsky, 2009, "Learning Multiple Layers of Features from Tiny Images"): 60,000 pictures collected from the
web, a labelled part of the Tiny Images set. Its authors state no licence and ask to be cited; the pictures' own rights
were never cleared, and Tiny Images was withdrawn by its authors in 2020 over offensive labels and content that the ten
classes of CIFAR-10 were not drawn from. The weights are under the licence of this package, Apache-2.0, as far as that
reaches; where the origin of training pictures matters to you, train a backbone of your own.
"""


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as runs:
            subprocess.run([sys.executable, "-m", "visus", "train", "cifar10", *SETTINGS, "--runs", runs], check=True)
            make(next(path for path in Path(runs).iterdir() if path.is_dir()))
