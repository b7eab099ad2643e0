"""Regions proposed without learning, and how they are kept."""

import hashlib

import numpy as np
import pytest
import torch

from visus.data import proposals, proposed
from visus.data.proposals import selective_search, sliding_window
from visus.engine import catalogue
from visus.geometry.boxes import iou

every_proposer = pytest.mark.parametrize("name", catalogue.names(proposals))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VISUS_CACHE", str(tmp_path))


def scene():
    """Two discs and a striped square on grey ground, and their boxes."""
    y, x = np.indices((72, 96))
    image = np.full((72, 96, 3), 200, dtype=np.uint8)
    image[(x - 24) ** 2 + (y - 24) ** 2 < 14**2] = (200, 40, 40)
    image[(x - 60) ** 2 + (y - 20) ** 2 < 10**2] = (40, 60, 180)
    image[40:64, 52:86] = np.where(x[40:64, 52:86, None] % 4 < 2, 30, 90)
    return image, torch.tensor([[11.0, 11, 38, 38], [51, 11, 70, 30], [52, 40, 86, 64]])


@every_proposer
def test_boxes_lie_in_the_picture_and_are_the_same_again(name):
    image, _ = scene()
    boxes = proposed.find(image, name, 200)
    assert boxes.dtype == np.float32
    assert 0 < len(boxes) <= 200
    assert len(np.unique(boxes, axis=0)) == len(boxes)
    assert (boxes >= 0).all()
    assert (boxes[:, 2] <= 96).all()
    assert (boxes[:, 3] <= 72).all()
    assert ((boxes[:, 2:] - boxes[:, :2]) > 0).all()
    assert np.array_equal(boxes, proposed.find(image, name, 200))


@every_proposer
@pytest.mark.parametrize("image", [np.zeros((20, 30, 3)), np.full((5, 40, 3), 7)], ids=["black", "flat"])
def test_pictures_that_show_nothing_are_no_trouble(name, image):
    boxes = proposed.find(image.astype(np.uint8), name, 50)
    assert boxes.shape[1] == 4
    assert np.isfinite(boxes).all()


def test_selective_search_meets_every_thing_in_a_scene():
    image, things = scene()
    found = torch.from_numpy(selective_search.find(image, 200))
    assert float(iou(things, found).amax(1).min()) > 0.8


def test_fewer_boxes_are_the_best_of_more():
    image, _ = scene()
    assert np.array_equal(selective_search.find(image, 20), selective_search.find(image, 200)[:20])


def test_histograms_of_a_joint_are_those_of_its_pixels():
    """Sizes, boxes and histograms of joined segments are what describing them anew gives."""
    image, _ = scene()
    values = image.astype(np.float64) / 255
    labels = np.zeros((72, 96), dtype=np.int64)
    labels[:, 40:] = 1
    labels[30:, 70:] = 2
    texture = selective_search._directions(values[..., -1])
    start = selective_search._described(values, texture, labels)
    selective_search._join(start, 1, 2, 3)
    anew = selective_search._described(values, texture, (labels > 0).astype(np.int64))
    assert start.sizes[3] == anew.sizes[1]
    assert np.array_equal(start.boxes[3], anew.boxes[1])
    assert np.allclose(start.colour[3], anew.colour[1])
    assert np.allclose(start.texture[3], anew.texture[1])


def test_all_is_joined_in_the_end():
    image, _ = scene()
    values = image.astype(np.float64) / 255
    labels = selective_search._segmented(values, 50)
    start = selective_search._described(values, selective_search._directions(values[..., -1]), labels)
    (boxes,) = selective_search._joined(start, ("colour", "size"))
    assert len(boxes) == start.n - 1
    assert boxes[0].tolist() == [0, 0, 96, 72]


def test_likeness_by_hand():
    """Two halves of 6 and 10 of 32 pixels, whose box has 20: of four bins they share a half and all."""
    s = selective_search.Segments(
        np.array([6.0, 10.0, 0.0]),
        np.array([[0, 0, 3, 2], [0, 2, 5, 4], [0, 0, 0, 0]], dtype=float),
        np.array([[0.5, 0.5, 0, 0], [0.5, 0, 0.5, 0], [0, 0, 0, 0]]),
        np.array([[0.25] * 4, [0.25] * 4, [0] * 4]),
        np.array([[0, 1]]),
    )
    a, b = np.array([0]), np.array([1])

    def alike(*parts):
        return float(selective_search._likeness(s, a, b, parts, 32.0)[0])

    assert alike("colour") == 0.5
    assert alike("texture") == 1
    assert alike("size") == 1 - 16 / 32
    assert alike("fill") == 1 - (20 - 16) / 32
    assert alike("colour", "fill") == 0.5 + 0.875


@pytest.mark.parametrize("side", [8, 20, 45, 70])
def test_windows_meet_an_object_of_any_size_anywhere(side):
    windows = torch.from_numpy(sliding_window.find(np.zeros((100, 140, 3), dtype=np.uint8), 10**6))
    dice = torch.Generator().manual_seed(side)
    corner = torch.rand(50, 2, generator=dice) * torch.tensor([140.0 - side, 100.0 - side])
    assert float(iou(torch.cat([corner, corner + side], 1), windows).amax(1).min()) > 0.45


def test_regions_are_made_once_for_what_a_picture_shows(monkeypatch):
    image, _ = scene()
    first = proposed.kept(image, "sliding_window", 50)
    monkeypatch.setattr(sliding_window, "find", None)  # calling it again would fail
    assert np.array_equal(first, proposed.kept(image.copy(), "sliding_window", 50))
    monkeypatch.undo()
    other = image.copy()
    other[0, 0] = 0
    assert proposed._place(other, "sliding_window", 50) != proposed._place(image, "sliding_window", 50)
    assert proposed._place(image, "sliding_window", 60) != proposed._place(image, "sliding_window", 50)


@pytest.mark.parametrize("rubbish", [b"", b"half a file", b"\x93NUMPY\x01"])
def test_a_torn_file_is_made_anew(rubbish):
    image, _ = scene()
    file = proposed._place(image, "sliding_window", 50)
    file.parent.mkdir(parents=True)
    file.write_bytes(rubbish)
    assert np.array_equal(proposed.kept(image, "sliding_window", 50), sliding_window.find(image, 50))
    assert hashlib.sha256(file.read_bytes()).digest() != hashlib.sha256(rubbish).digest()


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VISUS_CACHE", str(tmp_path / "file"))
    image, _ = scene()
    assert len(proposed.kept(image, "sliding_window", 50)) == 50


def test_a_proposer_that_is_none_is_named_with_those_that_are():
    with pytest.raises(LookupError, match=r"no 'edge_boxes'.*selective_search, sliding_window"):
        proposed.find(scene()[0], "edge_boxes")
