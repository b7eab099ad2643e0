"""The recipe of segmentation and its presets: what is built, rebuilt and refused."""

import numpy as np
import pytest
import torch

from visus.data.prepared_maps import prepare_maps
from visus.data.shapes import shape_maps
from visus.engine import catalogue
from visus.engine.loop import fit
from visus.models import segmenters
from visus.recipes import _form, camvid, fcn8s, fcn16s, fcn32s, segment, segnet, unet

SMALL = {"arithmetic": "float32", "epochs": 1.0, "batch": 4, "backbone": "compact:width=4:layout=imagenet"}
NARROW = {"unet": {"width": 4}, "segnet": {"width": 4}, "full_resolution": {"width": 4, "depth": 2}}
NARROW["sliding_window"] = NARROW["full_resolution"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare_maps(shape_maps(24, 32, 48, folder=tmp_path_factory.mktemp("maps")))


@pytest.mark.parametrize("model", sorted(set(catalogue.names(segmenters)) - {"fcn_resnet50"}))
def test_a_rebuilt_model_answers_as_the_trained_one(prepared, model):
    through = {} if model in ("unet", "fcn") else {"backbone": "compact"}
    settings = {**SMALL, "model": model, **NARROW.get(model, {}), **through}
    task = segment.build(prepared, **settings)
    fit(task, 2)
    facts = segment.model_facts(task, settings)
    twin = segment.rebuild(facts)
    twin.load_state_dict(task.model.state_dict())
    images = prepared.pictures.images(np.arange(2))
    with torch.no_grad():
        assert torch.equal(twin.eval()(images), task.model.eval()(images))
    assert facts["tells"] == "segmentation"
    assert facts["classes"] == list(prepared.classes)
    assert len(facts["colours"]) == len(facts["classes"])


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        (fcn32s, {"model": "fcn", "stride": 32}),
        (fcn16s, {"model": "fcn", "stride": 16}),
        (fcn8s, {"model": "fcn", "stride": 8}),
        (segnet, {"model": "segnet"}),
        (unet, {"model": "unet", "backbone": "own"}),
        (camvid, {"model": "unet", "data": "camvid", "balance": "root"}),
    ],
    ids=["fcn32s", "fcn16s", "fcn8s", "segnet", "unet", "camvid"],
)
def test_presets_are_the_recipe_with_other_defaults(preset, said):
    fields = _form.fields(preset.build)
    assert {name: fields[name].default for name in said} == said
    assert preset.SUBJECT == segment.SUBJECT


def test_the_same_seed_makes_the_same_network_and_batches(prepared):
    one, other = (segment.build(prepared, **SMALL, seed=3) for _ in range(2))
    assert torch.equal(next(one.batches())[0], next(other.batches())[0])
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_weights_of_the_classes_follow_from_the_training_part(prepared):
    none, root, whole = (segment.weights(prepared, how) for how in ("none", "root", "median_frequency"))
    assert none.tolist() == [1] * 4
    assert root[0] == root.min()  # the ground covers most
    assert whole[1] / whole[0] > root[1] / root[0] > 1
    assert whole.max() <= segment.LARGEST_WEIGHT * whole.min() + 1e-6


def test_a_backbone_is_only_for_those_that_look_through_one(prepared):
    with pytest.raises(ValueError, match="model=segnet looks through no backbone; leave backbone= and pretrained= out"):
        segment.build(prepared, model="segnet", backbone="resnet18")
    with pytest.raises(ValueError, match="model=fcn has no way down of its own; name a backbone"):
        segment.build(prepared, model="fcn", backbone="own")
    with pytest.raises(ValueError, match="pretrained=visus-small is of a backbone"):
        segment.build(prepared, model="unet", backbone="own", pretrained="visus-small")


def test_settings_of_another_segmenter_are_refused(prepared):
    with pytest.raises(ValueError, match="model=segnet has no setting stride; it has depth, width"):
        segment.build(prepared, model="segnet", stride=8)
    with pytest.raises(LookupError, match="Did you mean 'segnet'"):
        segment.build(prepared, model="segnett")


def test_pretrained_weights_bring_their_pixels(prepared):
    task = segment.build(prepared, pretrained="visus-small", width=4, arithmetic="float32", epochs=1.0)
    assert task.facts["backbone"]["model"] == "whitened_conv"
    assert task.model.standardise.mean.flatten().tolist() != pytest.approx(list(prepared.pictures.mean))
    assert segment.model_facts(task, {})["mean"] == pytest.approx(task.model.standardise.mean.flatten().tolist())
