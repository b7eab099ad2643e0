"""A model card: what a model is, what it was trained on, how good it is, and what it is not for.

Source of the form: Mitchell et al., 2019, Model Cards for Model Reporting.
"""

from collections.abc import Mapping
from typing import Any

SAME_KIND = """Its figures hold for pictures like
those it was tested on: another camera, place or time is another question, so measure again there (`visus evaluate`)."""
LIMITS = f"It always answers with one of its classes, also for pictures of something else. {SAME_KIND}"
ALWAYS = "It always answers, also for pictures of something else."


def card(name: str, facts: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown from what the run knows. facts: of the model; stages: the details of the playbook's verdicts."""
    _, height, width = facts["image"]
    audit, split = stages.get("audit", {}), stages.get("split", {})
    baselines, train, test = stages.get("baselines", {}), stages.get("train", {}), stages.get("test", {})
    lines = [
        f"# {name}",
        "",
        f"{_what(facts)} {_task(facts)}: {', '.join(facts['classes'])}.",
        f"Pictures are decoded upright to RGB and brought to {height} x {width} pixels ({facts['framing']}).",
        "",
        "## Trained on",
        "",
        f"{facts['data']}: {_counts(audit, split)}.{_beginning(facts)}",
        "",
        "## How good it is",
        "",
    ]
    if test and "accuracy" not in test:
        overall = (
            f"explained variance {test['score']:.2f}" if facts["tells"] == "numbers" else _share("precision", test)
        )
        lines.append(f"On {test['n']} test pictures (use {test['use']} of this test split):")
        lines += ["", *(f"- {_figure(name, each)}" for name, each in test["figures"].items()), f"- overall {overall}"]
    elif test:
        lines.append(
            f"Test accuracy {100 * test['accuracy']:.1f} % (95 % interval {100 * test['low']:.1f} to "
            f"{100 * test['high']:.1f}, {test['n']} pictures, use {test['use']} of this test split)."
        )
    elif train:
        lines.append(f"Validation {_said(facts, train['best'])}; not tested.")
    else:
        lines.append("Not measured yet.")
    if baselines and "majority" in baselines:
        shown = [n for n in ("majority", "knn", "linear") if n in baselines]
        lines.append("Baselines on validation: " + ", ".join(f"{n} {100 * baselines[n]:.1f} %" for n in shown) + ".")
    lines += [
        "",
        "## What it is not for",
        "",
        LIMITS if facts.get("tells", "classes") == "classes" else f"{ALWAYS} {SAME_KIND}",
        "",
    ]
    return "\n".join(lines)


def _task(facts: Mapping[str, Any]) -> str:
    n = len(facts["classes"])
    told = {"numbers": "that tells numbers", "attributes": f"that tells {n} attributes, each there or not"}
    return told.get(facts.get("tells", ""), f"that tells {n} classes apart")


def _said(facts: Mapping[str, Any], score: float) -> str:
    names = {"numbers": "R2", "attributes": "mean average precision"}
    name = names.get(facts.get("tells", ""), "accuracy")
    return f"{name} {score:.2f}" if name == "R2" else f"{name} {100 * score:.1f} %"


def _share(name: str, test: Mapping[str, Any]) -> str:
    return (
        f"mean average {name} {100 * test['score']:.1f} % (95 % interval {100 * test['low']:.1f} to "
        f"{100 * test['high']:.1f})"
    )


def _figure(name: str, each: Mapping[str, Any]) -> str:
    """A number with its errors, or an attribute with its accuracy and F1."""
    if "mae" in each:
        mae = each["mae"]
        return (
            f"{name}: off by {mae['value']:.3g} on average (95 % interval {mae['low']:.3g} to {mae['high']:.3g}), "
            f"root mean squared error {each['rmse']['value']:.3g}, R2 {each['r2']['value']:.2f}"
        )
    return f"{name}: right {100 * each['accuracy']['value']:.1f} %, F1 {100 * each['f1']['value']:.1f} %"


def _what(facts: Mapping[str, Any]) -> str:
    if "members" not in facts:
        return f"A `{facts['model']}`"
    kinds = sorted({f"`{member['model']}`" for member in facts["members"]})
    return f"An ensemble of {len(facts['members'])} networks ({', '.join(kinds)}), their probabilities averaged,"


def _beginning(facts: Mapping[str, Any]) -> str:
    """Where the weights came from that training began with; their data and licence are its, too."""
    return f" Training began with the weights of {facts['pretrained']}." if facts.get("pretrained") else ""


def _counts(audit: Mapping[str, Any], split: Mapping[str, Any]) -> str:
    parts = [f"{split[part]:,} for {part}" for part in ("train", "validation", "test") if part in split]
    total = f"{audit['n']:,} pictures" if "n" in audit else "pictures"
    return f"{total}, {', '.join(parts)}" if parts else total
