"""One object a picture: what is told, what it costs, and that a pose is told too."""

import numpy as np
import pytest
import torch

from visus.geometry.boxes import paired_giou
from visus.geometry.objects import CROWD, NOTHING, Targets
from visus.models.backbone import backbone
from visus.models.detectors import localiser

H, W = 96, 128


def model(**given):
    torch.manual_seed(0)
    return localiser.build((3, H, W), 3, backbone("compact", (3, H, W), width=4), hidden=16, **given)


def images(n=2):
    return torch.randn(n, 3, H, W, generator=torch.Generator().manual_seed(1))


def test_a_fresh_one_says_the_middle_and_knows_no_class():
    fresh = model().eval()
    with torch.no_grad():
        for found in fresh(images()):
            assert len(found) == 1
            assert torch.allclose(found.boxes[0], torch.tensor([W / 4, H / 4, 3 * W / 4, 3 * H / 4]), atol=8)
            assert float(found.scores) == pytest.approx(1 / 3, abs=0.05)


def test_the_largest_object_is_meant_and_crowds_are_none():
    labels = torch.tensor([[1, 2, CROWD], [0, NOTHING, NOTHING], [CROWD, NOTHING, NOTHING]])
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 30, 20], [0, 0, 90, 90]]).repeat(3, 1, 1)
    picture, row = localiser.largest(Targets(labels, boxes))
    assert picture.tolist() == [0, 1]
    assert row.tolist() == [1, 0]


@pytest.mark.parametrize("loss", sorted(localiser.BOX_LOSSES))
def test_a_box_loss_is_0_for_the_true_box_and_grows_with_the_distance(loss):
    true = torch.tensor([[0.5, 0.4, 0.3, 0.2]])
    costs = [float(localiser.BOX_LOSSES[loss](true + off, true)) for off in (0.0, 0.02, 0.1, 0.2)]
    assert costs[0] == pytest.approx(0, abs=1e-6)
    assert all(np.diff(costs) > 0)


def test_box_losses_by_hand():
    said, true = torch.tensor([[0.5, 0.5, 0.4, 0.4]]), torch.tensor([[0.6, 0.5, 0.4, 0.3]])
    assert float(localiser.squared(said, true)) == pytest.approx(0.02)
    assert float(localiser.smooth_l1(said, true)) == pytest.approx(2 * (0.1 - 0.025))
    corners = torch.tensor([[0.3, 0.3, 0.7, 0.7]]), torch.tensor([[0.4, 0.35, 0.8, 0.65]])
    assert float(localiser.one_minus_giou(said, true)) == pytest.approx(1 - float(paired_giou(*corners)))


def test_weights_multiply_terms_of_pictures_with_objects_alone():
    marked = Targets(torch.tensor([[1], [NOTHING]]), torch.tensor([[[10.0, 10, 50, 60]]] * 2))
    light, heavy = model(box_weight=1.0).eval(), model(box_weight=3.0).eval()
    with torch.no_grad():
        one, three = light.terms(images(), marked), heavy.terms(images(), marked)
        alone = light.terms(images()[:1], Targets(marked.labels[:1], marked.boxes[:1]))
    assert float(three["box"]) == pytest.approx(3 * float(one["box"]))
    assert float(three["class"]) == pytest.approx(float(one["class"]))
    assert float(alone["box"]) == pytest.approx(float(one["box"]), rel=1e-4)


def test_a_pose_of_14_joints_is_learned_but_for_those_not_marked():
    joints = torch.rand(1, 1, 14, 3, generator=torch.Generator().manual_seed(3)) * torch.tensor([W, H, 0.0])
    joints[..., 2] = 2
    joints[..., 13, :] = torch.tensor([1e6, 1e6, 0.0])  # not marked, wherever it is said to be
    marked = Targets(torch.tensor([[1]]), torch.tensor([[[10.0, 10, 100, 80]]]), keypoints=joints)
    fresh = model(pose=True, n_keypoints=14)
    assert fresh.NEEDS == ("keypoints",)
    descent = torch.optim.Adam(fresh.parameters(), 3e-3)
    for _ in range(60):
        descent.zero_grad()
        sum(fresh.terms(images(1), marked).values()).backward()
        descent.step()
    with torch.no_grad():
        (found,) = fresh(images(1))
    assert found.keypoints.shape == (1, 14, 3)
    assert float((found.keypoints[0, :13, :2] - joints[0, 0, :13, :2]).abs().max()) < 6
    assert float((found.boxes[0] - marked.boxes[0, 0]).abs().max()) < 6
    assert found.labels.tolist() == [1]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"box_loss": "l3"}, "l2, smooth_l1, giou; got 'l3'"),
        ({"pose": True}, "pose=yes needs pictures whose keypoints are marked"),
        ({"grid": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(given, says):
    with pytest.raises(ValueError, match=says):
        model(**given)
