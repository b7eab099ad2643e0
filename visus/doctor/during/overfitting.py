"""Does validation get worse while training still gets better?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "nothing: read from the evaluations"

RISE = 0.10  # share by which the validation loss must have risen above its best
SMOOTH = 3  # evaluations averaged: one epoch's change means nothing
FALL = 0.03  # of the score
TRAINED = ("train_loss", "train_nats")  # as tasks call the loss on what was trained on


def look(chart: Chart) -> list[Finding]:
    losses, scores = readings.validation_losses(chart), readings.scores(chart)
    if len(losses) < 2 * SMOOTH:
        return []
    curve = [sum(losses[i : i + SMOOTH]) / SMOOTH for i in range(len(losses) - SMOOTH + 1)]
    best, last = min(curve), curve[-1]
    trained = [e[name] for e in chart.evaluations for name in TRAINED if e.get(name) is not None]
    if len(trained) == len(losses):
        still_learning = trained[-1] < min(trained[:-SMOOTH], default=trained[-1] + 1)
    else:
        still_learning = readings.entropy_now(chart, 0.7) < readings.entropy_now(chart, 0.2, 0.6)
    what = f"validation loss ended at {last:.3f}, its best was {best:.3f}"
    if last <= (1 + RISE) * best or not still_learning:
        return [Finding(PASS, what, f"at most {RISE:.0%} above")]
    shares = readings.are_shares(chart) or not readings.are_tokens(chart)
    fell = max(scores, default=0.0) - readings.final_score(chart) if shares else 0.0
    return [
        Finding(
            NOTE,
            what + (f"; the score fell by {100 * fell:.1f} points" if fell > FALL else ""),
            f"at most {RISE:.0%} above",
            cause="the network learns the training part by heart",
            remedy="raise dropout or weight decay, take a smaller network, or gather text; keep the best weights"
            if readings.are_tokens(chart)
            else "augment more, raise weight decay or dropout, or gather pictures; keep the best weights",
            kind="overfitting",
            where="weight_decay",
            change={"weight_decay": {"times": 10}},
            weight=0.55 if fell > FALL else 0.35,
        )
    ]
