"""Promises every detector keeps. A new file in `models/detectors` is tested without being mentioned."""

import copy
import inspect
from itertools import pairwise

import pytest
import torch

from visus.engine import catalogue
from visus.geometry.objects import CROWD, NOTHING, Targets
from visus.models import detectors
from visus.models.backbone import Backbone

NAMES = catalogue.names(detectors)
every_detector = pytest.mark.parametrize("name", NAMES)
K, H, W = 3, 64, 96
SMALL = {  # settings that make a detector fast; a new one is tested as it is
    "rcnn": {"side": 32, "hidden": 16, "sampled": 8},
    "fast_rcnn": {"width": 8, "hidden": 16, "sampled": 8},
    "sliding_window": {"side": 32, "sampled": 8, "n_windows": 30},
    "one_stage": {"width": 8},
    "localiser": {"hidden": 16},
    "faster_rcnn": {"width": 8, "hidden": 16, "proposals": 20},
    "mask_rcnn": {"width": 8, "hidden": 16, "proposals": 20},
    "keypoint_rcnn": {"width": 8, "hidden": 16, "proposals": 20},
}


class Trunk(torch.nn.Module):
    """A convolution for each halving."""

    def __init__(self):
        super().__init__()
        sizes = [3, 4, 4, 8, 8, 8]
        self.stages = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Conv2d(a, b, 3, 2, 1, bias=False), torch.nn.BatchNorm2d(b), torch.nn.ReLU())
            for a, b in pairwise(sizes)
        )
        self.fc = torch.nn.Linear(8, 5)

    def forward(self, x):
        for stage in self.stages:
            x = stage(x)
        return self.fc(x.mean((2, 3)))


def fresh(name, **settings):
    torch.manual_seed(0)
    build = catalogue.find(detectors, name).build
    deepest = getattr(catalogue.find(detectors, name), "deepest", lambda settings: 32)
    given = {**SMALL.get(name, {}), **settings}
    known = inspect.signature(build).parameters
    if "backbone" in known:
        given["backbone"] = Backbone(Trunk(), (3, H, W), 5, deepest(given))
    if "n_keypoints" in known:
        given["n_keypoints"] = 2
    return build((3, H, W), K, **given)


def looked_at(n=2):
    return torch.randn(n, 3, H, W, generator=torch.Generator().manual_seed(1))


def marked(labels):
    """Targets of pictures with two marked rows each, filled with whatever a detector may need."""
    labels = torch.tensor(labels)
    B, N = labels.shape
    boxes = torch.tensor([[4.0, 6.0, 30.0, 40.0], [40.0, 10.0, 90.0, 60.0]])[:N].repeat(B, 1, 1)
    masks = torch.zeros(B, N, H, W, dtype=torch.uint8)
    masks[..., 10:30, 10:25] = 1
    keypoints = torch.tensor([[10.0, 12.0, 2.0], [20.0, 30.0, 1.0]]).repeat(B, N, 1, 1)
    corner = torch.rand(B, 12, 2, generator=torch.Generator().manual_seed(2)) * torch.tensor([50.0, 30.0])
    proposals = torch.cat([torch.cat([corner, corner + 30], 2), boxes, torch.zeros(B, 1, 4)], 1)
    return Targets(labels, boxes, masks, keypoints, proposals)


@every_detector
def test_losses_are_named_finite_and_move_every_weight(name):
    model = fresh(name)
    terms = model.terms(looked_at(), marked([[0, 2], [1, NOTHING]]))
    assert terms
    assert all(term.ndim == 0 and torch.isfinite(term) and term >= 0 for term in terms.values()), terms
    sum(terms.values()).backward()
    still = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not still, f"no gradient reaches {still}"


@every_detector
@pytest.mark.parametrize("labels", [[[NOTHING], [NOTHING]], [[CROWD], [NOTHING]]], ids=["bare", "crowd"])
def test_pictures_without_objects_cost_what_is_finite_and_have_a_gradient(name, labels):
    model = fresh(name)
    loss = sum(model.terms(looked_at(), marked(labels)).values())
    assert torch.isfinite(loss)
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@every_detector
def test_a_batch_without_any_row_is_learned_from(name):
    model, none = fresh(name), marked([[NOTHING], [NOTHING]])
    empty = Targets(none.labels[:, :0], none.boxes[:, :0], none.masks[:, :0], none.keypoints[:, :0], none.proposals)
    assert all(torch.isfinite(term) for term in model.terms(looked_at(), empty).values())


@every_detector
def test_answers_lie_in_the_picture_surest_first(name):
    model = fresh(name, score_threshold=0.0).eval()
    targets = marked([[0, 1], [0, 1]])
    with torch.no_grad():
        answers = model(looked_at(), targets.proposals)
    assert len(answers) == 2
    for found in answers:
        x1, y1, x2, y2 = found.boxes.unbind(1)
        assert len(found) <= 100
        assert bool((x1 >= 0).all() and (y1 >= 0).all() and (x2 <= W).all() and (y2 <= H).all())
        assert bool((x1 < x2).all() and (y1 < y2).all())
        assert bool(((found.scores >= 0) & (found.scores <= 1)).all())
        assert bool((found.scores.diff() <= 0).all())
        assert bool(((found.labels >= 0) & (found.labels < K)).all())
        assert found.labels.dtype == torch.int64


@every_detector
def test_a_picture_is_answered_alike_alone_and_in_company(name):
    model = fresh(name, score_threshold=0.0).eval()
    proposals = marked([[0, 1], [0, 1]]).proposals
    with torch.no_grad():
        both, (alone,) = model(looked_at(), proposals), model(looked_at()[:1], proposals[:1])
    assert len(both[0]) == len(alone)
    assert torch.allclose(both[0].scores, alone.scores, atol=1e-5)


@every_detector
def test_a_copy_with_the_same_weights_answers_alike(name):
    model = fresh(name, score_threshold=0.0).eval()
    other = copy.deepcopy(model)
    other.load_state_dict(model.state_dict())
    proposals = marked([[0, 1], [0, 1]]).proposals
    with torch.no_grad():
        for a, b in zip(model(looked_at(), proposals), other(looked_at(), proposals), strict=True):
            assert torch.equal(a.boxes, b.boxes)
            assert torch.equal(a.scores, b.scores)


@every_detector
def test_losses_in_mixed_precision_are_float32_and_double_stays_double(name):
    model, targets = fresh(name), marked([[0, 2], [1, NOTHING]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert {term.dtype for term in model.terms(looked_at(), targets).values()} == {torch.float32}
    assert {term.dtype for term in model.double().terms(looked_at().double(), targets).values()} == {torch.float64}


@every_detector
def test_terms_whose_gradient_is_cut_are_terms(name):
    model = fresh(name)
    terms = model.terms(looked_at(), marked([[0, 2], [1, NOTHING]]))
    known = {"class", "box", "mask", "keypoint"}  # two-stage detectors name those of every branch
    assert set(model.SURROGATES) <= set(terms) | known


@every_detector
def test_what_cannot_be_is_refused_in_a_sentence(name):
    for wrong in ({"score_threshold": 1.5}, {"nms_threshold": -0.1}, {"most": 0}):
        if wrong.keys() <= inspect.signature(catalogue.find(detectors, name).build).parameters.keys():
            with pytest.raises(ValueError, match=next(iter(wrong)).split("_")[0]):
                fresh(name, **wrong)
