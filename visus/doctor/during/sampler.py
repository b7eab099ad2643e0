"""Does the sampler draw from the chances that the model states?"""

from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "the chances of some samples read again, at an evaluation"

FAR = 8.0  # deviations of chance
SAME = 1.2  # times a temperature of 1, either way, in whose steps the best one is sought
EXPLAINED = 1.8  # times what chance alone makes draws miss, once the temperature is right


def look(chart: Chart) -> list[Finding]:
    seen = [e for e in chart.evaluations if e.get("sampler_z") is not None]
    if not seen:
        return []
    last = seen[-1]
    z, best, left = last["sampler_z"], last.get("sampler_temperature", 1.0), last.get("sampler_left", 1.0)
    word = "likelier" if z > 0 else "less likely"
    what = f"samples are {abs(z):.0f} deviations of chance {word} than draws of the model are"
    if abs(z) < FAR:
        return [Finding(PASS, f"samples are as likely as draws of the model are, within {abs(z):.1f} deviations")]
    if 1 / SAME < best < SAME or left > EXPLAINED:
        return [_disagrees(what)]
    cold = best < 1
    return [
        Finding(
            NOTE,
            f"{what}: as if drawn at a temperature of {best:.2g}",
            "1",
            "the sampler takes the likeliest value, or divides the scores by less than 1: samples are smoother and "
            "more alike than what was learned"
            if cold
            else "the scores are divided by more than 1, or chances are flattened: samples have noise that was not "
            "learned",
            "draw from softmax(scores) with temperature 1 (torch.multinomial, not argmax)",
            kind="sampler_too_cold" if cold else "sampler_too_hot",
            where="sampler (temperature)",
            change={"temperature": 1.0},
            weight=0.85,
            defect=True,
        )
    ]


def _disagrees(what: str) -> Finding:
    return Finding(
        NOTE,
        f"{what}, and no temperature explains it",
        f"within {FAR:g}",
        "sampler and likelihood are of two different distributions: values kept from earlier steps are stale, the "
        "order of rows or colours differs, or a draw is written to another place than it was drawn for",
        "draw one picture by a whole pass for every value, and compare the chances value by value: the first that "
        "differs names the layer",
        kind="sampler_disagrees",
        where="sampler",
        weight=0.9,
        defect=True,
    )
