"""A2C: actor and critic side by side, one step on each short rollout (Mnih et al., 2016)."""

from typing import Annotated, Any

from ..tasks._rollouts import improvements_per_epoch
from ..tasks.advantage_actor_critic import AdvantageActorCritic
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
    worlds: Annotated[int, Limits(1, 1024), About("copies of the world that are played side by side")] = 8,
    rollout: Annotated[int, Limits(1), About("steps of each copy between two improvements")] = 5,
    gae_lambda: Annotated[float, Limits(0.0, 1.0), About("how far advantages trust rewards, not values")] = 1.0,
    standardise: Annotated[bool, About("advantages of a rollout to mean 0 and deviation 1")] = False,
    shared: Annotated[bool, About("actor and critic see through one network")] = False,
    entropy_weight: Annotated[float, Limits(0.0), Range(1e-4, 1e-1, log=True), About("keeps it trying")] = 0.0,
    value_weight: Annotated[float, Limits(0.0), About("of the critic's loss")] = 0.5,
    lr: Annotated[float, Limits(1e-12), Range(1e-4, 1e-2, log=True), About("highest learning rate")] = 7e-4,
    epoch: Annotated[int, Limits(1), About("steps of the world between two evaluations, of all copies together")] = (
        10_000
    ),
    epochs: Annotated[float, Limits(0.001), About("of `epoch` steps of the world")] = 50,
    **settings: Any,
) -> AdvantageActorCritic:
    """Raises LookupError or ValueError for worlds, networks and settings that cannot be."""
    found = _policy.parted(settings, worlds=worlds, lr=lr, epoch=epoch, epochs=epochs)
    stage = _policy.opened("actor_critic", found, shared=shared)
    per_epoch = improvements_per_epoch(epoch, rollout * worlds, 1)
    descent = found.plan.descent(per_epoch)
    return found.plan.ready(
        AdvantageActorCritic(
            stage.model,
            stage.worlds,
            stage.judged,
            found.policy.rule,
            descents=(descent, descent),
            rollout=rollout,
            epoch=epoch,
            gae_lambda=gae_lambda,
            standardise=standardise,
            entropy_weight=entropy_weight,
            value_weight=value_weight,
            **stage.playing,
        )
    )
