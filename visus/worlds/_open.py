"""Open a world by its name: a file of this folder, a Gymnasium id, an Atari game, or a file of the user's."""

import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .. import worlds
from ..engine import catalogue
from . import _atari, _gymnasium, _options
from ._contract import World


def opener(name: str, options: str = "") -> Callable[[], World]:
    """What makes copies of a world; it has made one, so that what cannot be is refused now.

    name: a file of this folder (`grid_world`), a Gymnasium id (`CartPole-v1`, `ALE/Pong-v5`), or the path of a Python
    file that has `build`. options: its settings, `slip=0.1,map=cliff`. Raises LookupError for a name that nobody knows,
    with the nearest; ValueError for a world that Visus cannot take, and for a missing extra, with the command.
    """
    build = found(name)
    make = partial(build, **_options.read(name, build, options))
    try:
        first = make()
    except TypeError as wrong:  # a setting that the signature does not show
        raise ValueError(f"{name} cannot be made with '{options}': {wrong}") from wrong
    if not isinstance(first, World):
        raise ValueError(f"`build` of {name} gave a {type(first).__name__} where a World or an Env of Gymnasium is due")
    first.close()
    return make


def found(name: str) -> Callable[..., World]:
    """What builds the world of that name from its settings, which its signature names."""
    if name.endswith(".py"):
        return _of_file(Path(name))
    if name in catalogue.names(worlds):
        return catalogue.find(worlds, name).build
    return _atari.find(name) or _gymnasium.find(name, catalogue.names(worlds))


def _of_file(path: Path) -> Callable[..., World]:
    if not path.is_file():
        raise LookupError(f"there is no file {path} with a world; a file of yours has `build(**settings) -> World`")
    spec = importlib.util.spec_from_file_location(f"visus_world_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and type hints of the file look there
    try:
        spec.loader.exec_module(module)
    except Exception as wrong:
        raise ValueError(f"{path} cannot be read as a world: {type(wrong).__name__}: {wrong}") from wrong
    build = getattr(module, "build", None)
    if not callable(build):
        raise ValueError(f"{path} has no `build`; give it a function build(**settings) that returns a World")
    return _adapting(build, str(path))


def _adapting(build: Callable[..., Any], name: str) -> Callable[..., World]:
    """`build`, whose answer may also be an environment of Gymnasium."""

    @_options.like(build)
    def built(**settings: Any) -> Any:
        try:
            made = build(**settings)
        except ValueError:
            raise
        except Exception as wrong:
            raise ValueError(f"{name} cannot be made: {type(wrong).__name__}: {wrong}") from wrong
        return _gymnasium.adapted(made, name) if _gymnasium.is_environment(made) else made

    return built
