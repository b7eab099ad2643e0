"""Read a recipe's signature once; the command line, the studio and the search all use it."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import ModuleType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from ..engine import catalogue

Note = TypeVar("Note")
Build = TypeVar("Build", bound=Callable[..., Any])
# What one `build` hands to another; the rest are settings.
CONTRACT = ("image", "n_classes", "goal", "feature_shape", "vocabulary", "canvas", "observed", "actions")


@dataclass(frozen=True)
class Range:
    """Where the search may look for a value, and how wide the studio's slider is."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Limits:
    """What a value may be at all; outside is refused."""

    low: float
    high: float = float("inf")


@dataclass(frozen=True)
class Choice:
    """Any name from a catalogue; a new file in that folder is a new choice. Its settings join the recipe's."""

    folder: ModuleType


@dataclass(frozen=True)
class Brings:
    """Naming this setting changes the defaults of others. of: (its value, what was named, the defaults) -> changed."""

    of: Callable[[str, Mapping[str, str], Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class About:
    """One line of help."""

    text: str


@dataclass(frozen=True)
class Field:
    """One setting of a recipe. words: the values a Literal allows."""

    name: str
    kind: type
    default: Any
    search: Range | None = None
    limits: Limits | None = None
    choice: Choice | None = None
    words: tuple[str, ...] = ()
    about: str = ""
    brings: Brings | None = None

    def parse(self, text: str) -> Any:
        """What a person typed, as a value. Raises ValueError that says what was expected."""
        if self.words or self.choice:
            known = catalogue.names(self.choice.folder) if self.choice else list(self.words)
            if text not in known:
                raise ValueError(
                    f"{self.name} must be one of {', '.join(known)}; got '{text}'.{catalogue.nearest(text, known)}"
                )
            return text
        try:
            value = YES_NO[text.lower()] if self.kind is bool else _number(self.kind, text)
        except (ValueError, KeyError, ZeroDivisionError):
            raise ValueError(f"{self.name} must be {self._example()}; got '{text}'") from None
        self.check(value)
        return value

    def check(self, value: Any) -> None:
        """Raise ValueError if a value is of another kind, or outside its limits."""
        fits = isinstance(value, (int, float) if self.kind is float else self.kind) or not isinstance(self.kind, type)
        if not fits or (isinstance(value, bool) and self.kind is not bool):
            raise ValueError(f"{self.name} must be {self._example()}; got {value!r}")
        if self.limits and not self.limits.low <= value <= self.limits.high:
            between = f"between {self.limits.low:g} and {self.limits.high:g}"
            between = f"at least {self.limits.low:g}" if self.limits.high == float("inf") else between
            raise ValueError(f"{self.name} must be {between}; got {value}")

    def _example(self) -> str:
        kind = {bool: "yes or no", int: "a whole number", float: "a number"}.get(self.kind, "a word")
        return kind if self.kind is bool else f"{kind}, for example {self.default}"


YES_NO = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


def fields(build: Callable[..., Any], given: Mapping[str, str] | None = None) -> dict[str, Field]:
    """The settings of `build`. With **settings and a Choice, the chosen module's own settings join them."""
    found, open_ended = own_fields(build), _is_open_ended(build)
    brought = brings(build, given or {})
    found = {name: replace(field, default=brought.get(name, field.default)) for name, field in found.items()}
    for field in list(found.values()) if open_ended else []:
        if field.choice:
            chosen = catalogue.find(field.choice.folder, str((given or {}).get(field.name, field.default)))
            inner = own_fields(chosen.build)
            preset = brought | getattr(build, "keywords", {})
            found |= {
                name: replace(f, default=preset.get(name, f.default)) for name, f in inner.items() if name not in found
            }
    return found


def brings(build: Callable[..., Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Defaults that what was named changes, as the architecture of pretrained weights; what was named stays."""
    found, changed = own_fields(build), dict[str, Any]()
    usual = {name: field.default for name, field in found.items()}
    for field in found.values():
        value = str(given.get(field.name, field.default))
        if field.brings and value:
            changed |= field.brings.of(value, given, usual)
    own = {*given, *getattr(build, "keywords", {})}
    return {name: value for name, value in changed.items() if name not in own}


def completed(build: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values given, and what they bring along: settings that nobody shall change any more."""
    return brings(build, {name: str(value) for name, value in values.items()}) | dict(values)


def read(build: Callable[..., Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """Turn what a person typed, {"lr": "0.1"}, into arguments, {"lr": 0.1}. Raises ValueError, LookupError."""
    form = fields(build, typed)
    for name in typed:
        if name not in form:
            raise ValueError(f"no setting '{name}'.{catalogue.nearest(name, form)} Settings: {', '.join(form)}.")
    return {name: form[name].parse(text) for name, text in typed.items()}


def resolved(build: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting with the value it has when `values` are given: what is printed and stored."""
    form = fields(build, {name: str(value) for name, value in values.items()})
    return {name: values.get(name, field.default) for name, field in form.items()}


def like(general: Callable[..., Any], without: Iterable[str] = ()) -> Callable[[Build], Build]:
    """A decorator: the `build` below has, besides its own settings, those of the general one, without a few.

    It takes them as **settings and passes them on, so that they are named, explained and limited in one place.
    """

    def widened(build: Build) -> Build:
        own, theirs = inspect.signature(build), inspect.signature(general)
        hints = get_type_hints(general, include_extras=True)
        rest = own.parameters[next(reversed(own.parameters))]
        named = {name: p for name, p in own.parameters.items() if p is not rest}
        left_out = {*without, *CONTRACT, *named}
        joined = {
            name: p.replace(annotation=hints[name])
            for name, p in theirs.parameters.items()
            if name not in left_out and p.kind is not p.VAR_KEYWORD
        }
        build.__signature__ = own.replace(parameters=[*named.values(), *joined.values(), rest])  # type: ignore[attr-defined]
        build.__annotations__ |= {name: p.annotation for name, p in joined.items()}
        return build

    return widened


def words(typed: list[str]) -> dict[str, str]:
    """['lr=0.1', 'model=mlp'] -> {'lr': '0.1', 'model': 'mlp'}. Raises ValueError for a word without '='."""
    found: dict[str, str] = {}
    for word in typed:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise ValueError(f"a setting is written name=value, for example lr=0.01; got '{word}'")
        if name in found:
            raise ValueError(f"{name} was given twice: {found[name]} and {text}")
        found[name] = text
    return found


def own_fields(build: Callable[..., Any]) -> dict[str, Field]:
    """The settings that stand in the signature of `build` itself, without what the contract hands to a model."""
    # A ready-made recipe may be a functools.partial of a general one: the same form, with other defaults.
    hints = get_type_hints(getattr(build, "func", build), include_extras=True)
    parameters = inspect.signature(build).parameters.values()
    named = [p for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD and p.name not in CONTRACT]
    return {p.name: _field(p.name, hints[p.name], p.default) for p in named}


def _number(kind: type, text: str) -> Any:
    """The text as `kind`; a float may be typed as a fraction, as people write 8/255."""
    return float(Fraction(text)) if kind is float and "/" in text else kind(text)


def _field(name: str, hint: Any, default: Any) -> Field:
    kind, *notes = get_args(hint) if hasattr(hint, "__metadata__") else (hint,)
    if get_origin(kind) is UnionType:
        kind = get_args(kind)[0]  # what a person types stands first; the others come from Python
    words = get_args(kind) if get_origin(kind) is Literal else ()
    about = _noted(notes, About)
    return Field(
        name,
        str if words else kind,
        default,
        _noted(notes, Range),
        _noted(notes, Limits),
        _noted(notes, Choice),
        words,
        about.text if about else "",
        _noted(notes, Brings),
    )


def _is_open_ended(build: Callable[..., Any]) -> bool:
    parameters = inspect.signature(build).parameters.values()
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)


def _noted(notes: list[Any], kind: type[Note]) -> Note | None:
    return next((note for note in notes if isinstance(note, kind)), None)
