"""What to learn from: the name of a set, or a path that one of the importers understands."""

import difflib
import re
from pathlib import Path

from . import formats
from ._folder import modules
from .collection import Collection
from .download import Progress
from .formats import csv_table
from .named import NAMES, open_named


def open_collection(
    source: str | Path, progress: Progress | None = None, targets: str = "", kind: str = ""
) -> Collection:
    """The collection called `source` or lying there. A name goes before a path: write ./digits for a folder.

    targets: columns of a CSV table to tell instead of a class, joined by commas. kind: attributes or numbers; '': as
    the columns look.

    Raises LookupError or FileNotFoundError for what is neither, ValueError for what is there but cannot be understood.
    """
    if targets:
        return _told(Path(source).expanduser(), [name.strip() for name in targets.split(",")], kind)
    if isinstance(source, str) and source in NAMES:
        return open_named(source, progress)
    path = Path(source).expanduser()
    if not path.exists():
        raise _not_there(str(source))
    for importer in modules(formats):
        if importer.recognises(path):
            collection = importer.read(path)
            assert isinstance(collection, Collection)
            return collection
    if path.is_dir() and not any(path.iterdir()):
        raise ValueError(f"{path} is an empty folder; expected one folder per class with pictures in it")
    raise ValueError(f"{path} is nothing that can be read here; {_understood()}")


def _told(path: Path, targets: list[str], kind: str) -> Collection:
    """A table's pictures with targets. A folder stands for the one table in it."""
    if path.is_dir() and len(tables := sorted(file for file in path.iterdir() if csv_table.recognises(file))) == 1:
        path = tables[0]
    if not path.exists():
        raise FileNotFoundError(f"there is no '{path}'; targets are columns of a CSV table, so give its path")
    if not csv_table.recognises(path):
        raise ValueError(f"targets={','.join(targets)} are columns of a CSV table, and {path} is none")
    if not all(targets) or len(set(targets)) < len(targets):
        raise ValueError(
            f"targets are different columns joined by commas, such as targets=age; got {','.join(targets)}"
        )
    return csv_table.read(path, targets, kind)


def _not_there(source: str) -> Exception:
    close = difflib.get_close_matches(source.lower(), NAMES, n=1)
    if Path(source).name != source:
        return FileNotFoundError(f"there is no '{source}'; check the path")
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return LookupError(f"no set or path is called '{source}'.{hint} Sets: {', '.join(NAMES)}; {_understood()}")


def _understood() -> str:
    cards = [(importer.__doc__ or "").partition("\n")[0] for importer in modules(formats)]
    return "understood are: " + "; ".join(re.split("[.:;] |[.:;]$", card)[0] for card in cards)
