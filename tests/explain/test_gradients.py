"""Maps made of gradients are what a loop, a line of algebra or Captum says they are."""

import pytest
import torch
from torch import nn

from visus.explain import (
    deconvolution,
    gradient_times_input,
    guided_backprop,
    integrated_gradients,
    saliency,
    smooth_grad,
)

from .networks import SIDE, Functions, network, pictures

ALL = (saliency, gradient_times_input, smooth_grad, integrated_gradients, guided_backprop, deconvolution)


def captum():
    return pytest.importorskip("captum.attr")


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 4))


def test_of_a_linear_network_the_saliency_is_its_largest_absolute_weight():
    model, (images, targets) = linear(), pictures()
    weights = model[1].weight[targets].reshape(-1, 3, SIDE, SIDE)
    assert torch.allclose(saliency.explain(model, images, targets), weights.abs().amax(1))


def test_of_a_linear_network_integrated_gradients_are_weight_times_pixel_with_one_step():
    model, (images, targets) = linear(), pictures()
    expected = (model[1].weight[targets].reshape(-1, 3, SIDE, SIDE) * images).sum(1)
    assert torch.allclose(integrated_gradients.explain(model, images, targets, steps=1), expected, atol=1e-6)
    assert torch.allclose(gradient_times_input.explain(model, images, targets), expected, atol=1e-6)


def test_saliency_is_that_of_captum():
    attr, (images, targets) = captum(), pictures()
    theirs = attr.Saliency(network()).attribute(images.requires_grad_(), targets)
    assert torch.allclose(saliency.explain(network(), images, targets), theirs.amax(1), atol=1e-7)


@pytest.mark.parametrize("baseline", ["black", "grey", "blurred"])
def test_integrated_gradients_are_those_of_captum(baseline):
    attr, (images, targets) = captum(), pictures()
    start = integrated_gradients.empty(images, baseline)
    theirs = attr.IntegratedGradients(network()).attribute(images, start, targets, n_steps=20)
    ours = integrated_gradients.explain(network(), images, targets, baseline, steps=20)
    assert torch.allclose(ours, theirs.sum(1).float(), atol=1e-6)


@pytest.mark.parametrize("name", ["GuidedBackprop", "Deconvolution"])
def test_guided_backprop_and_deconvolution_are_those_of_captum(name):
    attr, (images, targets) = captum(), pictures()
    with pytest.warns(UserWarning, match="hooks"):
        theirs = getattr(attr, name)(network()).attribute(images.requires_grad_(), targets)
    ours = {"GuidedBackprop": guided_backprop, "Deconvolution": deconvolution}[name]
    assert torch.allclose(ours.explain(network(), images, targets), theirs.abs().amax(1), atol=1e-7)


@pytest.mark.parametrize("technique", [guided_backprop, deconvolution])
def test_it_does_not_matter_how_the_relus_are_written(technique):
    images, targets = pictures()
    model = network()
    same = Functions(model)
    assert torch.allclose(same(images), model(images), atol=1e-6)
    assert torch.allclose(
        technique.explain(same, images, targets), technique.explain(model, images, targets), atol=1e-7
    )


def test_in_place_and_keyword_forms_of_relu_are_all_replaced():
    x = torch.tensor([[-1.0, 2.0, 3.0]])
    forms = (
        *(lambda x: nn.functional.relu(x, inplace=True), lambda x: nn.functional.relu(x, True)),
        *(lambda x: nn.functional.relu(input=x), lambda x: x.relu_(), torch.relu, nn.ReLU(inplace=True)),
    )
    for form in forms:
        with guided_backprop.ReluBackward(lambda gradient, active: 10 * gradient * active) as mode:
            leaf = x.clone().requires_grad_()
            y = leaf * 1
            out = form(y)
            (gradient,) = torch.autograd.grad((out * torch.tensor([1.0, 1.0, -1.0])).sum(), leaf)
        assert mode.seen == 1
        assert gradient.tolist() == [[0.0, 10.0, -10.0]]


@pytest.mark.parametrize("technique", [guided_backprop, deconvolution])
def test_a_network_without_relus_is_told_what_works(technique):
    with pytest.raises(ValueError, match="saliency"):
        technique.explain(linear(), *pictures())


def test_the_map_of_integrated_gradients_adds_up_to_the_score():
    model, (images, targets) = network(), pictures()
    few, many = (
        integrated_gradients.gap(model, images, targets, integrated_gradients.explain(model, images, targets, steps=n))
        for n in (1, 100)
    )
    assert many.max() < 0.01
    assert few.mean() > 5 * many.mean()


def test_pixels_equal_to_the_baseline_get_nothing():
    model, (images, targets) = network(), pictures()
    images[:, :, :4] = 0.5
    maps = integrated_gradients.explain(model, images, targets, baseline="grey")
    assert not maps[:, :4].any()
    assert maps[:, 4:].any()


def test_smooth_grad_without_noise_is_saliency_and_its_noise_repeats():
    model, (images, targets) = network(), pictures()
    plain = smooth_grad.explain(model, images, targets, copies=2, noise=0)
    assert torch.allclose(plain, saliency.explain(model, images, targets))
    one, two = (smooth_grad.explain(model, images, targets, copies=3, seed=5) for _ in range(2))
    assert torch.equal(one, two)
    assert not torch.equal(one, plain)


@pytest.mark.parametrize("technique", ALL)
def test_a_picture_is_explained_alike_alone_and_in_a_batch(technique):
    model, (images, targets) = network(), pictures()
    settings = {"noise": 0.0} if technique is smooth_grad else {}
    together = technique.explain(model, images, targets, **settings)
    alone = technique.explain(model, images[1:2], targets[1:2], **settings)
    assert torch.allclose(together[1:2], alone, atol=1e-6)


def test_bad_input_is_named():
    model, (images, targets) = network(), pictures()
    with pytest.raises(ValueError, match="class 9 does not exist; the network knows 0 to 3"):
        saliency.explain(model, images, torch.tensor([0, 9, 1]))
    with pytest.raises(ValueError, match="3 pictures need 3 targets"):
        saliency.explain(model, images, targets[:2])
    with pytest.raises(ValueError, match="must be floats"):
        saliency.explain(model, (255 * images).byte(), targets)
    with pytest.raises(ValueError, match="steps must be at least 1; got 0"):
        integrated_gradients.explain(model, images, targets, steps=0)
    with pytest.raises(ValueError, match="baseline must be black, grey, white or blurred; got 'red'"):
        integrated_gradients.explain(model, images, targets, baseline="red")
    with pytest.raises(ValueError, match="copies must be at least 1"):
        smooth_grad.explain(model, images, targets, copies=0)


def test_a_model_without_gradients_is_told_that_occlusion_works():
    class Steps(nn.Module):
        def forward(self, images):
            return (images.mean((2, 3)).detach() > 0.5).float()

    images, _ = pictures()
    with pytest.raises(ValueError, match="occlusion works with any model"):
        saliency.explain(Steps(), images, torch.zeros(3, dtype=torch.long))
