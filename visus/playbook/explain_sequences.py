"""Look inside a model of sequences: the file of the playbook that is made for what it tells."""

from pathlib import Path
from types import ModuleType

from ..ship.opened import told_by
from . import explain_captions, explain_text

MADE_FOR = {"text": explain_text, "captions": explain_captions}


def inside(folder: Path) -> ModuleType | None:
    """What offers `explain` and `refuse` for the run's model; None for one of pictures and classes.

    Raises FileNotFoundError if the folder holds no model.
    """
    return MADE_FOR.get(told_by(folder))
