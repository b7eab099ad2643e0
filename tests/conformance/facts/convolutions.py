"""The arithmetic of convolutional networks, and what their layers do backwards."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visus.engine import catalogue
from visus.geometry import boxes
from visus.geometry.arithmetic import conv_output, conv_parameters, receptive_fields
from visus.geometry.columns import col2im, conv_by_matrix, im2col
from visus.lab import inception_cost, stacked_convolutions
from visus.layers import upsampling
from visus.layers.convolutional import to_convolutional
from visus.models import classifiers
from visus.models.description import Description, describe

from ._given import Answer, Given, fact


@fact("conv_output_sizes")
def _sizes(g: Given) -> Answer:
    # ResNet's first layer is not whole (112.5) and rounded down, as the course's formula says
    return {
        "out": [conv_output(size, field, stride, pad, whole=False) for _, size, field, pad, stride in g.params["cases"]]
    }


@fact("conv_param_counts")
def _parameters(g: Given) -> Answer:
    return {"params": [conv_parameters(field, depth, filters) for _, field, depth, filters in g.params["cases"]]}


@fact("vgg16_memory_params")
def _vgg16(g: Given) -> Answer:
    found, network = _described("vgg16"), _shapes("vgg16")
    biases = sum(p.numel() for name, p in network.named_parameters() if name.endswith("bias"))
    return {
        "activations": found.activations,
        "activation_MB_decimal": round(found.activation_bytes / 1e6, 2),
        "weights": found.parameters - biases,
        "biases": biases,
        "params": found.parameters,
        "fc6_weights": network.get_submodule("classifier.0").weight.numel(),
        "macs": found.macs,
    }


@fact("architecture_param_counts")
def _counts(g: Given) -> Answer:
    usual = ("vgg19", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
    original = {f"alexnet_{name}": _described("alexnet_two_groups", 227, groups=n) for name, n in GROUPS.items()}
    found = {name: _described(name) for name in usual} | original
    return {name: description.parameters for name, description in found.items()}


GROUPS = {"grouped_original": 2, "ungrouped": 1}


@fact("inception_module_ops")
def _inception(g: Given) -> Answer:
    found = {"naive": 0, "bottleneck": 64}
    macs = {f"{name}_macs": describe(inception_cost.module(256, n), (256, 28, 28)).macs for name, n in found.items()}
    return macs | {f"{name}_depth": inception_cost.depth(256, n) for name, n in found.items()}


@fact("stacked_3x3_vs_7x7")
def _stacked(g: Given) -> Answer:
    C = int(g.params["C"])
    three, one = (
        describe(net, (C, 8, 8)) for net in (stacked_convolutions.stack(C, 3), stacked_convolutions.one(C, 7))
    )
    return {
        "receptive_field_1_2_3": receptive_fields([(3, 1)] * 3),
        "params_three_3x3": three.parameters,
        "params_one_7x7": one.parameters,
    }


@fact("fc_to_conv_sizes")
def _fc_to_conv(g: Given) -> Answer:
    side, stride = int(g.params["fc_input"]), int(g.params["stride_total"])
    with torch.device("meta"):
        see = nn.MaxPool2d(stride)
        net = to_convolutional(nn.Sequential(see, nn.Flatten(), nn.Linear(3 * side**2, 5)), (3, side, side))
        shapes = {size: net(torch.zeros(1, 3, size, size)).shape for size in (224, 384)}
    return {"224": shapes[224][2], "384": shapes[384][2], "positions_384": shapes[384][2] * shapes[384][3]}


@fact("im2col_shape_alexnet")
def _im2col(g: Given) -> Answer:
    H, W, C = g.params["input"]
    field, stride, filters = int(g.params["F"]), int(g.params["S"]), 96
    columns = im2col(torch.zeros(1, C, H, W), field, stride)[0]
    rows = torch.zeros(filters, C, field, field).flatten(1)
    return {"X_col": list(columns.shape), "W_row": list(rows.shape), "out": [filters, columns.shape[1]]}


@fact("conv_transpose_is_adjoint")
def _adjoint(g: Given) -> Answer:
    stride, pad, (k, x, y) = int(g.params["stride"]), int(g.params["pad"]), (g["k"], g["x"], g["y"])
    there = (conv_by_matrix(x, k, None, stride, pad) * y).sum()
    columns = k.flatten(1).T @ y.flatten(2)  # the transposed convolution: the matrix of the convolution, turned over
    back = (x * col2im(columns, (x.shape[2], x.shape[3]), k.shape[2], stride, pad)).sum()
    assert torch.isclose(there, back)
    return {"inner": there}


@fact("transposed_conv_1d_slide")
def _transposed(g: Given) -> Answer:
    full = F.conv_transpose1d(g["a"][None, None], g["filt"][None, None], stride=int(g.params["stride"])).flatten()
    return {"full": full, "torch": full}


@fact("conv_matrix_transpose")
def _matrix(g: Given) -> Answer:
    a, kernel = g["a"][None, None], g["filt"][None, None]
    conv = F.conv1d(a, kernel, padding=int(g.params["pad"]))
    return {"conv": conv.flatten(), "transpose": F.conv_transpose1d(a, kernel).flatten()}


@fact("unpool_nearest")
def _nearest(g: Given) -> Answer:
    return {"out": upsampling.nearest(_map(g["x"]))[0, 0]}


@fact("unpool_bed_of_nails")
def _nails(g: Given) -> Answer:
    return {"out": upsampling.bed_of_nails(_map(g["x"]))[0, 0]}


@fact("unpool_max")
def _unpool(g: Given) -> Answer:
    x = _map(g["x"])
    pooled, places = upsampling.max_pool(x)
    return {"pooled": pooled[0, 0], "out": upsampling.max_unpool(_map(g["y"]), places, (x.shape[2], x.shape[3]))[0, 0]}


@fact("iou_basic")
def _iou(g: Given) -> Answer:
    return {"iou": boxes.iou(g["a"][None], g["b"][None])[0, 0]}


def _map(values: Tensor) -> Tensor:
    return values.double()[None, None]


def _described(name: str, side: int = 224, **settings: Any) -> Description:
    return describe(_shapes(name, side, **settings), (3, side, side))


def _shapes(name: str, side: int = 224, **settings: Any) -> nn.Module:
    with torch.device("meta"):
        return catalogue.find(classifiers, name).build((3, side, side), 1000, **settings)
