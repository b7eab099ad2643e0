"""Settings of a world, typed as text: `slip=0.1,map=cliff`."""

import inspect
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ..engine.catalogue import nearest

Build = TypeVar("Build", bound=Callable[..., Any])

YES_NO = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
HANDED_OVER = ("self", "env", "render_mode")  # what no person sets


def settings(build: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The settings that a person may give to `build`, by name."""
    named = inspect.signature(build).parameters.values()
    typed = [p for p in named if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return {p.name: p for p in typed if p.name not in HANDED_OVER}


def like(inner: Callable[..., Any], *more: inspect.Parameter) -> Callable[[Build], Build]:
    """A decorator: the function below takes the settings of `inner`, and passes them on, and a few more."""

    def told(build: Build) -> Build:
        own = [p for name, p in settings(inner).items() if name not in {extra.name for extra in more}]
        joined = [p.replace(kind=p.KEYWORD_ONLY) for p in (*own, *more)]
        build.__signature__ = inspect.Signature(joined)  # type: ignore[attr-defined]
        build.__annotations__ = _hints(inner) | {extra.name: extra.annotation for extra in more}
        return build

    return told


def read(world: str, build: Callable[..., Any], text: str) -> dict[str, Any]:
    """What a person typed, "slip=0.1,map=cliff", as arguments of `build`, {"slip": 0.1, "map": "cliff"}.

    Raises ValueError for a setting that is unknown, not written name=value, or of another kind.
    """
    form, kinds = settings(build), _hints(build)
    found: dict[str, Any] = {}
    for word in filter(None, (word.strip() for word in text.split(","))):
        name, equals, value = (part.strip() for part in word.partition("="))
        if not equals or not name:
            raise ValueError(f"an option of a world is written name=value, for example limit=200; got '{word}'")
        if name not in form:
            known = f"Options: {', '.join(form)}." if form else "It has no options."
            raise ValueError(f"{world} has no option '{name}'.{nearest(name, form)} {known}")
        try:
            found[name] = _value(kinds.get(name, _kind(form[name])), value)
        except ValueError as wrong:
            raise ValueError(f"the option {name} of {world} must be {wrong}; got '{value}'") from None
    return found


def _hints(build: Callable[..., Any]) -> dict[str, Any]:
    written = build.__init__ if inspect.isclass(build) else getattr(build, "func", build)
    try:
        return {name: kind for name, kind in get_type_hints(written).items() if kind is not Any}
    except (NameError, TypeError, AttributeError):  # a stranger's annotations need not resolve
        return {}


def _kind(parameter: inspect.Parameter) -> Any:
    told = parameter.default is not parameter.empty and parameter.default is not None
    return type(parameter.default) if told else Any


def _value(kind: Any, text: str) -> Any:
    """The text as `kind`. Raises ValueError whose text says what was expected."""
    if get_origin(kind) is Literal:
        by_text = {str(value): value for value in get_args(kind)}
        if text not in by_text:
            raise ValueError(f"one of {', '.join(by_text)}")
        return by_text[text]
    if get_origin(kind) in (UnionType, Union):
        return _first(kind, text)
    if kind is bool:
        if text.lower() not in YES_NO:
            raise ValueError("yes or no")
        return YES_NO[text.lower()]
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise ValueError("a whole number" if kind is int else "a number") from None
    return text if kind is str else _guessed(text)


def _first(kinds: Any, text: str) -> Any:
    """The text as the first of several kinds that it fits."""
    wanted = [kind for kind in get_args(kinds) if kind is not NoneType]
    expected = []
    for kind in wanted:
        try:
            return _value(kind, text)
        except ValueError as wrong:
            expected.append(str(wrong))
    raise ValueError(" or ".join(expected))


def _guessed(text: str) -> Any:
    """The text as what it looks like, where nobody said what it should be."""
    if text.lower() in YES_NO:
        return YES_NO[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
