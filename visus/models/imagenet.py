"""What published networks score on ImageNet: top-1 accuracy of one 224-pixel crop, as a fraction.

Source: torchvision's table of weights, first edition (IMAGENET1K_V1), trained with the usual recipe of each paper.
"""

from collections.abc import Mapping

TOP_1: Mapping[str, float] = {
    "alexnet": 0.56522,
    "densenet121": 0.74434,
    "googlenet": 0.69778,
    "resnet101": 0.77374,
    "resnet152": 0.78312,
    "resnet18": 0.69758,
    "resnet34": 0.73314,
    "resnet50": 0.76130,
    "squeezenet1_0": 0.58092,
    "vgg11": 0.69020,
    "vgg13": 0.69928,
    "vgg16": 0.71592,
    "vgg19": 0.72376,
    "wide_resnet50_2": 0.78468,
}
