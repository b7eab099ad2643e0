"""A language model: how surprised it is, beside counting; what it writes; where it was most mistaken."""

import math
from typing import Any

import numpy as np

from ..figures import language as figures
from ..figures.chart import Chart, Line
from ..passages import LINE_END, Passage
from ..record import Record, as_array, mapping, number, sequence

FACTS, IDS, NATS = "language", "language.ids", "language.nats"
SHOWN = 1_200  # symbols of the coloured passage
RED_AT = 6.0  # nats from which a symbol is of the deepest red: a chance of 1 in 400
MAX_EARLIER = 6  # samples from while it learned
COPIED = 2.0  # times the longest passage that real text shares with the training text: beyond it, it learned by heart


def gather(record: Record) -> dict[str, Any] | None:
    """What the page shows of a language model; None if the run is of another kind or kept no evidence."""
    facts = mapping(record.facts.get(FACTS))
    value = number(facts.get("nats"))
    if not math.isfinite(value):
        return None
    baselines = {
        str(name): number(nats) for name, nats in mapping(facts.get("baselines")).items() if math.isfinite(number(nats))
    }
    return {
        "headline": headline(record),
        "chart": _curve(record, baselines),
        "rivals": rivals(value, baselines),
        "tested": _tested(record),
        "samples": [_sample(mapping(one)) for one in sequence(facts.get("samples"))],
        "earlier": _earlier(record),
        "copies": copies(facts),
        "passage": _passage(record, facts),
        "surprising": [_surprise(mapping(one)) for one in sequence(facts.get("surprising"))],
        "kinds": [_kind(mapping(one)) for one in sequence(facts.get("kinds"))],
    }


def said(nats: float) -> str:
    """1.49 -> '1.49 nats per character (perplexity 4.4, 2.15 bits)'."""
    return f"{nats:.2f} nats per character ({beside(nats)})"


def beside(nats: float) -> str:
    """1.49 -> 'perplexity 4.4, 2.15 bits': the same figure in its other units."""
    return f"perplexity {math.exp(min(nats, 700)):.3g}, {nats / math.log(2):.2f} bits"


def headline(record: Record) -> dict[str, Any] | None:
    """The figure of the test part where there is one, else of the validation part; None if the run has neither."""
    test, facts = record.detail("test"), mapping(record.facts.get(FACTS))
    tested = number(test.get("nats"))
    value = tested if math.isfinite(tested) else number(facts.get("nats"))
    if not math.isfinite(value):
        return None
    ends = (number(test.get("low")), number(test.get("high"))) if math.isfinite(tested) else (math.nan, math.nan)
    n = number(test.get("n") if math.isfinite(tested) else facts.get("n"))
    return {
        "nats": f"{value:.2f}",
        "beside": beside(value),
        "interval": f"{min(ends):.2f} to {max(ends):.2f}" if np.isfinite(ends).all() else "",
        "n": int(n) if n > 0 else 0,
        "part": "test" if math.isfinite(tested) else "validation",
    }


def rivals(value: float, baselines: dict[str, float]) -> dict[str, Any]:
    """Rows (name, nats, perplexity, ours), the worst first, and a sentence on whether counting is beaten."""
    rows = [(name, nats, False) for name, nats in baselines.items()] + [("this network", value, True)]
    rows.sort(key=lambda row: -row[1])
    best = min(baselines, key=baselines.__getitem__, default="")
    sentence = ""
    if best and value < baselines[best]:
        sentence = f"The network is {baselines[best] - value:.2f} nats below the best table of counts, the {best}."
    elif best:
        sentence = (
            f"The {best}, a table of counts, is {value - baselines[best]:.2f} nats better than this network: "
            "train longer, or use the table."
        )
    shown = [
        {"name": name, "nats": f"{nats:.3f}", "perplexity": f"{math.exp(nats):.3g}", "ours": ours}
        for name, nats, ours in rows
    ]
    return {"rows": shown, "sentence": sentence}


def _tested(record: Record) -> str:
    """How the network did on the test text beside the best table of counts; '' if that was not measured."""
    test = record.detail("test")
    rival = mapping(test.get("rival"))
    own, other, low, high = (
        number(one) for one in (test.get("nats"), rival.get("nats"), rival.get("low"), rival.get("high"))
    )
    if not np.isfinite([own, other, low, high]).all():
        return ""
    ends = f"the difference lies between {low:+.3f} and {high:+.3f} with 95 % confidence"
    return f"On the test text the network has {own:.3f} nats and the {rival.get('name')} {other:.3f}; {ends}."


def copies(facts: dict[str, Any]) -> list[str]:
    """Sentences on whether the samples repeat the training text; empty if that was not looked for."""
    samples = [mapping(one) for one in sequence(facts.get("samples"))]
    own = [one for one in samples if one.get("by") == "network"]
    real = str(mapping(facts.get("real")).get("copy", ""))
    if not own or not real:
        return []
    longest = max((str(one.get("copy", "")) for one in own), key=len)
    counted = [f", a sample of the {one['by']} {len(str(one.get('copy', '')))}" for one in samples if one not in own]
    searched = number(facts.get("searched"))
    lead = (
        f"The longest passage that a sample shares with the training text has {len(longest)} characters "
        f"(“{_visible(longest)}”). As much validation text, which it cannot have copied, shares {len(real)}"
        f"{''.join(counted)}; {searched:,.0f} characters were searched."
    )
    if len(longest) > COPIED * len(real):
        return [lead, "That is far more: it learned passages by heart. More text, dropout or fewer epochs would help."]
    return [lead, "That is no more than chance and common phrases give: nothing says that it learned by heart."]


def _curve(record: Record, baselines: dict[str, float]) -> Chart | None:
    events = [e for e in record.of("scores") if math.isfinite(number(mapping(e.get("scores")).get("validation_nats")))]
    if not events:
        return None
    x = "epoch" if all(math.isfinite(number(e.get("epoch"))) for e in events) else "step"

    def line(name: str) -> Line:
        values = as_array([number(mapping(event["scores"]).get(name)) for event in events])
        return Line(as_array([number(event.get(x)) for event in events]), values)

    train = line("train_nats")
    return figures.nats(line("validation_nats"), train if np.isfinite(train.y).any() else None, baselines, x)


def _sample(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "by": str(one.get("by", "")),
        "temperature": f"{number(one.get('temperature')):g}",
        "text": str(one.get("text", "")),
        "ours": one.get("by") == "network",
    }


def _earlier(record: Record) -> list[dict[str, str]]:
    """A few of the samples that were drawn at evaluations, from the first to the last."""
    events = [event for event in record.of("illustration") if mapping(event.get("made"))]
    chosen = np.unique(np.linspace(0, len(events) - 1, min(len(events), MAX_EARLIER)).round().astype(int))
    found = []
    for event in (events[i] for i in chosen):
        name, text = next(iter(mapping(event["made"]).items()))
        epoch = number(event.get("epoch"))
        when = f"epoch {epoch:.3g}" if math.isfinite(epoch) else f"step {number(event.get('step')):.0f}"
        found.append({"when": when, "how": str(name), "text": str(text)})
    return found


def _passage(record: Record, facts: dict[str, Any]) -> Passage | None:
    ids, nats = record.tensors.get(IDS), record.tensors.get(NATS)
    symbols = [str(symbol) for symbol in sequence(facts.get("symbols"))]
    if ids is None or nats is None or ids.ndim != 1 or len(nats) != len(ids) - 1 or not len(nats):
        return None
    if not symbols or ids.min() < 0 or ids.max() >= len(symbols):
        return None
    text = [symbols[i] for i in ids[1 : 1 + SHOWN].tolist()]
    values = -np.minimum(nats[:SHOWN].astype(np.float64) / RED_AT, 1)
    reading = (
        "The beginning of the validation text. The deeper the red, the less the network expected the symbol, given all "
        f"before it; full from {RED_AT:g} nats, a chance of 1 in {math.exp(RED_AT):.0f}."
    )
    return Passage("How surprised it was", text, values, reading)


def _kind(one: dict[str, Any]) -> dict[str, Any]:
    return {"name": str(one.get("name", "")), **{key: number(one.get(key)) for key in ("nats", "share", "of_sum")}}


def _surprise(one: dict[str, Any]) -> dict[str, Any]:
    likelier = [pair for pair in sequence(one.get("expected")) if isinstance(pair, list) and len(pair) == 2]
    return {
        "before": _visible(str(one.get("before", ""))),
        "symbol": _visible(str(one.get("symbol", ""))).replace(" ", "␣"),
        "after": _visible(str(one.get("after", ""))),
        "nats": f"{number(one.get('nats')):.1f}",
        "expected": [
            (_visible(str(symbol)).replace(" ", "␣"), f"{100 * number(chance):.0f} %") for symbol, chance in likelier
        ],
    }


def _visible(text: str) -> str:
    return text.replace("\n", LINE_END).replace("\t", "⇥")
