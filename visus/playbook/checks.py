"""The sanity checks that good practitioners make by hand before a long run."""

from ..doctor import before
from ..doctor.finding import Finding, worst
from ..engine import catalogue
from ..recipes import classify
from ._session import Session, Verdict

ORDER = ("first_loss", "regularisation", "overfits_few", "gradient", "batch_leak", "every_update")


def run(session: Session) -> Verdict:
    settings = {**session.settings, "arithmetic": "float32"}  # what is checked is the network, not its rounding
    task = classify.build(session.ready, **settings)
    names = sorted(catalogue.names(before), key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    findings: list[tuple[str, Finding]] = []
    for number, name in enumerate(names):
        session.show.progress("checks", number, len(names), name)
        findings += [(name, finding) for finding in catalogue.find(before, name).examine(task)]
    shown = [f for name, f in findings if not f.healthy or name in ("first_loss", "overfits_few", "gradient")]
    line = "; ".join(_say(finding) for finding in shown) or "nothing to check: this model only remembers"
    detail = {"findings": [{"check": name, **vars(finding)} for name, finding in findings]}
    return Verdict(worst(finding.severity for _, finding in findings), line, detail)


def _say(finding: Finding) -> str:
    if finding.healthy:
        return finding.what + (f" ({finding.against})" if finding.against.startswith("expected") else "")
    return f"{finding.what}: {finding.remedy}"


def recall(session: Session, verdict: Verdict) -> None:
    """The checks change nothing."""
