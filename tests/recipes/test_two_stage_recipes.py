"""Faster, Mask and Keypoint R-CNN on drawn pictures: trained for a moment, rebuilt, begun from weights of another."""

import json
from importlib import import_module

import numpy as np
import pytest
import safetensors.torch
import torch

from visus.data.prepared_objects import prepare_objects
from visus.data.shapes import shapes
from visus.engine.loop import fit
from visus.recipes import detect

SMALL = {"width": 8, "hidden": 16, "proposals": 30, "sampled": 16}
BRANCHES = {
    "faster_rcnn": {},
    "mask_rcnn": {"mask_width": 8, "mask_layers": 1},
    "keypoint_rcnn": {"keypoint_width": 8, "keypoint_layers": 1},
}
PLAIN = {"batch": 2, "epochs": 1, "device": "cpu", "arithmetic": "float32"}
every_recipe = pytest.mark.parametrize("name", BRANCHES)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VISUS_CACHE", str(folder / "cache"))
        yield prepare_objects(shapes(12, 96, 128, marked="keypoints", folder=folder), size=128)


def built(name, data, **settings):
    return import_module(f"visus.recipes.{name}").build(data=data, **(SMALL | BRANCHES[name] | PLAIN | settings))


def answers(model, images):
    with torch.no_grad():
        return model.eval()(images)


@every_recipe
def test_it_trains_is_scored_and_comes_back_from_its_facts(name, drawn):
    task = built(name, drawn)
    fit(task, 2)
    scores = task.evaluate()
    assert next(iter(scores)) == "validation_map50"
    assert all(np.isfinite(value) for value in scores.values()), scores
    more = {"mask_rcnn": "validation_mask_map50", "keypoint_rcnn": "validation_oks_map"}
    assert name not in more or more[name] in scores
    again = detect.rebuild(detect.model_facts(task, {}))
    again.load_state_dict(task.model.state_dict())
    images = drawn.pictures.images(drawn.rows("validation")[:2])
    for one, other in zip(answers(task.model, images), answers(again, images), strict=True):
        assert torch.equal(one.boxes, other.boxes)
        assert torch.equal(one.scores, other.scores)


@every_recipe
def test_answers_hold_what_the_detector_is_for(name, drawn):
    task = built(name, drawn, score_threshold=0.0)
    found = answers(task.model, drawn.pictures.images(drawn.rows("validation")[:1]))[0]
    assert (found.masks is not None) == (name == "mask_rcnn")
    assert (found.keypoints is not None) == (name == "keypoint_rcnn")
    assert found.masks is None or found.masks.shape[1:] == (28, 28)
    assert found.keypoints is None or found.keypoints.shape[1:] == (3, 3)


def test_an_evaluation_draws_nothing_of_the_training(drawn):
    task = built("faster_rcnn", drawn)
    before = torch.get_rng_state()
    first = task.evaluate()
    assert torch.equal(torch.get_rng_state(), before)
    assert task.evaluate() == first


def test_weights_of_a_run_are_a_beginning_and_classes_go_along_by_name(drawn, tmp_path):
    task = built("faster_rcnn", drawn)
    facts = detect.model_facts(task, {})
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.json").write_text(json.dumps(facts))
    safetensors.torch.save_file(task.model.state_dict(), tmp_path / "run" / "weights.safetensors")
    again = detect.build(data=drawn, pretrained=str(tmp_path / "run"), **PLAIN)
    assert again.model.facts == task.model.facts
    images = drawn.pictures.images(drawn.rows("validation")[:2])
    for one, other in zip(answers(task.model, images), answers(again.model, images), strict=True):
        assert torch.equal(one.scores, other.scores)


def test_anchors_follow_the_objects_unless_they_are_given(drawn):
    read = built("faster_rcnn", drawn).model.facts["settings"]["anchors"]
    sides = [float(side) for own in read.split(";") for side in own.split(",")]
    assert len(sides) == 6
    assert sides == sorted(sides)
    boxes = np.concatenate([drawn.objects[row].boxes for row in drawn.rows("train").tolist()])
    true = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(1))
    assert true.min() <= sides[0] <= sides[-1] <= true.max()
    own = built("faster_rcnn", drawn, anchors="10,20;30,40;50,60").model.facts["settings"]["anchors"]
    assert own == "10,20;30,40;50,60"


def test_weights_of_terms_multiply_them(drawn):
    plain, heavy = built("faster_rcnn", drawn), built("faster_rcnn", drawn, term_weights="box=3, class=0.5")
    batch, losses = next(plain.batches()), []
    for task in (plain, heavy):
        torch.manual_seed(0)
        losses.append({name: float(term.detach()) for name, term in task.oversight(batch).items()})
    assert losses[1]["box"] == pytest.approx(3 * losses[0]["box"])
    assert losses[1]["class"] == pytest.approx(0.5 * losses[0]["class"])
    assert losses[1]["rpn_box"] == losses[0]["rpn_box"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"term_weights": "box=much"}, "box must be a number"),
        ({"term_weights": "boxes"}, "written name=value"),
        ({"span": 3}, "has no setting span"),
        ({"anchors": "16;32"}, "looks at 3"),
        ({"backbone": "resnt18"}, "Did you mean 'resnet18'"),
        ({"backbone": "linear"}, "maps"),
        ({"pretrained": "nowhere"}, "no pretrained weights 'nowhere'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_what_cannot_be_is_said_in_a_sentence(drawn, wrong, sentence):
    with pytest.raises((ValueError, LookupError), match=sentence):
        built("faster_rcnn", drawn, **wrong)


def test_a_weight_for_a_term_that_is_none_names_those_that_are(drawn):
    task = built("faster_rcnn", drawn, term_weights="boxes=2")
    with pytest.raises(ValueError, match="no term is called boxes; this detector's are rpn_objectness, rpn_box"):
        task.oversight(next(task.batches()))


def test_masks_and_keypoints_that_are_not_marked_are_not_learned(tmp_path, monkeypatch):
    monkeypatch.setenv("VISUS_CACHE", str(tmp_path / "cache"))
    bare = prepare_objects(shapes(12, 64, 96, marked="boxes", folder=tmp_path), size=96)
    with pytest.raises(ValueError, match="no masks to learn"):
        built("mask_rcnn", bare)
    with pytest.raises(ValueError, match="no keypoints are marked in shapes-boxes"):
        built("keypoint_rcnn", bare)


def test_a_run_that_stops_goes_on_as_if_it_had_not(drawn):
    whole, first, second = (built("faster_rcnn", drawn) for _ in range(3))
    torch.manual_seed(7)
    fit(whole, 4)
    torch.manual_seed(7)
    fit(first, 2)
    kept = torch.get_rng_state()
    second.load_state_dict(first.state_dict())
    second.objectives[0].load_state_dict(first.objectives[0].state_dict())
    torch.set_rng_state(kept)
    for _, batch in zip(range(2), second.batches(2), strict=False):
        second.objectives[0].improve(batch)
    for (name, one), other in zip(whole.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
