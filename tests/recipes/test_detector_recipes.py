"""One-stage, region and localising recipes on drawn pictures: built, trained for a moment, rebuilt, asked."""

from importlib import import_module

import numpy as np
import pytest
import torch

from visus.data import proposed
from visus.data.prepared_objects import prepare_objects
from visus.data.shapes import shapes
from visus.engine.loop import fit
from visus.recipes import detect, fast_rcnn

SMALL = {
    "one_stage": {"width": 8},
    "localise": {"hidden": 16},
    "fast_rcnn": {"width": 8, "hidden": 16, "n_proposals": 60},
    "rcnn": {"side": 32, "hidden": 16, "sampled": 8, "n_proposals": 60, "proposer": "sliding_window"},
    "sliding_window": {"side": 32, "sampled": 8, "n_windows": 60},
}
PLAIN = {"batch": 2, "epochs": 1, "device": "cpu", "arithmetic": "float32"}
every_recipe = pytest.mark.parametrize("name", SMALL)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VISUS_CACHE", str(folder / "cache"))
        yield prepare_objects(shapes(12, 96, 128, marked="keypoints", folder=folder), size=128)


def built(name, data, **settings):
    return import_module(f"visus.recipes.{name}").build(data=data, **SMALL[name], **PLAIN, **settings)


@every_recipe
def test_it_trains_is_scored_and_comes_back_from_its_facts(name, drawn):
    task = built(name, drawn)
    fit(task, 2)
    scores = task.evaluate()
    assert next(iter(scores)) == "validation_map50"
    assert all(np.isfinite(value) for value in scores.values()), scores
    settings = import_module(f"visus.recipes.{name}").build.keywords
    again = detect.rebuild(detect.model_facts(task, {"data": "shapes", **settings}))
    again.load_state_dict(task.model.state_dict())
    images = drawn.pictures.images(drawn.rows("validation")[:2])
    with torch.no_grad():
        for one, other in zip(task.model.eval()(images), again.eval()(images), strict=True):
            assert torch.equal(one.boxes, other.boxes)
            assert torch.equal(one.scores, other.scores)


@every_recipe
def test_the_same_seed_descends_the_same_way(name, drawn):
    losses = []
    for _ in range(2):
        task = built(name, drawn)
        torch.manual_seed(5)
        losses.append([float(task.objectives[0].improve(batch).loss) for batch, _ in zip(task.batches(), range(2))])
    assert losses[0] == losses[1]


def test_a_picture_out_of_nowhere_gets_the_regions_that_training_would_give_it(drawn):
    model = built("fast_rcnn", drawn).model.eval()
    rows = drawn.rows("validation")[:2]
    images = drawn.pictures.images(rows)
    kept = [torch.from_numpy(proposed.kept(image.permute(1, 2, 0).numpy(), most=60)) for image in images]
    most = max(map(len, kept))
    given = torch.stack([torch.nn.functional.pad(one, (0, 0, 0, most - len(one))) for one in kept])
    with torch.no_grad():
        for one, other in zip(model(images), model(images, given), strict=True):
            assert torch.equal(one.boxes, other.boxes)


def test_localise_is_asked_for_the_largest_object_alone(drawn):
    task = built("localise", drawn)
    images, labels, boxes = next(task.batches())[:3]
    assert labels.shape[1] == 1
    rows = [row for row in drawn.rows("validation").tolist() if len(drawn.objects[row])]
    largest = task.data.prepared.objects
    for row in rows:
        sizes = (drawn.objects[row].boxes[:, 2:] - drawn.objects[row].boxes[:, :2]).prod(1)
        assert largest[row].boxes[0].tolist() == drawn.objects[row].boxes[sizes.argmax()].tolist()
    assert len(images) == len(boxes) == 2


def test_a_pose_is_taught_from_marked_keypoints_and_refused_without(drawn, tmp_path):
    task = built("localise", drawn, pose=True)
    assert task.model.needs == ("keypoints",)
    assert "pose" in task.oversight(next(task.batches()))
    bare = prepare_objects(shapes(12, 64, 96, marked="boxes", folder=tmp_path), size=96)
    with pytest.raises(ValueError, match="no keypoints are marked in shapes-boxes; leave pose=yes out"):
        built("localise", bare, pose=True)


def test_settings_of_another_detector_are_refused_with_its_own():
    with pytest.raises(ValueError, match=r"model=fast_rcnn has no setting span; it has .*n_proposals"):
        fast_rcnn.build(data="shapes", span=3)
