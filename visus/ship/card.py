"""A model card: what a model is, what it was trained on, how good it is, and what it is not for.

Source of the form: Mitchell et al., 2019, Model Cards for Model Reporting.
"""

from collections.abc import Mapping
from typing import Any

LIMITS = """\
It always answers with one of its classes, also for pictures of something else. Its figures hold for pictures like
those it was tested on: another camera, place or time is another question, so measure again there (`visus evaluate`)."""


def card(name: str, facts: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown from what the run knows. facts: of the model; stages: the details of the playbook's verdicts."""
    _, height, width = facts["image"]
    audit, split = stages.get("audit", {}), stages.get("split", {})
    baselines, train, test = stages.get("baselines", {}), stages.get("train", {}), stages.get("test", {})
    lines = [
        f"# {name}",
        "",
        f"{_what(facts)} that tells {len(facts['classes'])} classes apart: {', '.join(facts['classes'])}.",
        f"Pictures are decoded upright to RGB and brought to {height} x {width} pixels ({facts['framing']}).",
        "",
        "## Trained on",
        "",
        f"{facts['data']}: {_counts(audit, split)}.",
        "",
        "## How good it is",
        "",
    ]
    if test:
        lines.append(
            f"Test accuracy {100 * test['accuracy']:.1f} % (95 % interval {100 * test['low']:.1f} to "
            f"{100 * test['high']:.1f}, {test['n']} pictures, use {test['use']} of this test split)."
        )
    elif train:
        lines.append(f"Validation accuracy {100 * train['best']:.1f} %; not tested.")
    else:
        lines.append("Not measured yet.")
    if baselines:
        shown = [n for n in ("majority", "knn", "linear") if n in baselines]
        lines.append("Baselines on validation: " + ", ".join(f"{n} {100 * baselines[n]:.1f} %" for n in shown) + ".")
    lines += [
        "",
        "## What it is not for",
        "",
        LIMITS,
        "",
    ]
    return "\n".join(lines)


def _what(facts: Mapping[str, Any]) -> str:
    if "members" not in facts:
        return f"A `{facts['model']}`"
    kinds = sorted({f"`{member['model']}`" for member in facts["members"]})
    return f"An ensemble of {len(facts['members'])} networks ({', '.join(kinds)}), their probabilities averaged,"


def _counts(audit: Mapping[str, Any], split: Mapping[str, Any]) -> str:
    parts = [f"{split[part]:,} for {part}" for part in ("train", "validation", "test") if part in split]
    total = f"{audit['n']:,} pictures" if "n" in audit else "pictures"
    return f"{total}, {', '.join(parts)}" if parts else total
