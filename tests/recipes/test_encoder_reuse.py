"""The encoder of an autoencoder as a classifier: which weights come along, what stays, and what is refused."""

import numpy as np
import pytest
import safetensors.torch
import torch

from visus.data.drawings import prepare_drawings
from visus.data.prepare import prepare
from visus.data.source import open_collection
from visus.engine.loop import fit
from visus.models import pretrained
from visus.models.classifiers import encoder
from visus.recipes import _form, autoencode, classify
from visus.ship import model as ship

PLAIN = {"arithmetic": "float32", "device": "cpu"}
KINDS = {
    "dense": {"model": "autoencoder", "hidden": 8, "layers": 3},
    "conv": {"model": "autoencoder", "trunk": "conv", "width": 2, "hidden": 8},
    "vae": {"model": "dense_vae", "hidden": 8},
    "conv_vae": {"model": "conv_vae", "width": 2, "hidden": 8},
}


@pytest.fixture(scope="module")
def digits():
    collection = open_collection("digits")
    return prepare(collection.subset(np.arange(150)))


def trained(folder, **settings):
    """The folder of an autoencoder of digits, and the task it was trained by."""
    task = autoencode.build(data=prepare_drawings("digits"), train=50, batch=25, epochs=1, **PLAIN, **settings)
    fit(task, 2)
    (folder / "model").mkdir(parents=True)
    ship.save(folder, task.model, task.facts, "")
    return task


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_looks_at_pictures_as_the_encoder_did(kind, digits, tmp_path):
    before = trained(tmp_path / "run", **KINDS[kind])
    task = classify.build(digits, pretrained=str(tmp_path / "run"), epochs=1, **PLAIN)
    images = digits.images(np.arange(4))
    network = task.model.network.encoder
    seen = []
    with network.join.register_forward_hook(lambda module, given, out: seen.append(out.relu())), torch.no_grad():
        task.model.eval()(images)
        wanted = before.model.eval().encoder.features(before.model.canvas.of(images).float() / 255)
    torch.testing.assert_close(seen[0], wanted, atol=1e-5, rtol=1e-4)


def test_the_form_takes_trunk_size_and_standardisation_from_the_run(tmp_path):
    trained(tmp_path / "run", **KINDS["conv"])
    form = _form.resolved(classify.build, {"pretrained": str(tmp_path / "run")})
    said = ("model", "trunk", "width", "hidden", "grey", "size", "standardise")
    assert [form[name] for name in said] == ["encoder", "conv", 2, 8, True, 8, "unit"]


def test_a_frozen_encoder_stays_and_the_head_learns(digits, tmp_path):
    trained(tmp_path / "run", **KINDS["dense"])
    task = classify.build(digits, pretrained=str(tmp_path / "run"), freeze="backbone", epochs=1, **PLAIN)
    before = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}
    fit(task, 3)
    changed = {name for name, tensor in task.model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"network.encoder.head.weight", "network.encoder.head.bias"}


def test_only_the_encoder_is_read(tmp_path):
    trained(tmp_path / "run", **KINDS["vae"])
    found, standardised = pretrained.tensors(pretrained.find(str(tmp_path / "run")))
    kept = safetensors.torch.load_file(tmp_path / "run" / "model" / "weights.safetensors")
    assert set(found) == {name for name in kept if name.startswith("encoder.")}
    assert len(found) < len(kept)
    assert not standardised


def test_an_encoder_that_was_told_the_class_is_refused(digits, tmp_path):
    trained(tmp_path / "run", conditional=True, **KINDS["vae"])
    with pytest.raises(ValueError, match=r"was told the class of each picture; take one .* conditional=no"):
        classify.build(digits, pretrained=str(tmp_path / "run"), **PLAIN)


def test_grey_looks_at_light_alone():
    torch.manual_seed(0)
    network = encoder.build((3, 8, 8), 5, grey=True, hidden=8)
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape)
    red, grey = torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.299 * 0.4)
    red[:, 0] = 0.4
    torch.testing.assert_close(network(red), network(grey))
