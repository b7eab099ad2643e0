"""What to try against an illness: the changes a diagnosis proposes, other doses of them, the recipe's own values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..doctor.finding import Finding
from ..recipes._form import Field

DOSES = (0.3, 0.1, 0.03, 0.01)  # of a setting to be lowered; their inverses where it is to be raised
NEXT_DOSE = 0.1  # where the furthest dose was the best one
ONE_DOSE = ("epochs", "batch")  # what makes every trial longer or shorter is not tried in several sizes
NOT_TREATED = (  # what a run is about, and how it is computed: not what makes it ill
    *("data", "size", "framing", "memory", "model", "loss", "seed"),
    *("device", "workers", "arithmetic", "accumulate", "epochs"),
)
OWN, IN_CASE = "the recipe's own value", "tried in case"


@dataclass(frozen=True)
class Remedy:
    """change: setting -> new value. cause: the kind of finding it is against. factor: of the value as it is, or 0.0."""

    change: Mapping[str, Any]
    cause: str = field(compare=False)
    factor: float = field(default=0.0, compare=False)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.change)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return ", ".join(f"{name} {spoken(value)}" for name, value in self.change.items())


def propose(
    causes: Sequence[Finding], form: Mapping[str, Field], now: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[list[Remedy], list[Finding]]:
    """(remedies, those to be tried first in front; causes that no setting of the recipe can cure).

    form: the recipe's settings; now: their values; given: what the user named. A learning rate ten times lower and
    higher is always among the remedies: the trials decide, and a diagnosis may be wrong.
    """
    named, doses, by_hand = [], [], []
    for cause in causes:
        change = {name: value for name, value in cause.change.items() if name in form}
        if not change or change.keys() != cause.change.keys():
            by_hand.append(cause)
        if not change:
            continue
        named.append(_remedy(change, cause.kind, form, now))
        doses += [_remedy(other, cause.kind, form, now) for other in _other_doses(change)]
    own = [_own(name, form[name].default, now[name]) for name in given if _is_own_choice(name, form, now)]
    rates = [{"lr": {"times": factor}} for factor in (0.1, 10.0)] if "lr" in form else []
    in_case = [_remedy(change, IN_CASE, form, now) for change in rates]
    found = [remedy for remedy in (*named, *own, *doses, *in_case) if remedy is not None]
    return list(dict.fromkeys(found)), by_hand


def further(remedy: Remedy, form: Mapping[str, Field]) -> Remedy | None:
    """The next dose in the same direction; None where there is none."""
    if not remedy.factor or len(remedy.change) != 1:
        return None
    ((name, value),) = remedy.change.items()
    if name in ONE_DOSE:
        return None
    factor = NEXT_DOSE if remedy.factor < 1 else 1 / NEXT_DOSE
    new = _dosed(form[name], value, factor)
    return None if new == value else Remedy({name: new}, remedy.cause, remedy.factor * factor)


def spoken(value: Any) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _remedy(change: Mapping[str, Any], cause: str, form: Mapping[str, Field], now: Mapping[str, Any]) -> Remedy | None:
    """The change in absolute values, without what is so already; None if nothing is left."""
    found, factors = {}, []
    for name, wish in change.items():
        factor = wish.get("times") if isinstance(wish, Mapping) else None
        value = _fitting(form[name], wish) if factor is None else _dosed(form[name], now[name], float(factor))
        if value != now[name]:
            found[name] = value
            factors += [] if factor is None else [float(factor)]
    return Remedy(found, cause, factors[0] if len(factors) == len(found) == 1 else 0.0) if found else None


def _own(name: str, default: Any, now: Any) -> Remedy:
    numbers = isinstance(default, int | float) and isinstance(now, int | float) and default > 0 and now > 0
    return Remedy({name: default}, OWN, default / now if numbers else 0.0)


def _other_doses(change: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same change weaker and stronger, where one setting is multiplied."""
    if len(change) != 1:
        return []
    ((name, wish),) = change.items()
    if name in ONE_DOSE or not isinstance(wish, Mapping):
        return []
    named = float(wish["times"])
    doses = DOSES if named < 1 else [1 / dose for dose in DOSES]
    return [{name: {"times": dose}} for dose in doses if dose != named]


def _dosed(setting: Field, value: Any, factor: float) -> Any:
    """A multiple of a value. What is switched off cannot be multiplied up: the recipe's own value is the first dose."""
    if not value and factor > 1:
        return setting.default
    return _fitting(setting, value * factor)


def _fitting(setting: Field, value: Any) -> Any:
    """A value of the setting's kind, within its limits, in three digits."""
    if isinstance(value, bool | str) or not isinstance(value, int | float):
        return value
    if setting.limits:
        value = min(max(value, setting.limits.low), setting.limits.high)
    return round(value) if setting.kind is int else float(f"{value:.3g}")


def _is_own_choice(name: str, form: Mapping[str, Field], now: Mapping[str, Any]) -> bool:
    return name in form and name not in NOT_TREATED and form[name].default != now[name]
