"""Pictures that exist: filters, activation maps, maximal patches."""

import numpy as np
import pytest
import torch
from torch import nn

from visus.explain import activations, filters, patches

from .networks import SIDE, network, pictures


def test_a_filter_is_shown_with_zero_as_grey_and_its_extremes_as_white_and_black():
    model = network()
    with torch.no_grad():
        model.see[0].weight[0] = 0
        model.see[0].weight[0, 0, 0, 0], model.see[0].weight[0, 2, 2, 2] = -3, 1.5
    first, second = filters.sheets(model)
    assert first.pictures.shape == (8, 3, 3, 3)
    assert first.pictures[0, 0, 0].tolist() == [0, 128, 128]
    assert first.pictures[0, 2, 2].tolist() == [128, 128, 191]
    assert second.pictures.shape == (1, 12 * 4 - 1, 8 * 4 - 1, 3)
    assert "12 filters" in second.title


def test_activation_maps_show_the_strongest_channels_first():
    model, (images, _) = network(), pictures(1)
    (sheet,) = activations.sheets(model, images, "see.0", maps=3)
    peaks = model.see[0](images)[0].amax((1, 2))
    assert [int(caption.partition(":")[0]) for caption in sheet.captions] == peaks.argsort(descending=True)[:3].tolist()
    assert sheet.pictures.shape == (3, SIDE, SIDE, 3)
    assert (sheet.pictures.reshape(3, -1).max(1) == 255).all()
    assert len(activations.sheets(model, images)) == 2  # one for each size of maps


def test_a_patch_is_the_part_of_the_picture_with_the_pattern_that_its_unit_looks_for():
    seen = nn.Conv2d(3, 2, 3, bias=False)
    nn.init.zeros_(seen.weight)
    seen.weight.data[0, 0] = torch.tensor([[1, -1, 1], [-1, 1, -1], [1, -1, 1.0]])  # a chequered 3 x 3 in red
    model = nn.Sequential(seen, nn.Flatten(), nn.Linear(2 * 14 * 14, 4)).eval()
    stack = torch.zeros(4, 3, SIDE, SIDE, dtype=torch.uint8)
    for i, (row, column) in enumerate([(2, 9), (0, 0), (13, 13)]):
        stack[i, 0, row : row + 3, column : column + 3] = (255 - 60 * i) * (seen.weight.data[0, 0] > 0)
    (sheet,) = patches.sheets(model, stack, "0", units=1, each=3)
    chequered = (seen.weight.data[0, 0] > 0).numpy()
    assert sheet.pictures.shape == (3, 3, 3, 3)
    for i, patch in enumerate(sheet.pictures):
        assert np.array_equal(patch[:, :, 0], chequered * np.uint8(255 - 60 * i))


def test_the_receptive_field_is_that_of_the_arithmetic():
    chain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3, stride=2), nn.MaxPool2d(2), nn.Flatten())
    out = chain(torch.zeros(1, 3, 33, 33)).shape[1] // 4
    side = round(out**0.5)
    field = patches.receptive_field(chain.eval(), (33, 33), "3", (side, side))
    assert (field.height, field.width, field.down, field.right) == (
        7,
        7,
        4,
        4,
    )  # 1 + 2 + 2 + 2 * 1: conv 3, conv 3, and the pool's second cell two pixels on


def test_a_unit_that_sees_everything_is_shown_whole_pictures():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 9, padding=4), nn.Conv2d(4, 4, 9, padding=4), nn.Flatten(), nn.Linear(1024, 4)
    )
    stack = (255 * pictures(3)[0]).byte()
    (sheet,) = patches.sheets(model.eval(), stack, "1", units=1, each=3)
    whole = [picture.permute(1, 2, 0).numpy() for picture in stack]
    assert all(any(np.array_equal(patch, picture) for picture in whole) for patch in sheet.pictures)


def test_bad_input_is_named():
    model, (images, _) = network(), pictures(2)
    stack = (255 * images).byte()
    with pytest.raises(ValueError, match=r"layer 'see.1' is no convolution; the convolutions are see.0, see.3"):
        filters.sheets(model, "see.1")
    with pytest.raises(ValueError, match="no convolution"):
        filters.sheets(nn.Sequential(nn.Flatten()))
    with pytest.raises(ValueError, match="maps must be at least 1"):
        activations.sheets(model, images, maps=0)
    with pytest.raises(ValueError, match="not maps"):
        activations.sheets(model, images, "decide.1")
    with pytest.raises(ValueError, match="channels 0 to 7; got first=8"):
        patches.sheets(model, stack, "see.0", first=8)
    with pytest.raises(ValueError, match="patches needs pictures"):
        patches.sheets(model, stack[:0])
    with pytest.raises(ValueError, match="not maps"):
        patches.sheets(model, stack, "decide.1")
