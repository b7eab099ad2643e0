"""Promises every classifier keeps. A new file in `models/classifiers` is tested without being mentioned."""

import inspect
import math
from contextlib import nullcontext
from functools import cache, partial
from typing import Literal, get_origin

import pytest
import torch

from visus.engine import catalogue
from visus.models import classifiers

NAMES = catalogue.names(classifiers)
FAMILIES = [name for name in NAMES if not isinstance(catalogue.find(classifiers, name).build, partial)]
PRESETS = [name for name in NAMES if name not in FAMILIES]  # a family with other defaults: looked at without numbers
every_classifier = pytest.mark.parametrize("name", NAMES)
every_family = pytest.mark.parametrize("name", FAMILIES)
every_preset = pytest.mark.parametrize("name", PRESETS)
SIZES = [(3, 8, 8), (3, 28, 28), (3, 32, 32), (3, 33, 47)]
CLASSES = 7


def smallest(name):
    return getattr(catalogue.find(classifiers, name), "SMALLEST", 1)


def usual(name):
    """A picture that the classifier takes, as small as may be."""
    side = max(32, smallest(name))
    return 3, side, side


@cache
def network(name):
    return fresh(name, usual(name))


def fresh(name, image):
    torch.manual_seed(0)
    model = catalogue.find(classifiers, name).build(image, CLASSES)
    if hasattr(model, "remember"):
        model.remember(torch.randn(20, *image), torch.arange(20) % CLASSES)
    return model.eval()


@every_family
@pytest.mark.parametrize("image", SIZES, ids=str)
def test_scores_each_class_once_or_refuses_the_size(name, image):
    if min(image[1:]) < smallest(name):
        with pytest.raises(ValueError, match=rf"at least {smallest(name)} x .* these are {image[1]} x {image[2]}; set"):
            fresh(name, image)
    elif any(side % getattr(catalogue.find(classifiers, name), "MULTIPLE_OF", 1) for side in image[1:]):
        with pytest.raises(ValueError, match="whole"):
            fresh(name, image)
    else:
        model = network(name) if image == usual(name) else fresh(name, image)
        assert model(torch.randn(2, *image)).shape == (2, CLASSES)


@every_family
def test_scores_each_example_alone(name):
    model, images = network(name).eval(), torch.randn(5, *usual(name))
    torch.testing.assert_close(model(images)[2:3], model(images[2:3]), rtol=1e-4, atol=1e-5)


@every_family
def test_starts_without_a_favourite(name):
    """The untrained loss is that of a blind guess, within a few percent."""
    torch.manual_seed(0)
    scores = catalogue.find(classifiers, name).build(usual(name), CLASSES).train()(torch.randn(16, *usual(name)))
    loss = torch.nn.functional.cross_entropy(scores, torch.arange(16) % CLASSES)
    assert loss.detach() == pytest.approx(math.log(CLASSES), rel=0.1)


@every_family
def test_state_survives_a_round_trip(name):
    model, images = network(name).eval(), torch.randn(3, *usual(name))
    twin = catalogue.find(classifiers, name).build(usual(name), CLASSES).eval()
    twin.load_state_dict(model.state_dict())
    assert torch.equal(model(images), twin(images))


@every_family
def test_every_parameter_receives_a_gradient(name):
    model = network(name).train()
    parameters = dict(model.named_parameters())
    if not parameters:
        assert hasattr(model, "remember")
        return
    model.zero_grad(set_to_none=True)
    with getattr(model, "watched", nullcontext)() as courses:
        scores = model(torch.randn(8, *usual(name)))
    of_draws = model.taught(courses[0], torch.arange(8) % 2 == 0) if courses else {}  # what scores cannot teach
    (scores.square().sum() + sum(of_draws.values())).backward()
    silent = [n for n, p in parameters.items() if p.grad is None or not p.grad.abs().sum()]
    assert not silent
    model.zero_grad(set_to_none=True)


@every_family
@pytest.mark.parametrize("channels", [1, 4])
def test_looks_at_any_number_of_channels(name, channels):
    if hasattr(network(name), "remember"):
        return
    image = (channels, *usual(name)[1:])
    with torch.device("meta"):
        assert catalogue.find(classifiers, name).build(image, CLASSES)(torch.empty(2, *image)).shape == (2, CLASSES)


@every_preset
def test_a_preset_scores_each_class_once(name):
    with torch.device("meta"):
        model = catalogue.find(classifiers, name).build(usual(name), CLASSES).eval()
        assert model(torch.empty(2, *usual(name))).shape == (2, CLASSES)


@every_preset
def test_a_preset_takes_what_its_family_takes(name):
    family = inspect.getmodule(catalogue.find(classifiers, name).build.func)
    assert smallest(name) == getattr(family, "SMALLEST", 1)


@every_classifier
def test_own_settings_are_typed_and_have_defaults(name):
    for parameter in list(inspect.signature(catalogue.find(classifiers, name).build).parameters.values())[2:]:
        assert parameter.annotation in (int, float, str, bool) or get_origin(parameter.annotation) is Literal
        assert parameter.default is not inspect.Parameter.empty
