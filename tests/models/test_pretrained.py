"""Weights come from several places, and those that do not fit are refused in one sentence."""

import json

import pytest
import safetensors.torch
import torch

from visus.models import pretrained
from visus.models.classifiers import small_conv


def network(n_classes=4, width=4):
    return small_conv.build((3, 8, 8), n_classes, width=width)


def saved(path, module, prefix="", **more):
    tensors = {prefix + name: tensor for name, tensor in module.state_dict().items()}
    safetensors.torch.save_file(tensors | more, path)
    return path


@pytest.mark.parametrize("prefix", ["", "network.", "module."])
def test_a_file_fills_all_but_the_head_whatever_its_names_begin_with(tmp_path, prefix):
    torch.manual_seed(0)
    source, fresh = network(4), network(7)
    head = fresh.decide.weight.detach().clone()
    found = pretrained.find(str(saved(tmp_path / "w.safetensors", source, prefix)))
    weights, before = pretrained.tensors(found)
    pretrained.transplant(fresh, weights, "w", "decide")
    assert before == {}
    assert torch.equal(fresh.stem.weight, source.stem.weight)
    assert torch.equal(fresh.decide.weight, head)


def test_half_precision_becomes_single_and_standardisation_is_told_apart(tmp_path):
    mean = torch.full((1, 3, 1, 1), 0.5).half()
    path = saved(tmp_path / "w.safetensors", network().half(), "network.", **{"standardise.mean": mean})
    weights, before = pretrained.tensors(pretrained.find(str(path)))
    assert weights["stem.weight"].dtype == before["mean"].dtype == torch.float32
    assert list(before) == ["mean"]


def test_what_does_not_fit_is_refused_in_a_sentence(tmp_path):
    weights = network().state_dict()
    with pytest.raises(ValueError, match=r"w: 'stem.weight' is 2 x 3 x 3 x 3, this network's is 4 x 3 x 3 x 3"):
        pretrained.transplant(network(width=8), weights, "w", "decide")
    less = {name: tensor for name, tensor in weights.items() if name != "stem.weight"}
    with pytest.raises(ValueError, match=r"w lacks 1 of this network's .* first 'stem.weight'"):
        pretrained.transplant(network(), less, "w", "decide")
    with pytest.raises(ValueError, match=r"has 1 that it does not know, first 'stem.wait' \(is it 'stem.weight'\?\)"):
        pretrained.transplant(network(), less | {"stem.wait": weights["stem.weight"]}, "w", "decide")


def test_a_truncated_file_a_pickle_and_a_name_that_is_nothing(tmp_path):
    whole = saved(tmp_path / "w.safetensors", network())
    whole.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"w.safetensors is truncated"):
        pretrained.tensors(pretrained.find(str(whole)))
    (tmp_path / "w.pth").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"a pickle .* can run code and is not read"):
        pretrained.find(str(tmp_path / "w.pth"))
    with pytest.raises(LookupError, match=r"no pretrained weights 'imagent'. Did you mean 'imagenet'\?"):
        pretrained.find("imagent")
    with pytest.raises(LookupError, match="holds no trained model"):
        pretrained.find(str(tmp_path))


def test_an_ensemble_and_facts_that_are_none_are_refused(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps({"members": [{}, {}]}))
    with pytest.raises(ValueError, match="an ensemble of 2 networks; name one of its members"):
        pretrained.find(str(tmp_path))
    (tmp_path / "model.json").write_text("[")
    with pytest.raises(ValueError, match="does not say what the weights are"):
        pretrained.find(str(tmp_path))


def test_shipped_weights_say_what_they_are():
    for name in pretrained.shipped():
        source = pretrained.find(name)
        assert source.model
        assert source.classes
        assert {"image", "settings", "data"} <= source.facts.keys()
        assert pretrained.tensors(source)[0]
