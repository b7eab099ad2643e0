"""The importers and the audit checks are the modules of their folders: here they are found.

`engine/catalogue.py` does more of this; `data` stands on its own and needs only the list.
"""

import importlib
import pkgutil
from types import ModuleType


def modules(package: ModuleType) -> list[ModuleType]:
    """The public modules of a package, imported, sorted by name. Names that start with `_` are private."""
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]
