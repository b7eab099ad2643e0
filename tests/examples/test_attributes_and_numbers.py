"""The example on attributes and numbers learns what it says."""

import runpy
from pathlib import Path

from sklearn.datasets import load_digits

EXAMPLE = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "attributes_and_numbers.py"))


def test_each_attribute_is_told_better_than_by_guessing_the_commoner_answer():
    digits = load_digits()
    for loss in ("logistic", "hinge"):
        found = EXAMPLE["attributes"](digits.data / 16, digits.target, loss)
        assert min(found.values()) > 0.75  # the commoner answer is right in 50 to 60 % of cases


def test_the_middle_of_the_ink_is_found():
    for loss in ("l2", "l1"):
        assert EXAMPLE["middle"](load_digits().data / 16, loss)["validation_r2"] > 0.8
