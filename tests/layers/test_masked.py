"""Masked convolutions: nothing behind is seen, all before is; place by place they tell what they tell at once."""

import pytest
import torch

from visus.layers.masked import MaskedConv2d, Trail, colours_of

H, W, Y, X = 7, 6, 3, 2


def seen(layer, n_in, feature):
    """The features and places that an output at (Y, X) depends on: {(channel, y, x)}."""
    maps = torch.randn(1, n_in, H, W, generator=torch.Generator().manual_seed(0), requires_grad=True)
    layer(maps)[0, feature, Y, X].backward()
    return {tuple(place) for place in maps.grad[0].nonzero().tolist()}


def window(up, side):
    return {(y, x) for y in range(Y - up, Y + up + 1) for x in range(X - side, X + side + 1)}


@pytest.mark.parametrize("mask", ["A", "B"])
@pytest.mark.parametrize(("up", "side"), [(0, 0), (0, 1), (1, 1), (2, 2)])
@pytest.mark.parametrize("n_colours", [1, 3])
def test_what_stands_before_is_seen_and_nothing_else(mask, up, side, n_colours):
    n = 2 * n_colours
    layer = MaskedConv2d(colours_of(n, n_colours), colours_of(n, n_colours), mask, up, side)
    for feature in range(n):
        own = feature // 2
        expected = set()
        for channel in range(n):
            here = channel // 2 < own or (mask == "B" and channel // 2 == own)
            expected |= {(channel, y, x) for y, x in window(up, side) if (y, x) < (Y, X) or ((y, x) == (Y, X) and here)}
        assert seen(layer, n, feature) == expected


@pytest.mark.parametrize(("mask", "last"), [("above", Y - 1), ("row", Y)])
def test_a_vertical_mask_sees_whole_rows(mask, last):
    layer = MaskedConv2d(colours_of(3, 3), colours_of(3, 3), mask, up=2, side=1)
    expected = {(channel, y, x) for channel in range(3) for y, x in window(2, 1) if y <= last}
    assert all(seen(layer, 3, feature) == expected for feature in range(3))


@pytest.mark.parametrize("mask", ["A", "B"])
@pytest.mark.parametrize(("up", "side"), [(0, 0), (0, 2), (1, 1), (3, 3)])
@pytest.mark.parametrize("n_colours", [1, 3])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_a_trail_tells_place_by_place_what_the_convolution_tells_at_once(mask, up, side, n_colours, bias):
    torch.manual_seed(0)
    sees, tells = colours_of(2 * n_colours, n_colours), colours_of(n_colours, n_colours).repeat(2)
    layer = MaskedConv2d(sees, tells, mask, up, side, bias=bias)
    maps = torch.randn(4, len(sees), H, W)
    trail, found = Trail(layer, 4, W), torch.zeros(4, len(tells), H, W)
    with torch.no_grad():
        for y in range(H):
            trail.next_row()
            for x in range(W):
                for colour in range(n_colours):
                    if mask == "B":
                        trail.put(x, 2 * colour, maps[:, 2 * colour : 2 * colour + 2, y, x])
                    found[:, tells == colour, y, x] = trail.at(x, colour)
                    trail.put(x, 2 * colour, maps[:, 2 * colour : 2 * colour + 2, y, x])
        torch.testing.assert_close(found, layer(maps))


def test_halves_and_rows_are_the_same_convolution():
    torch.manual_seed(0)
    layer = MaskedConv2d(colours_of(3, 1), colours_of(4, 1), "row", up=2, side=1)
    maps = torch.randn(2, 3, H, W)
    torch.testing.assert_close(torch.cat(layer.halves(maps), 1), layer(maps))
    torch.testing.assert_close(layer.of_row(maps[:, :, 1:4]), layer(maps)[:, :, 3])


def test_signals_keep_their_size():
    torch.manual_seed(0)
    layer = MaskedConv2d(colours_of(96, 3), colours_of(96, 3), "B", 1, 1)
    told = layer(torch.randn(4, 96, 16, 16))
    assert 0.7 < told.detach()[:, :, 1:, 1:-1].std().item() < 1.3


def test_features_that_cannot_be_shared_out_are_refused():
    with pytest.raises(ValueError, match="64 is no multiple of 3"):
        colours_of(64, 3)


@pytest.mark.parametrize("mask", ["A", "B", "above", "row"])
def test_weights_of_what_is_not_seen_are_zero_and_stay_so(mask):
    layer = MaskedConv2d(colours_of(3, 3), colours_of(3, 3), mask, up=1, side=1)
    rule = torch.optim.AdamW(layer.parameters(), lr=0.1, weight_decay=0.1)
    layer(torch.randn(2, 3, H, W)).square().sum().backward()
    rule.step()
    assert torch.equal(layer.weight, layer.masked)
    assert bool((layer.weight == 0).any())
