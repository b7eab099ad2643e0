"""The net that samples are judged by: what it learns, what it tells, and that it is trained once."""

import numpy as np
import pytest
import torch
from PIL import Image

from visus.data import named
from visus.data.collection import TRAIN, VALIDATION
from visus.data.drawings import prepare_drawings
from visus.metrics.frechet import frechet_distance
from visus.recipes import _feature_net
from visus.recipes._feature_net import feature_net


@pytest.fixture(scope="module")
def digits():
    return prepare_drawings("digits")


@pytest.fixture(scope="module")
def net(digits, tmp_path_factory):
    """Of digits, taught for a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VISUS_CACHE", str(tmp_path_factory.mktemp("taught")))
        patch.setattr(_feature_net, "STEPS", 30)
        return feature_net(digits)


@pytest.fixture
def hardly_taught(monkeypatch):
    monkeypatch.setattr(_feature_net, "STEPS", 2)


def shown(drawings, part=VALIDATION, limit=200):
    levels, labels = (torch.cat(found) for found in zip(*drawings.part(part, limit), strict=True))
    return drawings.canvas.shown(levels), labels


def test_it_tells_the_classes_of_the_pictures_and_says_what_it_is(net, digits):
    pictures, labels = shown(digits)
    features, probabilities = net.features(pictures), net.probabilities(pictures)
    assert features.shape == (200, _feature_net.FEATURES)
    assert features.dtype == torch.float32
    assert probabilities.sum(1) == pytest.approx(torch.ones(200), abs=1e-5)
    assert (probabilities.argmax(1) == labels).double().mean() > 0.7
    assert net.accuracy > 0.7
    assert net.classes == tuple("0123456789")
    assert "digits to tell its 10 classes" in net.how
    assert "not the Inception net" in net.how
    assert not net.training


def test_features_are_nearer_for_pictures_of_the_set_than_for_noise(net, digits):
    real, other = net.features(shown(digits)[0]), net.features(shown(digits, TRAIN)[0])
    noise = torch.randint(0, 256, (200, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert frechet_distance(real, other) < 0.1 * frechet_distance(real, net.features(noise))


def test_it_is_trained_once_and_then_taken_from_the_cache(digits, monkeypatch, hardly_taught):
    pictures, _ = shown(digits, limit=20)
    first = feature_net(digits).features(pictures)
    monkeypatch.setattr(_feature_net, "_teach", lambda *_: pytest.fail("trained again"))
    assert torch.equal(feature_net(digits).features(pictures), first)
    with pytest.raises(pytest.fail.Exception):
        feature_net(digits, seed=1)
    with pytest.raises(pytest.fail.Exception):
        feature_net(prepare_drawings("digits", levels=2))


def test_a_broken_file_of_the_cache_is_made_anew(digits, hardly_taught):
    pictures, _ = shown(digits, limit=20)
    first = feature_net(digits).features(pictures)
    (kept,) = named.cache().glob("feature_net-*.safetensors")
    kept.write_bytes(kept.read_bytes()[:100])
    assert torch.equal(feature_net(digits).features(pictures), first)


def test_nothing_that_is_random_is_disturbed(digits, hardly_taught):
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    feature_net(digits)
    assert torch.equal(torch.rand(3), expected)


def test_the_test_part_is_not_looked_at(digits, monkeypatch, hardly_taught):
    whole = feature_net(digits)
    monkeypatch.setattr(_feature_net, "_teach", lambda *_: pytest.fail("trained again"))
    assert feature_net(digits.without_test()).accuracy == whole.accuracy


@pytest.mark.parametrize("size", [(12, 12), (10, 16)], ids=["square", "wide"])
def test_pictures_without_classes_teach_it_to_tell_turns(tmp_path, size, monkeypatch):
    monkeypatch.setattr(_feature_net, "STEPS", 30)
    ramp = np.linspace(0, 255, size[1])[None] * np.ones(size)[..., :1]  # dark on the left, bright on the right
    dice = np.random.default_rng(0)
    for number in range(40):
        picture = (ramp + dice.normal(0, 20, size)).clip(0, 255).astype(np.uint8)
        Image.fromarray(picture).save(tmp_path / f"{number:02d}.png")
    net = feature_net(prepare_drawings(tmp_path))
    assert net.accuracy > 0.9
    assert net.classes == ()
    assert "how far a picture is turned" in net.how
    with pytest.raises(ValueError, match="the pictures had no classes"):
        net.probabilities(torch.zeros(1, 3, *size, dtype=torch.uint8))


def test_turned_pictures_say_by_how_much():
    picture = torch.arange(48, dtype=torch.uint8).view(1, 3, 4, 4).expand(4, -1, -1, -1)
    squares, turns = _feature_net._turned(picture)
    assert turns.tolist() == [0, 1, 2, 3]
    for square, turn in zip(squares, turns.tolist(), strict=True):
        assert np.array_equal(square[0].numpy(), np.rot90(picture[0, 0].numpy(), turn))
