"""What recipes of policy gradients share: the player as settings, how it is rated, and the worlds around it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import torch
from torch import nn

from ..engine import catalogue
from ..engine.objective import OptimizerFactory
from ..engine.seed import seed_everything
from ..models import players, trunks
from ..worlds._side_by_side import SideBySide
from . import _form
from ._acting import Stage, player_facts
from ._drawing import own_settings
from ._form import About, Choice, Limits, Range
from ._plan import Plan


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The player and its rule; a recipe takes these settings by `_form.like(Policy)`."""

    trunk: Annotated[str, Choice(trunks), About("what sees for the player; its own settings join these")] = "mlp"
    normalise: Annotated[bool, About("observations by their running mean and deviation")] = False
    squash: Annotated[bool, About("bring amounts within bounds by tanh, not by cutting them off")] = False
    spread: Annotated[float, Limits(1e-3), About("first deviation of amounts; 1 is half of what is allowed")] = 1.0
    drawn: Annotated[bool, About("evaluate by drawing actions, not by the likeliest")] = False
    optimizer: Annotated[Literal["adam", "adamw", "rmsprop"], About("update rule")] = "adam"
    eps: Annotated[float, Limits(0.0), About("what the root of squared gradients is never below, of the rule")] = 1e-5
    lr: Annotated[float, Limits(1e-12), Range(1e-4, 1e-2, log=True), About("highest learning rate")] = 3e-4
    weight_decay: Annotated[float, Limits(0.0), About("strength of L2")] = 0.0
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 0.5
    schedule: Annotated[
        Literal["constant", "linear", "cosine", "one_cycle", "step", "exponential", "inverse"],
        About("how the rate changes"),
    ] = "constant"
    arithmetic: Annotated[Literal["float32", "bfloat16", "auto"], About("number format; auto: the fastest")] = "float32"

    @property
    def rule(self) -> OptimizerFactory:
        """The update rule, as the papers have it: with an `eps` of its own."""
        rule, further = RULES[self.optimizer]
        return lambda groups, lr: rule(groups, lr=lr, eps=self.eps, **further)

    def plan(self, rest: Mapping[str, Any]) -> Plan:
        """The course of the descent, with those of its settings that are not here."""
        return Plan(
            optimizer=self.optimizer,
            lr=self.lr,
            weight_decay=self.weight_decay,
            max_norm=self.max_norm,
            schedule=self.schedule,
            arithmetic=self.arithmetic,
            **rest,
        )


RULES: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "adam": (torch.optim.Adam, {"fused": True}),
    "adamw": (torch.optim.AdamW, {"fused": True}),
    "rmsprop": (torch.optim.RMSprop, {"foreach": True}),
}


class Opened(NamedTuple):
    """model: a player for the worlds. playing: what a task that acts takes by name."""

    model: nn.Module
    worlds: SideBySide
    judged: SideBySide
    playing: dict[str, Any]


class Settings(NamedTuple):
    """A recipe's further settings, sorted. network: the trunk's own."""

    stage: Stage
    policy: Policy
    plan: Plan
    network: dict[str, Any]


def parted(settings: Mapping[str, Any], **named: Any) -> Settings:
    """named: those of a `Stage`, a `Policy` or a `Plan` that the recipe names itself.

    Raises ValueError for a setting that neither they nor the trunk have.
    """
    given = {**named, **settings}
    policy = Policy(**{name: given.pop(name) for name in _form.own_fields(Policy) if name in given})
    stage = Stage(**{name: given.pop(name) for name in _form.own_fields(Stage) if name in given})
    plan = policy.plan({name: given.pop(name) for name in _form.own_fields(Plan) if name in given})
    return Settings(stage, policy, plan, own_settings(trunks, policy.trunk, given))


def opened(kind: str, found: Settings, **further: Any) -> Opened:
    """A player of `kind`, a file of models/players, in its worlds. further: settings that only this kind has.

    Raises LookupError or ValueError for a world or a network that cannot be.
    """
    stage, policy = found.stage, found.policy
    worlds, judged = stage.opened(found.plan.seed)
    built = {
        "trunk": policy.trunk,
        "normalise": policy.normalise,
        "squash": policy.squash,
        "spread": policy.spread,
        **further,
        **found.network,
    }
    seed_everything(found.plan.seed)
    model: nn.Module = catalogue.find(players, kind).build(worlds.observed, worlds.actions, **built)
    return Opened(
        model,
        worlds,
        judged,
        {
            "gamma": stage.gamma,
            "episodes": stage.episodes,
            "drawn": policy.drawn,
            "clipped": stage.clip_rewards,
            "facts": player_facts(kind, worlds, stage, built),
        },
    )
