"""Regions proposed for pictures, made once: kept in the cache by what the pictures show."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import NamedTemporaryFile

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from . import proposals
from .batches import PART_BATCH, Prepared
from .named import cache

FOLDER = "proposals"  # in the cache
USUAL, MOST = "selective_search", 2000  # about as many as in the papers

Boxes = NDArray[np.float32]
Progress = Callable[[int, int], object]  # pictures done, and of how many


def proposed(
    pictures: Prepared, proposer: str = USUAL, most: int = MOST, progress: Progress | None = None
) -> list[Boxes]:
    """Regions (P, 4) in pixels of the frame, for each row of the collection; see `data.proposals`.

    What was made before for a picture that shows the same is taken from the cache. Raises LookupError for a proposer
    that is none.
    """
    found: list[Boxes] = []
    n = len(pictures.collection)
    for first in range(0, n, PART_BATCH):
        images = pictures.images(np.arange(first, min(n, first + PART_BATCH)))
        for image in images.permute(0, 2, 3, 1).contiguous().numpy():
            found.append(kept(image, proposer, most))
            if progress:
                progress(len(found), n)
    return found


def find(image: NDArray[np.uint8], proposer: str = USUAL, most: int = MOST) -> Boxes:
    """Regions (P, 4) of a picture uint8 (H, W, 3), made now. Raises LookupError for a proposer that is none."""
    boxes: Boxes = import_module(f"{proposals.__name__}.{checked(proposer)}").find(image, most)
    return boxes


def kept(image: NDArray[np.uint8], proposer: str = USUAL, most: int = MOST) -> Boxes:
    """As `find`, from the cache where it is there."""
    file = _place(image, proposer, most)
    with suppress(OSError, ValueError, EOFError):  # what is not there, or torn, is made anew
        boxes = np.load(file, allow_pickle=False)
        if boxes.ndim == 2 and boxes.shape[1] == 4 and boxes.dtype == np.float32:
            return np.asarray(boxes)
    found = find(image, proposer, most)
    with suppress(OSError):  # without a cache it only takes longer
        _write(found, file)
    return found


def checked(proposer: str) -> str:
    """The name of a proposer that is there. Raises LookupError with those that are."""
    known = sorted(module.name for module in iter_modules(proposals.__path__) if not module.name.startswith("_"))
    if proposer not in known:
        raise LookupError(f"no '{proposer}' in data.proposals. Available: {', '.join(known)}.")
    return proposer


def _place(image: NDArray[np.uint8], proposer: str, most: int) -> Path:
    version = import_module(f"{proposals.__name__}.{checked(proposer)}").VERSION
    shows = hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
    return cache() / FOLDER / f"{proposer}-{version}-{most}" / f"{shows[:32]}.npy"


def _write(boxes: Boxes, file: Path) -> None:
    """In one move: who looks meanwhile sees the whole file or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as part:
        np.save(part, boxes, allow_pickle=False)
    Path(part.name).replace(file)


def of_batch(pictures: Tensor, proposer: str = USUAL, most: int = MOST) -> list[Boxes]:
    """Regions of pictures uint8 (B, 3, H, W), made now."""
    return [find(one, proposer, most) for one in pictures.permute(0, 2, 3, 1).contiguous().cpu().numpy()]
