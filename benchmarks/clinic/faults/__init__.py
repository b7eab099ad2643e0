"""Faults by where they lie. A fault is a function from a healthy plan to the fields it gets wrong."""

from ..planting import FAULTS, Fault
from . import data, evaluation, loop, loss, model, optimizer

__all__ = ["FAULTS", "Fault", "data", "evaluation", "loop", "loss", "model", "optimizer"]
