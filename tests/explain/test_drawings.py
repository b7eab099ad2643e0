import inspect

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visus import explain
from visus.engine import catalogue
from visus.explain import (
    _contract,
    _drawing,
    class_visualisation,
    deep_dream,
    feature_inversion,
    style_transfer,
    texture_synthesis,
)
from visus.losses.style import gram_matrix

from .networks import N_CLASSES, SIDE, Functions, network, pictures

DRAWING = [name for name in catalogue.names(explain) if _contract.kind(catalogue.find(explain, name)) == "picture"]


def drawn(name, net, **settings):
    technique = catalogue.find(explain, name)
    images, targets = pictures(2)
    few = {"steps": 3} if "steps" in inspect.signature(technique.picture).parameters else {}
    offered = {"network": net, "size": (SIDE, SIDE), "images": images, "style": pictures(1, seed=5)[0]}
    return _contract.ask(technique, offered | {"target": 1, "targets": targets} | few | settings)


@torch.no_grad()
def answer(net, images, layer="see.1"):
    return _drawing.features(net, images, [layer])[layer]


@pytest.mark.parametrize("name", DRAWING)
class TestEveryDrawing:
    def test_gives_pictures_and_leaves_the_network_as_it_was(self, name):
        net = network()
        before = {key: tensor.clone() for key, tensor in net.state_dict().items()}
        found = drawn(name, net)
        assert found.shape[1:] == (3, SIDE, SIDE)
        assert not found.requires_grad
        assert 0 <= float(found.min()) <= float(found.max()) <= 1
        assert all(torch.equal(before[key], tensor) for key, tensor in net.state_dict().items())
        assert all(parameter.grad is None and parameter.requires_grad for parameter in net.parameters())
        assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())

    def test_is_the_same_for_the_same_seed(self, name):
        torch.manual_seed(3)
        first = drawn(name, network())
        torch.manual_seed(4)
        assert torch.equal(first, drawn(name, network()))

    def test_tells_how_far_it_is(self, name):
        told = []
        drawn(name, network(), show=told.append)
        assert told == sorted(told)
        assert told[-1] == 1

    def test_works_where_relu_is_a_function(self, name):
        with _contract.unit_pixels(Functions(network())) as net:
            assert drawn(name, net).isfinite().all()


def test_a_class_visualisation_raises_its_own_score_most():
    net = network()
    found = class_visualisation.picture(net, (SIDE, SIDE), steps=40, l2=0.0)
    assert found.shape == (N_CLASSES, 3, SIDE, SIDE)
    with torch.no_grad():
        noise = net(class_visualisation.picture(net, (SIDE, SIDE), steps=0))
        scores = net(found)
    assert (scores.diag() > noise.diag()).all()
    assert (scores.argmax(0) == torch.arange(N_CLASSES)).all()  # no other picture raises the score as far


def test_a_first_step_without_extras_is_the_published_rule():
    net, size = network(), (SIDE, SIDE)
    plain = {"jitter": 0, "blur_every": 0, "l2": 0.01, "lr": 2.0}
    start = class_visualisation.picture(net, size, 2, steps=0)
    found = class_visualisation.picture(net, size, 2, steps=1, **plain)
    z = ((torch.randn(1, 3, *size, generator=_skip())).clone()).requires_grad_()
    (g,) = torch.autograd.grad(net(0.5 + 0.225 * z)[0, 2] - 0.01 * z.square().sum(), z)
    by_hand = (0.5 + 0.225 * (z.detach() + 2.0 * SIDE / 224 * g / g.norm())).clamp(0, 1)
    torch.testing.assert_close(found, by_hand)
    torch.testing.assert_close(start, (0.5 + 0.225 * z.detach()).clamp(0, 1))


def _skip():
    return torch.Generator().manual_seed(0)


def test_a_class_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="class 7 is not among the network's 4"):
        class_visualisation.picture(network(), (SIDE, SIDE), 7)
    with pytest.raises(ValueError, match="must not be below 0"):
        class_visualisation.picture(network(), (SIDE, SIDE), 1, lr=-1)


def test_inversion_finds_features_again_and_the_first_layer_tells_more_than_the_last():
    net, (images, _) = network(), pictures(1)
    images = F.interpolate(F.avg_pool2d(images, 4), SIDE, mode="bilinear")  # smooth, as photographs are
    errors = {}
    for layer in ("see.1", "decide.2"):
        found = feature_inversion.picture(net, images, layer, steps=150, tv=0.0)
        wanted, got = (answer(net, x, layer) for x in (images, found))
        assert float((got - wanted).norm() / wanted.norm()) < 0.1
        errors[layer] = float((found - images).abs().mean())
    assert errors["see.1"] < 0.5 * errors["decide.2"]


def test_smoothness_makes_smooth():
    net, (images, _) = network(), pictures(1)
    rough, smooth = (feature_inversion.picture(net, images, "see.4", steps=60, tv=tv) for tv in (0.0, 30.0))
    assert float(smooth.diff(dim=2).square().mean()) < 0.5 * float(rough.diff(dim=2).square().mean())


def test_a_dream_makes_the_layer_answer_more():
    net, (images, _) = network(), pictures(2)
    found = deep_dream.picture(net, images, "see.1", steps=8)
    before, after = (answer(net, x).square().sum() for x in (images, found))
    assert after > 1.1 * before
    assert 0.01 < float((found - images).abs().mean()) < 0.3


def test_a_dream_begins_with_octaves_that_pass_and_leaves_out_those_that_do_not():
    net = nn.Sequential(nn.Conv2d(3, 4, 9), nn.ReLU())
    images = pictures(1)[0]
    assert deep_dream._sizes(net, images, "0", 4, 1.4) == [(11, 11), (16, 16)]
    with pytest.raises(ValueError, match="octaves must be at least 1"):
        deep_dream.picture(net, images, octaves=0)


def test_a_texture_has_the_gram_matrices_of_its_model_and_other_pixels():
    net, style = network(), pictures(1, seed=5)[0]
    found = texture_synthesis.picture(net, style, "see.1", steps=150, tv=0.0)
    wanted, got = (gram_matrix(answer(net, x)) for x in (style, found))
    assert float((got - wanted).norm() / wanted.norm()) < 0.02
    assert float((found - style).abs().mean()) > 0.1


def test_style_takes_the_style_and_keeps_the_content():
    net, (images, _), style = network(), pictures(1), pictures(1, seed=5)[0] * 0.4

    def far(found):
        gram, wanted = (gram_matrix(answer(net, x)) for x in (found, style))
        kept, content = (answer(net, x, "see.4") for x in (found, images))
        return float((gram - wanted).norm() / wanted.norm()), float((kept - content).norm() / content.norm())

    settings = {"layer": "see.4", "style_layers": "see.1", "tv": 0.0, "steps": 80}
    painted = far(style_transfer.picture(net, images, style, style_weight=10.0, **settings))
    kept = far(style_transfer.picture(net, images, style, style_weight=0.0, **settings))
    assert painted[0] < 0.3 * far(images)[0]
    assert kept == pytest.approx(far(images), abs=1e-3)
    assert painted[1] < far(style)[1]


def test_a_batch_is_painted_as_each_of_its_pictures():
    net, (images, _), style = network(), pictures(2), pictures(1, seed=5)[0]
    both = style_transfer.picture(net, images, style, steps=4)
    assert both.shape == images.shape
    assert not torch.allclose(both, images)


def test_pictures_may_be_larger_than_the_model_s_where_only_convolutions_are_read():
    style = torch.rand(1, 3, 24, 20, generator=_skip())
    for technique in (texture_synthesis, deep_dream):
        assert _contract.ask(technique, {"network": network(), "style": style, "images": style}).shape == style.shape
    assert deep_dream.FREE_SIZE
    assert style_transfer.FREE_SIZE


def test_features_are_what_the_layers_put_out_and_no_more_is_computed():
    net, (images, _) = network(), pictures(2)
    reached = []
    net.decide[3].register_forward_hook(lambda *_: reached.append(1))
    found = _drawing.features(net, images, ["see.1", "see.3"])
    torch.testing.assert_close(found["see.1"], net.see[:2](images))
    torch.testing.assert_close(found["see.3"], net.see[:4](images))
    assert not reached


def test_defaults_are_read_where_the_answer_is_ready():
    net, (images, _) = network(), pictures(1)
    assert _drawing.maps(net, images) == {"see.1": (8, 16, 16), "see.4": (12, 8, 8)}
    assert _drawing.first_of_each_resolution(net, images) == ["see.1", "see.4"]
    normed = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 5, 3), nn.MaxPool2d(2), nn.ReLU()).eval()
    assert list(_drawing.maps(normed, images)) == ["1", "2"]  # the activation after a pool answers for the pool


def test_a_network_without_convolutions_is_told_what_works():
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, N_CLASSES))
    with pytest.raises(ValueError, match=r"no convolutions.*class_visualisation"):
        deep_dream.picture(net, pictures(1)[0])
    assert class_visualisation.picture(net, (SIDE, SIDE), 0, steps=1).shape == (1, 3, SIDE, SIDE)


def test_an_unknown_layer_gets_the_nearest_name():
    for technique in (deep_dream, feature_inversion):
        with pytest.raises(LookupError, match=r"Did you mean 'see\.1'"):
            technique.picture(network(), pictures(1)[0], "see.11")


def test_a_layer_that_answers_nothing_is_refused():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    nn.init.zeros_(net[0].weight)
    nn.init.constant_(net[0].bias, -1.0)
    with pytest.raises(ValueError, match="nothing but zeros"):
        feature_inversion.picture(net, pictures(1)[0])
    with pytest.raises(ValueError, match="nothing but zeros"):
        texture_synthesis.picture(net, pictures(1)[0])


def test_a_blur_keeps_the_light_and_equals_a_sum_by_hand():
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 4, 4] = 1
    found = _drawing.blurred(image, 1.0)
    bell = torch.exp(-torch.arange(-3, 4.0).square() / 2)
    bell = bell / bell.sum()
    torch.testing.assert_close(found[0, 0, 1:8, 1:8], bell[:, None] * bell[None])
    torch.testing.assert_close(_drawing.blurred(torch.full((1, 3, 5, 6), 0.3), 0.5), torch.full((1, 3, 5, 6), 0.3))
