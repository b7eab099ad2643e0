"""A model of pictures on disk: what it draws, goes on with and says of pictures, and what it refuses."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from visus.data.canvas import Canvas
from visus.data.decode import UnreadablePictureError
from visus.engine import catalogue
from visus.models.generative import check_labels
from visus.recipes._drawing import FAMILIES
from visus.ship import model as ship
from visus.ship.kinds import generation
from visus.ship.kinds.generation import Painter
from visus.ship.opened import opened, told_by
from visus.ship.points import point, terms


class Drawer(nn.Module):
    """Draws every value evenly from its levels, on a row's mean brightness where classes are told; exact by hand."""

    exact = True

    def __init__(self, canvas, n_classes=0):
        super().__init__()
        self.canvas, self.n_classes = canvas, n_classes
        self.weight = nn.Parameter(torch.arange(3.0))
        self.batches = []

    def sample(self, n, dice, *, labels=None, temperature=1.0, progress=None):
        check_labels(labels, self.n_classes, n)
        self.batches.append(n)
        if progress:
            progress(1, 2)
            progress(2, 2)
        drawn = torch.randint(0, self.canvas.levels, (n, *self.canvas.image), generator=dice, dtype=torch.uint8)
        if labels is not None:
            drawn[:, :, 0, 0] = labels[:, None].to(torch.uint8)
        return drawn

    def complete(self, levels, known, dice, *, labels=None, temperature=1.0, progress=None):
        return torch.where(known, levels, self.sample(len(levels), dice, labels=labels, progress=progress))

    def log_likelihood(self, levels, labels=None, *, dice, k=1):
        check_labels(labels, self.n_classes, len(levels))
        return torch.full((len(levels),), -self.canvas.values * math.log(self.canvas.levels) - (k - 1))


class Mirror(nn.Module):
    """A space of two numbers: the brightness of the left and of the right half, 0.5 at 0."""

    exact = False

    def __init__(self, canvas, n_classes=0):
        super().__init__()
        self.canvas, self.n_classes, self.latents = canvas, n_classes, 2
        self.weight = nn.Parameter(torch.arange(3.0))

    def draw(self, n, dice):
        return torch.randn(n, 2, generator=dice)

    def decode(self, z, labels=None):
        check_labels(labels, self.n_classes, len(z))
        c, h, w = self.canvas.image
        halves = (0.5 + z / 10).repeat_interleave(w // 2, 1)
        return halves[:, None, None].expand(-1, c, h, -1)

    def encode(self, levels, labels=None):
        light = self.canvas.brightness(levels).mean((1, 2))
        half = self.canvas.width // 2
        return torch.stack([light[:, :half].mean(1) - 0.5, light[:, half:].mean(1) - 0.5], 1) * 10

    def sample(self, n, dice, *, labels=None, temperature=1.0, progress=None):
        return (self.decode(self.draw(n, dice), labels) * (self.canvas.levels - 1)).round().to(torch.uint8)


class Blind(nn.Module):
    """Points, and no way back from a picture: what a generator is. Of 3 numbers, of which the first is the light."""

    def __init__(self, canvas):
        super().__init__()
        self.canvas, self.n_classes, self.latents = canvas, 0, 3

    def draw(self, n, dice):
        return torch.randn(n, 3, generator=dice)

    def decode(self, z, labels=None):
        return (0.5 + z[:, :1, None, None] / 10).expand(-1, *self.canvas.image)


GREY = Canvas(1, 8, 8)


def facts(canvas=GREY, classes=(), **more):
    return {
        "tells": "generation",
        "family": "autoregressive",
        "model": "drawer",
        "settings": {},
        "framing": "crop",
        "canvas": canvas.facts(),
        "n_classes": len(classes),
        "classes": list(classes),
        "data": "digits",
        **more,
    }


def painter(kind=Drawer, canvas=GREY, classes=()):
    network = kind(canvas, len(classes)) if classes else kind(canvas)
    return Painter(network, facts(canvas, classes))


class Trained:
    def __init__(self, model, known):
        self.model, self.facts = model, known


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A run folder with a stand-in of two classes, which is rebuilt as the shipped facts describe it."""
    monkeypatch.setattr(
        generation.recipe, "rebuild", lambda known: Drawer(Canvas.from_facts(known["canvas"]), known["n_classes"])
    )
    task = Trained(Drawer(GREY, 2), facts(classes=("cat", "dog")))
    task.model.weight.data += 1
    stages = {
        "train": {"best": -141.5},
        "split": {"train": 1400, "test": 200},
        "baselines": {"independent_pixels": -170.25},
    }
    generation.save(tmp_path, task, {}, stages)
    return tmp_path


def test_what_is_loaded_is_what_was_saved(folder):
    model = opened(folder)
    assert told_by(folder) == "generation"
    assert isinstance(model, Painter)
    assert model.network.weight.tolist() == [1.0, 2.0, 3.0]
    assert (model.classes, model.n_classes, model.canvas, model.family) == (["cat", "dog"], 2, GREY, "autoregressive")
    assert not model.network.training
    card = (folder / "model" / "card.md").read_text(encoding="utf-8")
    for said in (
        "8 x 8 grey pictures of 256 levels",
        "cat, dog",
        "1,400 for train",
        "-141.5",
        "independent pixels 170.25",
    ):
        assert said in card


def test_the_card_tells_the_test_where_there_was_one():
    text = generation.card("run", facts(), {"test": {"n": 1000, "said": "81.2 nats (95 % interval 81.0 to 81.4)"}})
    assert "On 1,000 test pictures: 81.2 nats (95 % interval 81.0 to 81.4)." in text


def test_every_family_has_its_sentence_in_the_card():
    for family in FAMILIES:
        assert "`drawer`" in generation.card("run", facts(family=family), {})


def test_a_model_of_pictures_is_no_classifier(folder):
    with pytest.raises(ValueError, match="visus sample"):
        ship.load(folder)


def test_what_is_damaged_is_said_in_one_sentence(folder):
    (folder / "model" / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match="damaged"):
        opened(folder)


def test_the_same_seed_draws_the_same_pictures_and_another_seed_others():
    model = painter()
    pictures = model.sample(5, seed=3)
    assert pictures.shape == (5, 8, 8, 3)
    assert pictures.dtype == np.uint8
    assert (pictures == model.sample(5, seed=3)).all()
    assert (pictures != model.sample(5, seed=4)).any()
    assert (pictures[..., 0] == pictures[..., 2]).all()


def test_many_pictures_are_drawn_in_parts_and_all_of_them_are_told():
    model, told = painter(), []
    n = 2 * generation.AT_ONCE + 10
    assert len(model.sample_levels(n, progress=lambda done, of: told.append(done / of))) == n
    assert model.network.batches == [generation.AT_ONCE, generation.AT_ONCE, 10]
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) == 6


def test_classes_come_in_turn_or_as_asked():
    model = painter(classes=("cat", "cow", "dog"))
    assert model.sample_levels(5)[:, 0, 0, 0].tolist() == [0, 1, 2, 0, 1]
    assert model.sample_levels(2, label="dog")[:, 0, 0, 0].tolist() == [2, 2]
    assert model.sample_levels(2, label=["dog", "cat"])[:, 0, 0, 0].tolist() == [2, 0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n": 0}, "at least 1 picture"),
        ({"n": 2, "temperature": 0.0}, "temperature must be above 0"),
        ({"n": 2, "label": "cut"}, "no class 'cut'. Did you mean 'cat'"),
        ({"n": 3, "label": ["cat"]}, "got 1 for 3"),
    ],
    ids=["none", "cold", "unknown", "few"],
)
def test_what_cannot_be_drawn_is_said_in_one_sentence(asked, said):
    with pytest.raises((ValueError, LookupError), match=said):
        painter(classes=("cat", "dog")).sample(**asked)


def test_a_model_without_classes_is_not_asked_for_one():
    with pytest.raises(ValueError, match="conditional=yes"):
        painter().sample(1, label="cat")


def test_known_pixels_stay_and_the_others_differ_from_draw_to_draw():
    model = painter()
    half = np.arange(32, dtype=np.uint8).reshape(4, 8)
    made = model.complete(half, n=3)
    assert made.shape == (3, 8, 8, 3)
    assert (made[:, :4, :, 0] == half).all()
    assert (made[0, 4:] != made[1, 4:]).any()
    mask = np.eye(8, dtype=bool)
    whole = np.full((8, 8, 3), 77, dtype=np.uint8)
    assert (model.complete(whole, mask, n=2)[:, mask] == 77).all()
    assert (model.complete(whole, 2)[0, :2] == 77).all()


def test_two_levels_are_drawn_once_for_all_completions():
    model = painter(canvas=Canvas(1, 8, 8, levels=2))
    made = model.complete(np.full((4, 8), 128, dtype=np.uint8), n=6)
    assert (made[:, :4] == made[:1, :4]).all()
    assert len(np.unique(made[0, :4])) == 2
    seen, known, whole = model.begun(np.full((4, 8), 128, dtype=np.uint8))
    assert (seen[known] == made[0][known]).all()
    assert not whole


def test_files_say_themselves_what_is_known(tmp_path):
    model = painter()
    Image.fromarray(np.full((3, 8), 50, np.uint8)).save(tmp_path / "part.png")
    assert model.begun(tmp_path / "part.png")[1][:, 0].sum() == 3
    Image.fromarray(np.full((8, 8), 50, np.uint8)).save(tmp_path / "whole.png")
    _, known, whole = model.begun(tmp_path / "whole.png")
    assert whole
    assert known[:4].all()
    assert not known[4:].any()
    colours = np.full((8, 8, 4), 255, np.uint8)
    colours[2:, :, 3] = 0
    Image.fromarray(colours, "RGBA").save(tmp_path / "hole.png")
    _, known, whole = model.begun(tmp_path / "hole.png")
    assert known[:2].all()
    assert not known[2:].any()
    assert not whole
    assert model.begun(tmp_path / "hole.png", 1)[1].sum() == 8


def test_a_picture_that_does_not_fit_on_the_canvas_is_refused_in_one_sentence(tmp_path):
    colour = painter(canvas=Canvas(3, 8, 8))
    cases = [
        (painter(), np.zeros((9, 8), np.uint8), None, "9 x 8 pixels, more than the 8 x 8"),
        (painter(), np.zeros((4, 6), np.uint8), None, "6 pixels wide"),
        (painter(), np.zeros((4, 8), np.uint8), 5, "5 rows are to be known"),
        (painter(), np.zeros((8, 8), np.uint8), 8, "between 1 and 7 rows"),
        (painter(), np.zeros((8, 8), np.uint8), 0, "between 1 and 7 rows"),
        (painter(), np.zeros((8, 8), np.uint8), np.ones((4, 8), bool), "the mask has 4 x 8 pixels; it must have 8 x 8"),
        (painter(), np.zeros((8, 8), np.uint8), np.zeros((8, 8), bool), "none of it is known"),
        (painter(), np.zeros((8, 8), np.uint8), np.ones((8, 8), bool), "nothing to draw"),
        (painter(), np.zeros((8, 8)), None, "uint8"),
        (colour, np.zeros((4, 8), np.uint8), None, "is grey, and the model draws 8 x 8 colour pictures"),
    ]
    for model, picture, known, said in cases:
        with pytest.raises(ValueError, match=said):
            model.complete(picture, known)
    Image.fromarray(np.zeros((4, 8), np.uint8)).save(tmp_path / "grey.png")
    with pytest.raises(ValueError, match=r"grey\.png is grey"):
        colour.complete(tmp_path / "grey.png")
    with pytest.raises(UnreadablePictureError, match=r"none\.png"):
        colour.complete(tmp_path / "none.png")


def test_a_grey_model_takes_colour_by_its_brightness():
    red = np.zeros((4, 8, 3), dtype=np.uint8)
    red[..., 0] = 255
    assert (painter().complete(red)[0, :4] == 76).all()


def test_likelihoods_are_nats_of_files_arrays_and_levels_alike(tmp_path):
    model = painter()
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 8)).astype(np.uint8)
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{number}.png")
    assert torch.equal(model.levels(pictures), model.levels(tmp_path))
    nats = model.log_likelihood(tmp_path)
    assert nats.dtype == np.float64
    assert nats == pytest.approx(-64 * math.log(256))
    assert model.bits(nats) == pytest.approx(8.0)
    assert model.log_likelihood(model.levels(pictures), k=3) == pytest.approx(-64 * math.log(256) - 2)
    assert model.exact
    assert len(model.log_likelihood(pictures[:0])) == 0
    with pytest.raises(ValueError, match="8 x 8 grey"):
        model.log_likelihood(torch.zeros(2, 3, 8, 8, dtype=torch.uint8))


def test_a_point_is_decoded_and_found_again():
    model = painter(Mirror)
    z = torch.tensor([[1.0, -2.0], [0.0, 3.0]])
    pictures = model.decode(z)
    assert pictures.shape == (2, 8, 8, 3)
    assert pictures[0, 0, [0, 7], 0].tolist() == [153, 76]
    torch.testing.assert_close(model.encode(pictures), z, atol=0.02, rtol=0)
    assert model.latents == 2


def test_ways_begin_and_end_at_their_points_straight_where_there_is_an_encoder():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    way = painter(Mirror).interpolate(a, b, 5)
    assert way[:, 0, 0, 0].tolist() == pytest.approx(np.linspace(0.7, 0.5, 5) * 255, abs=1)
    ends = torch.tensor([2.0, 0.0, 0.0]), torch.tensor([0.0, 2.0, 0.0])
    middle = painter(Blind).interpolate(*ends, 3)[1, 0, 0, 0]
    assert middle == pytest.approx((0.5 + 0.2 / math.sqrt(2)) * 255, abs=1)


def test_sums_average_the_points_of_a_term():
    model = painter(Mirror)
    one, two = torch.tensor([[1.0, 0.0], [3.0, 0.0]]), torch.tensor([[1.0, 1.0]])
    (made,) = model.arithmetic([(1.0, one), (-1.0, two), (1.0, two)])
    assert made[0, 0, 0] == round((0.5 + 0.2) * 255)


def test_the_map_of_two_numbers_runs_from_left_to_right_and_from_below():
    made = painter(Mirror).manifold(5)
    assert made.shape == (25, 8, 8, 3)
    left, right = (made[:, 0, x, 0].reshape(5, 5).astype(int) for x in (0, 7))
    assert (np.diff(left, axis=1) > 0).all()
    assert (np.diff(right, axis=0) < 0).all()
    assert left[2, 2] == pytest.approx(127.5, abs=2)
    assert painter(Blind).manifold(3).shape == (9, 8, 8, 3)


def test_points_are_typed_as_seeds_numbers_or_files(tmp_path):
    model = painter(Mirror)
    assert torch.equal(point(model, "7"), model.points(1, 7)[0])
    assert point(model, "0.5,-1").tolist() == [0.5, -1.0]
    assert point(model, "z=-1,2").tolist() == [-1.0, 2.0]
    Image.fromarray(np.full((8, 8), 255, np.uint8)).save(tmp_path / "white one.png")
    assert point(model, str(tmp_path / "white one.png")).tolist() == [5.0, 5.0]
    found = terms(model, f"1 2 - 3 + '{tmp_path / 'white one.png'}'")
    assert [(sign, len(points)) for sign, points in found] == [(1.0, 2), (-1.0, 1), (1.0, 1)]
    assert [sign for sign, _ in terms(model, "- 1 + 2")] == [-1.0, 1.0]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("1.0,2.0,3.0", "has 3 numbers, and a point of the model has 2"),
        ("0.5", "has 1 number, and a point of the model has 2"),
        ("lost.png", "'lost.png' is no point"),
    ],
)
def test_what_is_no_point_is_refused_in_one_sentence(word, said):
    with pytest.raises(ValueError, match=said):
        point(painter(Mirror), word)


@pytest.mark.parametrize("text", ["1 +", "", "1 + - 2"])
def test_a_sum_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"a sum of points|is no point"):
        terms(painter(Mirror), text)


def test_a_conditional_encoder_is_told_the_class(tmp_path):
    Image.fromarray(np.full((8, 8), 255, np.uint8)).save(tmp_path / "white.png")
    model = painter(Mirror, classes=("cat", "dog"))
    with pytest.raises(ValueError, match="as label"):
        point(model, str(tmp_path / "white.png"))
    assert point(model, str(tmp_path / "white.png"), "dog").tolist() == [5.0, 5.0]


@pytest.mark.parametrize(
    ("model", "asked", "said"),
    [
        (painter(Blind), lambda m: m.sample(1), "makes no pictures of its own"),
        (painter(Blind), lambda m: m.encode(np.zeros((1, 8, 8), np.uint8)), "finds no point"),
        (painter(Blind), lambda m: m.log_likelihood(np.zeros((1, 8, 8), np.uint8)), "cannot say how likely"),
        (painter(Mirror), lambda m: m.complete(np.zeros((4, 8), np.uint8)), "cannot go on with a picture"),
        (painter(Drawer), lambda m: m.decode(torch.zeros(1, 2)), "draws pixel by pixel"),
        (painter(Drawer), lambda m: point(m, "0.5,1"), "draws pixel by pixel"),
        (painter(Mirror), lambda m: m.decode(torch.zeros(1, 3)), "2 numbers each"),
        (painter(Mirror), lambda m: m.interpolate(*torch.zeros(2, 2), 1), "at least 2 steps"),
    ],
    ids=["sample", "encode", "likelihood", "complete", "decode", "point", "length", "steps"],
)
def test_what_a_model_cannot_do_is_said_by_what_it_is(model, asked, said):
    with pytest.raises(ValueError, match=said):
        asked(model)


FILES = [(family, name) for family, folder in FAMILIES.items() for name in catalogue.names(folder)]


@pytest.mark.parametrize(("family", "name"), FILES, ids=[name for _, name in FILES])
def test_every_file_of_every_family_draws_the_same_after_it_was_loaded(tmp_path, family, name):
    canvas = Canvas(1, 8, 8, levels=2)
    network = catalogue.find(FAMILIES[family], name).build(canvas)
    if hasattr(network, "fit"):
        network.fit([torch.randint(0, 2, (20, 1, 8, 8), dtype=torch.uint8)], seed=0)
    known = facts(canvas, family=family, model=name)
    generation.save(tmp_path, Trained(network, known), {}, {})
    loaded = opened(tmp_path)
    assert (loaded.sample(2, seed=1) == Painter(network, known).sample(2, seed=1)).all()
    assert loaded.latents == getattr(network, "latents", 0)
    assert f"`{name}`" in (tmp_path / "model" / "card.md").read_text(encoding="utf-8")


def test_whatever_is_shipped_says_its_command():
    from visus.cli import sample
    from visus.ship import kinds

    made = {name for name in catalogue.names(kinds) if catalogue.find(kinds, name).COMMAND == "visus sample"}
    assert made == set(sample.MAKERS)
