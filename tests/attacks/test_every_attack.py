"""Promises every attack keeps. A new file in `visus/attacks` is tested without being mentioned."""

import copy
import inspect
from typing import Literal, get_origin

import pytest
import torch

from visus import attacks
from visus.engine import catalogue

from ._victims import digits, taught

every_attack = pytest.mark.parametrize("name", catalogue.names(attacks))
IMAGES, LABELS = (tensor[1400:1416] for tensor in digits())


@pytest.fixture(scope="module")
def victim():
    return taught()


def attacked(name, victim, images=IMAGES, labels=LABELS, epsilon=0.1, **more):
    module = catalogue.find(attacks, name)
    needs = inspect.signature(module.attack).parameters
    more |= {"source": victim} if "source" in needs else {}
    return module.attack(victim, images, labels, epsilon, **getattr(module, "QUICK", {}), **more)


@every_attack
@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.parametrize("epsilon", [0.0, 0.03, 0.7])
def test_stays_within_its_reach_and_among_pictures(name, targeted, epsilon, victim):
    targets = (LABELS + 1) % 10 if targeted else None
    found = attacked(name, victim, epsilon=epsilon, targets=targets)
    assert found.shape == IMAGES.shape
    assert found.dtype == IMAGES.dtype
    assert not found.requires_grad
    assert found.min() >= 0
    assert found.max() <= 1
    change = (found - IMAGES).flatten(1)
    norm = catalogue.find(attacks, name).NORM
    size = change.abs().amax(1) if norm == "linf" else change.norm(dim=1)
    assert size.max() <= epsilon + 1e-6


@every_attack
@pytest.mark.parametrize("training", [True, False])
def test_leaves_the_network_as_it_was(name, training, victim):
    network = copy.deepcopy(victim).train(training)
    network.network[2].eval()  # a frozen part inside a network in training
    modes = [part.training for part in network.modules()]
    for parameter in network.parameters():
        parameter.grad = torch.full_like(parameter, 7.0)
    before = copy.deepcopy(network.state_dict())
    images, labels = IMAGES.clone(), LABELS.clone()
    attacked(name, network, images, labels)
    assert [part.training for part in network.modules()] == modes
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert all((parameter.grad == 7).all() and parameter.requires_grad for parameter in network.parameters())
    assert torch.equal(images, IMAGES)
    assert torch.equal(labels, LABELS)


@every_attack
def test_attacks_the_network_as_it_answers_in_evaluation(name, victim):
    training = copy.deepcopy(victim).train()
    assert torch.equal(attacked(name, training), attacked(name, copy.deepcopy(victim).eval()))


@every_attack
def test_does_not_touch_the_random_state_and_repeats_itself(name, victim):
    state = torch.get_rng_state()
    assert torch.equal(attacked(name, victim), attacked(name, victim))
    assert torch.equal(torch.get_rng_state(), state)


@every_attack
@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_works_where_gradients_are_off(name, around, victim):
    expected = attacked(name, victim)
    with around():
        assert torch.equal(attacked(name, victim), expected)


@every_attack
def test_nothing_to_attack_gives_nothing(name, victim):
    assert attacked(name, victim, IMAGES[:0], LABELS[:0]).shape == IMAGES[:0].shape


@every_attack
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"epsilon": -0.1}, "epsilon=-0.1 is outside"),
        ({"epsilon": float("nan")}, "epsilon=nan is outside"),
        ({"epsilon": 300.0}, "epsilon=300 is outside"),
        ({"images": (255 * IMAGES).byte()}, "images are uint8; give floats in"),
        ({"images": 3 * IMAGES - 1}, "pixels run from -1 to 2; an attack works in"),
        ({"labels": LABELS[:3]}, r"labels are \(3,\) for 16 images; give one class each"),
    ],
)
def test_refuses_what_cannot_be_attacked(name, change, sentence, victim):
    with pytest.raises(ValueError, match=sentence):
        attacked(name, victim, **change)


@every_attack
def test_own_settings_are_typed_and_have_defaults(name):
    parameters = list(inspect.signature(catalogue.find(attacks, name).attack).parameters.values())
    assert [p.name for p in parameters[:4]] == ["network", "images", "labels", "epsilon"]
    for parameter in parameters[4:]:
        if parameter.name not in ("targets", "source"):
            assert parameter.annotation in (int, float, str, bool) or get_origin(parameter.annotation) is Literal
            assert parameter.default is not inspect.Parameter.empty


@every_attack
def test_says_where_it_comes_from(name):
    module = catalogue.find(attacks, name)
    assert module.NORM in ("linf", "l2")
    assert "Source:" in module.__doc__
