"""A finding: severity, what was measured, against what, the likely cause and the remedy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PASS, NOTE, WARNING, BLOCKER = "pass", "note", "warning", "blocker"  # in rising order of severity
SEVERITIES = (PASS, NOTE, WARNING, BLOCKER)


@dataclass(frozen=True)
class Finding:
    """What an examination or a watcher found. Others decide how to show it.

    what: the measured figure with its unit. against: what it was held to. cause, remedy: '' when healthy.
    kind: one stable word for the cause, such as 'learning_rate_too_high'. where: the setting, layer, parameter or
    call to change. change: settings to change, name -> value or {'times': factor}; empty where only code can help.
    weight: how well this alone would explain a hurt outcome, 0 to 1; causes are ranked by it.
    defect: what was measured is a mistake in itself (a softmax before a cross-entropy), not an unusual figure.
    """

    severity: str
    what: str
    against: str = ""
    cause: str = ""
    remedy: str = ""
    kind: str = ""
    where: str = ""
    change: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 0.0
    defect: bool = False

    @property
    def healthy(self) -> bool:
        return self.severity == PASS


def worst(severities: Iterable[str]) -> str:
    """The gravest of some severities; 'pass' of none."""
    return max(severities, key=SEVERITIES.index, default=PASS)
