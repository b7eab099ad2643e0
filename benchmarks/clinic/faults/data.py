"""Section A: what the network is given to learn from."""

from dataclasses import replace

import torch
from torch import Generator, Tensor

from ..plan import Examples, Plan
from ..planting import FIRST, SECOND, THIRD, Change, fault


@fault("A8", "labels_unrelated label_noise", "target,label", recipes=FIRST)
def labels_shuffled(plan: Plan) -> Change:
    """Training labels were sorted apart from their pictures."""

    def shuffle(examples: Examples, generator: Generator) -> Examples:
        return replace(examples, labels=examples.labels[torch.randperm(len(examples.labels), generator=generator)])

    return {"training_set": shuffle}


@fault("A8", "label_noise", "target,label", recipes=SECOND, treatable=False)
def labels_noisy(plan: Plan) -> Change:
    """Six training labels in ten are drawn at random."""

    def spoil(examples: Examples, generator: Generator) -> Examples:
        n = len(examples.labels)
        wrong = torch.rand(n, generator=generator) < 0.6
        drawn = torch.randint(len(plan.classes), (n,), generator=generator)
        return replace(examples, labels=torch.where(wrong, drawn, examples.labels))

    return {"training_set": spoil}


@fault("A8", "labels_unrelated label_noise", "target,label", recipes=SECOND, held_out=True)
def labels_of_next_row(plan: Plan) -> Change:
    """A header line was skipped in the pictures but not in the labels: each picture has its neighbour's label."""

    def shift(examples: Examples, generator: Generator) -> Examples:
        return replace(examples, labels=examples.labels.roll(1))

    return {"training_set": shift, "validation_set": shift}


@fault("A8", "validation_labels_differ", "target,label", recipes=THIRD)
def labels_off_by_one(plan: Plan) -> Change:
    """Training labels count from one, modulo the number of classes; validation labels from zero."""

    def shift(examples: Examples, generator: Generator) -> Examples:
        return replace(examples, labels=(examples.labels + 1) % len(plan.classes))

    return {"training_set": shift}


@fault("A13", "inputs_not_normalised", "input,normal", early=True)
def raw_bytes(plan: Plan) -> Change:
    """Pictures go into the network as 0 to 255."""
    return {"prepare": Tensor.float}


@fault("A13", "inputs_not_normalised", "input,normal", recipes=FIRST, early=True)
def scaled_twice(plan: Plan) -> Change:
    """Pictures are divided by 255 twice."""
    return {"prepare": lambda pictures: pictures.float() / 255 / 255}


@fault("A13", "inputs_not_normalised", "input,normal", recipes=SECOND, early=True, held_out=True)
def wrong_statistics(plan: Plan) -> Change:
    """The statistics of bytes are taken from pictures that are already in 0 to 1."""
    return {"prepare": lambda pictures: (pictures.float() / 255 - 120.0) / 60.0}


@fault("A15", "inputs_constant inputs_ignored", "input,forward", recipes=THIRD, early=True)
def pictures_blank(plan: Plan) -> Change:
    """A broken decoder returns black pictures."""
    return {"prepare": lambda pictures: torch.zeros(pictures.shape)}


@fault("A15", "inputs_constant inputs_ignored", "input,forward", recipes=FIRST, early=True, held_out=True)
def same_picture(plan: Plan) -> Change:
    """The buffer that pictures are read into is shared: the training part holds the last one throughout."""

    def overwrite(examples: Examples, generator: Generator) -> Examples:
        return replace(examples, pictures=examples.pictures[-1:].expand_as(examples.pictures))

    return {"training_set": overwrite}


@fault("A15", "wrong_layout", "layout,input,permute", recipes=("resnet_cifar", "finetune_cifar"), early=True)
def height_width_channels(plan: Plan) -> Change:
    """Pictures (H, W, C) are viewed as (C, H, W) instead of permuted."""
    prepare = plan.prepare
    return {"prepare": lambda pictures: prepare(pictures.permute(0, 2, 3, 1).reshape(pictures.shape))}


@fault("A15", "wrong_layout", "layout,input", recipes=("conv_fashion", "lstm_mnist", "gru_fashion"), held_out=True)
def rows_of_wrong_length(plan: Plan) -> Change:
    """The pixels are read with a row length that is one too short: each row starts a little later."""
    prepare = plan.prepare

    def shear(pictures: Tensor) -> Tensor:
        H, W = pictures.shape[-2:]
        return prepare(torch.stack([pictures[..., i, :].roll(i * W // 4 + i, -1) for i in range(H)], -2))

    return {"prepare": shear}


@fault(
    "A14",
    "augmentation_too_strong label_noise labels_unrelated validation_inputs_differ",
    "input,target,augment",
    recipes=SECOND,
)
def pictures_overlaid(plan: Plan) -> Change:
    """An augmentation lays another picture over each, stronger than itself, and keeps the label."""

    def overlay(pictures: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        other = pictures[torch.randperm(len(pictures), generator=generator)]
        return 0.35 * pictures + 0.65 * other, labels

    return {"augment": overlay}


@fault(
    "A14", "label_noise labels_unrelated validation_inputs_differ", "input,target,augment", recipes=THIRD, held_out=True
)
def noise_too_strong(plan: Plan) -> Change:
    """Augmentation adds noise of four standard deviations to training pictures."""

    def add(pictures: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        return pictures + 4 * torch.randn(pictures.shape, generator=generator), labels

    return {"augment": add}


@fault("A14", "label_noise labels_unrelated validation_inputs_differ", "input,target,augment", recipes=FIRST)
def pictures_erased(plan: Plan) -> Change:
    """Random erasing leaves one corner of each training picture."""

    def erase(pictures: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        H, W = pictures.shape[-2:]
        kept = torch.zeros_like(pictures)
        y, x = (int(torch.randint(2, (), generator=generator)) * (side - side // 3) for side in (H, W))
        kept[..., y : y + H // 3, x : x + W // 3] = pictures[..., y : y + H // 3, x : x + W // 3]
        return kept, labels

    return {"augment": erase}


@fault("A9", "class_imbalance class_missing", "target,class", recipes=SECOND, treatable=False)
def classes_unequal(plan: Plan) -> Change:
    """Half of the classes have four training examples each."""

    def thin(examples: Examples, generator: Generator) -> Examples:
        rows = [(examples.labels == k).nonzero()[:, 0][: 4 if k % 2 else None] for k in range(len(plan.classes))]
        return Examples(examples.pictures[torch.cat(rows)], examples.labels[torch.cat(rows)])

    return {"training_set": thin}


@fault("A9", "class_missing class_imbalance class_count", "target,class,last layer", recipes=THIRD, treatable=False)
def classes_missing(plan: Plan) -> Change:
    """Some classes are not in the training part."""

    def drop(examples: Examples, generator: Generator) -> Examples:
        here = examples.labels % 4 != 1
        return Examples(examples.pictures[here], examples.labels[here])

    return {"training_set": drop}


@fault("A9", "unshuffled_data", "shuffle,order,loader", recipes=FIRST, early=True)
def sorted_by_class(plan: Plan) -> Change:
    """Examples come class after class."""
    return {"order": lambda labels, generator: labels.argsort(stable=True)}


@fault("A9", "unshuffled_data", "shuffle,order,loader", recipes=SECOND, early=True, held_out=True)
def one_class_a_batch(plan: Plan) -> Change:
    """A sampler by groups fills each batch with one class."""

    def grouped(labels: Tensor, generator: Generator) -> Tensor:
        rows = labels.argsort(stable=True)
        batches = list(rows[: len(rows) // plan.batch * plan.batch].split(plan.batch))
        return torch.cat([batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()])

    return {"order": grouped}


@fault("A4", "few_distinct_examples overfitting", "loader,sampler,data", recipes=THIRD)
def same_few_batches(plan: Plan) -> Change:
    """The loader starts anew again and again: two batches are all that training ever sees."""

    def repeated(labels: Tensor, generator: Generator) -> Tensor:
        return torch.arange(len(labels)) % (2 * plan.batch)

    return {"order": repeated}


@fault("A1", "inputs_not_finite", "input", recipes=SECOND, early=True)
def nan_pixels(plan: Plan) -> Change:
    """One training picture in thirty has a pixel that is not a number."""
    prepare = plan.prepare

    def spoil(pictures: Tensor) -> Tensor:
        inputs = prepare(pictures)
        inputs[::30, :, 4, 4] = torch.nan
        return inputs

    return {"prepare": spoil, "prepare_validation": prepare}
