"""Coarse maps: occlusion and Grad-CAM."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visus.explain import grad_cam, occlusion
from visus.explain._layers import convolutions, last_maps, one_per_size
from visus.models.classifiers import small_conv

from .networks import SIDE, network, pictures


def looks_at_a_corner():
    """Class 1 if the upper left 4 x 4 pixels are bright, class 0 if not."""

    class Corner(nn.Module):
        def forward(self, images):
            bright = images[:, :, :4, :4].mean((1, 2, 3))
            return torch.stack([0 * bright, 8 * bright - 4], 1)

    return Corner()


def test_occlusion_finds_the_only_place_that_matters():
    images = torch.ones(2, 3, SIDE, SIDE)
    maps = occlusion.explain(looks_at_a_corner(), images, torch.ones(2, dtype=torch.long), 4, 4, "black")
    drop = torch.tensor(4.0).sigmoid() - torch.tensor(-4.0).sigmoid()
    assert torch.allclose(maps[:, :4, :4], drop.expand(2, 4, 4))
    assert not maps[:, 4:].any()
    assert not maps[:, :, 4:].any()


@pytest.mark.parametrize(("patch", "stride"), [(4, 2), (5, 3), (16, 16), (7, 7)])
def test_occlusion_is_that_of_captum(patch, stride):
    attr, (images, targets) = pytest.importorskip("captum.attr"), pictures()
    model = network()
    theirs = attr.Occlusion(lambda x: model(x).softmax(1)).attribute(
        images, (3, patch, patch), (3, stride, stride), baselines=0.5, target=targets
    )
    ours = occlusion.explain(model, images, targets, patch, stride)
    assert torch.allclose(ours, theirs[:, 0], atol=1e-6)


@pytest.mark.parametrize("layer", ["see.0", "see.3"])
def test_grad_cam_is_that_of_captum(layer):
    attr, (images, targets) = pytest.importorskip("captum.attr"), pictures()
    model = network()
    theirs = attr.LayerGradCam(model, model.get_submodule(layer)).attribute(
        images, targets, relu_attributions=True, attribute_to_layer_input=False
    )
    assert torch.allclose(grad_cam.coarse(model, images, targets, layer), theirs[:, 0], atol=1e-7)
    enlarged = F.interpolate(theirs, (SIDE, SIDE), mode="bilinear")[:, 0]
    assert torch.allclose(grad_cam.explain(model, images, targets, layer), enlarged, atol=1e-7)


def test_grad_cam_looks_after_the_last_relu_or_shortcut():
    images, _ = pictures()
    assert last_maps(network(), images) == "see"  # which ends with the ReLU behind the last convolution
    assert last_maps(small_conv.build((3, 16, 16), 4, width=8).eval(), images) == "stages"
    assert convolutions(network(), images) == ["see.0", "see.3"]
    assert one_per_size(network(), images) == ["see.1", "see"]


def test_grad_cam_takes_an_in_place_relu_behind_its_layer():
    model, (images, targets) = network(), pictures()
    before = grad_cam.explain(model, images, targets, "see.3")
    model.see[4] = nn.ReLU(inplace=True)
    assert torch.equal(grad_cam.explain(model, images, targets, "see.3"), before)


def test_grad_cam_of_one_conv_and_pooling_is_the_class_activation_map():
    """With global average pooling and a linear layer the weights are the linear layer's (Zhou et al., 2016)."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 4))
    images, targets = pictures()
    features = model[0](images)
    expected = torch.einsum("bc,bchw->bhw", model[3].weight[targets], features).relu() / SIDE**2
    assert torch.allclose(grad_cam.explain(model, images, targets), expected, atol=1e-7)


def test_bad_input_is_named():
    model, (images, targets) = network(), pictures()
    with pytest.raises(ValueError, match="patch must be 1 to 16 px"):
        occlusion.explain(model, images, targets, patch=17)
    with pytest.raises(ValueError, match="to leave no gap; got 5"):
        occlusion.explain(model, images, targets, patch=4, stride=5)
    with pytest.raises(ValueError, match="cover must be"):
        occlusion.explain(model, images, targets, cover="pink")
    with pytest.raises(LookupError, match=r"no layer 'see.33'.*Did you mean 'see.3'"):
        grad_cam.explain(model, images, targets, "see.33")
    with pytest.raises(ValueError, match=r"layer 'decide.1' puts out \(3, 16\), not maps"):
        grad_cam.explain(model, images, targets, "decide.1")
    with pytest.raises(ValueError, match=r"no convolution.*occlusion"):
        grad_cam.explain(nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 4)), images, targets)
