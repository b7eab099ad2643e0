"""How scores are said: shares in percent, likelihoods in nats, BLEU and CIDEr as they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from .wording import percent, plain

SEQUENCES = ("text", "translation", "captions")  # subjects whose models are judged by nats while they learn


@dataclass(frozen=True)
class Scale:
    """How the scores that settings are chosen by are said. As they are compared, more is better on every scale.

    name: of such a score. factor: what it is multiplied by to be said. unit: behind a score, and behind a difference.
    least, most: of a score. digits: behind the point.
    """

    name: str
    factor: float
    unit: str
    unit_of_difference: str
    least: float
    most: float
    digits: int

    def said(self, score: float) -> str:
        """0.98 -> `98.0 %`; -1.5 -> `1.500 nats`; a dash for no number."""
        return "–" if score != score else f"{self._figure(score)}{self.unit}"

    def interval(self, low: float, high: float) -> str:
        """`97.1 to 98.9`, the smaller figure first, never beyond what a score can be."""
        ends = sorted(self.factor * min(max(end, self.least), self.most) for end in (low, high))
        return " to ".join(f"{end:.{self.digits}f}" for end in ends)

    def difference(self, gain: float) -> str:
        """By how much one score is better than another: `+1.2 points`; `0.120 nats fewer`."""
        if self.factor > 0:
            return f"{self.factor * gain:+.{self.digits}f}{self.unit_of_difference}"
        return f"{abs(gain):.{self.digits}f}{self.unit_of_difference} {'fewer' if gain >= 0 else 'more'}"

    def axis(self, score: float) -> float:
        """The figure at a place of an axis."""
        return self.factor * score

    def _figure(self, score: float) -> str:
        return f"{self.factor * score:.{self.digits}f}"


SHARES = Scale("validation accuracy", 100.0, " %", " points", 0.0, 1.0, 1)
NATS = Scale("validation nats", -1.0, " nats", " nats", float("-inf"), 0.0, 3)


OVERLAPS = {  # subjects whose models are judged by how well what they find overlaps what is marked
    "detection": replace(SHARES, name="validation mAP@.5"),
    "segmentation": replace(SHARES, name="validation mean IoU"),
}


RETURNS = Scale("validation return", 1.0, "", "", float("-inf"), float("inf"), 1)
LOSSES = Scale("validation score", 1.0, "", "", float("-inf"), 0.0, 3)  # of three measures, minus what is lost


def of_subject(subject: str) -> Scale:
    """The scale on which settings are compared where models are about `subject`."""
    scales = {"generation": LOSSES, "acting": RETURNS, **OVERLAPS, **dict.fromkeys(SEQUENCES, NATS)}
    return scales.get(subject, SHARES)


@dataclass(frozen=True)
class Measure:
    """What a test measures. said: a figure of it. brief: with its name. things: what was looked at, as `pictures`.
    gauge: whether it is a share, to be drawn as one. sentence: with places for {pictures}, {value}, {low}
    and {high}; '' if the report has words for it elsewhere."""

    said: Callable[[float], str]
    brief: Callable[[float], str]
    things: str = "pictures"
    gauge: bool = False
    sentence: str = ""


MEASURES: Mapping[str, Measure] = {
    "nats per character": Measure(lambda value: f"{value:.3f}", lambda value: f"{value:.3f} nats", "characters"),
    "BLEU": Measure(lambda value: f"{value:.1f}", lambda value: f"BLEU {value:.1f}", "sentences"),
    "CIDEr": Measure(lambda value: f"{value:.2f}", lambda value: f"CIDEr {value:.2f}"),
    "nats per picture": Measure(lambda value: f"{value:.2f}", lambda value: f"{value:.2f} nats a picture"),
    "FID": Measure(lambda value: f"{value:.2f}", lambda value: f"FID {value:.2f}"),
    "squared error": Measure(lambda value: f"{value:.4g}", lambda value: f"squared error {value:.3g}"),
    "mean return": Measure(
        plain,
        lambda value: f"return {plain(value)}",
        "episodes",
        sentence="Over {pictures} the player earns {value} on average (the sum of the rewards of an episode); with "
        "95 % confidence the true mean of episodes like these lies between {low} and {high}.",
    ),
    "mAP@.5": Measure(
        percent,
        lambda value: f"mAP@.5 {100 * value:.1f} %",
        gauge=True,
        sentence="On {pictures} the mean average precision of what the network finds is {value}, where a box counts "
        "that overlaps the marked one by half (mAP@.5; 100 % is everything found and nothing else told); with 95 % "
        "confidence it lies between {low} and {high} on pictures like these.",
    ),
    "mean IoU": Measure(
        percent,
        lambda value: f"mean IoU {100 * value:.1f} %",
        gauge=True,
        sentence="On {pictures} what the network paints and what is true overlap by {value}, as the mean over the "
        "classes (mean IoU; 100 % is every pixel right); with 95 % confidence it lies between {low} and {high} on "
        "pictures like these.",
    ),
}
SHARE = Measure(percent, lambda value: f"{100 * value:.1f} %", gauge=True)


def named(name: str) -> Measure:
    """The measure called `name`; a share of pictures unless it is known to be something else."""
    return MEASURES.get(name, SHARE)
