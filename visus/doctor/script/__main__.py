"""Run a script in this process until it has taken a few steps, examine what it trains, tell each line as JSON.

Started by `visus check`: python -m visus.doctor.script SCRIPT [ARGUMENT]... Its own output goes to stderr.
"""

import contextlib
import json
import os
import runpy
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import nn
from torch.optim import Optimizer

from ...engine import catalogue
from ...engine.probe import fewest_threads
from .. import before, preflight
from ..finding import Finding
from . import conduct
from .listener import Listener, Seen
from .task import NotFollowedError, ScriptTask

for _name in catalogue.names(before):
    catalogue.find(before, _name)  # now: the script may change the search path


class Report:
    """JSON lines on the output that the script does not get."""

    def __init__(self) -> None:
        self.lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def tell(self, **what: Any) -> None:
        print(json.dumps(what, default=str), file=self.lines, flush=True)


def main(script: str, arguments: list[str]) -> NoReturn:
    report = Report()
    listener = Listener(lambda seen: _finish(report, script, seen))
    torch.compiler.set_stance("force_eager")  # a compiled network cannot be listened to
    sys.argv, sys.path[0] = [script, *arguments], str(Path(script).resolve().parent)
    why = "it ended"
    try:
        with listener.listening():
            runpy.run_path(script, run_name="__main__")
    except SystemExit as stop:
        why = f"it ended with exit code {stop.code}" if stop.code else why
    except KeyboardInterrupt:
        why = "it was interrupted"
    except BaseException as error:
        why = f"it failed with {type(error).__name__}: {' '.join(str(error).split())[:300]}{_line_in(script, error)}"
    listener.active = False
    if listener.seen.steps:  # a short run: what was seen of it can be examined all the same
        _finish(report, script, listener.seen)
    heard = "backward() was called, but no optimizer of torch.optim took a step" if listener.seen.backwards else ""
    report.tell(error=f"{Path(script).name} took no step of training: {heard or why}")
    _leave(report)


def _finish(report: Report, script: str, seen: Seen) -> NoReturn:
    """Examine and end the process here: what the script would do at its end, save and clean up, is not done."""
    try:
        with _plain():
            _examine(report, seen)
    except NotFollowedError as error:
        report.tell(error=f"{Path(script).name} trains, but its loss cannot be computed again: {error}")
    except BaseException as error:
        traceback.print_exc()
        report.tell(error=f"the task of {Path(script).name} cannot be rebuilt: {type(error).__name__}: {error}")
    _leave(report)


def _leave(report: Report) -> NoReturn:
    report.lines.flush()
    sys.stderr.flush()
    os._exit(0)


def _examine(report: Report, seen: Seen) -> None:
    names = _names()
    report.tell(seen=_summary(seen, names))
    report.tell(name="loop", seconds=0.0, findings=_plain_findings(conduct.examine(seen, names)))
    task = ScriptTask(seen, names)
    report.tell(name="replay", seconds=0.0, findings=_plain_findings(task.fidelity()))
    with contextlib.suppress(Exception):  # then it stays as the script has it
        torch.set_num_threads(fewest_threads(task))
    for name in preflight.names():
        report.tell(start=name)
        done = preflight.examine_one(name, task)
        report.tell(name=name, seconds=done.seconds, findings=_plain_findings(done.findings))


@contextlib.contextmanager
def _plain() -> Iterator[None]:
    """None of the contexts that the script may have been in."""
    with torch.inference_mode(False), torch.enable_grad(), contextlib.ExitStack() as stack:
        for device in ("cpu", "cuda"):
            if device == "cpu" or torch.cuda.is_available():
                stack.enter_context(torch.autocast(device, enabled=False))
        yield


def _plain_findings(findings: list[Finding]) -> list[dict[str, Any]]:
    return [{**vars(finding), "change": dict(finding.change)} for finding in findings]


def _names() -> dict[int, str]:
    """What the script calls its networks and optimizers: variables of the functions that are running now."""
    found: dict[int, str] = {}
    frame: Any = sys._getframe()
    while frame is not None:
        if not str(frame.f_globals.get("__name__", "")).startswith(("visus.", "torch.", "runpy")):
            for scope in (frame.f_locals, frame.f_globals):
                for name, value in list(scope.items()):
                    if isinstance(value, nn.Module | Optimizer) and not name.startswith("_"):
                        found.setdefault(id(value), name)
        frame = frame.f_back
    return found


def _summary(seen: Seen, names: dict[int, str]) -> str:
    tapes = [tape for step in seen.steps for tape in step.tapes]
    networks = {id(n): names.get(id(n), type(n).__name__) for tape in tapes for n in tape.networks}
    optimizers = {id(s.optimizer): type(s.optimizer).__name__ for s in seen.steps}
    shapes = [str(tuple(t.shape)) for t in tapes[0].given] if tapes else []
    calls = [op.name for op in tapes[0].ops.values() if not isinstance(op.call, nn.Module)] if tapes else []
    loss = f", loss by {' and '.join(calls[-3:])}" if calls else ", loss computed by the network"
    return (
        f"{len(seen.steps) - 1} steps seen: {', '.join(networks.values()) or 'weights without a module'} trained by "
        f"{', '.join(optimizers.values())}; a batch holds {' and '.join(shapes) or 'nothing from outside'}{loss}"
    )


def _line_in(script: str, error: BaseException) -> str:
    """Where in the script an error came up."""
    rows = [row for row in traceback.extract_tb(error.__traceback__) if Path(row.filename) == Path(script)]
    return f" (line {rows[-1].lineno}: {rows[-1].line})" if rows else ""


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
