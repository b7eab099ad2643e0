"""Healthy runs that look ill: half-dead units, validation above training, losses that never fall to zero, bumps."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD, Optimizer, RMSprop

from .plan import Examples, Plan, Run, adam, adamw, steady
from .planting import ALL, BY_SGD, Change

PERCEPTRONS = ("mlp_mnist", "mlp_digits")
WITHOUT_STATE = ("mlp_mnist", "conv_fashion", "resnet_cifar", "mlp_digits", "patches_mnist")


@dataclass(frozen=True)
class Control:
    """A change that a sound script may make. own_task: it asks for something harder, so a lower score is no harm."""

    name: str
    says: str
    change: Callable[[Plan], Change]
    recipes: tuple[str, ...] = ALL
    own_task: bool = False
    held_out: bool = False


CONTROLS: dict[str, Control] = {}


def control(**more: Any) -> Callable[[Callable[[Plan], Change]], Control]:
    def put(change: Callable[[Plan], Change]) -> Control:
        name = change.__name__
        CONTROLS[name] = Control(name, " ".join((change.__doc__ or "").split()), change, **more)
        return CONTROLS[name]

    return put


@control()
def as_it_is(plan: Plan) -> Change:
    """The recipe itself."""
    return {}


@control(recipes=("mlp_mnist", "conv_fashion", "mlp_digits"))
def sparse_relus(plan: Plan) -> Change:
    """ReLU units with slightly negative biases and twice as many of them: most activations are zero."""

    def start(model: Any) -> None:
        for layer in model.features.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d) and layer.bias is not None:
                nn.init.constant_(layer.bias, -0.2)

    return {"width": 2 * plan.width if "mlp" in plan.recipe else plan.width, "start": start}


@control(recipes=("mlp_mnist", "conv_fashion", "mlp_digits", "resnet_cifar"))
def dropout_half(plan: Plan) -> Change:
    """Dropout of one half: validation is above training."""
    return {
        "dropout": 0.5 if plan.recipe != "resnet_cifar" else 0.2,
        "width": plan.width * (2 if "mlp" in plan.recipe else 1),
    }


@control(recipes=("mlp_mnist", "conv_fashion", "resnet_cifar", "mlp_digits", "finetune_cifar"))
def mixup(plan: Plan) -> Change:
    """Pictures and labels are mixed in pairs: the training loss stays high (Zhang et al., 2018)."""
    before = plan.augment

    def mix(pictures: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        pictures, labels = before(pictures, labels, generator)
        share = 0.7 + 0.3 * float(torch.rand((), generator=generator))
        other = torch.randperm(len(labels), generator=generator)
        rows = F.one_hot(labels, len(plan.classes)).float()
        return share * pictures + (1 - share) * pictures[other], share * rows + (1 - share) * rows[other]

    return {"augment": mix}


def _freeze(model: Any) -> None:
    model.features.requires_grad_(False)


@control(recipes=("finetune_cifar",), own_task=True)
def frozen_backbone(plan: Plan) -> Change:
    """Only the head of a pretrained network is trained, all of it in training mode."""
    return {"freeze": _freeze, "lr": 0.05}


@control(recipes=("finetune_cifar",), own_task=True, held_out=True)
def backbone_not_in_optimizer(plan: Plan) -> Change:
    """The pretrained features are frozen, in evaluation mode, and not given to the optimizer."""

    def mode(model: Any) -> None:
        model.train()
        model.features.eval()

    return {"freeze": _freeze, "mode": mode, "lr": 0.05, "owned": lambda model, plan: model.head.parameters()}


@control(recipes=("finetune_cifar",))
def norms_kept(plan: Plan) -> Change:
    """Fine-tuning with batch normalisation in evaluation mode, as with few examples one should."""

    def mode(model: nn.Module) -> None:
        model.train()
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()

    return {"mode": mode}


@control(recipes=("finetune_cifar", "mlp_mnist", "conv_fashion", "patches_mnist"))
def two_rates(plan: Plan) -> Change:
    """The head learns at the full rate, the features at a third."""

    def owned(model: Any, plan: Plan) -> Iterable[Any]:
        return [
            {"params": list(model.features.parameters()), "lr": plan.lr / 3},
            {"params": list(model.head.parameters()), "lr": plan.lr},
        ]

    return {"owned": owned}


@control()
def warmup_bump(plan: Plan) -> Change:
    """A third of the run is warm-up, to one and a half times the usual rate."""
    return {"warmup": 0.33, "lr": 1.5 * plan.lr}


@control()
def smoothed_labels(plan: Plan) -> Change:
    """Label smoothing of 0.2: the loss never comes near zero."""
    return {"smoothing": 0.2}


@control(own_task=True)
def unequal_classes(plan: Plan) -> Change:
    """Every second class is two fifths as frequent as the others."""

    def thin(examples: Examples, generator: Generator) -> Examples:
        kept = (examples.labels % 2 == 0) | (torch.rand(len(examples.labels), generator=generator) < 0.4)
        return Examples(examples.pictures[kept], examples.labels[kept])

    return {"training_set": thin, "epochs": round(1.4 * plan.epochs)}


@control(recipes=("mlp_mnist", "lstm_mnist", "patches_mnist", "conv_fashion", "gru_fashion"), own_task=True)
def easy_classes(plan: Plan) -> Change:
    """Two classes that anyone can tell apart: 99 % after an epoch."""
    return {"classes": (0, 1), "n_train": 1500}


@control(recipes=("mlp_mnist", "conv_fashion", "mlp_digits", "finetune_cifar"), own_task=True)
def tiny_data(plan: Plan) -> Change:
    """A tenth of the examples, ten times as many epochs: training ends at 100 %."""
    return {"n_train": max(100, plan.n_train // 10), "epochs": 5 * plan.epochs, "batch": 20}


@control(recipes=("mlp_mnist", "mlp_digits", "conv_fashion", "resnet_cifar"))
def sgd_at_a_tenth(plan: Plan) -> Change:
    """SGD without momentum at 0.1 (0.3 with normalisation)."""
    rate = 0.3 if plan.recipe == "resnet_cifar" else 0.1

    def plain(parameters: Iterable[Any], plan: Plan) -> Optimizer:
        return SGD(parameters, lr=plan.lr, weight_decay=1e-4)

    return {"optimizer": plain, "lr": rate}


@control(recipes=("mlp_mnist", "lstm_mnist", "mlp_digits", "finetune_cifar", "gru_fashion"))
def steady_rate(plan: Plan) -> Change:
    """No schedule at all: a third of the usual rate throughout, validation jumps about."""
    return {"schedule": steady, "lr": plan.lr / 3 if plan.lr > 3e-3 else plan.lr}


@control(recipes=("resnet_cifar", "finetune_cifar"))
def small_batches(plan: Plan) -> Change:
    """Batch normalisation with batches of twelve."""
    return {"batch": 12, "lr": plan.lr / 3, "epochs": max(3, plan.epochs // 2)}


@control(own_task=True)
def some_wrong_labels(plan: Plan) -> Change:
    """One training label in twenty is wrong."""

    def spoil(examples: Examples, generator: Generator) -> Examples:
        n = len(examples.labels)
        wrong = torch.rand(n, generator=generator) < 0.05
        drawn = torch.randint(len(plan.classes), (n,), generator=generator)
        return replace(examples, labels=torch.where(wrong, drawn, examples.labels))

    return {"training_set": spoil}


@control()
def clipped_at_one(plan: Plan) -> Change:
    """Gradients are clipped to a norm of 1 (0.25 where that is usual already)."""
    return {"clip": 0.25 if plan.clip else 1.0}


@control(recipes=WITHOUT_STATE, held_out=True)
def averaged_weights(plan: Plan) -> Change:
    """Validated and kept is a running average of the weights (Polyak and Juditsky, 1992)."""

    def average(run: Run) -> Any:
        return run.memory["average"]

    def move(run: Run) -> None:
        kept = run.memory.setdefault("average", copy.deepcopy(run.model))
        with torch.no_grad():
            for old, new in zip(kept.state_dict().values(), run.model.state_dict().values(), strict=True):
                old.lerp_(new, 0.04) if old.is_floating_point() else old.copy_(new)

    return {"validated": average, "after_step": move}


@control(recipes=("mlp_mnist", "resnet_cifar", "finetune_cifar"))
def by_adam(plan: Plan) -> Change:
    """Adam in place of SGD."""
    return {"optimizer": adam, "lr": 1e-3 if plan.recipe != "resnet_cifar" else 5e-3, "weight_decay": 0.0}


@control(recipes=("mlp_mnist", "resnet_cifar", "conv_fashion", "lstm_mnist"))
def by_adamw(plan: Plan) -> Change:
    """AdamW with a weight decay of 0.1."""
    return {"optimizer": adamw, "lr": min(plan.lr, 3e-3), "weight_decay": 0.1}


@control(recipes=("mlp_mnist", "conv_fashion", "mlp_digits", "lstm_mnist"), held_out=True)
def by_rmsprop(plan: Plan) -> Change:
    """RMSprop at 0.001."""

    def rmsprop(parameters: Iterable[Any], plan: Plan) -> Optimizer:
        return RMSprop(parameters, lr=plan.lr)

    return {"optimizer": rmsprop, "lr": 1e-3 if "lstm" not in plan.recipe else 3e-3}


@control(recipes=("mlp_mnist", "conv_fashion", "mlp_digits", "resnet_cifar"))
def gelu_units(plan: Plan) -> Change:
    """GELU in place of ReLU."""
    return {"activation": nn.GELU}


@control(recipes=("mlp_mnist", "conv_fashion", "mlp_digits"))
def tanh_units(plan: Plan) -> Change:
    """Tanh in place of ReLU."""
    return {"activation": nn.Tanh}


@control(recipes=("mlp_mnist", "resnet_cifar", "finetune_cifar", "mlp_digits"))
def accumulated(plan: Plan) -> Change:
    """Gradients of two half batches are added up and divided."""
    return {"accumulate": 2, "batch": max(2, plan.batch // 2)}


@control(recipes=("mlp_mnist", "conv_fashion", "resnet_cifar", "lstm_mnist", "mlp_digits", "patches_mnist"))
def zero_to_one(plan: Plan) -> Change:
    """Inputs are in 0 to 1 and nothing more is done to them."""
    return {"prepare": lambda pictures: pictures.float() / 255}


@control(recipes=("mlp_mnist", "mlp_digits", "conv_fashion"))
def overparameterised(plan: Plan) -> Change:
    """Four times as wide: training ends at 100 %, validation well below."""
    return {"width": 4 * plan.width if "mlp" in plan.recipe else 2 * plan.width, "dropout": 0.0}


@control(recipes=("mlp_mnist", "conv_fashion", "resnet_cifar"), own_task=True, held_out=True)
def heavy_augmentation(plan: Plan) -> Change:
    """Shifts by up to three pixels, a little noise and erased squares: training is well below validation."""
    before = plan.augment

    def augment(pictures: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        pictures, labels = before(pictures, labels, generator)
        down, right, y, x = (int(v) for v in torch.randint(-2, 3, (4,), generator=generator))
        pictures = pictures.roll((down, right), (-2, -1)) + 0.2 * torch.randn(pictures.shape, generator=generator)
        H, W = pictures.shape[-2:]
        pictures[..., H // 2 + 2 * y : H // 2 + 2 * y + H // 5, W // 2 + 2 * x : W // 2 + 2 * x + W // 5] = 0.0
        return pictures, labels

    return {"augment": augment, "epochs": round(1.5 * plan.epochs)}


@control(recipes=("mlp_mnist", "lstm_mnist", "mlp_digits", "conv_fashion", "resnet_cifar"), own_task=True)
def short_but_good(plan: Plan) -> Change:
    """Half the epochs: it could still gain a little, and is good."""
    return {"epochs": (plan.epochs + 1) // 2}


@control(recipes=("mlp_mnist", "mlp_digits", "conv_fashion"), held_out=True)
def one_against_the_rest(plan: Plan) -> Change:
    """One logistic loss a class on one-hot targets, in place of cross-entropy."""

    def one_hot(pictures: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        return pictures, F.one_hot(labels, len(plan.classes)).float()

    def loss(scores: Tensor, targets: Tensor, plan: Plan) -> Tensor:
        rows = targets if targets.dim() == 2 else F.one_hot(targets, scores.shape[1]).float()
        return F.binary_cross_entropy_with_logits(scores, rows) * scores.shape[1]

    return {"augment": one_hot, "loss": loss}


@control(recipes=("mlp_mnist", "conv_fashion", "mlp_digits"), held_out=True)
def weighted_classes(plan: Plan) -> Change:
    """Moderate class weights, one half to two."""
    weights = torch.linspace(0.5, 2.0, len(plan.classes))
    return {"loss": lambda scores, targets, plan: F.cross_entropy(scores, targets, weights)}


@control(recipes=(*BY_SGD, "mlp_digits"), held_out=True)
def strong_weight_decay(plan: Plan) -> Change:
    """Weight decay at the upper end of what is usual."""
    return {"weight_decay": 0.3 if plan.optimizer is adamw else 5e-3}


@control(recipes=("mlp_mnist", "lstm_mnist", "mlp_digits"), own_task=True, held_out=True)
def large_batches(plan: Plan) -> Change:
    """Batches of 200, and a higher rate."""
    return {"batch": 200, "lr": 2 * plan.lr, "epochs": 2 * plan.epochs}
