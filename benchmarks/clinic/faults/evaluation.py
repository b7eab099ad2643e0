"""Section D: what the score is measured on. The training is sound; what the script shows is not."""

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor

from ..plan import Examples, Plan, Run, training_mode
from ..planting import FIRST, SECOND, THIRD, Change, fault


@fault("A12", "validation_inputs_differ", "validation", recipes=FIRST)
def validation_not_normalised(plan: Plan) -> Change:
    """Training pictures are standardised, validation pictures are 0 to 255."""
    return {"prepare_validation": Tensor.float}


@fault("A12", "validation_inputs_differ", "validation", recipes=SECOND)
def validation_inverted(plan: Plan) -> Change:
    """Validation pictures are negatives: dark and bright are exchanged."""
    prepare = plan.prepare
    return {"prepare_validation": lambda pictures: prepare(255 - pictures)}


@fault("A12", "validation_inputs_differ", "validation", recipes=("resnet_cifar", "finetune_cifar"), held_out=True)
def validation_channels_swapped(plan: Plan) -> Change:
    """Validation pictures are read as blue, green, red and scaled to -1..1."""
    return {"prepare_validation": lambda pictures: pictures.flip(1).float() / 127.5 - 1}


@fault("A12", "validation_inputs_differ", "validation", recipes=THIRD, held_out=True)
def validation_upside_down(plan: Plan) -> Change:
    """Validation pictures are turned by the orientation tag that training ignores."""
    prepare = plan.prepare
    return {"prepare_validation": lambda pictures: prepare(pictures.flip(-2).transpose(-1, -2))}


@fault("C15", "evaluated_in_training_mode", "eval", recipes=("conv_fashion", "mlp_digits", "mlp_mnist"), seen=True)
def evaluated_in_training_mode(plan: Plan) -> Change:
    """model.eval() is missing: validation runs with dropout, here of one half."""
    return {"validation_mode": training_mode, "dropout": 0.6}


@fault("D", "validation_labels_differ", "validation,label,target", recipes=FIRST, seen=True)
def validation_labels_shuffled(plan: Plan) -> Change:
    """Validation pictures are shuffled, their labels are not."""

    def shuffle(examples: Examples, generator: Generator) -> Examples:
        return replace(examples, pictures=examples.pictures[torch.randperm(len(examples.labels), generator=generator)])

    return {"validation_set": shuffle}


@fault("D", "validation_labels_differ", "validation,label,target", recipes=SECOND, seen=True, held_out=True)
def validation_classes_renumbered(plan: Plan) -> Change:
    """Folders of the validation part sort otherwise: its class numbers mean other classes."""

    def renumber(examples: Examples, generator: Generator) -> Examples:
        return replace(examples, labels=len(plan.classes) - 1 - examples.labels)

    return {"validation_set": renumber}


@fault("D", "stale_validation", "validation,model", recipes=THIRD, seen=True)
def validates_first_copy(plan: Plan) -> Change:
    """The model that is validated and kept is a copy made before the training."""

    def first_copy(run: Run) -> Any:
        return run.memory["copy"]

    def make_copy(run: Run) -> None:
        if "copy" not in run.memory:
            run.memory["copy"] = copy.deepcopy(run.model)

    return {"validated": first_copy, "after_step": make_copy}


@fault("D", "stale_validation", "validation,model,average", recipes=FIRST, seen=True, held_out=True)
def average_never_moves(plan: Plan) -> Change:
    """Validated and kept is a running average of the weights, with a decay so slow that it stays at the start."""

    def average(run: Run) -> Any:
        return run.memory["average"]

    def move(run: Run) -> None:
        kept = run.memory.setdefault("average", copy.deepcopy(run.model))
        with torch.no_grad():
            for old, new in zip(kept.parameters(), run.model.parameters(), strict=True):
                old.lerp_(new, 1e-5)

    return {"validated": average, "after_step": move}
