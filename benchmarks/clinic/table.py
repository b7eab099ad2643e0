"""docs/clinic.md: the figures as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from .harm import Harm
from .score import DEV, HELD_OUT, Figures, Judged, Share, figures
from .split import HELD_OUT_RECIPES, stamp
from .store import Record

BARS = {"detected": 0.9, "false_alarms": 0.05, "first": 0.7, "within_three": 0.85, "located": 0.6, "treated": 0.7}
LABELS = {
    "detected": "harmful faults detected",
    "false_alarms": "healthy controls alarmed",
    "first": "right cause first",
    "within_three": "right cause in the first three",
    "located": "setting or layer located",
    "early": "alarm within 10 % of the run (faults visible early)",
    "treated": "outcome restored by treatment",
}


def markdown(
    judged: Sequence[Judged],
    rivals: Mapping[str, Sequence[Judged]],
    treated: Mapping[str, Record],
    harm: Mapping[tuple[str, str], Harm],
    faults: Sequence[Mapping[str, Any]],
    controls: Sequence[Mapping[str, Any]],
    facts: Mapping[str, str],
) -> str:
    """The whole page."""
    parts = {part: figures([one for one in judged if one.part == part], treated) for part in (DEV, HELD_OUT)}
    masked = sorted({f"{name} ({recipe})" for (recipe, name), h in harm.items() if not h.harmful})
    return "\n".join(
        [
            "# The clinic: how well the doctor diagnoses",
            "",
            "Mistakes are planted into eight small, plain PyTorch scripts on real pictures; the doctor watches and is",
            "asked what is wrong. Sound scripts that look ill are watched, too. Every figure is made by",
            "`python -m benchmarks.clinic`. Brackets are 95 % Wilson intervals; undetected faults count as wrong",
            "causes.",
            "",
            *(f"- {name}: {value}" for name, value in facts.items()),
            f"- stamp of faults, controls, recipes and split: `{stamp()}`",
            f"- held-out recipes: {', '.join(HELD_OUT_RECIPES)}",
            "",
            "## The doctor",
            "",
            "Thresholds were chosen on the development part. The held-out part has recipes, data and kinds of faults",
            "that were not looked at.",
            "",
            *_doctor(parts),
            "",
            "## Beside other doctors (held-out part, first seed)",
            "",
            *_rivals({"visus.Doctor": [one for one in judged if one.part == HELD_OUT and one.seed == 0]} | {
                name: [one for one in runs if one.part == HELD_OUT] for name, runs in rivals.items()
            }),
            "",
            "Rules are written anew from their published definitions; their causes are put into our words, where they",
            "name any.",
            "",
            "## By fault",
            "",
            "| fault | section | drop of the outcome | detected | first | in three | called first |",
            "|---|---|---|---|---|---|---|",
            *map(_fault, faults),
            "",
            "\\* kind held out. Drop: share of a healthy run's gain over chance, mean over the recipes it hurts.",
            "",
            "## By control",
            "",
            "| control | alarms | called first | least outcome of its recipes |",
            "|---|---|---|---|",
            *map(_control, controls),
            "",
            "## Masked: planted, but the outcome is not hurt",
            "",
            ", ".join(masked) or "none",
            "",
        ]
    )  # fmt: skip


def reached(found: Figures, name: str) -> bool:
    """Whether a figure keeps its bar."""
    share: Share = getattr(found, name)
    if not share.n:
        return False
    part = share.k / share.n
    return part <= BARS[name] if name == "false_alarms" else part >= BARS[name]


def _fault(row: Mapping[str, Any]) -> str:
    name = f"{row['fault']}{' *' * row['held_out']}: {row['says']}"
    cells = (
        name,
        row["section"],
        f"{row['drop']:.0%}",
        *(row[c] for c in ("detected", "first", "within_three", "said")),
    )
    return f"| {' | '.join(cells)} |"


def _control(row: Mapping[str, Any]) -> str:
    name = f"{row['control']}{' *' * row['held_out']}: {row['says']}"
    outcome = f"{row['outcome']:.0%}{' (a task of its own)' * row['own_task']}"
    return f"| {name} | {row['alarms']} | {row['said']} | {outcome} |"


def _doctor(parts: Mapping[str, Figures]) -> list[str]:
    rows = ["| | bar | " + " | ".join(parts) + " |", "|---|---|" + "---|" * len(parts)]
    for name, label in LABELS.items():
        sign = "at most" if name == "false_alarms" else "at least"
        bar = f"{sign} {BARS[name]:.0%}" if name in BARS else ""
        rows.append(f"| {label} | {bar} | " + " | ".join(str(getattr(f, name)) for f in parts.values()) + " |")
    alarms = " | ".join(f"{f.per_100_epochs:.2f}" for f in parts.values())
    return [*rows, f"| alarms per 100 healthy epochs | | {alarms} |"]


def _rivals(doctors: Mapping[str, Sequence[Judged]]) -> list[str]:
    names = ("detected", "false_alarms", "first", "within_three")
    rows = ["| doctor | " + " | ".join(LABELS[n] for n in names) + " |", "|---|" + "---|" * len(names)]
    for doctor, runs in doctors.items():
        found = figures(runs)
        rows.append(f"| {doctor} | " + " | ".join(_short(getattr(found, n)) for n in names) + " |")
    return rows


def _short(share: Share) -> str:
    return str(share).partition(" = ")[2] or "-"
