"""The set called digits: 1,797 handwritten digits of 8 x 8 pixels that come with scikit-learn.

Asked for by name only. Grey values 0..16 are scaled to 0..255. There is no official test set.

Source: the test part of "Optical Recognition of Handwritten Digits", Alpaydin and Kaynak, UCI repository.
"""

from pathlib import Path

import numpy as np

from ..collection import Arrays, Collection

BRIGHTEST = 16


def recognises(_path: Path) -> bool:
    """No file is this set."""
    return False


def read(_path: Path = Path()) -> Collection:
    """All of it, decoded: grey (1797, 8, 8)."""
    from sklearn.datasets import load_digits  # takes a second to import, and few ask for it

    digits = load_digits()
    pictures = np.rint(digits.images * (255 / BRIGHTEST)).astype(np.uint8)
    labels = digits.target.astype(np.int64)
    names = [f"digits[{i}]" for i in range(len(labels))]
    return Collection("digits", Arrays(pictures), names, labels, [str(digit) for digit in range(10)])
