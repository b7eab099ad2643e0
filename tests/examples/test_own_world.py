"""The example of a world of one's own keeps what it promises, and is worth learning in."""

from pathlib import Path

import numpy as np

from visus.worlds._episodes import at_random, play
from visus.worlds._examine import examine
from visus.worlds._open import opener

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "own_world.py")


def test_nothing_is_wrong_with_it():
    assert examine(opener(EXAMPLE)) == []
    assert opener(EXAMPLE, "price=0.5")().price == 0.5


def test_heating_by_the_thermometer_is_better_than_by_chance():
    make = opener(EXAMPLE)
    by_rule = play(make, lambda seen: (seen[:, 0] < 0).astype(np.int64), 20)
    by_chance = play(make, at_random(make().actions), 20)
    assert np.mean([told.total for told in by_rule]) > np.mean([told.total for told in by_chance]) + 3
