"""Judge a run from its record: what was charted while it ran, and what only the record as a whole can tell."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..engine import catalogue
from ..runs.reader import Run
from . import after
from .after._chart import REBUILT, chart_of
from .after._record import settings
from .after.baselines_not_beaten import baselines
from .chart import Chart
from .diagnosis import DEFECT, ENOUGH, Diagnosis, diagnose
from .finding import NOTE, WARNING, Finding, worst
from .outcome import HURT


def post_mortem(run: Run) -> Diagnosis:
    """The diagnosis of a run that is finished, stopped, diverged or still going.

    A run without a chart is judged from metrics and scores alone, and the diagnosis says so. Raises ValueError if
    run.json is damaged, or if the record holds neither a step nor a verdict.
    """
    chart = chart_of(run)
    known = baselines(run)
    if known and chart.facts.get("reference") is None:
        chart.facts["reference"] = max(known.values())
    found = _record_findings(run, chart)
    if not chart.steps and not chart.evaluations and not found:
        raise ValueError(f"{run.folder} has recorded nothing to judge yet; look again after its first steps")
    diagnosis = _joined(diagnose(chart, _is_over(run)), [finding for finding in found if not finding.healthy])
    if chart.facts.get(REBUILT):  # said once already: the watchers' stumbling over what is missing adds nothing
        diagnosis.unexamined[:] = [said for said in diagnosis.unexamined if not said.startswith("the question of")]
    return replace(diagnosis, settings=diagnosis.settings | _asked_for(run, diagnosis))


def _record_findings(run: Run, chart: Chart) -> list[Finding]:
    found: list[Finding] = []
    for name in catalogue.names(after):
        try:
            found += catalogue.find(after, name).examine(run)
        except Exception as error:  # an odd record must not hide what the others say
            chart.cannot(f"the question of '{name}'", f"{type(error).__name__}: {error}")
    return found


def _joined(diagnosis: Diagnosis, more: Sequence[Finding]) -> Diagnosis:
    """The same rule as for what was charted: a cause where the outcome is hurt or where it is a mistake in itself."""
    hurt = diagnosis.alarm and diagnosis.outcome.state == HURT
    causes = [f for f in more if (hurt and f.weight >= ENOUGH) or (f.defect and f.weight >= DEFECT)]
    raised = [replace(f, severity=worst((WARNING, f.severity))) for f in causes]
    # 'The cause is not known' is said only where nobody knows one.
    charted = [f for f in diagnosis.causes if not raised or f.weight >= ENOUGH]
    notes = [replace(f, severity=NOTE) for f in more if f not in causes]
    return replace(
        diagnosis,
        alarm=diagnosis.alarm or bool(raised),
        causes=sorted([*charted, *raised], key=lambda f: -f.weight),
        notes=[*diagnosis.notes, *notes],
    )


def _asked_for(run: Run, diagnosis: Diagnosis) -> dict[str, Any]:
    """What the settings to change were set to; a schedule may never have reached them."""
    named = {name for finding in (*diagnosis.causes, *diagnosis.notes) for name in finding.change}
    return {name: value for name, value in settings(run).items() if name in named}


def _is_over(run: Run) -> bool:
    """Whether the training has ended; one that was killed looks like one that is still going."""
    last = [e["event"] for e in run.events("started", "resumed", "stopped", "verdict")]
    return not last or last[-1] in ("stopped", "verdict")
