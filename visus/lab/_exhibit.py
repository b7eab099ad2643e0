"""What an experiment answers with, under the name the experiments know."""

from ..report.exhibit import Exhibit, Plate, Table, write

__all__ = ["Exhibit", "Plate", "Table", "write"]
