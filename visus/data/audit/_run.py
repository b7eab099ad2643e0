"""Ask every check of this folder about the evidence."""

from collections.abc import Iterable

from .. import audit as checks
from .._folder import modules
from ._evidence import BLOCKER, NOTE, PASS, WARNING, Evidence, Verdict
from ._table import table

__all__ = ["audit", "table", "worst"]

SEVERITIES = PASS, NOTE, WARNING, BLOCKER  # in rising order


def audit(evidence: Evidence) -> list[Verdict]:
    """One verdict of each check, sorted by the checks' names."""
    return [module.check(evidence) for module in modules(checks)]


def worst(verdicts: Iterable[Verdict]) -> str:
    """The gravest severity among the verdicts; 'pass' if there are none."""
    return max((verdict.severity for verdict in verdicts), key=SEVERITIES.index, default=PASS)
