"""Deep Q-learning: a network tells what each action is worth, and learns from a memory of steps (Mnih et al., 2015)."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from ..engine.schedules import ramp
from ..engine.seed import seed_everything
from ..models import trunks
from ..models.players import q_network
from ..tasks._replay import Prioritised, Replay
from ..tasks.q_learn import QLearn, improvements
from . import _form
from ._acting import SUBJECT, Stage, player_facts
from ._drawing import own_settings
from ._form import About, Choice, Limits, Range
from ._plan import Arithmetic, Course, Plan, Rule

__all__ = ["SUBJECT", "build"]
SETTLED = 1.0  # of `beta` at the end of a run: the drawing by error is then made up for (Schaul et al., 2016)


@_form.like(Plan)
@_form.like(Stage)
def build(
    trunk: Annotated[str, Choice(trunks), About("what sees for the player; its own settings join these")] = "mlp",
    duelling: Annotated[bool, About("tell a state's value and each action's advantage apart")] = False,
    double: Annotated[bool, About("the network chooses the action that the target network values")] = False,
    n_steps: Annotated[int, Limits(1, 100), About("rewards that are counted before a value is asked for")] = 1,
    memory: Annotated[
        int, Limits(1), About("observations to learn from, of all copies; 7 GB for a million of Atari")
    ] = (100_000),
    keep_memory: Annotated[bool, About("in the last checkpoint; else a resumed run fills it anew")] = True,
    prioritised: Annotated[bool, About("draw steps by how far off their value was")] = False,
    alpha: Annotated[float, Limits(0.0, 1.0), About("how much so; 0: all alike")] = 0.6,
    beta: Annotated[float, Limits(0.0, 1.0), About("how much of it is made up for at first; at the end all")] = 0.4,
    warm_up: Annotated[int, Limits(0), About("steps of the world that are played at random before learning")] = 1000,
    train_every: Annotated[int, Limits(1), About("steps of the world, of all copies together, between learning")] = 4,
    updates: Annotated[int, Limits(1), About("improvements each time")] = 1,
    batch: Annotated[int, Limits(1), About("steps of the memory in each improvement")] = 64,
    target_every: Annotated[int, Limits(1), About("steps of the world between copies into the target network")] = 1000,
    polyak: Annotated[float, Limits(0.0, 1.0), About("or it follows by this share at each improvement; 0: no")] = 0.0,
    huber: Annotated[float, Limits(0.0), About("error from which the loss is a line; 0: squared throughout")] = 1.0,
    epsilon: Annotated[float, Limits(0.0, 1.0), About("chance of an action at random, at first")] = 1.0,
    epsilon_end: Annotated[float, Limits(0.0, 1.0), About("the same from then on")] = 0.05,
    explore: Annotated[float, Limits(0.0, 1.0), About("share of the run in which it falls, in a line")] = 0.2,
    optimizer: Annotated[Rule, About("update rule")] = "adam",
    lr: Annotated[float, Limits(1e-12), Range(1e-4, 5e-3, log=True), About("highest learning rate")] = 1e-3,
    weight_decay: Annotated[float, Limits(0.0), About("strength of L2")] = 0.0,
    schedule: Annotated[Course, About("how the rate changes")] = "constant",
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 10.0,
    epochs: Annotated[float, Limits(0.001), About("of `epoch` steps of the world")] = 50,
    arithmetic: Annotated[Arithmetic, About("number format; auto: the fastest, measured")] = "float32",
    **settings: Any,
) -> QLearn:
    """Raises LookupError or ValueError for worlds, networks and settings that cannot be."""
    stage, rest, own = _parted(settings, trunk)
    plan = Plan(
        optimizer=optimizer,
        lr=lr,
        weight_decay=weight_decay,
        schedule=schedule,
        max_norm=max_norm,
        epochs=epochs,
        arithmetic=arithmetic,
        **rest,
    )
    worlds, judged = stage.opened(plan.seed)
    seed_everything(plan.seed)
    network = {"trunk": trunk, "duelling": duelling, **own}
    model = q_network.build(worlds.observed, worlds.actions, **network)
    held = (worlds.observed, worlds.n, memory, stage.gamma, n_steps)
    budget = epochs * stage.epoch  # steps of the world
    steps = improvements(round(budget), worlds.n, warm_up, train_every, updates)
    task = QLearn(
        model,
        worlds,
        judged,
        Prioritised(*held, alpha) if prioritised else Replay(*held),
        plan.rule,
        epsilon=ramp(epsilon, epsilon_end, round(explore * budget)),
        descent=plan.descent(steps / epochs),
        batch=batch,
        warm_up=warm_up,
        train_every=train_every,
        updates=updates,
        target_every=target_every,
        polyak=polyak,
        double=double,
        delta=huber or math.inf,
        beta=ramp(beta, SETTLED, round(budget)),
        epoch=stage.epoch,
        keep_memory=keep_memory,
        gamma=stage.gamma,
        episodes=stage.episodes,
        clipped=stage.clip_rewards,
        facts=player_facts("q_network", worlds, stage, network),
    )
    plan.ready(task)
    task.steps = steps
    return task


def _parted(settings: Mapping[str, Any], trunk: str) -> tuple[Stage, dict[str, Any], dict[str, Any]]:
    """Further settings: the stage, the rest of a `Plan`, and all of the trunk's own. Raises ValueError for others."""
    given = dict(settings)
    stage = Stage(**{name: given.pop(name) for name in _form.own_fields(Stage) if name in given})
    rest = {name: given.pop(name) for name in _form.own_fields(Plan) if name in given}
    return stage, rest, own_settings(trunks, trunk, given)
