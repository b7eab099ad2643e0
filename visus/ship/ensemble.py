"""Several trained networks as one: their probabilities are averaged."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..data.collection import CLASSES, NUMBERS
from ..recipes import regress
from ..recipes.classify import rebuild

NAME = "ensemble"


class Ensemble(nn.Module):
    """Images uint8 (B, 3, H, W) -> the logarithm of the members' mean probabilities (B, K).

    The logarithm makes these scores like any other classifier's: their softmax is the mean. Probabilities are averaged
    rather than scores, because a member that is unsure then counts less than one that is sure.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        if not members:
            raise ValueError("an ensemble needs at least one member; got none")
        self.members = nn.ModuleList(members)

    def forward(self, images: Tensor) -> Tensor:
        logs = torch.stack([member(images).log_softmax(1) for member in self.members])  # (M, B, K)
        return logs.logsumexp(0) - torch.tensor(len(self.members)).log()


def merged(members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The facts of an ensemble from those of its members.

    Raises ValueError unless all have the same classes and see pictures of the same size and framing.
    """
    first = members[0]
    if other := next((facts["tells"] for facts in members if facts.get("tells", CLASSES) != CLASSES), ""):
        raise ValueError(f"an ensemble averages the probabilities of classes and these models tell {other}; use one")
    for facts in members:
        if list(facts["classes"]) != list(first["classes"]):
            raise ValueError(
                f"the members tell different classes apart: {', '.join(first['classes'])} and "
                f"{', '.join(facts['classes'])}; average models that were trained on the same classes"
            )
        for what in ("image", "framing"):
            if list(facts[what]) != list(first[what]):
                raise ValueError(
                    f"the members see pictures differently ({what} {_plain(first[what])} and {_plain(facts[what])}); "
                    "train them with the same size= and framing="
                )
    shared = {name: first[name] for name in ("image", "framing", "classes", "data")}
    return {"model": NAME, "members": [dict(facts) for facts in members], "settings": {}, **shared}


def assemble(facts: Mapping[str, Any]) -> nn.Module:
    """The module that facts describe, one network or several, for saved weights to be loaded into."""
    if "members" in facts:
        return Ensemble([assemble(member) for member in facts["members"]])
    build = regress.rebuild if facts.get("tells") == NUMBERS else rebuild
    return build(facts["model"], tuple(facts["image"]), len(facts["classes"]), facts["settings"])


def _plain(value: object) -> str:
    return " x ".join(map(str, value[1:])) if isinstance(value, list | tuple) else str(value)
