"""The card of a model that makes pictures."""

from collections.abc import Mapping
from typing import Any

from ...data.canvas import Canvas

LIMITS = """It draws what looks like its training pictures, and may repeat some of them. {}. Its figures hold for
pictures like those it was tested on."""
LIKELY = """That a picture is likely under it does not say that the picture is of the same kind: simpler pictures are
often likelier"""
RARE = "Some kinds of pictures it draws more often than they are, others hardly ever"
FAMILIES: Mapping[str, tuple[str, str]] = {  # how one draws, and what is not to be concluded from it
    "autoregressive": ("It draws one value after the other, each given all before it; likelihoods are exact", LIKELY),
    "autoencoders": ("It draws from points of a space, and finds the point of a picture", LIKELY),
    "gans": ("It draws from random points, was trained against a critic, and tells no likelihood", RARE),
    "densities": ("It is a classic density, fitted without a network", LIKELY),
}


def card(name: str, facts: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown from what the run knows. facts: of the model; stages: details of the playbook's verdicts."""
    train, test, baselines = (stages.get(stage, {}) for stage in ("train", "test", "baselines"))
    canvas = Canvas.from_facts(facts["canvas"])
    draws, limit = FAMILIES[facts["family"]]
    lines = [
        f"# {name}",
        "",
        f"A `{facts['model']}` that makes {canvas}. {draws}.",
        *([f"It can be asked for a class: {', '.join(facts['classes'])}."] if facts["classes"] else []),
        "",
        "## Trained on",
        "",
        f"{facts['data']}{_sizes(stages.get('split', {}))}.",
        "",
        "## How good it is",
        "",
    ]
    if "said" in test:
        lines.append(f"On {test['n']:,} test pictures: {test['said']}.")
    elif "best" in train:
        lines.append(f"Validation: {train.get('said', train['best'])}; not tested.")
    else:
        lines.append("Not measured yet.")
    # scores are minus what is lost, of which people know the amount
    shown = [f"{name.replace('_', ' ')} {-value:.5g}" for name, value in baselines.items() if isinstance(value, float)]
    lines += [f"Simple methods, on validation: {', '.join(shown)}."] if shown else []
    return "\n".join([*lines, "", "## What it is not for", "", LIMITS.format(limit), ""])


def _sizes(split: Mapping[str, Any]) -> str:
    parts = [f"{split[part]:,} for {part}" for part in ("train", "validation", "test") if split.get(part)]
    return f": {', '.join(parts)} pictures" if parts else ""
