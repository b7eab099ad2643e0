"""Eight scripts in good health, each a few seconds on one core: what faults and controls are changes of."""

import torch
from torch import Generator, Tensor, nn

from . import pretrain
from .data import standardised
from .models import ConvNet, ResNet, Transformer, mlp, reader
from .plan import Plan, adam, adamw


def flipped(pictures: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Every picture left to right with chance one half."""
    turn = torch.rand(len(pictures), generator=generator) < 0.5
    return torch.where(turn[:, None, None, None], pictures.flip(-1), pictures), labels


# fmt: off
def mlp_mnist() -> Plan:
    return Plan("mlp_mnist", "mnist", mlp(784), standardised("mnist"), n_train=3000, epochs=6, lr=0.05)


def conv_fashion() -> Plan:
    return Plan(
        "conv_fashion", "fashion-mnist", ConvNet, standardised("fashion-mnist"), n_train=2400, batch=40, epochs=7,
        optimizer=adam, lr=4e-3, weight_decay=0.0, dropout=0.2, width=48,
    )


def resnet_cifar() -> Plan:
    return Plan(
        "resnet_cifar", "cifar10", ResNet, standardised("cifar10"), classes=(0, 1, 4, 6, 8), n_train=3000, batch=50,
        epochs=7, lr=0.1, weight_decay=5e-4, warmup=0.05, width=32, augment=flipped,
    )


def lstm_mnist() -> Plan:
    return Plan(
        "lstm_mnist", "mnist", reader(nn.LSTM), standardised("mnist"), n_train=3000, batch=50, epochs=7,
        optimizer=adam, lr=5e-3, weight_decay=0.0, clip=1.0, width=48,
    )


def finetune_cifar() -> Plan:
    return Plan(
        "finetune_cifar", "cifar10", ResNet, standardised("cifar10"), classes=(5, 6, 7, 8, 9), n_train=600, batch=25,
        epochs=14, lr=0.01, weight_decay=5e-4, width=48, augment=flipped, pretrained=pretrain.features_only,
    )


def mlp_digits() -> Plan:
    return Plan(
        "mlp_digits", "digits", mlp(64), standardised("digits"), n_train=1000, n_validation=300, n_test=400, batch=20,
        epochs=10, optimizer=adamw, lr=2e-3, weight_decay=0.01,
    )


def gru_fashion() -> Plan:
    return Plan(
        "gru_fashion", "fashion-mnist", reader(nn.GRU), standardised("fashion-mnist"), n_train=3000, batch=50, epochs=7,
        optimizer=adam, lr=5e-3, weight_decay=0.0, clip=1.0, width=40,
    )


def patches_mnist() -> Plan:
    return Plan(
        "patches_mnist", "mnist", Transformer, standardised("mnist"), n_train=3000, batch=50, epochs=11,
        optimizer=adamw, lr=5e-3, weight_decay=0.01, warmup=0.1, width=48, depth=1, activation=nn.GELU,
    )


# fmt: on
RECIPES = {
    build.__name__: build
    for build in (
        mlp_mnist,
        conv_fashion,
        resnet_cifar,
        lstm_mnist,
        finetune_cifar,
        mlp_digits,
        gru_fashion,
        patches_mnist,
    )
}  # fmt: skip
