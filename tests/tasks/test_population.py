"""A population is its members, each on the path it would take alone."""

import copy

import pytest
import torch
from torch import nn

from visus.data.prepare import prepare
from visus.engine.loop import fit
from visus.engine.members import RULES
from visus.playbook import _population, _trial_run
from visus.recipes import classify
from visus.tasks.population import Population

PLAIN = {"device": "cpu", "arithmetic": "float32", "batch": 50, "epochs": 1.0}
RATES = {"sgd": (0.3, 0.03, 1e-3), "adam": (3e-2, 3e-3, 3e-4)}
DECAYS = (0.0, 1e-2, 0.3)
STEPS = 25


@pytest.fixture(scope="module")
def digits():
    return prepare("digits").limited(400, 100)


def alone(data, **settings):
    return classify.build(data=data, **{**PLAIN, **settings})


def together(tasks, rule, lrs, decays=DECAYS, **settings):
    first = tasks[0]
    networks = [task.model.network for task in tasks]
    schedule = first.objectives[0].schedule
    return Population(
        first.model.standardise,
        networks,
        first.data,
        first.loss,
        rule,
        lrs=lrs,
        weight_decays=decays,
        schedule=schedule,
        **settings,
    )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("model", [{"model": "linear"}, {"model": "mlp", "hidden": 12}])
def test_a_member_ends_where_the_recipe_alone_ends(digits, rule, model):
    lrs = RATES["adam" if rule in ("adagrad", "rmsprop", "adam", "adamw") else "sgd"]
    settings = [{"lr": lr, "weight_decay": decay} for lr, decay in zip(lrs, DECAYS, strict=True)]
    tasks = [alone(digits, optimizer=rule, flip=True, crop=1, **model, **one) for one in settings]
    population = together(tasks, rule, lrs)
    fit(population, STEPS)
    for number, task in enumerate(tasks):
        fit(task, STEPS)
        mine = population.members.member(number)
        for ours, theirs in zip(mine.parameters(), task.model.network.parameters(), strict=True):
            assert torch.allclose(ours, theirs, atol=1e-4)
        assert population.accuracies("validation")[number] == pytest.approx(task.evaluate()["validation_accuracy"])


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge", "squared_hinge"])
def test_every_loss_is_each_members_own(digits, loss):
    tasks = [alone(digits, model="linear", loss=loss, lr=lr) for lr in RATES["sgd"]]
    population = together(tasks, "nesterov", RATES["sgd"], [5e-4] * 3)
    batch = next(population.batches())
    fit(population, 3)
    expected = []
    for task in tasks:
        fit(task, 3)
        expected.append(task.misjudgement(batch)[loss].item())
    assert population.misjudgements(batch).tolist() == pytest.approx(expected, rel=1e-4)


def test_gradients_are_clipped_member_by_member(digits):
    tasks = [alone(digits, model="linear", lr=lr, max_norm=0.5) for lr in RATES["sgd"]]
    population = together(tasks, "nesterov", RATES["sgd"], [5e-4] * 3, max_norm=0.5)
    fit(population, STEPS)
    for number, task in enumerate(tasks):
        fit(task, STEPS)
        assert torch.allclose(population.members.weights[0][number], task.model.network[-1].weight, atol=1e-5)


@pytest.mark.parametrize("rule", ["nesterov", "adamw"])
@pytest.mark.parametrize("hidden", [0, 8])
def test_a_diverged_member_is_frozen_and_its_neighbours_do_not_notice(digits, rule, hidden):
    model = {"model": "mlp", "hidden": hidden} if hidden else {"model": "linear"}
    tasks = [alone(digits, optimizer=rule, **model) for _ in range(3)]
    with_it = together(tasks, rule, (1e-2, 3e38, 1e-3), [0.0] * 3)
    without = together([tasks[0], tasks[2]], rule, (1e-2, 1e-3), [0.0] * 2)
    fit(with_it, STEPS)
    fit(without, STEPS)
    assert with_it.alive.tolist() == [True, False, True]
    assert 0 < int(with_it.objective.diverged_at[1]) < STEPS
    assert all((stack[1] == 0).all() for stack in with_it.members.parameters())
    for ours, theirs in zip(with_it.members.parameters(), without.members.parameters(), strict=True):
        assert torch.allclose(ours[[0, 2]], theirs, atol=1e-6)
    accuracies = with_it.accuracies("validation")
    assert accuracies.isnan().tolist() == [False, True, False]
    assert with_it.evaluate()["validation_accuracy"] == float(accuracies.nan_to_num(0).max())


def test_a_loss_far_above_its_beginning_counts_as_diverged(digits):
    tasks = [alone(digits, model="linear", loss="squared_hinge", optimizer="sgd") for _ in range(2)]
    population = together(tasks, "sgd", (1e-3, 0.3), [0.0] * 2, explodes=4.0)
    fit(population, 11)
    assert population.alive.tolist() == [True, False]


def test_a_population_goes_on_from_its_state_bit_for_bit(digits):
    tasks = [alone(digits, model="linear") for _ in range(2)]
    through = together(tasks, "adam", (1e-2, 1e-3), [0.0, 0.1])
    fit(through, 6)
    again = together(tasks, "adam", (1e-2, 1e-3), [0.0, 0.1])
    again.load_state_dict(copy.deepcopy(through.state_dict()))
    again.objective.load_state_dict(copy.deepcopy(through.objective.state_dict()))
    fit(through, 12, start=6)
    fit(again, 12, start=6)
    for one, other in zip(through.members.parameters(), again.members.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    "network", [nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 2))]
)
def test_what_cannot_be_stacked_is_refused_by_name(digits, network):
    task = alone(digits, model="linear")
    name = type(next(m for m in network if not isinstance(m, nn.Linear))).__name__
    with pytest.raises(ValueError, match=name):
        Population(nn.Identity(), [network], task.data, task.loss, "sgd", lrs=[0.1], weight_decays=[0.0])


def test_members_of_different_sizes_are_refused(digits):
    tasks = [alone(digits, model="mlp", hidden=hidden) for hidden in (4, 5)]
    with pytest.raises(ValueError, match="same layers"):
        together(tasks, "sgd", (0.1, 0.1), [0.0] * 2)
    with pytest.raises(ValueError, match="each member needs"):
        together(tasks[:1], "sgd", (0.1, 0.1), [0.0])


@pytest.mark.parametrize("model", [{"model": "linear"}, {"model": "mlp", "hidden": 8, "init": "glorot"}])
def test_trials_at_once_score_as_trials_one_by_one(digits, model):
    settings = {**PLAIN, "optimizer": "momentum", **model}
    proposals = [{"lr": 0.1, "weight_decay": 1e-4}, {"lr": 1e-3, "weight_decay": 0.1}, {"lr": 1e20}]
    told = []
    found = _population.trials_at_once(digits, settings, proposals, 2.0, lambda done, steps: told.append(done / steps))
    bench = _trial_run.Bench("classify", digits, settings)
    expected = [_trial_run.run(bench, proposal, 2.0).score for proposal in proposals]
    assert expected[2] is None
    assert found[2] is None
    assert found[:2] == pytest.approx(expected[:2], abs=0.011)  # one picture of a hundred may round the other way
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_population_too_large_for_memory_is_made_in_groups(digits, monkeypatch):
    proposals = [{"lr": lr} for lr in (0.1, 0.03, 0.01)]
    settings = {**PLAIN, "model": "linear"}
    whole = _population.trials_at_once(digits, settings, proposals, 1.0)
    monkeypatch.setattr(_population, "MOST_NUMBERS", 5_000)
    assert _population.trials_at_once(digits, settings, proposals, 1.0) == pytest.approx(whole, abs=0.011)


def test_a_seed_gives_a_member_its_own_first_weights(digits):
    settings = {**PLAIN, "model": "mlp", "hidden": 4}
    proposals = [{"lr": 0.05, "seed": seed} for seed in (0, 1, 2, 3)]
    assert len(set(_population.trials_at_once(digits, settings, proposals, 2.0))) > 1


def test_no_proposals_and_strange_ones(digits):
    assert _population.trials_at_once(digits, PLAIN, [], 1.0) == []
    with pytest.raises(ValueError, match="hidden"):
        _population.trials_at_once(digits, {**PLAIN, "model": "mlp"}, [{"hidden": 3}], 1.0)


@pytest.mark.parametrize(
    ("settings", "names", "fits"),
    [
        ({"model": "linear"}, ["lr", "weight_decay"], True),
        ({"model": "linear", "flip": True, "loss": "hinge", "optimizer": "adam"}, ["lr"], True),
        ({"model": "mlp", "hidden": 30}, ["lr", "weight_decay"], True),
        ({"model": "mlp", "layers": 3}, ["lr"], False),
        ({"model": "mlp", "dropout": 0.5}, ["lr"], False),
        ({"model": "mlp", "norm": "batch"}, ["lr"], False),
        ({"model": "mlp", "activation": "maxout"}, ["lr"], False),
        ({"model": "mlp"}, ["lr", "hidden"], False),
        ({"model": "linear", "l1": 1e-3}, ["lr"], False),
        ({"model": "small_conv"}, ["lr"], False),
        ({"model": "knn"}, ["lr"], False),
    ],
)
def test_a_population_applies_where_members_differ_in_rate_and_decay_alone(settings, names, fits):
    assert _population.applies(settings, names) is fits
