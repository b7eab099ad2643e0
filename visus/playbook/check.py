"""Examine before training: a recipe in this process, or anybody's script in a process of its own."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import torch

from .. import recipes
from ..doctor import preflight, script
from ..doctor.before._copy import UNEXAMINED
from ..doctor.finding import PASS, Finding, worst
from ..doctor.instruments.rehearsal import rehearsed
from ..doctor.preflight import Examined
from ..engine import catalogue
from ..engine.probe import fewest_threads
from ..recipes import _form
from ._session import Show
from .subjects._subject import of_recipe

EXAMINATION_SECONDS = 900.0  # for all of a script's examinations; each is made in seconds unless the network is huge
LAST_WORDS = 400  # letters of a script's own output that are repeated when it died without a word to us


class UncheckedError(ValueError):
    """There was nothing to examine; the text says why."""


def begin(target: str, words: Sequence[str], seconds: float, show: Show) -> Iterator[Examined | str]:
    """What is found, as it is found; sentences are about a script as a whole.

    target: a Python file or a recipe's name. words: the script's arguments, or settings such as lr=0.1. seconds: the
    script may take to its first steps. Raises ValueError or LookupError at once for words that mean nothing;
    UncheckedError later, when there turns out to be nothing to examine.
    """
    if target.endswith(".py") or Path(target).is_file():
        if not Path(target).is_file():
            raise ValueError(f"there is no script '{target}'")
        if seconds <= 0:
            raise ValueError(f"the limit is a number of seconds above 0; got {seconds:g}")
        return run_script(Path(target), words, seconds, show)
    build = catalogue.find(recipes, target).build
    settings = _form.read(build, _form.words(list(words)))
    form = _form.fields(build, {name: str(value) for name, value in settings.items()})
    of_recipe(target).check(settings, build)
    # What is checked is the network, not its rounding; and measuring the fastest arithmetic would take longest.
    plain = {"arithmetic": "float32"} if "arithmetic" in form else {}
    return examine_recipe(target, plain | settings, show)


def examine_recipe(name: str, settings: Mapping[str, Any], show: Show) -> Iterator[Examined]:
    """Build a recipe's task and make every examination."""
    names = preflight.names()
    show.progress("check", 0, len(names), "building the task")
    task = rehearsed(catalogue.find(recipes, name).build(**settings))
    if next(task.parameters(), None) is not None:
        torch.set_num_threads(fewest_threads(task))
    for number, examination in enumerate(names):
        show.progress("check", number, len(names), examination.replace("_", " "))
        yield preflight.examine_one(examination, task)


def run_script(path: Path, arguments: Sequence[str], seconds: float, show: Show) -> Iterator[Examined | str]:
    """Run a script until it has taken a few steps, and examine what it trains: a sentence about it, then findings.

    seconds: the script may take to get there. The script really runs up to that point, with the current folder and
    these arguments, and is ended there: it saves nothing at its end.
    Raises UncheckedError if it takes no step.
    """
    command = [sys.executable, "-m", script.__name__, str(path), *arguments]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output, encoding="utf-8"
        )
        try:
            yield from _follow(process, path.name, seconds, show, output)
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def line(finding: Finding) -> str:
    """A finding in one line: the figure, and when it is not healthy its cause and remedy."""
    if finding.healthy:
        return finding.what + (f" ({finding.against})" if finding.against else "")
    reasons = "; ".join(part for part in (finding.cause, finding.remedy) if part)
    return f"{finding.what}: {reasons}" if reasons else finding.what


def summary(found: Sequence[Examined]) -> str:
    """The last line: how many examinations, how long, the worst, and which could not be made."""
    asked = [examined for examined in found if examined.findings]
    if not asked:
        return "nothing to examine: this learner only remembers, nothing descends"
    severity, seconds = worst(examined.severity for examined in asked), sum(examined.seconds for examined in asked)
    missing = [e.name.replace("_", " ") for e in asked if all(f.what.startswith(UNEXAMINED) for f in e.findings)]
    n = len(asked) - len(missing)
    text = f"{n} examination{'s' * (n != 1)} in {seconds:.1f} s: "
    text += "all passed" if severity == PASS else f"the worst is a {severity}"
    return text + (f"; not examined: {', '.join(missing)}" if missing else "")


def as_dict(target: str, found: Sequence[Examined]) -> dict[str, Any]:
    """Everything, ready for JSON."""
    return {
        "target": target,
        "severity": worst(examined.severity for examined in found),
        "examinations": [
            {
                "name": examined.name,
                "severity": examined.severity,
                "seconds": round(examined.seconds, 3),
                "findings": [{**vars(finding), "change": dict(finding.change)} for finding in examined.findings],
            }
            for examined in found
        ],
    }


def _follow(
    process: "subprocess.Popen[str]", name: str, seconds: float, show: Show, output: IO[bytes]
) -> Iterator[Examined | str]:
    """Read the lines of the child until it ends or its time is up."""
    assert process.stdout is not None, "it was opened as a pipe"
    names, done, told = preflight.names(), 0, False
    late = threading.Event()
    clock = _alarm(process, seconds, late)
    show.progress("check", 0, len(names), f"running {name} up to its first steps")
    try:
        for line in process.stdout:
            word = json.loads(line)
            if "error" in word:
                raise UncheckedError(word["error"])
            if "seen" in word:
                clock.cancel()
                clock, told = _alarm(process, EXAMINATION_SECONDS, late), True
                yield word["seen"]
            elif "start" in word:
                show.progress("check", done, len(names), word["start"].replace("_", " "))
            else:
                done += word["name"] in names
                yield Examined(word["name"], [Finding(**finding) for finding in word["findings"]], word["seconds"])
    finally:
        clock.cancel()
    if late.is_set():
        limit = EXAMINATION_SECONDS if told else seconds
        what = "was not examined to the end" if told else "had taken no step of training"
        advice = "try it with a smaller network" if told else "give it longer with --limit"
        raise UncheckedError(f"{name} {what} after {limit:g} s; {advice}")
    if done < len(names):
        raise UncheckedError(f"{name} ended its process before it could be examined{_last_words(output)}")


def _alarm(process: "subprocess.Popen[str]", seconds: float, late: threading.Event) -> threading.Timer:
    def ring() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    return timer


def _last_words(output: IO[bytes]) -> str:
    output.seek(0)
    text = " ".join(output.read().decode("utf-8", "replace").split())[-LAST_WORDS:]
    return f"; its last words: {text}" if text else ""
