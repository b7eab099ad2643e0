"""A finding: severity, what was measured, against what, the likely cause and the remedy."""

from collections.abc import Iterable
from dataclasses import dataclass

PASS, NOTE, WARNING, BLOCKER = "pass", "note", "warning", "blocker"  # in rising order of severity
SEVERITIES = (PASS, NOTE, WARNING, BLOCKER)


@dataclass(frozen=True)
class Finding:
    """What an examination or a watcher found. Others decide how to show it.

    what: the measured figure with its unit. against: what it was held to. cause, remedy: '' when healthy.
    """

    severity: str
    what: str
    against: str = ""
    cause: str = ""
    remedy: str = ""

    @property
    def healthy(self) -> bool:
        return self.severity == PASS


def worst(severities: Iterable[str]) -> str:
    """The gravest of some severities; 'pass' of none."""
    return max(severities, key=SEVERITIES.index, default=PASS)
