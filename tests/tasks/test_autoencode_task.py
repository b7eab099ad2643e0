"""Autoencoding tasks: terms by name, what they weigh and when, evaluations that disturb nothing, sheets to look at."""

import copy
from functools import partial

import numpy as np
import pytest
import torch

from visus.data.canvas import Canvas
from visus.engine.loop import fit
from visus.engine.optimizers import NAMED
from visus.engine.seed import random_state, restore_random_state
from visus.layers.spoiling import masking
from visus.losses.variational import tightened
from visus.models.autoencoders import autoencoder, dense_vae
from visus.tasks.autoencode import Restore
from visus.tasks.variational import Variational

CANVAS = Canvas(1, 4, 4, 2)
kinds = pytest.mark.parametrize("kind", ["plain", "denoising", "variational"])


class Bars:
    """Black pictures with one white row, its number the label; three parts that are alike."""

    steps_per_epoch = 2

    def __init__(self, n=40):
        self.labels = torch.from_numpy(np.random.default_rng(0).integers(0, 4, n))
        self.levels = torch.zeros(n, 1, 4, 4, dtype=torch.uint8)
        self.levels[torch.arange(n), 0, self.labels] = 1

    def batches(self, start=0):
        while True:
            yield self.levels, self.labels

    def part(self, name, limit=None):
        yield self.levels[:limit], self.labels[:limit]

    def sources(self, step):
        return [f"bar {number}" for number in range(len(self.levels))]


def vae(latents=2, n_classes=0, **settings):
    torch.manual_seed(0)
    network = dense_vae.build(CANVAS, n_classes, latents=latents, hidden=16)
    return Variational(network, Bars(), NAMED["adam"], **{"lr": 0.01, **settings})


def plain(n_classes=0, **settings):
    torch.manual_seed(0)
    network = autoencoder.build(CANVAS, n_classes, latents=3, hidden=16)
    return Restore(network, Bars(), NAMED["adam"], **{"lr": 0.01, **settings})


MAKE = {"plain": plain, "denoising": partial(plain, spoil=partial(masking, strength=0.3)), "variational": vae}


def first_terms(task):
    torch.manual_seed(1)
    return {name: float(term.detach()) for name, term in task.loss(next(task.batches())).items()}


@kinds
def test_learns_and_says_so_by_its_first_score(kind):
    task = MAKE[kind]()
    before = task.evaluate()
    torch.manual_seed(0)
    fit(task, 150)
    after = task.evaluate()
    score = next(iter(after))
    assert score == ("validation_elbo" if kind == "variational" else "validation_likeness")
    assert before[score] < after[score] <= 0
    # told apart at all: chance is 1/4 bright, with a squared error of 3/16; four bars are ln 4 nats
    assert after[score] > (-4.0 if kind == "variational" else -0.06)


def test_the_loss_is_reconstruction_and_kl_of_a_mean_picture():
    task = vae()
    fit(task, 20)
    levels, _ = next(task.batches())
    terms = first_terms(task)
    torch.manual_seed(1)
    _, likelihood, kl = task.model.log_weights(levels, None, 1)
    assert terms == pytest.approx(
        {"reconstruction": -float(likelihood.mean().detach()), "kl": float(kl.sum(1).mean().detach())}, rel=1e-5
    )


def test_beta_weighs_the_kl_alone():
    one, four = vae(), vae(beta=4.0)
    four.model.load_state_dict(one.model.state_dict())
    usual, heavy = first_terms(one), first_terms(four)
    assert heavy["reconstruction"] == pytest.approx(usual["reconstruction"])
    assert heavy["kl"] == pytest.approx(4 * usual["kl"])


def test_the_weight_of_the_kl_rises_with_the_improvements_and_stays():
    task = vae(beta=2.0, warm_up=3)
    seen = []
    for _ in range(5):
        seen.append(task.weight_of_kl)
        fit(task, 1)
    assert seen == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0])


def test_free_nats_are_the_least_that_is_counted():
    assert first_terms(vae(free=0.7))["kl"] == pytest.approx(1.4)
    with pytest.raises(ValueError, match="k=5 draws has none"):
        vae(free=0.7, k=5)


def test_with_more_draws_the_terms_sum_to_the_tighter_bound():
    task = vae(k=5)
    fit(task, 20)
    terms = first_terms(task)
    levels, _ = next(task.batches())
    torch.manual_seed(1)
    weights, _, _ = task.model.log_weights(levels, None, 5)
    assert sum(terms.values()) == pytest.approx(-float(tightened(weights).mean().detach()), rel=1e-5)
    assert terms["tightening"] < 0


def test_evaluation_reports_the_bound_its_parts_and_the_latents_in_use():
    task = vae(latents=6)
    assert task.evaluate()["active_latents"] == 0
    torch.manual_seed(0)
    fit(task, 200)
    found = task.evaluate()
    assert found["validation_elbo"] == pytest.approx(-found["validation_reconstruction"] - found["validation_kl"])
    assert found["validation_bits_per_dim"] == pytest.approx(-found["validation_elbo"] / (16 * np.log(2)))
    assert 1 <= found["active_latents"] <= 6
    _, kl, _ = task.judged("validation")
    assert float(kl.sum()) == pytest.approx(found["validation_kl"])
    assert kl.shape == (6,)


@kinds
def test_evaluating_and_showing_disturb_no_draw(kind):
    task = MAKE[kind]()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = task.evaluate()
    sheets = task.pictured()
    assert torch.equal(torch.get_rng_state(), before)
    assert task.evaluate() == first
    assert all(torch.equal(sheets[name], again) for name, again in task.pictured().items())
    assert task.training


@kinds
def test_sheets_show_samples_reconstructions_and_ways_between(kind):
    task = MAKE[kind]()
    fit(task, 100)
    task.evaluate()
    sheets = task.pictured()
    assert set(sheets) == {"samples", "reconstructions", "interpolation"} | (
        {"manifold"} if kind == "variational" else set()
    )
    assert all(sheet.dtype == torch.uint8 and sheet.shape[1:] == (3, 4, 4) for sheet in sheets.values())
    rows = sheets["reconstructions"].view(3, 2, 6, 3, 4, 4)
    levels = task.data.levels[:18]
    assert torch.equal(rows[:, 0].flatten(0, 1), CANVAS.shown(levels))
    restored = (rows[:, 1].flatten(0, 1)[:, :1] > 127).to(torch.uint8)
    assert (restored == levels).float().mean() > 0.85
    assert len(sheets["samples"]) == len(sheets["interpolation"]) == 36


def test_few_validation_pictures_make_smaller_sheets():
    task = plain()
    task.data = Bars(3)
    assert len(task.pictured()["reconstructions"]) == 4
    task.data = Bars(1)
    assert set(task.pictured()) == {"samples"}


@pytest.mark.parametrize("make", [plain, vae])
def test_a_conditional_one_is_given_the_labels(make):
    task = make(n_classes=4)
    fit(task, 2)
    task.evaluate()
    assert len(task.pictured()["samples"]) == 36
    levels, labels = next(task.batches())
    torch.manual_seed(1)
    one = task.loss((levels, labels))["reconstruction"]
    torch.manual_seed(1)
    assert one != task.loss((levels, (labels + 1) % 4))["reconstruction"]


def test_labels_are_not_looked_at_without_classes():
    task = vae()
    levels, labels = next(task.batches())
    torch.manual_seed(1)
    one = task.loss((levels, labels))["reconstruction"]
    torch.manual_seed(1)
    assert one == task.loss((levels, labels * 0 + 77))["reconstruction"]


def test_the_target_of_a_spoiled_picture_is_the_whole_one():
    black = Restore(plain().model, Bars(), NAMED["adam"], lr=0.01, spoil=torch.zeros_like)
    levels, labels = next(black.batches())
    nothing = torch.zeros_like(levels)
    wanted = (black.model.restore(nothing.float()) - levels.float()).square().mean()
    torch.testing.assert_close(black.loss((levels, labels))["reconstruction"], wanted)


@kinds
def test_goes_on_exactly_where_it_was_left(kind):
    whole, begun, later = (MAKE[kind](**({"warm_up": 4} if kind == "variational" else {})) for _ in range(3))
    torch.manual_seed(0)
    fit(whole, 6)
    torch.manual_seed(0)
    fit(begun, 3)
    kept = copy.deepcopy((begun.state_dict(), begun.objectives[0].state_dict(), random_state()))
    torch.manual_seed(99)
    later.load_state_dict(kept[0])
    later.objectives[0].load_state_dict(kept[1])
    restore_random_state(kept[2])
    fit(later, 6, start=3)
    for one, other in zip(whole.parameters(), later.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("make", [plain, vae, partial(vae, k=3)], ids=["plain", "vae", "k=3"])
def test_gradients_are_those_of_the_value(make):
    task = make().double()
    batch = next(task.batches())
    for parameter in task.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(4)).double()

    def value():
        torch.manual_seed(5)
        return sum(task.loss(batch).values())

    value().backward()
    for parameter in task.parameters():
        place = int(parameter.grad.abs().argmax())
        slope = []
        with torch.no_grad():
            for step in (1e-6, -1e-6):
                parameter.view(-1)[place] += step
                slope.append(float(value()))
                parameter.view(-1)[place] -= step
        assert float(parameter.grad.view(-1)[place]) == pytest.approx((slope[0] - slope[1]) / 2e-6, rel=1e-4, abs=1e-7)


@kinds
def test_a_copy_learns_alone(kind):
    task = MAKE[kind]()
    twin = copy.deepcopy(task)
    fit(twin, 3)
    assert not torch.equal(twin.model.encoder.head.weight, task.model.encoder.head.weight)
    assert twin.sources(0)[0] == "bar 0"
    if kind == "variational":
        assert twin.objectives[0].improvements == 3
        assert task.objectives[0].improvements == 0
