"""Pictures on a larger field: each whole, at a place of its own, and in training at another one in every epoch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from visus.data.augment import Augment
from visus.data.collection import Arrays, Collection, Files
from visus.data.scattered import scattered


def collection(n=200, side=6):
    values = np.random.default_rng(0).integers(1, 256, (n, side, side), dtype=np.uint8)
    return Collection("here", Arrays(values), [str(i) for i in range(n)], np.arange(n) % 3, list("abc"))


def cut_out(picture):
    """What is not black, as the smallest box around it."""
    rows, columns = (np.flatnonzero((picture > 0).any(axis)) for axis in (1, 0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], rows[0], columns[0]


def test_every_picture_stands_whole_somewhere_on_the_field():
    before = collection()
    after = scattered(before, 16).pictures.values
    assert after.shape == (200, 16, 16)
    places = set()
    for small, large in zip(before.pictures.values, after, strict=True):
        found, top, left = cut_out(large)
        assert np.array_equal(found, small)
        places.add((top, left))
    assert {top for top, _ in places} == {left for _, left in places} == set(range(11))


def test_a_place_depends_on_the_row_alone():
    few = scattered(replace(collection(), pictures=Arrays(collection().pictures.values[:5])), 16)
    assert np.array_equal(few.pictures.values, scattered(collection(), 16).pictures.values[:5])


def test_what_does_not_fit_or_is_not_decoded_is_refused():
    with pytest.raises(ValueError, match="6 x 6 pixels do not fit a field of 5 x 5"):
        scattered(collection(), 5)
    with pytest.raises(ValueError, match="lies in files"):
        scattered(replace(collection(), pictures=Files([Path("a.png")])))


def test_scatter_moves_what_stands_on_black_whole_to_anywhere():
    images = torch.zeros(300, 3, 12, 10, dtype=torch.uint8)
    images[:, :, 1:5, 2:5] = torch.randint(1, 256, (300, 3, 4, 3), dtype=torch.uint8)
    moved = Augment(scatter=True)(images, 0, 0, np.arange(300))
    places = set()
    for old, new in zip(images.numpy(), moved.numpy(), strict=True):
        found, top, left = cut_out(new[0])
        assert np.array_equal(found, old[0, 1:5, 2:5])
        places.add((top, left))
    assert {top for top, _ in places} == set(range(9))
    assert {left for _, left in places} == set(range(8))


def test_scatter_leaves_alone_what_fills_the_frame_and_what_is_all_black():
    full, empty = torch.full((1, 3, 4, 4), 9, dtype=torch.uint8), torch.zeros(1, 3, 4, 4, dtype=torch.uint8)
    for images in (full, empty):
        assert torch.equal(Augment(scatter=True)(images, 0, 0, np.arange(1)), images)
