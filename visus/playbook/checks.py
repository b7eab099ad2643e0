"""The sanity checks that good practitioners make by hand before a long run."""

from ..doctor import preflight
from ..doctor.finding import Finding, worst
from ..doctor.instruments.rehearsal import rehearsed
from ._session import Session, Verdict
from .subjects._subject import built

ALWAYS_SHOWN = ("first_loss", "overfits_few", "gradient")  # the three figures of the course's list


def run(session: Session) -> Verdict:
    settings = {**session.settings, "arithmetic": "float32"}  # what is checked is the network, not its rounding
    task = rehearsed(built(session.learns, session.prepared, settings))
    names = preflight.names()
    findings: list[tuple[str, Finding]] = []
    for number, name in enumerate(names):
        session.show.progress("checks", number, len(names), name.replace("_", " "))
        findings += [(name, finding) for finding in preflight.examine_one(name, task).findings]
    shown = [finding for name, finding in findings if not finding.healthy or name in ALWAYS_SHOWN]
    line = "; ".join(_say(finding) for finding in shown) or "nothing to check: this model only remembers"
    detail = {"findings": [{"check": name, **vars(finding)} for name, finding in findings]}
    return Verdict(worst(finding.severity for _, finding in findings), line, detail)


def _say(finding: Finding) -> str:
    if finding.healthy or not finding.remedy:
        return finding.what + (f" ({finding.against})" if finding.against.startswith("expected") else "")
    return f"{finding.what}: {finding.remedy}"


def recall(session: Session, verdict: Verdict) -> None:
    """The checks change nothing."""
