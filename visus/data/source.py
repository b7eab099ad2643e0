"""What to learn from: the name of a set, or a path that one of the importers understands."""

import difflib
import re
from pathlib import Path

from . import formats
from ._folder import modules
from .collection import Collection
from .download import Progress
from .named import NAMES, open_named


def open_collection(source: str | Path, progress: Progress | None = None) -> Collection:
    """The collection called `source` or lying there. A name goes before a path: write ./digits for a folder.

    Raises LookupError or FileNotFoundError for what is neither, ValueError for what is there but cannot be understood.
    """
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


def _not_there(source: str) -> Exception:
    close = difflib.get_close_matches(source.lower(), NAMES, n=1)
    if Path(source).name != source:
        return FileNotFoundError(f"there is no '{source}'; check the path")
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return LookupError(f"no set or path is called '{source}'.{hint} Sets: {', '.join(NAMES)}; {_understood()}")


def _understood() -> str:
    cards = [(importer.__doc__ or "").partition("\n")[0] for importer in modules(formats)]
    return "understood are: " + "; ".join(re.split("[.:;] |[.:;]$", card)[0] for card in cards)
