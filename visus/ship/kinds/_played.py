"""The card of a player."""

from collections.abc import Mapping
from typing import Any

from ...geometry.spaces import Choices, actions_from, observed_from

LIMITS = """It acts in the world it was trained in, from starts like those it was trained on, and knows nothing of any
other: a changed rule, a slower clock or a start it never met may make it useless. Its returns are those of that world;
another seed of training may give a player that is much better or much worse."""


def card(name: str, facts: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown from what the run knows. facts: of the player; stages: details of the playbook's verdicts."""
    train, test, baselines = (stages.get(stage, {}) for stage in ("train", "test", "baselines"))
    options = f" ({facts['options']})" if facts["options"] else ""
    lines = [
        f"# {name}",
        "",
        f"A `{facts['player']}` that plays {facts['world']}{options}. {_spaces(facts)}",
        "",
        "## Trained on",
        "",
        f"Its own experience in {facts['world']}; a reward one step later counts {facts['gamma']:g} of one now.",
        "",
        "## How good it is",
        "",
    ]
    if "said" in test:
        lines.append(f"On {test['n']:,} episodes that it was not trained on: {test['said']}.")
    elif "best" in train:
        lines.append(f"Validation: {train.get('said', _return(train['best']))}; not tested.")
    else:
        lines.append("Not measured yet.")
    shown = [f"{name.replace('_', ' ')} {value:.5g}" for name, value in baselines.items() if isinstance(value, float)]
    lines += [f"Simple players, mean return on validation: {', '.join(shown)}."] if shown else []
    return "\n".join([*lines, "", "## What it is not for", "", LIMITS, ""])


def _return(value: float) -> str:
    return f"mean return {value:.5g}"


def _spaces(facts: Mapping[str, Any]) -> str:
    """`It sees 4 numbers and chooses one of 2 actions: left, right.`"""
    seen, actions = observed_from(facts["observed"]), actions_from(facts["actions"])
    if seen.states:
        sees = f"one of {seen.states} states"
    elif seen.dtype == "uint8":
        channels, *sides = seen.shape
        frames = f"{channels} frames" if seen.stacked > 1 else f"{channels} channels"
        sees = f"{' x '.join(map(str, sides))} pixels, {frames}"
    else:
        sees = f"{seen.values} numbers"
    if not isinstance(actions, Choices):
        return f"It sees {sees} and sets {actions.size} amount{'s' * (actions.size != 1)}."
    names = f": {', '.join(actions.names)}" if actions.names else ""
    return f"It sees {sees} and chooses one of {actions.n} actions{names}."
