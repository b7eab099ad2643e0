"""Draws from a space, spread evenly."""

import numpy as np

from ._space import Space, Value


def propose(space: Space, n: int, seed: int) -> list[dict[str, Value]]:
    """n settings drawn from the space, the same for the same seed.

    Each setting's draws are spread over as many equal strata as there are trials, so that few trials leave no wide
    gap (Latin hypercube; McKay et al., 1979).
    """
    dice = np.random.default_rng(seed)
    columns = {name: (dice.permutation(n) + dice.random(n)) / n for name in sorted(space)}
    return [{name: space[name].at(float(columns[name][trial])) for name in space} for trial in range(n)]
