"""A picture described by one module: the course's numbers, what is frozen, where a grid is found."""

import pytest
import torch

from visus.data.preprocess import Standardise
from visus.layers.recurrent import course_order
from visus.losses.sequence import temporal_cross_entropy
from visus.models.captioners import initial_state
from visus.models.captioning import Captioning, Grid, last_grid
from visus.models.classifiers import mlp, small_conv

IMAGE = (3, 16, 16)


def line(low, high, *shape):
    return torch.linspace(low, high, torch.Size(shape).numel(), dtype=torch.float64).reshape(shape)


@pytest.mark.parametrize(
    ("cell", "ends", "loss"), [("rnn", (-1.5, 0.3), 9.83235591003), ("lstm", (-0.5, 1.7), 9.82445935443)]
)
def test_the_course_s_captioner_has_the_course_s_loss(cell, ends, loss):
    """CS231n, assignment 3: N 10, D 20, W 30, H 40, V 3, T 13; summed over time, averaged over captions, no <NULL>."""
    d, w, h, v = 20, 30, 40, 3
    gates = {"rnn": 1, "lstm": 4}[cell]
    model = initial_state.build((d, 1, 1), v, hidden=h, embedding=w, cell=cell).double()

    def stacked(matrix):  # (n, gates * H) of the course -> torch's rows in torch's order
        return matrix.T if cell == "rnn" else course_order(matrix.T)

    cells = model.recurrent.cells
    values = {
        model.project.weight: line(-1.4, 1.3, d, h).T,
        model.project.bias: line(-1.4, 1.3, h),
        model.embed.weight: line(-1.4, 1.3, v, w),
        cells.weight_ih_l0: stacked(line(-1.4, 1.3, w, gates * h)),
        cells.weight_hh_l0: stacked(line(-1.4, 1.3, h, gates * h)),
        cells.bias_ih_l0: stacked(line(-1.4, 1.3, 1, gates * h)).flatten(),
        cells.bias_hh_l0: torch.zeros(gates * h),
        model.head.weight: line(-1.4, 1.3, h, v).T,
        model.head.bias: line(-1.4, 1.3, v),
    }
    with torch.no_grad():
        for parameter, value in values.items():
            parameter.copy_(value)
        features = line(*ends, 10, d)[:, :, None, None]
        captions = (torch.arange(10 * 13) % v).reshape(10, 13)
        scores = model(features, captions[:, :-1]).scores
    found = temporal_cross_entropy(scores, captions[:, 1:], ignore=0, per="sequence")
    assert float(found) == pytest.approx(loss, abs=1e-8)


def whole(frozen=True):
    torch.manual_seed(0)
    network = small_conv.build(IMAGE, 10, width=8)
    layer, shape = last_grid(network, IMAGE)
    captioner = initial_state.build(shape, 7, hidden=6, embedding=5)
    return Captioning(Standardise([0.5] * 3, [0.2] * 3), Grid(network, layer, frozen), captioner, {"features": shape})


def test_a_frozen_classifier_keeps_its_weights_mode_and_statistics():
    model = whole().train()
    before = {name: value.clone() for name, value in model.grid.state_dict().items()}
    images = torch.randint(0, 256, (4, *IMAGE), dtype=torch.uint8)
    model(images, torch.ones(4, 3, dtype=torch.long)).scores.sum().backward()
    assert not any(parameter.requires_grad for parameter in model.grid.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.grid.state_dict().items())
    assert model.captioner.training
    assert not model.grid.network.training


def test_a_free_classifier_receives_gradients():
    model = whole(frozen=False).train()
    images = torch.randint(0, 256, (4, *IMAGE), dtype=torch.uint8)
    model(images, torch.ones(4, 3, dtype=torch.long)).scores.square().sum().backward()
    assert model.grid.network.stem.weight.grad.abs().sum() > 0


def test_settled_features_have_mean_0_and_deviation_1():
    model = whole().eval()
    images = torch.randint(0, 256, (30, *IMAGE), dtype=torch.uint8)
    with torch.no_grad():
        model.settle(model.raw(images))
        seen = model.see(images)
    alive = seen.std((0, 2, 3)) > 0.5  # a feature that never fires stays 0
    assert alive.any()
    assert torch.allclose(seen.mean((0, 2, 3)), torch.zeros(seen.shape[1]), atol=1e-4)
    assert torch.allclose(seen.std((0, 2, 3))[alive], torch.ones(int(alive.sum())), atol=1e-3)


def test_the_grid_is_the_last_map_with_places_to_choose_from():
    network = small_conv.build(IMAGE, 10, width=8).train()
    layer, shape = last_grid(network, IMAGE)
    assert (layer, shape) == ("stages", (32, 2, 2))
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())
    with pytest.raises(ValueError, match="no map of features at 16 x 16 pixels"):
        last_grid(mlp.build(IMAGE, 10), IMAGE)
