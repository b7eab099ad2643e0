"""torch's optimizers are the textbook's rules; L-BFGS and Muon keep the promises of every other one."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.optimizer import register_optimizer_step_post_hook

from visus.engine import optimizers, schedules, update_rules
from visus.engine.objective import Objective
from visus.runs import checkpoint

LR, STEPS = 0.02, 25
START = torch.linspace(-1, 2, 12, dtype=torch.float64).reshape(3, 4)
CURVATURE = torch.linspace(0.1, 5, 12, dtype=torch.float64).reshape(3, 4)


def slope(x):
    return CURVATURE * x


def by_torch(factory, **settings):
    p = nn.Parameter(START.clone())
    optimizer = factory([p], lr=LR, **settings) if settings else factory([{"params": [p], "weight_decay": 0.0}], LR)
    for _ in range(STEPS):
        p.grad = slope(p.detach())
        optimizer.step()
    return p.detach(), optimizer.state[p]


def by_rule(rule, n_states, **settings):
    x, states = START.clone(), [torch.zeros_like(START)] * n_states
    for t in range(1, STEPS + 1):
        changing = {"t": t} if rule is update_rules.adam else {}
        found = rule(x, *states, slope(x), LR, **settings, **changing)
        x, *states = found if n_states else [found]
    return x, states


@pytest.mark.parametrize(
    ("name", "rule", "names"),
    [
        ("sgd", update_rules.sgd, []),
        ("momentum", update_rules.momentum, ["momentum_buffer"]),
        ("nesterov", update_rules.nesterov, ["momentum_buffer"]),
        ("adagrad", update_rules.adagrad, ["sum"]),
        ("rmsprop", update_rules.rmsprop, ["square_avg"]),
        ("adam", update_rules.adam, ["exp_avg", "exp_avg_sq"]),
    ],
)
def test_torch_computes_the_textbooks_rule_and_keeps_its_state(name, rule, names):
    expected, kept = by_torch(optimizers.NAMED[name])
    x, states = by_rule(rule, len(names))
    torch.testing.assert_close(x, expected, rtol=1e-12, atol=1e-14)
    for value, state in zip(states, names, strict=True):
        factor = -1 / LR if state == "momentum_buffer" else 1  # v = -lr * momentum_buffer
        torch.testing.assert_close(value * factor, kept[state], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("decay", [0.9, 0.99, 0.999])
def test_rmsprop_forgets_as_fast_as_it_is_told(decay):
    expected, _ = by_torch(torch.optim.RMSprop, alpha=decay)
    torch.testing.assert_close(by_rule(update_rules.rmsprop, 1, decay=decay)[0], expected, rtol=1e-12, atol=1e-14)


def test_heavy_ball_and_momentum_are_the_same_walk():
    x, x_prev = START.clone(), START.clone()
    for _ in range(STEPS):
        x, x_prev = update_rules.heavy_ball(x, x_prev, slope(x), LR), x
    torch.testing.assert_close(x, by_rule(update_rules.momentum, 1)[0], rtol=1e-12, atol=1e-14)


def test_both_forms_of_nesterov_go_through_the_same_places():
    x, v = START.clone(), torch.zeros_like(START)
    for _ in range(STEPS):
        x, v = update_rules.nesterov_look_ahead(x, v, slope, LR)
    torch.testing.assert_close(x + 0.9 * v, by_rule(update_rules.nesterov, 1)[0], rtol=1e-12, atol=1e-14)


def test_adams_first_step_is_lr_long_and_3_times_as_long_without_its_correction():
    zero, dx = torch.zeros_like(START), torch.full_like(START, -7.0)
    right, *_ = update_rules.adam(zero, zero, zero, dx, LR, t=1)
    wrong, *_ = update_rules.adam_without_correction(zero, zero, zero, dx, LR)
    torch.testing.assert_close(right, torch.full_like(START, LR), rtol=1e-7, atol=0)
    torch.testing.assert_close(wrong, torch.full_like(START, LR * 0.1 / 0.001**0.5), rtol=1e-6, atol=0)
    with pytest.raises(ValueError, match="from 1"):
        update_rules.adam(zero, zero, zero, dx, LR, t=0)


def bowl(factory, weight_decay=0.1, **settings):
    """A least-squares fit with a known lowest point, in two pieces or one."""
    torch.manual_seed(0)
    model = nn.Linear(4, 3).double()
    dice = torch.Generator().manual_seed(1)
    x, y = (torch.randn(40, n, generator=dice, dtype=torch.float64) for n in (4, 3))
    objective = Objective(
        "fit",
        lambda batch: {"squares": F.mse_loss(model(batch[0]), batch[1])},
        model.parameters(),
        factory,
        **{"lr": 1.0, "weight_decay": weight_decay, **settings},
    )
    return model, objective, (x, y)


def lowest(x, y, weight_decay):
    """The weights (D + 1, K) at which the slope of mean((xW + b - y)^2) + wd/2 |W|^2 is zero; b is not decayed."""
    ones = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)
    ridge = weight_decay * torch.diag(torch.tensor([1.0] * x.shape[1] + [0.0], dtype=x.dtype))
    scale = 2 / y.numel()
    return torch.linalg.solve(scale * ones.T @ ones + ridge, scale * ones.T @ y)


@pytest.mark.parametrize("pieces", [1, 3])
def test_lbfgs_finds_the_lowest_point_with_its_penalty(pieces):
    model, objective, batch = bowl(optimizers.lbfgs, accumulate=pieces)
    losses = [float(objective.improve(batch).loss) for _ in range(25)]
    found = torch.cat([model.weight.detach().T, model.bias.detach()[None]])
    torch.testing.assert_close(found, lowest(*batch, 0.1), rtol=0, atol=1e-5)
    assert losses[-1] < losses[0]


def test_lbfgs_never_rises_and_needs_far_fewer_steps_than_descent():
    _, objective, batch = bowl(optimizers.lbfgs, weight_decay=0.0)
    losses = [float(objective.improve(batch).loss) for _ in range(12)]
    assert losses == sorted(losses, reverse=True)
    _, slow, _ = bowl(optimizers.sgd, weight_decay=0.0, lr=0.1)
    assert min(float(slow.improve(batch).loss) for _ in range(12)) > losses[-1]


def network(factory, **settings):
    torch.manual_seed(3)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(16, 3))
    loss = lambda batch: {"ce": F.cross_entropy(model(batch[0]), batch[1])}  # noqa: E731
    return model, Objective("fit", loss, model.parameters(), factory, **{"lr": 0.01, "weight_decay": 0.01, **settings})


PICTURES = (torch.randn(20, 1, 4, 4, generator=torch.Generator().manual_seed(5)), torch.arange(20) % 3)


@pytest.mark.parametrize("name", optimizers.NAMED)
def test_state_survives_the_disk(name, tmp_path):
    model, objective = network(optimizers.NAMED[name])
    for _ in range(4):
        objective.improve(PICTURES)
    checkpoint.save(tmp_path / "state.safetensors", {"o": objective.state_dict(), "m": dict(model.state_dict())})
    saved = checkpoint.load(tmp_path / "state.safetensors")
    twin_model, twin = network(optimizers.NAMED[name])
    twin_model.load_state_dict(saved["m"])
    twin.load_state_dict(saved["o"])
    for _ in range(3):
        objective.improve(PICTURES)
        twin.improve(PICTURES)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), twin_model.parameters(), strict=True))


@pytest.mark.parametrize("name", optimizers.NAMED)
def test_a_copy_goes_the_same_way_and_leaves_the_original_alone(name):
    model, objective = network(optimizers.NAMED[name])
    for _ in range(3):
        objective.improve(PICTURES)
    before = [p.detach().clone() for p in model.parameters()]
    optimizer = copy.deepcopy(objective.optimizer)
    copied = [p for group in optimizer.param_groups for p in group["params"]]
    assert not {id(p) for p in copied} & {id(p) for p in model.parameters()}
    for p in copied:
        p.grad = torch.ones_like(p)
    optimizer.step(lambda: torch.stack([p.detach().sum() for p in copied]).sum())
    assert all(torch.equal(p, q) for p, q in zip(before, model.parameters(), strict=True))
    assert not any(torch.equal(p, q) for p, q in zip(copied, _in_groups(objective), strict=True))


def _in_groups(objective):
    return [p for group in objective.optimizer.param_groups for p in group["params"]]


def test_muon_turns_matrices_and_leaves_the_rest_to_adamw():
    model, objective = network(optimizers.muon)
    twin = copy.deepcopy(model)
    twin_muon = torch.optim.Muon([twin[3].weight], lr=0.01, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    rest = [{"params": [twin[0].weight]}, {"params": [twin[0].bias, twin[3].bias], "weight_decay": 0.0}]
    twin_adamw = torch.optim.AdamW(rest, lr=0.01, weight_decay=0.01)
    for _ in range(3):
        objective.improve(PICTURES)
        twin.zero_grad()
        F.cross_entropy(twin(PICTURES[0]), PICTURES[1]).backward()
        twin_muon.step()
        twin_adamw.step()
    for (name, p), q in zip(model.named_parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p, q, msg=name)


def test_who_listens_to_optimizers_hears_of_one_update_of_muon():
    heard = []
    handle = register_optimizer_step_post_hook(lambda optimizer, *_: heard.append(optimizer))
    try:
        _, objective = network(optimizers.muon)
        objective.improve(PICTURES)
    finally:
        handle.remove()
    assert heard == [objective.optimizer]


def test_momentum_rises_from_a_half_to_99_percent():
    _, objective = network(optimizers.momentum, momentum=schedules.momentum_ramp(5))
    seen = []
    for _ in range(5):
        objective.improve(PICTURES)
        seen.append(objective.optimizer.param_groups[0]["momentum"])
    assert seen == pytest.approx([0.5, 0.6225, 0.745, 0.8675, 0.99])
    with pytest.raises(ValueError, match="take momentum"):
        network(optimizers.adam, momentum=schedules.momentum_ramp(5))
    with pytest.raises(ValueError, match="take momentum"):
        network(optimizers.rmsprop, momentum=schedules.momentum_ramp(5))


@pytest.mark.parametrize(("steps", "cycles"), [(10, 3), (12, 3), (100, 7), (2, 5), (1, 1)])
def test_cycles_fall_from_full_height_and_end_where_they_say(steps, cycles):
    factor, ends = schedules.cyclic_cosine(steps, cycles), schedules.cycle_ends(steps, cycles)
    assert ends[-1] == steps - 1
    assert len(ends) == min(steps, cycles)
    begins = [0, *(end + 1 for end in ends[:-1])]
    lengths = [end + 1 - begin for begin, end in zip(begins, ends, strict=True)]
    assert max(lengths) - min(lengths) <= 1
    for begin, end in zip(begins, ends, strict=True):
        falling = [factor(i) for i in range(begin, end + 1)]
        assert falling[0] == 1.0
        assert falling == sorted(falling, reverse=True)


def test_no_cycle_at_all_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        schedules.cyclic_cosine(10, 0)


def test_decays_end_where_they_are_told_to():
    assert schedules.exponential_to(0.01, 50)(50) == pytest.approx(0.01)
    assert schedules.inverse_to(0.01, 50)(50) == pytest.approx(0.01)
    slow = schedules.warmed(schedules.exponential_to(0.01, 50), 4)
    assert [slow(i) for i in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
