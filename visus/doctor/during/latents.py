"""Do the latents say something of a picture, and does the decoder listen to them?"""

from typing import Any

from ...engine.task import Task
from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding
from ..instruments import believed

COST = "256 pictures encoded, and decoded twice, at an evaluation"

HEARD = 1.02  # times the error of pictures made of their own points: with another picture's it is clearly larger
SILENT, SOME = 0.05, 1.0  # nats of all latents together: a tenth of a yes or no; more than one of them
RISES = 1.2  # times what it was: it is on its way
MANY_DEAD = 0.5  # of the latents
AGAIN = 2  # evaluations in a row: many a decoder starts to listen late


def measure(task: Task) -> dict[str, float]:
    """Figures of a model with latents, for this question and that of the loss's scale; none of any other."""
    try:
        return believed.figures(task)
    except Exception:  # an evaluation goes on, whatever this stumbles over
        return {}


def look(chart: Chart) -> list[Finding]:
    seen = [e for e in chart.evaluations if e.get("latents_heard") is not None]
    if len(seen) < AGAIN or not readings.settled(chart):
        return []
    heard = max(e["latents_heard"] for e in seen[-AGAIN:])
    nats = [e["latents_nats"] for e in seen[-AGAIN:] if e.get("latents_nats") is not None]
    last = seen[-1]
    what = f"another picture's point makes the error {heard:.2f} times as large"
    if nats:
        what = (
            f"{last['latents_alive']:.0f} of {last['latents']:.0f} latents say {last['latents_nats']:.3g} nats; {what}"
        )
    if heard <= HEARD and (not nats or min(nats) >= SOME):
        return [_ignored(what)]
    rises = len(nats) > 1 and nats[-1] > max(SILENT, RISES * nats[0])
    if nats and not rises and (max(nats) <= SILENT or (heard <= HEARD and max(nats) < SOME)):
        return [_vanished(what)]
    dead = _dead(last)
    return [_collapsed(what, last)] if dead > MANY_DEAD else [Finding(PASS, what)]


def _dead(last: dict[str, Any]) -> float:
    return 1 - last["latents_alive"] / max(1.0, last["latents"]) if last.get("latents") else 0.0


def _vanished(what: str) -> Finding:
    return Finding(
        NOTE,
        what,
        "some nats a picture",
        "the divergence has vanished: every picture has the same point, and the decoder makes one picture for all",
        "let the weight of kl rise from 0 over the first third of the run, grant each latent some free nats, lower "
        "beta; look whether reconstruction is a sum over the values of a picture, as kl is over latents",
        kind="kl_vanished",
        where="loss (weight of kl)",
        weight=0.85,
        defect=True,
    )


def _ignored(what: str) -> Finding:
    return Finding(
        NOTE,
        what,
        f"more than {HEARD:g} times",
        "the decoder makes the same of every point: what the encoder says does not reach it",
        "follow z into the decoder: is it used, in place of zeros, a mean or the labels alone?",
        kind="latents_ignored",
        where="decoder",
        weight=0.85,
        defect=True,
    )


def _collapsed(what: str, last: dict[str, Any]) -> Finding:
    return Finding(
        NOTE,
        what,
        "",
        f"{_dead(last):.0%} of the latents are as before any picture: their posterior has collapsed",
        "harmless where fewer latents are enough: take fewer; else free nats for each, or a slower rise of kl's weight",
        kind="posterior_collapse",
        where="latents",
        change={"latents": max(1.0, last["latents_alive"])},
        weight=0.2,
    )
