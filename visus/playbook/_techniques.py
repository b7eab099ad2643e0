"""Which techniques of looking inside are meant, with which settings."""

import inspect
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from .. import explain
from ..engine import catalogue
from ..explain import _contract
from ..recipes import _form

USUAL = ("grad_cam", "occlusion", "saliency")  # where, what is lost without it, which pixels; none needs a setting
ALL = "all"


def chosen(how: Sequence[str]) -> list[str]:
    """The names meant: those given, `all` maps, or the usual ones. Raises LookupError with the nearest name."""
    if ALL in how:
        return [name for name in catalogue.names(explain) if _contract.kind(module(name)) == "explain"]
    for name in how:
        catalogue.find(explain, name)
    return list(dict.fromkeys(how or USUAL))


def module(name: str) -> ModuleType:
    return catalogue.find(explain, name)


def settings(names: Sequence[str], typed: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """For each technique those of the typed settings that it has, as values.

    Raises ValueError for a setting that none has, or that cannot be read.
    """
    forms = {name: _settings_of(module(name)) for name in names}
    known = sorted({setting for form in forms.values() for setting in form})
    for setting in typed:
        if setting not in known:
            has = f"Settings: {', '.join(known)}" if known else "They have none"
            near = catalogue.nearest(setting, known)
            raise ValueError(f"no setting '{setting}' in {', '.join(names)}.{near} {has}.")
    return {
        name: {setting: form[setting].parse(text) for setting, text in typed.items() if setting in form}
        for name, form in forms.items()
    }


def refuse_layer(names: Sequence[str], layer: str) -> None:
    """Raise ValueError if a layer was named and no technique looks at one."""
    if layer and not any("layer" in _contract.asks(module(name)) for name in names):
        able = [n for n in catalogue.names(explain) if "layer" in _contract.asks(module(n))]
        raise ValueError(f"{', '.join(names)} does not look at a layer; --layer is for {', '.join(able)}")


def needs(name: str, what: str) -> bool:
    """Whether the technique cannot do without `what`."""
    parameter = _contract.asks(module(name)).get(what)
    return parameter is not None and parameter.default is inspect.Parameter.empty


def _settings_of(technique: ModuleType) -> dict[str, _form.Field]:
    function = getattr(technique, _contract.kind(technique))
    return {name: field for name, field in _form.own_fields(function).items() if name not in _contract.OFFERED}
