"""Imitate: who learns when, from what, and that it learns."""

import copy

import pytest
import torch

from visus.data.canvas import Canvas
from visus.engine.loop import Observer, fit
from visus.engine.optimizers import adam
from visus.layers.bounded import clip_weights
from visus.losses.adversarial import named
from visus.models.gans import dcgan, mlp
from visus.recipes.imitate import Pixels, _adam
from visus.tasks.imitate import Imitate

CANVAS = Canvas(1, 8, 8)
QUICK = {"lr": 2e-3}


class Squares:
    """Pictures with one bright square of four places; its place is the class. Validation shows what training does."""

    steps_per_epoch = 10

    def __init__(self, places=4):
        self.places = places

    def drawn(self, n, seed):
        dice = torch.Generator().manual_seed(seed)
        labels = torch.randint(self.places, (n,), generator=dice)
        levels = torch.zeros(n, 1, 8, 8, dtype=torch.uint8)
        for picture, label in zip(levels, labels.tolist(), strict=True):
            y, x = 4 * (label // 2), 4 * (label % 2)
            picture[0, y + 1 : y + 3, x + 1 : x + 3] = 255
        return levels, labels

    def batches(self, start=0):
        while True:
            yield self.drawn(32, start)
            start += 1

    def sources(self, step):
        return [f"square {row}" for row in range(32)]

    def part(self, name, limit=None):
        yield self.drawn(min(limit or 100, 100), 2**30)


def made(game="non_saturating", n_classes=0, model=None, places=4, optimizer=adam, descents=(QUICK, QUICK), **settings):
    torch.manual_seed(0)
    pair = model or mlp.build(CANVAS, n_classes, latents=4, hidden=32)
    settings = {"judged": 40, "shown": 9, **settings}
    return Imitate(pair, Squares(places), named(game), Pixels, optimizer, descents=descents, **settings)


def weights(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()]).clone()


def step(task, objective, seed=0):
    torch.manual_seed(1)
    return task.objectives[objective].improve(task.data.drawn(32, seed))


@pytest.mark.parametrize(("objective", "learns", "rests"), [(0, "critic", "generator"), (1, "generator", "critic")])
def test_each_objective_leaves_the_other_network_alone(objective, learns, rests):
    task = made()
    before = {name: weights(getattr(task, name)) for name in ("critic", "generator")}
    step(task, objective)
    assert not torch.equal(weights(getattr(task, learns)), before[learns])
    assert torch.equal(weights(getattr(task, rests)), before[rests])
    assert all(p.grad is None for p in getattr(task, rests).parameters())


def test_terms_are_the_games_losses_of_the_critics_scores():
    task = made("least_squares", penalty=10.0)
    batch = task.data.drawn(32, 0)
    torch.manual_seed(3)
    terms = task.tell_apart(batch)
    torch.manual_seed(3)
    real = 2 * batch[0].float() / 255 - 1
    with torch.no_grad():
        generated = task.generator(torch.randn(32, 4))
        assert float(terms["real"]) == pytest.approx(float((task.critic(real) - 1).square().mean() / 2))
        assert float(terms["generated"]) == pytest.approx(float(task.critic(generated).square().mean() / 2))
    assert set(terms) == {"real", "generated", "gradient_penalty"}
    assert 0 < float(terms["gradient_penalty"].detach()) <= 10  # a fresh critic is nearly flat: (0 - 1)^2 a picture
    torch.manual_seed(3)
    again = task.tell_apart(batch)
    assert all(torch.equal(again[name], term) for name, term in terms.items())


class Diary(Observer):
    def __init__(self, look=lambda task: None):
        self.steps, self.look, self.seen = {"critic": [], "generator": []}, look, []

    def after_improvement(self, step, objective, report):
        self.steps[objective.name].append(step)

    def after_step(self, step, task):
        self.seen.append(self.look(task))


def test_the_critic_learns_k_times_as_often():
    diary = Diary()
    fit(made("wasserstein", critic_steps=3), 7, [diary])
    assert diary.steps == {"critic": [0, 1, 2, 3, 4, 5, 6], "generator": [0, 3, 6]}


def test_clipped_weights_stay_within_bounds_after_every_step():
    pair = mlp.build(CANVAS, latents=4, hidden=16)
    diary = Diary(lambda task: max(float(p.detach().abs().max()) for p in task.critic.parameters()))
    task = made("wasserstein", model=pair, after=lambda: clip_weights(pair.critic, 0.02))
    fit(task, 4, [diary])
    assert diary.seen == pytest.approx([0.02] * 4)
    assert max(float(p.detach().abs().max()) for p in task.generator.parameters()) > 0.02


def test_a_gradient_penalty_holds_the_critic_to_a_slope_of_one():
    task = made("wasserstein", penalty=10.0, descents=({"lr": 3e-3}, {"lr": 1e-12}))
    for number in range(120):
        task.objectives[0].improve(task.data.drawn(32, number))
    real = (2 * task.data.drawn(32, 0)[0].float() / 255 - 1).requires_grad_()
    (slope,) = torch.autograd.grad(task.critic(real).sum(), real)
    # at the pictures themselves; the penalty is about the way to generated ones, and the rest pulls at the critic
    assert float(slope.flatten(1).norm(dim=1).mean()) == pytest.approx(1, abs=0.5)


@pytest.mark.parametrize("spectral", [False, True])
def test_a_resumed_game_ends_where_an_unbroken_one_does(spectral):
    def game():
        torch.manual_seed(0)
        return made("hinge", 4, dcgan.build(CANVAS, 4, latents=4, width=4, spectral=spectral), critic_steps=2)

    whole, broken, fresh = game(), game(), game()
    torch.manual_seed(5)
    fit(whole, 7)
    torch.manual_seed(5)
    fit(broken, 3)
    at_the_stop = torch.random.get_rng_state()
    fresh.load_state_dict(copy.deepcopy(broken.state_dict()))
    for ours, theirs in zip(fresh.objectives, broken.objectives, strict=True):
        ours.load_state_dict(theirs.state_dict())
    torch.random.set_rng_state(at_the_stop)
    fit(fresh, 7, start=3)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, fresh.state_dict()[name]), name


def test_a_copy_learns_apart():
    task = made(penalty=1.0)
    twin, before = copy.deepcopy(task), weights(task.model)
    fit(twin, 2)
    assert torch.equal(weights(task.model), before)
    assert not torch.equal(weights(twin.model), before)


def test_looking_disturbs_nothing():
    task = made(n_classes=4)
    state, noise = copy.deepcopy(task.state_dict()), torch.random.get_rng_state()
    assert task.evaluate() == task.evaluate()
    first, second = task.pictured(), task.pictured()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(torch.random.get_rng_state(), noise)
    assert all(torch.equal(tensor, state[name]) for name, tensor in task.state_dict().items())
    assert task.training


def test_shows_the_same_points_and_ways_between_points():
    task = made()
    found = task.pictured()
    assert {name: tuple(sheet.shape) for name, sheet in found.items()} == {
        "samples": (9, 3, 8, 8),
        "interpolation": (36, 3, 8, 8),
    }
    assert all(sheet.dtype == torch.uint8 for sheet in found.values())
    way = found["interpolation"][:6].float()
    apart = (way[1:] - way[:-1]).abs().mean((1, 2, 3))
    assert float(apart.max()) < float((way[-1] - way[0]).abs().mean()) + 1e-6  # small steps from end to end


def test_pictures_of_the_set_itself_are_likely():
    """Were the generator the set, the distance would be 0 and every sample lie among pictures."""
    task = made()
    task.made = lambda n: CANVAS.shown(task.data.drawn(100, 2**30)[0][:n])
    scores = task.evaluate()
    assert scores["validation_likeness"] == pytest.approx(0, abs=1e-6)
    assert scores["validation_precision"] == scores["validation_recall"] == 1


def test_the_critics_opinions_are_chances_where_scores_are_log_odds():
    scores = made().evaluate()
    assert next(iter(scores)) == "validation_likeness"
    assert scores["validation_likeness"] == -scores["validation_fid"] < 0
    for name in ("critic_train", "critic_validation", "critic_generated"):
        assert 0 < scores[name] < 1


def test_computes_in_double_where_the_weights_are():
    task = made("non_saturating", penalty=10.0).double()
    batch = task.data.drawn(8, 0)
    assert all(term.dtype == torch.float64 for term in (task.tell_apart(batch) | task.pass_as_real(batch)).values())


@pytest.mark.parametrize("game", ["non_saturating", "hinge"])
def test_learns_two_bright_squares_from_noise(game):
    """There are two pictures: after a second nearly all samples are one or the other, and both are drawn."""
    task = learned(game, places=2)
    distance, which = distances(task.made(60), 2).min(1)  # a picture of the other kind is at 8
    assert float((distance < 1.5).float().mean()) > 0.8
    assert sorted(which.unique().tolist()) == [0, 1]


def test_a_class_that_is_named_is_drawn():
    task = learned("non_saturating", n_classes=4)
    drawn = distances(task.made(40), 4).argmin(1)
    assert float((drawn == torch.arange(40) % 4).float().mean()) > 0.9  # classes take turns


def learned(game, n_classes=0, places=4):
    """A game that was played for long enough. At twice the rate most games collapse to one picture."""
    torch.manual_seed(0)
    pair = mlp.build(CANVAS, n_classes, latents=4, hidden=64)
    task = made(game, model=pair, places=places, optimizer=_adam("adam", 0.5, 0.99), descents=({"lr": 1e-3},) * 2)
    fit(task, 600)
    return task


def distances(pictures, places):
    """Squared distances (N, places) of pictures to those of the set."""
    truth = torch.zeros(places, 8, 8)
    for place in range(places):
        y, x = 4 * (place // 2), 4 * (place % 2)
        truth[place, y + 1 : y + 3, x + 1 : x + 3] = 1
    return (pictures[:, :1].float() / 255 - truth).square().sum((2, 3))
