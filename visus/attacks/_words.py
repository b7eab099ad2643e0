"""Attacks as people name them: pgd, or pgd:steps=50:aim=margin."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin, get_type_hints

from torch import Tensor

from ..engine import catalogue
from ._contract import Scores

CONTRACT = ("network", "images", "labels", "epsilon", "targets", "source", "return")
PAIRS = {("pgd", "l2"): "pgd_l2", ("pgd_l2", "linf"): "pgd"}  # the same idea in another norm


@dataclass(frozen=True)
class Attack:
    """One attack with its settings, ready to be called. name: as it was asked for."""

    name: str
    norm: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(
        self, network: Scores, images: Tensor, labels: Tensor, epsilon: float, targets: Tensor | None = None
    ) -> Tensor:
        from .. import attacks

        module = catalogue.find(attacks, self.name.partition(":")[0])
        found: Tensor = module.attack(network, images, labels, epsilon, targets=targets, **self.settings)
        return found


def named(words: str, norm: str = "") -> Attack:
    """'pgd:steps=50' as an attack. norm: linf or l2, which pgd is taken in; "" for the attack's own.

    Raises LookupError for an unknown attack, ValueError for a setting it has not, or a norm it does not keep to.
    """
    from .. import attacks

    name, *settings = words.split(":")
    if norm:
        check_norm(norm)
    taken = PAIRS.get((name, norm), name)
    module = catalogue.find(attacks, taken)
    if norm and norm != module.NORM:
        raise ValueError(f"{name} changes pictures within {module.NORM}, not {norm}; for {norm} take pgd")
    known = {k: hint for k, hint in get_type_hints(module.attack).items() if k not in CONTRACT}
    if "source" in inspect.signature(module.attack).parameters:
        raise ValueError(f"{name} needs another network to be made on; give it with --transfer-from RUN")
    return Attack(":".join([taken, *settings]), module.NORM, dict(_setting(name, word, known) for word in settings))


def check_norm(norm: str) -> None:
    """Raise ValueError for what is no norm."""
    if norm not in ("linf", "l2"):
        raise ValueError(f"norm must be linf or l2; got '{norm}'.{catalogue.nearest(norm, ('linf', 'l2'))}")


def _setting(attack: str, word: str, known: Mapping[str, Any]) -> tuple[str, Any]:
    key, equals, text = word.partition("=")
    if not equals or key not in known:
        raise ValueError(
            f"{attack} has no setting '{word}'.{catalogue.nearest(key, known)} Settings: {', '.join(known) or 'none'}, "
            "written name=value"
        )
    kind = known[key]
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise ValueError(f"{key} must be one of {', '.join(get_args(kind))}; got '{text}'")
        return key, text
    try:
        return key, {"yes": True, "no": False}[text] if kind is bool else kind(text)
    except (KeyError, ValueError):
        wanted = {bool: "yes or no", int: "a whole number"}.get(kind, "a number")
        raise ValueError(f"{key} of {attack} must be {wanted}; got '{text}'") from None
