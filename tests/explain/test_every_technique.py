"""Promises every technique keeps. A new file in `visus/explain` is tested without being mentioned."""

import inspect

import numpy as np
import pytest
import torch
from torch import nn

from visus import explain
from visus.engine import catalogue
from visus.explain import _contract

from .networks import N_CLASSES, SIDE, glimpsing, network, pictures

every_technique = pytest.mark.parametrize("name", catalogue.names(explain))
OF_THEIR_OWN = {"glimpses": glimpsing}  # what a technique needs of its network
QUICK = {"steps": 2, "octaves": 1, "copies": 2, "k": 2, "perplexity": 2.0, "iterations": 2}


def ask(name, model):
    images, targets = pictures()
    technique = catalogue.find(explain, name)
    if name == "tsne":
        pytest.importorskip("openTSNE")
    offered = {
        "network": model,
        "images": images,
        "targets": targets,
        "target": 1,
        "size": (SIDE, SIDE),
        "pictures": (255 * pictures(12, 1)[0]).byte(),
        "labels": torch.arange(12) % N_CLASSES,
        "classes": list("abcd"),
        "style": images[:1],
        "show": lambda share: None,
    }
    quick = {key: value for key, value in QUICK.items() if key in _contract.asks(technique)}
    return technique, _contract.ask(technique, offered | quick)


@every_technique
def test_answers_as_its_kind_says_and_leaves_the_network_as_it_was(name):
    model = OF_THEIR_OWN.get(name, network)().requires_grad_(False)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    technique, answer = ask(name, model)
    if _contract.kind(technique) == "explain":
        assert answer.shape == (3, SIDE, SIDE)
        assert answer.isfinite().all()
        assert not answer.requires_grad
    elif _contract.kind(technique) == "picture":
        assert answer.ndim == 4
        assert answer.shape[1] == 3
        assert 0 <= float(answer.min()) <= float(answer.max()) <= 1
    else:
        assert answer
        for sheet in answer:
            assert sheet.pictures.dtype == np.uint8
            assert sheet.pictures.ndim == 4
            assert sheet.reading.endswith(".")
            assert not sheet.captions or len(sheet.captions) == len(sheet.pictures)
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())
    assert not any(part.training or part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


@every_technique
def test_settings_have_defaults_and_everything_else_is_offered(name):
    for parameter in _contract.asks(catalogue.find(explain, name)).values():
        assert parameter.name in _contract.OFFERED or parameter.default is not inspect.Parameter.empty


def test_what_is_missing_is_asked_for():
    technique = catalogue.find(explain, "saliency")
    with pytest.raises(ValueError, match="saliency needs a picture"):
        _contract.ask(technique, {"network": network()})


def test_within_unit_pixels_a_network_takes_unit_pixels_and_comes_back_as_it_was():
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 2), nn.Dropout(0.5)).train()
    model[1].weight.requires_grad_(False)
    pixels = torch.rand(2, 3, 1, 1)
    expected = model[1](255 * pixels.flatten(1))
    with _contract.unit_pixels(model) as seen:
        assert torch.equal(seen(pixels), expected)
        assert not any(parameter.requires_grad for parameter in seen.parameters())
    assert model.training
    assert [p.requires_grad for p in model.parameters()] == [False, True]
    assert not model._forward_pre_hooks


def test_bytes_and_floats_are_each_other():
    pictures = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
    assert np.array_equal(_contract.as_bytes(_contract.as_floats(pictures)), pictures)
