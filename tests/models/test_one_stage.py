"""Which cells of the one-stage detector tell which object, and that what they learn is found again."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visus.geometry.boxes import to_centre
from visus.geometry.objects import CROWD, NOTHING, Targets
from visus.models.backbone import backbone
from visus.models.detectors import one_stage

SIZES = [(16, 24), (8, 12), (4, 6)]  # maps of a picture of 128 x 192


def model(**given_settings):
    torch.manual_seed(0)
    trunk = backbone("compact", (3, 128, 192), width=4)
    return one_stage.build((3, 128, 192), 3, trunk, width=8, **given_settings)


MODEL = model()
PRIORS = MODEL.priors(SIZES)


def targets(boxes, labels=None):
    boxes = torch.tensor(boxes, dtype=torch.float32)[None]
    return Targets(torch.tensor([labels or [0] * boxes.shape[1]]), boxes)


def test_priors_are_squares_about_the_cells_of_each_map():
    assert len(PRIORS) == sum(h * w for h, w in SIZES)
    assert PRIORS[0].tolist() == [4 - 20, 4 - 20, 4 + 20, 4 + 20]
    centred = to_centre(PRIORS)
    assert centred[16 * 24].tolist() == [8, 8, 80, 80]
    assert centred[-1].tolist() == [192 - 16, 128 - 16, 160, 160]


@given(
    st.floats(0, 180),
    st.floats(0, 116),
    st.floats(1, 190),
    st.floats(1, 126),
)
@settings(max_examples=60, deadline=None)
def test_every_object_is_told_by_some_cell_however_small(x, y, width, height):
    box = [x, y, min(x + width, 192), min(y + height, 128)]
    rows = MODEL.responsible(targets([box]), PRIORS)
    assert int((rows == 0).sum()) >= 1


def test_an_object_is_told_on_the_map_of_its_size_near_its_centre():
    for level, (side, stride) in enumerate([(20, 8), (80, 16), (128, 32)]):
        rows = MODEL.responsible(targets([[32.0, 0.0, 32 + side, side]]), PRIORS)[0]
        cells = to_centre(PRIORS)[rows == 0]
        assert set(cells[:, 2].tolist()) == {5.0 * (8, 16, 32)[level]}
        assert float((cells[:, :2] - torch.tensor([32 + side / 2, side / 2])).abs().max()) <= 1.5 * stride
        assert bool(((cells[:, :2] > torch.tensor([32.0, 0.0])) & (cells[:, :2] < 32.0 + side)).all())


def test_of_two_objects_a_cell_takes_the_smaller():
    rows = MODEL.responsible(targets([[40.0, 40, 80, 80], [50.0, 50, 70, 66]]), PRIORS)[0]
    centre = ((to_centre(PRIORS)[:, :2] - 60).abs().amax(1) <= 4) & (to_centre(PRIORS)[:, 2] == 40)
    assert set(rows[centre].tolist()) == {1}
    assert rows.tolist().count(0) == 3  # those below the smaller one


@pytest.mark.parametrize("label", [NOTHING, CROWD])
def test_what_is_no_object_is_told_by_nobody(label):
    rows = MODEL.responsible(targets([[40.0, 40, 80, 80]], [label]), PRIORS)
    assert set(rows.flatten().tolist()) == {one_stage.NOBODY}


def test_cells_in_a_crowd_may_say_what_they_like():
    inside = MODEL._in_crowd(targets([[0.0, 0, 192, 128]], [CROWD]), PRIORS)
    assert bool(inside.all())
    images = torch.randn(1, 3, 128, 192, generator=torch.Generator().manual_seed(0))
    crowded = MODEL.terms(images, targets([[0.0, 0, 192, 128]], [CROWD]))
    assert float(crowded["objectness"].detach()) == 0


def test_cells_that_say_the_truth_are_found_again():
    """Scores and moves put in by hand for two objects come out as these, once each."""
    from visus.geometry.boxes import decode, encode

    boxes = torch.tensor([[10.0, 12.0, 50.0, 60.0], [90.0, 20.0, 180.0, 110.0]])
    labels = torch.tensor([2, 0])
    rows = MODEL.responsible(Targets(labels[None], boxes[None]), PRIORS)[0]
    busy = rows >= 0
    said = torch.full((1, len(PRIORS), 8), -10.0)
    said[0, :, 1:5] = 0
    said[0, busy, 0] = 10
    said[0, busy, 1:5] = encode(boxes[rows[busy]], PRIORS[busy])
    said[0, busy, 5 + labels[rows[busy]]] = 10
    chance = said[..., :1].sigmoid() * said[..., 5:].sigmoid()
    found = MODEL.choosing(decode(said[..., 1:5], PRIORS)[0], chance[0])
    order = found.labels.argsort(descending=True)
    assert found.labels[order].tolist() == [2, 0]
    assert torch.allclose(found.boxes[order], boxes, atol=1e-3)


@pytest.mark.parametrize(("side", "coarsest"), [(12, 8), (50, 8), (75, 16), (300, 32)])
def test_a_head_for_sizes_that_never_come_is_left_out(side, coarsest):
    data = SimpleNamespace(
        objects=[SimpleNamespace(boxes=np.array([[0.0, 0, side, side]]), crowd=np.array([False]))],
        rows=lambda part: np.array([0]),
    )
    assert one_stage.from_data(data, {}) == {"coarsest": coarsest}
    assert one_stage.from_data(data, {"coarsest": 16}) == {}
    assert len(model(coarsest=coarsest).heads) == {8: 1, 16: 2, 32: 3}[coarsest]


def test_a_backbone_without_such_maps_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="stride 8 to 32, and this backbone has those of stride 2, 4"):
        one_stage.build((3, 64, 64), 3, backbone("compact", (3, 128, 128), deepest=4, width=4))


def test_it_learns_a_picture_by_heart():
    torch.manual_seed(0)
    fresh = model()
    images = torch.zeros(1, 3, 96, 96)
    images[0, 0, 10:40, 10:40] = 2
    images[0, 1, 40:90, 30:90] = 2
    marked = targets([[10.0, 10, 40, 40], [30.0, 40, 90, 90]], [0, 1])
    descent = torch.optim.Adam(fresh.parameters(), 1e-2)
    for _ in range(50):
        descent.zero_grad()
        sum(fresh.terms(images, marked).values()).backward()
        descent.step()
    fresh.train()  # running means of 50 steps are not there yet
    with torch.no_grad():
        (found,) = fresh(images)
    assert found.labels[:2].sort().values.tolist() == [0, 1]
    order = found.labels[:2].argsort()
    assert torch.allclose(found.boxes[:2][order], marked.boxes[0], atol=8)
