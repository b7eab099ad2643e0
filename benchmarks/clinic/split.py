"""What thresholds may be chosen on, and what they are scored on: whole recipes and kinds of faults are held out.

A run is held out if its recipe is, or its fault (control) is. The stamp changes with any file that decides how a run
turns out or what counts as right; a table states the stamp it was made with.
"""

import hashlib
from pathlib import Path

from .controls import CONTROLS
from .faults import FAULTS

HELD_OUT_RECIPES = ("finetune_cifar", "mlp_digits", "gru_fashion", "patches_mnist")
STAMPED = (
    "plan.py",
    "data.py",
    "models.py",
    "loop.py",
    "pretrain.py",
    "recipes.py",
    "planting.py",
    "controls.py",
    "split.py",
)


def held_out(recipe: str, name: str) -> bool:
    """Whether nobody may look at this run while choosing thresholds."""
    what = FAULTS.get(name) or CONTROLS.get(name)
    return recipe in HELD_OUT_RECIPES or (what is not None and what.held_out)


def stamp() -> str:
    """Twelve figures of the SHA-256 of the files that define the clinic."""
    here = Path(__file__).parent
    files = [here / name for name in STAMPED] + sorted((here / "faults").glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]
