"""The folder is the registry: every module in a package is an entry named after its file."""

import ast
import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType


def names(package: ModuleType) -> list[str]:
    """The public names in a folder, sorted. Files that start with `_` are private; a folder inside is a registry of
    its own."""
    found = pkgutil.iter_modules(package.__path__)
    return sorted(module.name for module in found if not (module.ispkg or module.name.startswith("_")))


def find(package: ModuleType, name: str) -> ModuleType:
    """The module `name` of `package`, imported now. Raises LookupError with the nearest match."""
    known = names(package)
    if name not in known:
        kind = package.__name__.rpartition(".")[2]
        raise LookupError(f"no '{name}' in {kind}.{nearest(name, known)} Available: {', '.join(known)}.")
    return importlib.import_module(f"{package.__name__}.{name}")


def card(package: ModuleType, name: str) -> str:
    """The first line of an entry's docstring, read without importing it."""
    file = Path(next(iter(package.__path__))) / f"{name}.py"
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the closest known name, or an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""
