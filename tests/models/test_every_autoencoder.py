"""Promises every autoencoder keeps. A new file in `models/autoencoders` is tested without being mentioned."""

import copy
from functools import cache

import pytest
import torch

from visus.data.canvas import Canvas
from visus.engine import catalogue
from visus.models import autoencoders
from visus.models.generative import Encoding, Generative, Latent, Likelihood

NAMES = catalogue.names(autoencoders)
every_autoencoder = pytest.mark.parametrize("name", NAMES)
GREY, COLOUR = Canvas(1, 9, 7, 2), Canvas(3, 8, 8, 256)
every_canvas = pytest.mark.parametrize("canvas", [GREY, COLOUR, Canvas(1, 8, 8, 17)], ids=["grey", "colour", "17"])
SMALL = {"dense_vae": {"hidden": 8}, "conv_vae": {"width": 2, "hidden": 8}, "autoencoder": {"hidden": 8}}


def fresh(name, canvas=GREY, n_classes=0, **settings):
    torch.manual_seed(0)
    network = catalogue.find(autoencoders, name).build(canvas, n_classes, latents=3, **SMALL.get(name, {}), **settings)
    for parameter in network.parameters():  # at first what is decoded hardly depends on the point
        parameter.data += 0.1 * torch.randn(parameter.shape)
    return network.eval()


@cache
def network(name, canvas, n_classes=0):
    return fresh(name, canvas, n_classes)


def levels(canvas, n=5):
    shape = (n, *canvas.image)
    return torch.randint(canvas.levels, shape, generator=torch.Generator().manual_seed(1)).to(torch.uint8)


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


@every_autoencoder
@every_canvas
def test_meets_its_protocols_and_keeps_its_shapes(name, canvas):
    model, pictures = network(name, canvas), levels(canvas)
    assert isinstance(model, Generative)
    assert isinstance(model, Latent)
    assert isinstance(model, Encoding)
    with torch.no_grad():
        z = model.encode(pictures)
        shown = model.decode(z)
        drawn = model.sample(4, dice())
    assert z.shape == (5, 3)
    assert shown.shape == pictures.shape
    assert 0 <= shown.min() <= shown.max() <= 1
    assert drawn.shape == (4, *canvas.image)
    assert drawn.dtype == torch.uint8
    assert int(drawn.max()) < canvas.levels
    assert model.draw(4, dice()).shape == (4, 3)


@every_autoencoder
@every_canvas
def test_the_same_dice_draw_the_same_and_others_do_not(name, canvas):
    model = network(name, canvas)
    with torch.no_grad():
        one, again, other = (model.sample(6, dice(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@every_autoencoder
@every_canvas
def test_each_picture_is_described_alone(name, canvas):
    model, pictures = network(name, canvas), levels(canvas)
    with torch.no_grad():
        torch.testing.assert_close(model.encode(pictures)[2:3], model.encode(pictures[2:3]))


@every_autoencoder
def test_with_classes_both_halves_see_the_label(name):
    model, pictures = network(name, GREY, 4), levels(GREY)
    of, others = torch.tensor([0, 1, 2, 3, 0]), torch.tensor([1, 2, 3, 0, 1])
    with torch.no_grad():
        z = model.encode(pictures, of)
        assert not torch.equal(z, model.encode(pictures, others))
        assert not torch.equal(model.decode(z, of), model.decode(z, others))
        assert model.sample(5, dice(), labels=of).shape == pictures.shape
        with pytest.raises(ValueError, match="give labels"):
            model.sample(5, dice())
        with pytest.raises(ValueError, match="between 0 and 3; got 4 to 4"):
            model.decode(z[:1], torch.tensor([4]))


@every_autoencoder
def test_what_cannot_be_is_said_in_a_sentence(name):
    model = network(name, GREY)
    with pytest.raises(ValueError, match=r"points have 3 numbers each; got \(2, 5\)"):
        model.decode(torch.zeros(2, 5))
    with pytest.raises(ValueError, match="at least 1 picture is to be made; got 0"):
        model.sample(0, dice())
    with pytest.raises(ValueError, match="temperature must be above 0"):
        model.sample(1, dice(), temperature=0)
    with pytest.raises(ValueError, match="9 x 7 grey pictures"):
        model.encode(levels(COLOUR))
    with pytest.raises(ValueError, match="trained without classes"):
        model.decode(torch.zeros(1, 3), torch.tensor([0]))
    with pytest.raises(ValueError, match="latents must be at least 1; got 0"):
        catalogue.find(autoencoders, name).build(GREY, 0, latents=0)


@every_autoencoder
def test_state_survives_a_round_trip_and_a_copy(name):
    model, pictures = network(name, GREY), levels(GREY)
    twin = catalogue.find(autoencoders, name).build(GREY, 0, latents=3, **SMALL.get(name, {}))
    twin.load_state_dict(model.state_dict())
    with torch.no_grad():
        for other in (twin.eval(), copy.deepcopy(model)):
            assert torch.equal(model.encode(pictures), other.encode(pictures))
            assert torch.equal(model.sample(3, dice()), other.sample(3, dice()))


def test_those_with_a_likelihood_say_so():
    with_one = {name for name in NAMES if isinstance(network(name, GREY), Likelihood)}
    assert {"dense_vae", "conv_vae"} <= with_one
    assert "autoencoder" not in with_one


def test_pictures_that_cannot_be_halved_so_often_are_refused():
    with pytest.raises(ValueError, match="9 x 7 pixels cannot be halved 3 times"):
        catalogue.find(autoencoders, "conv_vae").build(GREY, 0, halvings=3)


def test_a_plain_autoencoder_draws_like_the_codes_it_was_settled_by():
    model = fresh("autoencoder")
    root = torch.tensor([[1.0, 0, 0], [2.0, 0.5, 0], [0, 0.3, 0.1]])
    codes = torch.randn(5000, 3, generator=dice(5)) @ root.T + torch.tensor([5.0, 0, -5])
    model.settle(codes)
    drawn = model.draw(20000, dice(6))
    torch.testing.assert_close(drawn.mean(0), codes.mean(0), atol=0.05, rtol=0)
    torch.testing.assert_close(torch.cov(drawn.T), torch.cov(codes.T), atol=0.15, rtol=0)


def test_codes_that_never_differ_can_be_drawn():
    model = fresh("autoencoder")
    model.settle(torch.ones(10, 3))
    torch.testing.assert_close(model.draw(4, dice()), torch.ones(4, 3), atol=0.02, rtol=0)


def test_a_convolutional_trunk_does_as_a_dense_one():
    model = catalogue.find(autoencoders, "autoencoder").build(COLOUR, 2, trunk="conv", width=2, latents=3)
    pictures, of = levels(COLOUR), torch.tensor([0, 1, 0, 1, 0])
    assert model.decode(model.encode(pictures, of), of).shape == pictures.shape
