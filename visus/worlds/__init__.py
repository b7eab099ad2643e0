"""Worlds to act in, one per file; any Gymnasium environment is one, and so is a file of yours."""

from ..geometry.spaces import Amounts, Choices, Observed
from ._contract import Step, World

__all__ = ["Amounts", "Choices", "Observed", "Step", "World"]
