"""PPO: several passes over each rollout, held near the policy that played it (Schulman et al., 2017)."""

from typing import Annotated, Any

from ..engine import schedules
from ..tasks._rollouts import improvements_per_epoch
from ..tasks.ppo import PPO
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
    rollout: Annotated[int, Limits(1), About("steps of each copy that are learned from together")] = 128,
    passes: Annotated[int, Limits(1), About("over each rollout")] = 10,
    batch: Annotated[int, Limits(1), About("steps of a rollout in each improvement, about")] = 256,
    gae_lambda: Annotated[float, Limits(0.0, 1.0), About("how far advantages trust rewards, not values")] = 0.95,
    clip: Annotated[float, Limits(0.0), Range(0.05, 0.4), About("share by which a probability may move")] = 0.2,
    anneal_clip: Annotated[bool, About("let the clip fall to 0 in a line over the run")] = False,
    target_kl: Annotated[float, Limits(0.0), About("leave a rollout beyond 1.5 times this divergence; 0: never")] = 0.0,
    clip_values: Annotated[float, Limits(0.0), About("how far a value may move on a rollout; 0: any way")] = 0.0,
    standardise: Annotated[bool, About("advantages of each part to mean 0 and deviation 1")] = True,
    shared: Annotated[bool, About("actor and critic see through one network")] = False,
    entropy_weight: Annotated[float, Limits(0.0), Range(1e-4, 1e-1, log=True), About("keeps it trying")] = 0.0,
    value_weight: Annotated[float, Limits(0.0), About("of the critic's loss")] = 0.5,
    epoch: Annotated[int, Limits(1), About("steps of the world between two evaluations, of all copies together")] = (
        10_000
    ),
    epochs: Annotated[float, Limits(0.001), About("of `epoch` steps of the world")] = 50,
    **settings: Any,
) -> PPO:
    """Raises LookupError or ValueError for worlds, networks and settings that cannot be."""
    found = _policy.parted(settings, worlds=worlds, epoch=epoch, epochs=epochs)
    stage = _policy.opened("actor_critic", found, shared=shared)
    parts = -(-rollout * worlds // batch)
    per_epoch = improvements_per_epoch(epoch, rollout * worlds, passes * parts)
    descent = found.plan.descent(per_epoch)
    return found.plan.ready(
        PPO(
            stage.model,
            stage.worlds,
            stage.judged,
            found.policy.rule,
            descents=(descent, descent),
            rollout=rollout,
            passes=passes,
            parts=parts,
            epoch=epoch,
            gae_lambda=gae_lambda,
            clip=clip,
            clip_course=schedules.linear(found.plan.steps(per_epoch)) if anneal_clip else schedules.constant,
            target_kl=target_kl,
            clip_values=clip_values,
            standardise=standardise,
            entropy_weight=entropy_weight,
            value_weight=value_weight,
            **stage.playing,
        )
    )
