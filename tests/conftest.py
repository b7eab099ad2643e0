"""What tests share: one thread, a cache of their own, pictures to learn from."""

import os
import signal

os.environ["OMP_NUM_THREADS"] = "1"  # two processes of one thread each are faster than threads that fight

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("VISUS_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)  # a run settles on a number of threads; the next test must not inherit it


@pytest.fixture
def visus_data() -> Path:
    """The folder of real data sets, or a skip with the reason."""
    place = os.environ.get("VISUS_DATA")
    if not place:
        pytest.skip("set VISUS_DATA to the folder of real data sets to run this test")
    return Path(place)


def draw(kind: int, dice: np.random.Generator, side: int = 24) -> np.ndarray:
    """A picture of its class: bright stripes that run across (0), down (1) or along the diagonal (2), on noise."""
    y, x = np.mgrid[:side, :side]
    phase = dice.uniform(0, 2 * np.pi)
    wave = np.sin((y, x, x + y)[kind] * 1.2 + phase)
    picture = 110 + 60 * wave[:, :, None] + dice.normal(0, 20, (side, side, 3)) + dice.uniform(-20, 20, 3)
    return picture.clip(0, 255).astype(np.uint8)


def draw_folder(root: Path) -> Path:
    """root/stripes: 3 classes x 30 PNG files that a small network learns in seconds."""
    dice = np.random.default_rng(0)
    for kind, name in enumerate(("across", "down", "diagonal")):
        (root / "stripes" / name).mkdir(parents=True)
        for number in range(30):
            Image.fromarray(draw(kind, dice)).save(root / "stripes" / name / f"{number:02d}.png")
    return root / "stripes"


@pytest.fixture
def stripes(tmp_path) -> Path:
    return draw_folder(tmp_path)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a suite started in the background; some tests press Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def draw_shades():
    """A function that draws pictures which come with numbers and attributes."""
    return _draw_shades


def _draw_shades(folder: Path, n: int, column: str, unit: float = 1.0) -> Path:
    """n grey pictures and a table: file in `column`, shade in multiples of `unit`, bright or not, mark or none."""
    dice = np.random.default_rng(0)
    lines = [f"{column},shade,bright,mark"]
    for number in range(n):
        shade, mark = int(dice.integers(40, 200)), number % 3 == 0
        picture = dice.normal(shade, 8, (12, 12, 3)).clip(0, 255).astype(np.uint8)
        if mark:
            picture[2:6, 2:6] = 255
        Image.fromarray(picture).save(folder / f"{number:02d}.png")
        lines.append(f"{number:02d}.png,{shade / unit:g},{int(shade > 120)},{('none', 'cross')[mark]}")
    (folder / "shades.csv").write_text("\n".join(lines))
    return folder / "shades.csv"
