"""RoI pooling and RoIAlign against loops over single numbers, their definitions, and against their gradients."""

import math

import pytest
import torch

from visus.layers.roi import RoIAlign, RoIPool, assign_levels, listed, pyramid_roi_align, roi_align, roi_pool

BOXES = torch.tensor(
    [
        [0, 3.3, 4.1, 17.2, 12.9],
        [1, 0, 0, 40, 30],  # more than the map
        [1, -9, -7, 6, 5],  # over the upper left border
        [0, 18, 11, 60, 44],  # over the lower right
        [0, 5, 5, 5, 5],  # a point
        [1, 90, 90, 99, 99],  # outside
        [0, 2, 3, 2.4, 15],  # thinner than a pixel
    ]
)


def maps(seed=0, shape=(2, 3, 9, 13)):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def bilinear(plane, y, x):
    """One sample between four pixels; more than a pixel outside it is 0."""
    height, width = plane.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    v, u = y - top, x - left
    upper = (1 - u) * plane[top, left] + u * plane[top, right]
    lower = (1 - u) * plane[bottom, left] + u * plane[bottom, right]
    return float((1 - v) * upper + v * lower)


def aligned_by_a_loop(features, boxes, size, scale, ratio, aligned):
    h, w = size
    out = torch.zeros(len(boxes), features.shape[1], h, w, dtype=torch.float64)
    for k, (picture, *corners) in enumerate(boxes.tolist()):
        x1, y1, x2, y2 = (value * scale - (0.5 if aligned else 0) for value in corners)
        high, wide = y2 - y1, x2 - x1
        if not aligned:
            high, wide = max(high, 1), max(wide, 1)
        down, across = (ratio, ratio) if ratio > 0 else (math.ceil(high / h), math.ceil(wide / w))
        for c in range(features.shape[1]):
            for i in range(h):
                for j in range(w):
                    samples = [
                        bilinear(
                            features[int(picture), c],
                            y1 + (i + (a + 0.5) / down) * high / h,
                            x1 + (j + (b + 0.5) / across) * wide / w,
                        )
                        for a in range(down)
                        for b in range(across)
                    ]
                    out[k, c, i, j] = sum(samples) / max(len(samples), 1)
    return out


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("ratio", [0, 1, 2, 3])
def test_roi_align_is_the_mean_of_its_samples(ratio, aligned):
    features = maps()
    found = roi_align(features, BOXES.double(), (3, 2), 0.5, ratio, aligned)
    assert torch.allclose(found, aligned_by_a_loop(features, BOXES.double(), (3, 2), 0.5, ratio, aligned))


def pooled_by_a_loop(features, boxes, size, scale):
    def nearest(value):
        return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)

    (h, w), (height, width) = size, features.shape[2:]
    out = torch.zeros(len(boxes), features.shape[1], h, w, dtype=features.dtype)
    for k, (picture, *corners) in enumerate(boxes.tolist()):
        x1, y1, x2, y2 = (nearest(value * scale) for value in corners)
        high, wide = max(y2 - y1 + 1, 1), max(x2 - x1 + 1, 1)
        for i in range(h):
            for j in range(w):
                top, bottom = (min(max(v + y1, 0), height) for v in (i * high // h, -(-(i + 1) * high // h)))
                left, right = (min(max(v + x1, 0), width) for v in (j * wide // w, -(-(j + 1) * wide // w)))
                if bottom > top and right > left:
                    out[k, :, i, j] = features[int(picture), :, top:bottom, left:right].amax((1, 2))
    return out


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0])
def test_roi_pool_is_the_largest_of_whole_pixels(scale):
    features = maps(1)
    assert roi_pool(features, BOXES.double(), (3, 2), scale).equal(
        pooled_by_a_loop(features, BOXES.double(), (3, 2), scale)
    )


@pytest.mark.parametrize("ratio", [0, 2, 3])
def test_gradients_of_roi_align(ratio):
    features = maps(2, (2, 2, 5, 6)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: roi_align(x, BOXES.double(), 2, 0.3, ratio), features)


def test_gradients_of_roi_pool():
    features = maps(3, (2, 2, 5, 6)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: roi_pool(x, BOXES.double(), 2, 0.3), features)


def test_of_equal_values_the_first_is_paid():
    features = torch.ones(1, 1, 4, 4, requires_grad=True)
    roi_pool(features, torch.tensor([[0.0, 0, 0, 3, 3]]), 2).sum().backward()
    assert features.grad[0, 0].tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]


def test_roi_align_follows_a_box_that_moves_by_less_than_a_pixel_and_pooling_does_not():
    ramp = torch.arange(40.0).expand(1, 1, 40, 40)
    boxes = torch.tensor([[0.0, 8, 8, 22, 22]]) + torch.tensor([0.0, 0.3, 0, 0.3, 0])
    still = torch.tensor([[0.0, 8, 8, 22, 22]])
    assert torch.allclose(roi_align(ramp, boxes, 7) - roi_align(ramp, still, 7), torch.tensor(0.3))
    assert roi_pool(ramp, boxes, 7).equal(roi_pool(ramp, still, 7))


def test_a_whole_map_at_its_own_size_comes_out_as_it_is():
    features = maps(4, (1, 2, 6, 8))
    assert torch.allclose(roi_align(features, torch.tensor([[0.0, 0, 0, 8, 6]]), (6, 8), sampling_ratio=1), features)


def test_either_form_of_boxes_and_either_memory_layout_give_the_same():
    features = maps(5).float()
    rows = BOXES[BOXES[:, 0].argsort(stable=True)]
    split = [rows[rows[:, 0] == picture][:, 1:] for picture in range(2)]
    expected = roi_align(features, rows, 7)
    assert expected.shape == (7, 3, 7, 7)
    assert roi_align(features, split, 7).equal(expected)
    assert roi_align(features.to(memory_format=torch.channels_last), rows, 7).equal(expected)
    assert RoIAlign(7)(features, rows).equal(expected)
    assert RoIPool(7, 0.5)(features, rows).equal(roi_pool(features, split, 7, 0.5))


def test_bfloat16_is_summed_as_float32():
    features = maps(6).bfloat16()
    found = roi_align(features, BOXES, 3, 0.5)
    assert found.dtype == torch.bfloat16
    assert found.equal(roi_align(features.float(), BOXES, 3, 0.5).bfloat16())


def adaptively(features, boxes, size):
    return roi_align(features, boxes, size, sampling_ratio=0)


@pytest.mark.parametrize("cut", [roi_align, adaptively, roi_pool])
def test_no_boxes_give_nothing_and_a_gradient_of_zero(cut):
    features = maps().requires_grad_()
    found = cut(features, torch.empty(0, 5), 7)
    assert found.shape == (0, 3, 7, 7)
    found.sum().backward()
    assert not features.grad.abs().max()


def test_levels_are_the_papers():
    """Equation 1: 224 pixels are level 4, half of it 3; an aspect does not matter, the area does."""
    sides = torch.tensor([[224.0, 224], [112, 112], [448, 448], [447, 447], [448, 112], [5, 5], [3000, 3000]])
    boxes = torch.cat([torch.zeros(7, 2), sides], 1)
    assert assign_levels(boxes, 2, 5).tolist() == [4, 3, 5, 4, 4, 2, 5]


def test_a_pyramid_cuts_each_box_from_its_own_map():
    pyramid = {
        4: maps(7, (2, 3, 64, 64)).float(),
        8: maps(8, (2, 3, 32, 32)).float(),
        16: maps(9, (2, 3, 16, 16)).float(),
    }
    boxes = torch.tensor([[0, 3.0, 4, 230, 240], [1, 10, 10, 30, 40], [0, 20, 20, 150, 140], [1, 0, 0, 250, 250]])
    levels = assign_levels(boxes[:, 1:], 2, 4)
    assert levels.tolist() == [4, 2, 3, 4]
    found = pyramid_roi_align(pyramid, boxes, 5)
    for row, level in enumerate(levels.tolist()):
        assert torch.allclose(found[row], roi_align(pyramid[2**level], boxes[row : row + 1], 5, 1 / 2**level)[0])
    assert RoIAlign(5)({8: pyramid[8]}, boxes).equal(roi_align(pyramid[8], boxes, 5, 1 / 8))
    assert pyramid_roi_align(pyramid, torch.empty(0, 5), 5).shape == (0, 3, 5, 5)


def test_bad_boxes_are_named():
    features = maps()
    with pytest.raises(ValueError, match=r"boxes must be \(K, 5\).*got \(7, 4\)"):
        roi_align(features, BOXES[:, 1:], 7)
    with pytest.raises(ValueError, match=r"2 pictures need a list of 2 boxes \(n, 4\); got \[\(7, 5\)\]"):
        roi_align(features, [BOXES], 7)
    with pytest.raises(ValueError, match="boxes name pictures 0 to 2 of a batch of 2"):
        listed(features, torch.tensor([[0.0, 0, 0, 1, 1], [2, 0, 0, 1, 1]]))
