"""Read the record of a run: what `recorder` wrote, whole or interrupted."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import Tensor

RUN, EVENTS, EVIDENCE, REPORT = "run.json", "events.jsonl", "evidence.safetensors", "report.html"
EXPLAINED = "explained.safetensors"  # what `visus explain --add-to-report` leaves
CHART = "chart.json"  # what the doctor measured
SPLIT = "split.json"  # the content hashes of each part


@dataclass(frozen=True)
class Run:
    """One run folder. Raises FileNotFoundError with the next step if `folder` holds no run."""

    folder: Path

    def __post_init__(self) -> None:
        if not (self.folder / RUN).is_file():
            raise FileNotFoundError(f"{self.folder} holds no run ({RUN} is missing); `visus runs` lists the runs")

    @property
    def info(self) -> dict[str, Any]:
        """What was asked for: recipe, settings, seed, versions, data fingerprint, split hash."""
        found: dict[str, Any] = json.loads((self.folder / RUN).read_text(encoding="utf-8"))
        return found

    def events(self, *kinds: str) -> Iterator[dict[str, Any]]:
        """Events in order, of the named kinds or all.

        A kill may leave a torn last line: it is passed over. When a run was resumed at step k, what the
        interrupted attempt had logged beyond k was lost with its weights, and is left out here.
        """
        kept: list[dict[str, Any]] = []
        for event in self._lines():
            if event["event"] == "resumed":
                kept = [e for e in kept if e.get("step", -1) <= event["step"]]
            kept.append(event)
        yield from (e for e in kept if not kinds or e["event"] in kinds)

    def verdict(self, stage: str) -> dict[str, Any] | None:
        """The last verdict of a stage of the playbook, or None if it has not been reached."""
        return next((e for e in reversed(list(self.events("verdict"))) if e["stage"] == stage), None)

    def evidence(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors kept for the report, and the facts that go with them. Empty before the test stage."""
        tensors: dict[str, Tensor] = {}
        facts: dict[str, Any] = {}
        for path in (self.folder / EVIDENCE, self.folder / EXPLAINED):
            if path.is_file():
                with safe_open(path, "pt") as file:
                    facts |= json.loads((file.metadata() or {}).get("facts", "{}"))
                    tensors |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return tensors, facts

    def _lines(self) -> Iterator[dict[str, Any]]:
        path = self.folder / EVENTS
        if not path.is_file():
            return
        with path.open(encoding="utf-8") as file:
            for line in file:
                try:
                    event = json.loads(line)
                except json.JSONDecodeError:
                    continue
                if isinstance(event, dict) and "event" in event and isinstance(event.get("step", 0), int):
                    yield event


@dataclass(frozen=True)
class Summary:
    """One line of the table of runs. validation, test: scores, as fractions where they are accuracies, None where not
    measured. measures: the names of the two."""

    name: str
    started: str
    recipe: str
    state: str
    validation: float | None
    test: float | None
    measures: tuple[str, str] = ("validation_accuracy", "accuracy")


def summaries(root: Path) -> list[Summary]:
    """All runs below `root`, newest first."""
    folders = [path.parent for path in root.glob(f"*/{RUN}")] if root.is_dir() else []
    return sorted((_summary(Run(folder)) for folder in folders), key=lambda run: run.started, reverse=True)


def _summary(run: Run) -> Summary:
    info, events = run.info, list(run.events())
    firsts = [next(iter(e["scores"].items())) for e in events if e["event"] == "scores"]
    scores = [score for _, score in firsts]
    tested = run.verdict("test")
    settings = info["settings"]
    source = info["source"] if "source" in info else settings.get("data", settings.get("world", ""))
    return Summary(
        info["name"],
        info["started"].replace("T", " ")[:16],
        f"{info['recipe']} {source}".strip(),
        _state(events),
        max((score for score in scores if score is not None), default=None),
        tested["detail"].get("accuracy", tested["detail"].get("score")) if tested else None,
        (
            firsts[-1][0] if firsts else "validation_accuracy",
            str(tested["detail"].get("measure", "accuracy")) if tested else "accuracy",
        ),
    )


def _state(events: Sequence[dict[str, Any]]) -> str:
    verdicts = [event for event in events if event["event"] == "verdict"]
    blocked = next((v["stage"] for v in verdicts if v["severity"] == "blocker"), None)
    if blocked:
        return f"blocked in {blocked}"
    if any(v["stage"] == "report" for v in verdicts):
        return "done"
    last = next(
        (e for e in reversed(events) if e["event"] in ("stopped", "started", "resumed", "verdict", "opened")), None
    )
    if last and last["event"] == "stopped":
        return "done" if not last.get("why") and not verdicts else f"stopped: {last.get('why') or 'between stages'}"
    return "running or killed" if last else "not started"
