"""Numbers that are drawn in proportion to their size: a tree whose every node is the sum of the two below it."""

import numpy as np
from numpy.typing import NDArray

Slots = NDArray[np.int64]
Floats = NDArray[np.float64]


class SumTree:
    """n numbers of at least 0; setting some, and finding where a running sum passes some value, takes log2(n) steps.

    Source: Schaul et al., 2016, appendix B.2.1.
    """

    def __init__(self, n: int) -> None:
        self.first = 1 << max(0, n - 1).bit_length()  # the leaves follow each other from here on
        self.nodes = np.zeros(2 * self.first)

    @property
    def total(self) -> float:
        return float(self.nodes[1])

    def __getitem__(self, slots: Slots) -> Floats:
        found: Floats = self.nodes[self.first + slots]
        return found

    def __setitem__(self, slots: Slots, values: Floats) -> None:
        """Sums are always made of what lies below, never corrected, so that they depend on the numbers alone."""
        nodes = slots + self.first
        self.nodes[nodes] = values
        while len(nodes) and nodes[0] > 1:
            nodes = nodes >> 1
            self.nodes[nodes] = self.nodes[2 * nodes] + self.nodes[2 * nodes + 1]

    def find(self, sums: Floats) -> Slots:
        """For each of `sums` in [0, total) the first slot up to and with which the numbers add up to more than it.

        Never a slot whose number is 0, whatever is lost in rounding.
        """
        nodes, left_over = np.ones(len(sums), np.int64), sums.copy()
        while nodes[0] < self.first:
            left = 2 * nodes
            inside = self.nodes[left]
            right = (left_over >= inside) & (self.nodes[left + 1] > 0)
            left_over -= inside * right
            nodes = left + right
        return nodes - self.first
