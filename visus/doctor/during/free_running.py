"""Does the network write alone as well as it does when each step is told the right beginning?

Asked of tasks that offer `free_running()`, and of loops that hand it to `Doctor.validate(..., written=, expected=)`:
{'written': sequences that the network wrote, each step from its own last one, 'expected': what was to be written,
'forced': its best guess at each step of what was expected, given the right beginning}. Sequences are of whole numbers,
without what begins and ends them; 'forced' may be left out. A few, short ones do: it is asked at each evaluation.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ...engine.seed import own_randomness
from ...engine.task import Task, evaluating
from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "a few short sequences written and compared at each evaluation, where a task offers them"

LONG = 40  # tokens; in longer sequences, as of characters, four in a row make a repetition, else two
REPEATS = 0.25  # more of the tokens than in real ones end a group that was there before
BEHIND = 0.4  # of the overlap that guesses with the right beginning have
SOUND = 0.25  # overlap of these; less is no network that knows anything yet
SHORT, LENGTHY = 0.4, 2.0  # times the real length

Tokens = Sequence[int]


def measure(task: Task) -> dict[str, float]:
    """Figures of what a task writes alone; none where it does not offer it, or where that fails."""
    offered = getattr(task, "free_running", None)
    if offered is None:
        return {}
    try:
        with own_randomness(0), evaluating(task):
            return figures(offered())
    except Exception:  # an evaluation goes on, whatever a trial of this stumbles over
        return {}


def figures(found: Mapping[str, Sequence[Tokens]]) -> dict[str, float]:
    """What `free_running` gave, in numbers: repetition, overlap with what was expected, lengths. {} of nothing."""
    written, expected = _plain(found.get("written", ())), _plain(found.get("expected", ()))
    forced = _plain(found.get("forced", ()))
    pairs = [(w, e) for w, e in zip(written, expected, strict=False) if e]
    if not pairs:
        return {}
    lengths = sorted(len(e) for _, e in pairs)
    size = 4 if lengths[len(lengths) // 2] > LONG else 2
    numbers = {
        "free_repeated": _mean([_repeated(w, size) for w, _ in pairs]),
        "real_repeated": _mean([_repeated(e, size) for _, e in pairs]),
        "free_overlap": _mean([_overlap(w, e) for w, e in pairs]),
        "free_length": sum(len(w) for w, _ in pairs) / sum(len(e) for _, e in pairs),
        "free_distinct": len({tuple(w) for w, _ in pairs}) / len(pairs),
    }
    guesses = [(g, e) for g, e in zip(forced, expected, strict=False) if e and len(g) >= len(e)]
    if guesses:
        numbers["forced_overlap"] = _mean([_told(g, e) for g, e in guesses])
    return numbers


def look(chart: Chart) -> list[Finding]:
    seen = [e for e in chart.evaluations if e.get("free_repeated") is not None]
    if not seen:
        return []
    late = seen[-3:]  # one evaluation may be odd
    row = {name: readings.middle([e[name] for e in late if e.get(name) is not None]) for name in NAMES}
    if row["forced_overlap"] < SOUND:  # it knows next to nothing yet: that is another question
        return [Finding(PASS, f"{row['forced_overlap']:.0%} right with the right beginning: too early to write alone")]
    found = [finding for finding in (_repeats(row), _falls_behind(row), _ends(row)) if finding]
    return found or [Finding(PASS, f"{row['free_repeated']:.0%} of what it writes alone repeats itself")]


NAMES = ("free_repeated", "real_repeated", "free_overlap", "free_length", "free_distinct", "forced_overlap")


def _repeats(row: Mapping[str, float]) -> Finding | None:
    if row["free_repeated"] <= row["real_repeated"] + REPEATS:
        return None
    return Finding(
        NOTE,
        f"{row['free_repeated']:.0%} of what the network writes alone repeats what it wrote before, "
        f"{row['real_repeated']:.0%} of what it should have written",
        f"at most {REPEATS:.0%} more",
        "the network goes round in circles: the likeliest token leads back to the one before",
        "draw from the distribution (temperature 0.7 to 1) or search with a beam; if that repeats too, train longer, "
        "and look whether the state is passed on from step to step",
        kind="repeated_tokens",
        where="decoding",
        weight=0.6,
    )


def _falls_behind(row: Mapping[str, float]) -> Finding | None:
    told, alone = row["forced_overlap"], row["free_overlap"]
    if not told >= SOUND or alone >= BEHIND * told:
        return None
    return Finding(
        NOTE,
        f"with the right beginning {told:.0%} of the pairs of tokens are right, alone {alone:.0%}",
        f"at least {BEHIND:.0%} of that",
        "the network was only ever shown right beginnings, or is run otherwise than it was trained: another first "
        "token, a state that is lost, tokens off by one",
        "run the decoder on a training sentence both ways and compare step by step; if they agree, feed some of its "
        "own tokens back while training (scheduled sampling), more data, dropout",
        kind="exposure_bias",
        where="decoding",
        weight=0.75,
        defect=alone < 0.1 * told,
    )


def _ends(row: Mapping[str, float]) -> Finding | None:
    length = row["free_length"]
    if SHORT <= length <= LENGTHY:
        return None
    early = length < SHORT
    return Finding(
        NOTE,
        f"what the network writes alone is {length:.2g} times as long as it should be",
        f"{SHORT:g} to {LENGTHY:g} times",
        "it ends at once: padding or the end is most of what the loss counts"
        if early
        else "it does not end: the end is missing in the targets, or not looked for while decoding",
        "leave padding out of the loss; a length penalty in beam search"
        if early
        else "append the end to every target, and stop where it is written",
        kind="ends_too_early" if early else "never_ends",
        where="targets (end)",
        weight=0.55,
    )


def _plain(sequences: Sequence[Any]) -> list[list[int]]:
    return [[int(token) for token in sequence] for sequence in sequences]


def _repeated(tokens: Tokens, size: int) -> float:
    """Share of the groups of `size` tokens that were there before."""
    groups = list(zip(*(tokens[i:] for i in range(size)), strict=False))
    return 1 - len(set(groups)) / len(groups) if groups else 0.0


def _overlap(written: Tokens, expected: Tokens) -> float:
    """Share of the expected pairs of neighbours that were written, each as often as it is there."""
    wanted = Counter(pairwise(expected))
    return (Counter(pairwise(written)) & wanted).total() / max(1, wanted.total())


def _told(guesses: Tokens, expected: Tokens) -> float:
    """The same of guesses that follow the right beginning each: a pair is right if its second token is."""
    hits = sum(g == e for g, e in zip(guesses[1:], expected[1:], strict=False))
    return hits / max(1, len(expected) - 1)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))
