"""A small set of captioned pictures that is drawn: a square of a colour somewhere on grey, and two sentences."""

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (40, 40, 230)}
SIDES = {"left": 2, "right": 20}


def draw_captions(folder: Path, n: int = 36, side: int = 32) -> Path:
    """folder/Images/NN.png and folder/captions.txt; what is said follows from the picture, and so can be learned."""
    dice = np.random.default_rng(0)
    (folder / "Images").mkdir(parents=True)
    lines = ["image,caption"]
    for number in range(n):
        colour, where = list(COLOURS)[number % 3], list(SIDES)[number // 3 % 2]
        picture = dice.normal(128, 20, (side, side, 3)).clip(0, 255).astype(np.uint8)
        top = int(dice.integers(2, side - 12))
        picture[top : top + 10, SIDES[where] : SIDES[where] + 10] = COLOURS[colour]
        Image.fromarray(picture).save(folder / "Images" / f"{number:02d}.png")
        lines += [f"{number:02d}.png,A {colour} square on the {where} .", f'{number:02d}.png,"{where} , {colour}"']
    (folder / "captions.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
