"""REINFORCE: whole episodes, each action weighed by what was earned after it (Williams, 1992)."""

from typing import Annotated, Any, Literal

from ..tasks.reinforce import Reinforce
from . import _form, _policy
from ._acting import SUBJECT, Stage
from ._form import About, Limits, Range
from ._plan import Plan
from ._policy import Policy

__all__ = ["SUBJECT", "build"]


@_form.like(Plan)
@_form.like(Stage)
@_form.like(Policy)
def build(
    steps: Annotated[int, Limits(1), About("of the world between two improvements; more than an episode has")] = 1000,
    togo: Annotated[bool, About("weigh an action by the rewards after it, not by all of the episode")] = True,
    baseline: Annotated[Literal["none", "mean", "value"], About("taken off that: the mean, or a critic's value")] = (
        "value"
    ),
    standardise: Annotated[bool, About("weights of a batch to mean 0 and deviation 1")] = True,
    shared: Annotated[bool, About("actor and critic see through one network")] = False,
    critic_steps: Annotated[int, Limits(1), About("improvements of the critic for each of the actor")] = 1,
    entropy_weight: Annotated[float, Limits(0.0), Range(1e-4, 1e-1, log=True), About("keeps it trying")] = 0.0,
    value_weight: Annotated[float, Limits(0.0), About("of the critic's loss")] = 0.5,
    lr: Annotated[float, Limits(1e-12), Range(1e-4, 1e-1, log=True), About("highest learning rate")] = 3e-3,
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 0.0,
    epoch: Annotated[int, Limits(1), About("steps of the world between two evaluations, of all copies together")] = (
        10_000
    ),
    epochs: Annotated[float, Limits(0.001), About("of `epoch` steps of the world")] = 50,
    **settings: Any,
) -> Reinforce:
    """Raises LookupError or ValueError for worlds, networks and settings that cannot be."""
    if baseline != "value" and (shared or critic_steps > 1):
        raise ValueError(
            f"shared and critic_steps are about a critic, and baseline={baseline} has none; leave them out"
        )
    if shared and critic_steps > 1:
        raise ValueError("actor and critic that share a network take their steps together; leave critic_steps out")
    found = _policy.parted(settings, lr=lr, max_norm=max_norm, epoch=epoch, epochs=epochs)
    valued = baseline == "value"
    stage = _policy.opened("actor_critic" if valued else "actor", found, **({"shared": shared} if valued else {}))
    per_epoch = max(1, epoch // steps)
    return found.plan.ready(
        Reinforce(
            stage.model,
            stage.worlds,
            stage.judged,
            found.policy.rule,
            descents=(found.plan.descent(per_epoch), found.plan.descent(per_epoch * critic_steps)),
            critic_steps=critic_steps,
            steps=steps,
            togo=togo,
            baseline=baseline,
            epoch=epoch,
            standardise=standardise,
            entropy_weight=entropy_weight,
            value_weight=value_weight,
            **stage.playing,
        )
    )
