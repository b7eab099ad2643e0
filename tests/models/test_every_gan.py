"""Promises every pair of generator and critic keeps. A new file in `models/gans` is tested without being mentioned."""

import copy

import pytest
import torch

from visus.data.canvas import Canvas
from visus.engine import catalogue
from visus.models import gans
from visus.models.gans import dcgan
from visus.models.generative import Generative, Latent

NAMES = catalogue.names(gans)
every_gan = pytest.mark.parametrize("name", NAMES)
SMALL = {"dcgan": {"width": 4}, "mlp": {"hidden": 16}}  # settings that make one fast; a new one is tested as it is
CANVASES = {
    "grey": Canvas(1, 8, 8),
    "black and white": Canvas(1, 28, 28, levels=2),
    "uneven": Canvas(3, 13, 22),
    "colour": Canvas(3, 32, 32, levels=16),
}


def fresh(name, canvas=CANVASES["grey"], n_classes=0, **settings):
    torch.manual_seed(0)
    return catalogue.find(gans, name).build(canvas, n_classes, **{"latents": 6, **SMALL.get(name, {}), **settings})


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


@every_gan
@pytest.mark.parametrize("kind", sorted(CANVASES))
@pytest.mark.parametrize("n_classes", [0, 3])
def test_draws_levels_of_the_canvas_and_scores_them(name, kind, n_classes):
    canvas = CANVASES[kind]
    pair, labels = fresh(name, canvas, n_classes), torch.tensor([0, 2, 1, 1]) if n_classes else None
    levels = pair.eval().sample(4, dice(), labels=labels)
    canvas.check(levels)
    assert levels.dtype == torch.uint8
    assert int(levels.max()) < canvas.levels
    scores = pair.critic(2 * canvas.brightness(levels) - 1, labels)
    assert scores.shape == (4,)
    assert torch.isfinite(scores).all()


@every_gan
def test_meets_what_generative_models_promise(name):
    pair = fresh(name)
    assert isinstance(pair, Generative)
    assert isinstance(pair, Latent)
    assert isinstance(pair.generator, Generative)
    assert pair.latents == 6


@every_gan
@torch.no_grad()
def test_the_same_dice_make_the_same_pictures(name):
    pair = fresh(name).eval()
    assert torch.equal(pair.sample(5, dice(3)), pair.sample(5, dice(3)))
    assert not torch.equal(pair.draw(5, dice(3)), pair.draw(5, dice(4)))
    assert torch.equal(pair.draw(2, dice(3)), pair.draw(2, dice(3)))


@every_gan
@torch.no_grad()
def test_a_picture_is_that_of_its_point(name):
    pair = fresh(name).eval()
    z = pair.draw(7, dice(1))
    brightness = pair.decode(z)
    assert 0 <= float(brightness.min()) <= float(brightness.max()) <= 1
    assert torch.equal((brightness * 255).round().to(torch.uint8), pair.sample(7, dice(1)))
    assert torch.allclose(pair.decode(z[2:3]), brightness[2:3], atol=1e-6)


@every_gan
@torch.no_grad()
def test_a_low_temperature_draws_from_the_middle(name):
    pair = fresh(name).eval()
    middle = pair.decode(torch.zeros(1, 6))
    near = pair.canvas.brightness(pair.sample(20, dice(), temperature=0.01)) - middle
    far = pair.canvas.brightness(pair.sample(20, dice())) - middle
    assert float(near.abs().mean()) <= float(far.abs().mean())


@every_gan
def test_the_class_changes_the_picture_and_the_score(name):
    pair = fresh(name, n_classes=3)
    pictures, z = torch.rand(1, 1, 8, 8) * 2 - 1, torch.randn(1, 6)
    one, two = torch.tensor([0]), torch.tensor([2])
    with torch.no_grad():
        pair.eval()
        assert not torch.equal(pair.decode(z, one), pair.decode(z, two))
        assert float(pair.critic(pictures, one)) != float(pair.critic(pictures, two))


@every_gan
def test_gradients_reach_every_weight(name):
    for settings in ({}, {"spectral": True}):
        pair = fresh(name, n_classes=2, **settings)
        labels = torch.tensor([0, 1, 1, 0])
        pair.critic(pair.generator(torch.randn(4, 6), labels), labels).square().sum().backward()
        silent = [n for n, p in pair.named_parameters() if p.grad is None or not p.grad.abs().sum()]
        assert not silent


@every_gan
@torch.no_grad()
def test_is_copied_and_rebuilt_whole(name):
    for settings in ({}, {"spectral": True}):
        pair = fresh(name, **settings)
        pair.critic(torch.rand(2, 1, 8, 8))
        twin, copied = fresh(name, **settings), copy.deepcopy(pair)
        twin.load_state_dict(pair.state_dict())
        for other in (twin.eval(), copied.eval()):
            assert torch.equal(other.sample(3, dice()), pair.eval().sample(3, dice()))
        for parameter in copied.parameters():
            parameter.zero_()
        assert not torch.equal(copied.sample(3, dice()), pair.sample(3, dice()))


@every_gan
def test_progress_is_told_to_the_end(name):
    told = []
    fresh(name).eval().sample(260, dice(), progress=lambda done, of: told.append((done, of)))
    assert told == [(250, 260), (260, 260)]


@every_gan
def test_what_cannot_be_is_refused_in_a_sentence(name):
    pair, named = fresh(name), fresh(name, n_classes=3)
    for wrong, said in (
        (lambda: pair.sample(0, dice()), "at least 1 picture"),
        (lambda: pair.sample(2, dice(), labels=torch.tensor([0, 1])), "without classes"),
        (lambda: pair.sample(2, dice(), temperature=0.0), "temperature must be above 0"),
        (lambda: pair.decode(torch.zeros(2, 5)), "6 numbers each"),
        (lambda: named.sample(2, dice()), "give labels"),
        (lambda: named.sample(2, dice(), labels=torch.tensor([0, 3])), "between 0 and 2"),
        (lambda: fresh(name, latents=0), "at least 1"),
    ):
        with pytest.raises(ValueError, match=said):
            wrong()


def test_dcgan_refuses_pictures_that_cannot_be_halved():
    with pytest.raises(ValueError, match="at least 6 pixels a side and these are 5 x 20; take model=mlp"):
        fresh("dcgan", Canvas(1, 5, 20))


@pytest.mark.parametrize(
    ("sides", "expected"),
    [((28, 28), (4, 4)), ((32, 32), (4, 4)), ((64, 48), (4, 3)), ((8, 8), (4, 4)), ((13, 22), (4, 6))],
    ids=str,
)
def test_dcgan_halves_until_its_critic_sees_whole_pictures(sides, expected):
    assert dcgan.sizes(*sides)[-1] == expected


def test_a_layer_norm_critic_scores_each_picture_alone():
    critic = fresh("dcgan", CANVASES["black and white"], norm="layer").critic
    pictures = torch.rand(3, 1, 28, 28)
    assert torch.allclose(critic(pictures)[:1], critic(pictures[:1]), atol=1e-5)
