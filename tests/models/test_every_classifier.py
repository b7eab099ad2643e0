"""Promises every classifier keeps. A new file in `models/classifiers` is tested without being mentioned."""

import inspect
from typing import Literal, get_origin

import pytest
import torch

from visus.engine import catalogue
from visus.models import classifiers

every_classifier = pytest.mark.parametrize("name", catalogue.names(classifiers))
SIZES = [(3, 8, 8), (3, 28, 28), (3, 32, 32), (3, 33, 47)]


def built(name, image=(3, 32, 32), n_classes=7):
    torch.manual_seed(0)
    model = catalogue.find(classifiers, name).build(image, n_classes)
    if hasattr(model, "remember"):
        model.remember(torch.randn(20, *image), torch.arange(20) % n_classes)
    return model.eval()


@every_classifier
@pytest.mark.parametrize("image", SIZES, ids=str)
def test_scores_each_class_once_at_any_size(name, image):
    assert built(name, image)(torch.randn(2, *image)).shape == (2, 7)


@every_classifier
def test_scores_each_example_alone(name):
    model, images = built(name), torch.randn(5, 3, 32, 32)
    torch.testing.assert_close(model(images)[2:3], model(images[2:3]), rtol=1e-4, atol=1e-5)


@every_classifier
def test_starts_without_a_favourite(name):
    """The untrained loss is that of a blind guess, within a few percent."""
    torch.manual_seed(0)
    model = catalogue.find(classifiers, name).build((3, 32, 32), 10).train()
    scores = model(torch.randn(16, 3, 32, 32))
    loss = torch.nn.functional.cross_entropy(scores, torch.arange(16) % 10)
    assert loss.detach() == pytest.approx(2.3026, rel=0.1)


@every_classifier
def test_state_survives_a_round_trip(name):
    model, images = built(name), torch.randn(3, 3, 32, 32)
    twin = catalogue.find(classifiers, name).build((3, 32, 32), 7).eval()
    twin.load_state_dict(model.state_dict())
    assert torch.equal(model(images), twin(images))


@every_classifier
def test_every_parameter_receives_a_gradient(name):
    model = catalogue.find(classifiers, name).build((3, 32, 32), 7).train()
    parameters = dict(model.named_parameters())
    if not parameters:
        assert hasattr(model, "remember")
        return
    model(torch.randn(8, 3, 32, 32)).square().sum().backward()
    silent = [n for n, p in parameters.items() if p.grad is None or not p.grad.abs().sum()]
    assert not silent


@every_classifier
def test_own_settings_are_typed_and_have_defaults(name):
    for parameter in list(inspect.signature(catalogue.find(classifiers, name).build).parameters.values())[2:]:
        assert parameter.annotation in (int, float, str, bool) or get_origin(parameter.annotation) is Literal
        assert parameter.default is not inspect.Parameter.empty
