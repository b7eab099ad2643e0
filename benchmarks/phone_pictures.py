"""Folder audit and decode of phone-size JPEGs reach at least 3x the images/s of Pillow's open + convert + resize.

Pictures of 12 megapixels (4000 x 3000, quality 90) are made here, from smooth shapes and noise, and differ. Both sides
read the same files from a warm disk cache; Pillow as people write it, one picture after the other; turns alternate.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from _claim import state
from PIL import Image

from visus.data.audit._gather import gather
from visus.data.audit._run import audit
from visus.data.decode import Frame
from visus.data.source import open_collection

N, SIDE, ROUNDS, LIMIT = 16, 64, 5, 3.0


def make(folder: Path) -> list[Path]:
    """N photos-like JPEGs in two class folders."""
    dice, paths = np.random.default_rng(0), []
    for i in range(N):
        coarse = dice.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((4000, 3000), Image.Resampling.BICUBIC)).astype(np.int16)
        picture = (smooth + dice.normal(0, 6, smooth.shape).astype(np.int16)).clip(0, 255).astype(np.uint8)
        path = folder / "ab"[i % 2] / f"{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(path, quality=90)
        paths.append(path)
    return paths


def with_pillow(paths: list[Path]) -> float:
    began = time.perf_counter()
    for path in paths:
        with Image.open(path) as image:
            np.asarray(image.convert("RGB").resize((SIDE, SIDE)))
    return time.perf_counter() - began


def with_visus(folder: Path) -> float:
    began = time.perf_counter()
    audit(gather(open_collection(folder), Frame(SIDE, SIDE)).evidence)
    return time.perf_counter() - began


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = make(folder)
        turns = [(with_pillow(paths), with_visus(folder)) for _ in range(ROUNDS + 1)][1:]
    ratios = [a / b for a, b in turns]
    state(
        "phone_pictures",
        f"at least {LIMIT:.0f}x Pillow",
        median(ratios) >= LIMIT,
        median_ratio=round(median(ratios), 2),
        ratios=[round(r, 2) for r in ratios],
        pillow_images_per_s=round(N / median(a for a, _ in turns), 1),
        visus_images_per_s=round(N / median(b for _, b in turns), 1),
        size="4000 x 3000, quality 90",
    )
