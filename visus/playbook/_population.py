"""Trials all at once: settings that differ only in rate and weight decay learn as one population on shared batches."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from ..data.batches import Prepared
from ..engine import precision
from ..engine.loop import Observer, StopTraining, fit
from ..engine.members import RULES
from ..engine.objective import Objective
from ..engine.precision import Precision
from ..engine.task import Task
from ..recipes import _form, classify
from ..tasks.classify import Classify
from ..tasks.population import Population
from ._trial_run import EXPLODED

SEARCHED = frozenset(["lr", "weight_decay"])
PLAIN = frozenset(["relu", "leaky_relu", "elu", "tanh", "sigmoid"])  # activations without parameters
MOST_LAYERS = 2
MOST_NUMBERS = 2**26  # weights of one population: 256 MiB, and with gradients and what the rule remembers 1 GiB
WORTH_ROUNDING = 2**18  # weights from which on bfloat16 repays the conversion, measured on digits and CIFAR-10
# What a population does as a trial alone does it; any other setting must be at the value that changes nothing.
HONOURED = SEARCHED | {
    *("data", "size", "framing", "memory", "model", "features", "standardise", "loss", "smoothing", "optimizer"),
    *("schedule", "decay", "cycles", "batch", "epochs"),
    *("flip", "flip_vertical", "crop", "scale", "colour", "lighting", "cutout"),
    *("max_norm", "workers", "arithmetic", "device", "seed", "hidden", "layers", "activation", "init"),
    *("accumulate", "average"),  # the gradient is the whole batch's in one piece; no trial averages its weights
}
Show = Callable[[int, int], object]  # (steps done, steps in all)


def applies(settings: Mapping[str, Any], names: Iterable[str], build: Callable[..., Task] = classify.build) -> bool:
    """Whether trials with these settings, of which `names` are searched, can be made all at once.

    They can for linear models and perceptrons of two layers without normalisation or dropout, on any data, with any
    augmentation, which all members share. settings: those of `build` that differ from its defaults, at least.
    """
    values = _form.resolved(build, settings)
    plain = _form.resolved(classify.build, {"model": values["model"]})
    if any(name not in HONOURED and value != plain.get(name) for name, value in values.items()):
        return False
    shallow = values["model"] == "mlp" and values["layers"] <= MOST_LAYERS and values["activation"] in PLAIN
    return (values["model"] == "linear" or shallow) and values["optimizer"] in RULES and SEARCHED.issuperset(names)


def trials_at_once(
    prepared: Prepared,
    settings: Mapping[str, Any],
    proposals: Sequence[Mapping[str, float]],
    epochs: float,
    show: Show = lambda done, steps: None,
    build: Callable[..., Task] = classify.build,
) -> list[float | None]:
    """Validation accuracy of each proposal, None if it diverged, all trained together for so many epochs.

    Each result is that of the same trial alone, up to rounding. settings: what is not searched, as `build` takes it;
    with arithmetic=auto, products are in bfloat16 where that is native and the population large enough. A proposal may
    name lr, weight_decay and seed; a seed is then of its first weights only, since all share their batches.
    """
    if wrong := sorted({name for proposal in proposals for name in proposal} - SEARCHED - {"seed"}):
        raise ValueError(f"a population differs in {', '.join(sorted(SEARCHED))} and seed; got {', '.join(wrong)}")
    if not proposals:
        return []
    fixed = {**settings, "data": prepared, "epochs": epochs}
    form = _form.resolved(build, {**settings, "epochs": epochs})
    template = _alone(build, fixed, form["arithmetic"])
    network = template.model.get_submodule("network")
    size = sum(parameter.numel() for parameter in network.parameters())
    most = max(1, MOST_NUMBERS // size)
    groups = [proposals[first : first + most] for first in range(0, len(proposals), most)]
    found: list[float | None] = []
    for number, group in enumerate(groups):
        starts = {None: network, form["seed"]: network}
        for seed in {proposal.get("seed") for proposal in group} - starts.keys():
            other = _alone(build, {**fixed, "seed": int(seed or 0)}, form["arithmetic"])
            starts[seed] = other.model.get_submodule("network")
        task = _population(template, form, group, [starts[proposal.get("seed")] for proposal in group])
        task.run_at(_arithmetic(form["arithmetic"], size * len(group), task.device.type))
        fit(task, task.steps, [_Watch(show, number * task.steps, len(groups) * task.steps)])
        scores = task.accuracies("validation").tolist()
        found += [score if score == score else None for score in scores]  # NaN is not equal to itself
    return found


def _alone(build: Callable[..., Task], fixed: Mapping[str, Any], arithmetic: str) -> Classify:
    """The task of one member; which arithmetic is fastest for one alone need not be measured."""
    task = build(**{**fixed, "arithmetic": "float32" if arithmetic == "auto" else arithmetic})
    assert isinstance(task, Classify), "what descends no loss has no rate to search"
    return task


def _population(
    template: Classify, form: Mapping[str, Any], group: Sequence[Mapping[str, float]], networks: Sequence[nn.Module]
) -> Population:
    (objective,) = template.objectives
    assert isinstance(objective, Objective)
    task = Population(
        template.model.get_submodule("standardise"),
        networks,
        template.data,
        template.loss,
        form["optimizer"],
        lrs=[float(proposal.get("lr", form["lr"])) for proposal in group],
        weight_decays=[float(proposal.get("weight_decay", form["weight_decay"])) for proposal in group],
        schedule=objective.schedule,
        max_norm=objective.max_norm,
        explodes=EXPLODED,
    ).to(template.device)
    task.steps = template.steps
    return task


def _arithmetic(asked: str, numbers: int, device: str) -> Precision:
    if asked != "auto":
        return precision.named(asked)
    native = any(str(candidate).startswith("bfloat16") for candidate in precision.candidates(device))
    return precision.named("bfloat16" if native and numbers >= WORTH_ROUNDING else "float32")


class _Watch(Observer):
    """Tells how far it is, and ends when no member lives."""

    def __init__(self, show: Show, before: int, steps: int) -> None:
        self.show, self.before, self.steps = show, before, steps

    def after_step(self, step: int, task: Task) -> None:
        self.show(self.before + step + 1, self.steps)
        assert isinstance(task, Population)
        if not task.objective.alive.any():
            raise StopTraining("all members diverged")
