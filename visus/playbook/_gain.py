"""What an ensemble gained, as a line, as sentences and as a page."""

from collections.abc import Sequence

import numpy as np

from ..metrics.gain import Gain
from ..metrics.paired import Difference
from ..report.exhibit import Exhibit, Table
from ..report.figures.members import members


def fair(gain: Gain, snapshots: bool) -> tuple[str, Difference]:
    """Whom to compare with. Snapshots grow better, and without an ensemble one would have had the last."""
    return ("the last snapshot", gain.over_last) if snapshots else ("the mean member", gain.over_mean)


def line(gain: Gain, snapshots: bool = False) -> str:
    """The ensemble's accuracy and its gain, with intervals."""
    whom, found = fair(gain, snapshots)
    return (
        f"{len(gain.members)} networks together: {100 * gain.accuracy:.1f} % of {gain.n:,} validation pictures; "
        f"{points(found)} against {whom}, {points(gain.over_best)} against the best one"
    )


def sentences(gain: Gain, names: Sequence[str], snapshots: bool = False) -> list[str]:
    """What was found, each with its number."""
    whom, found = fair(gain, snapshots)
    best = int(np.argmax(gain.members))
    together = f"Together: {100 * gain.accuracy:.1f} % of {gain.n:,} validation pictures (95 % CI "
    together += f"{100 * gain.low:.1f} to {100 * gain.high:.1f}); the mean member alone reaches "
    against_best = f"Against the best member, {names[best]} with {100 * gain.members[best]:.1f} %: "
    alike = f"Two members disagree on {100 * gain.disagreement:.1f} % of the pictures; "
    said = [
        together + f"{100 * float(np.mean(gain.members)):.1f} %.",
        f"Against {whom}: {points(found)}" + ("." if found.low > 0 else "; with so many pictures that may be luck."),
        against_best + f"{points(gain.over_best)}. These same pictures picked it, so its figure flatters it.",
        alike + "where all make the same mistakes nothing is gained.",
    ]
    if len(gain.curve) > 2:
        first, last = gain.curve[1].mean - gain.curve[0].mean, gain.curve[-1].mean - gain.curve[-2].mean
        said.append(f"The second member adds {100 * first:+.1f} points, the last one {100 * last:+.1f}.")
    return said


def exhibit(gain: Gain, names: Sequence[str], title: str, snapshots: bool = False) -> Exhibit:
    """The page: accuracy against the number of members, and each member's own."""
    rows = [[name, f"{100 * share:.1f} %"] for name, share in zip(names, gain.members, strict=True)]
    table = Table(
        "The members",
        ["member", "accuracy"],
        [*rows, ["all together", f"{100 * gain.accuracy:.1f} %"]],
        "Probabilities are averaged, not labels: `visus predict` and `visus evaluate` do so too.",
    )
    data = {
        "accuracy": gain.accuracy,
        "members": dict(zip(names, gain.members, strict=True)),
        "over_mean": vars(gain.over_mean),
        "over_best": vars(gain.over_best),
        "over_last": vars(gain.over_last),
        "disagreement": gain.disagreement,
        "curve": [vars(step) for step in gain.curve],
    }
    return Exhibit(title, sentences(gain, names, snapshots), [members({"all": gain.curve})], tables=[table], data=data)


def points(found: Difference) -> str:
    """`+1.2 points (+0.3 to +2.1)`."""
    return f"{100 * found.mean:+.1f} points ({100 * found.low:+.1f} to {100 * found.high:+.1f})"
