"""Actions that are drawn evenly, and maps of cells."""

import numpy as np
import pytest

from visus.geometry.cells import Layout
from visus.geometry.spaces import Amounts, Choices


def test_choices_are_drawn_evenly():
    drawn = Choices(5).drawn(5000, np.random.default_rng(0))
    assert drawn.dtype == np.int64
    np.testing.assert_allclose(np.bincount(drawn) / 5000, 0.2, atol=0.03)


def test_amounts_are_drawn_within_their_bounds_and_where_there_are_none_from_the_normal_distribution():
    amounts = Amounts(np.array([-1, 0, -np.inf], np.float32), np.array([3, np.inf, np.inf], np.float32))
    drawn = amounts.drawn(4000, np.random.default_rng(0))
    assert (drawn.shape, drawn.dtype) == ((4000, 3), np.float32)
    assert drawn[:, 0].min() >= -1
    assert drawn[:, 0].max() <= 3
    assert drawn[:, 0].mean() == pytest.approx(1, abs=0.1)
    assert drawn[:, 1].min() == 0  # half of the normal distribution lies below the bound
    assert drawn[:, 2].std() == pytest.approx(1, abs=0.05)


def test_states_of_a_map_are_its_cells_row_by_row():
    layout = Layout(("S.#", "..G"))
    assert layout.cells == (2, 3)
    assert [layout.cell(state) for state in range(6)] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert "".join(layout.letter(state) for state in range(6)) == "S.#..G"
