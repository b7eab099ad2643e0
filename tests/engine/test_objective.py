"""An objective descends its own loss, on its own parameters, however the batch is cut."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visus.engine.objective import MEASURE_EVERY, Objective
from visus.engine.optimizers import NAMED, adam, nesterov, sgd
from visus.engine.precision import named
from visus.engine.schedules import cosine, exponential, inverse, one_cycle, step_decay


def regression(**changes):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))
    settings = {"lr": 0.1, **changes}
    optimizer = settings.pop("optimizer", sgd)
    loss = lambda batch: {"squares": F.mse_loss(model(batch[0]), batch[1])}  # noqa: E731
    return model, Objective("fit", loss, model.parameters(), optimizer, **settings)


def batch_of(n):
    dice = torch.Generator().manual_seed(1)
    return torch.randn(n, 3, generator=dice), torch.randn(n, 1, generator=dice)


@pytest.mark.parametrize("pieces", [2, 3, 7])
def test_accumulation_gives_the_gradient_of_the_whole_batch(pieces):
    whole_model, whole = regression()
    cut_model, cut = regression(accumulate=pieces)
    for _ in range(3):
        a, b = whole.improve(batch_of(10)), cut.improve(batch_of(10))
        torch.testing.assert_close(a.loss, b.loss)
        torch.testing.assert_close(a.gradient_norm, b.gradient_norm)
    for p, q in zip(whole_model.parameters(), cut_model.parameters(), strict=True):
        torch.testing.assert_close(p, q)


def test_clipping_bounds_the_step_and_reports_the_norm_before_it():
    model, objective = regression(max_norm=1e-3, lr=1.0)
    before = [p.detach().clone() for p in model.parameters()]
    report = objective.improve(batch_of(10))
    step = torch.cat([(p.detach() - q).flatten() for p, q in zip(model.parameters(), before, strict=True)]).norm()
    assert report.gradient_norm > 1e-3
    assert float(step) == pytest.approx(1e-3, rel=1e-3)


def test_weight_decay_never_touches_biases():
    model, objective = regression(weight_decay=0.5)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    before = copy.deepcopy(model.state_dict())
    objective.optimizer.step()
    for name, value in model.state_dict().items():
        changed = not torch.equal(value, before[name])
        assert changed is name.endswith("weight"), name


def test_the_penalty_is_half_the_sum_of_squares():
    model, objective = regression(weight_decay=0.3)
    expected = (
        0.5 * 0.3 * sum(float((p.detach() ** 2).sum()) for n, p in model.named_parameters() if n.endswith("weight"))
    )
    assert float(objective.penalty()) == pytest.approx(expected, rel=1e-6)


def test_frozen_parameters_stay_and_none_left_is_refused():
    model, _ = regression()
    model[0].requires_grad_(False)
    objective = Objective("fit", lambda b: {"m": F.mse_loss(model(b[0]), b[1])}, model.parameters(), sgd, lr=0.1)
    before = model[0].weight.clone()
    objective.improve(batch_of(4))
    assert torch.equal(before, model[0].weight)
    model.requires_grad_(False)
    with pytest.raises(ValueError, match="'fit' was given no parameters"):
        Objective("fit", objective.loss, model.parameters(), sgd, lr=0.1)


def test_the_update_ratio_is_measured_now_and_then_and_is_right():
    model, objective = regression()
    before = torch.cat([p.detach().flatten() for p in model.parameters()])
    report = objective.improve(batch_of(10))
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert float(report.update_ratio) == pytest.approx(float((after - before).norm() / before.norm()), rel=1e-5)
    assert [objective.improve(batch_of(10)).update_ratio is None for _ in range(MEASURE_EVERY)] == [True] * (
        MEASURE_EVERY - 1
    ) + [False]


@pytest.mark.parametrize("optimizer", NAMED.values(), ids=NAMED)
def test_state_restored_means_the_same_next_step(optimizer):
    model, objective = regression(optimizer=optimizer, schedule=cosine(10, 2), weight_decay=0.01)
    for _ in range(3):
        objective.improve(batch_of(8))
    twin_model, twin = regression(optimizer=optimizer, schedule=cosine(10, 2), weight_decay=0.01)
    twin_model.load_state_dict(model.state_dict())
    twin.load_state_dict(copy.deepcopy(objective.state_dict()))
    objective.improve(batch_of(8))
    twin.improve(batch_of(8))
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), twin_model.parameters(), strict=True))


def test_bfloat16_keeps_the_weights_in_float32():
    model, objective = regression()
    objective.precision = named("bfloat16")
    objective.improve(batch_of(16))
    assert all(p.dtype == torch.float32 for p in model.parameters())


# Worked numbers: w from -0.4 to 0.6, dw from -0.6 to 0.4 in 20 steps, lr 0.01.
W, DW = torch.linspace(-0.4, 0.6, 20, dtype=torch.float64), torch.linspace(-0.6, 0.4, 20, dtype=torch.float64)


def stepped(factory, lr, steps=1):
    parameter = nn.Parameter(W.clone())
    optimizer = factory([{"params": [parameter], "weight_decay": 0.0}], lr)
    for _ in range(steps):
        parameter.grad = DW.clone()
        optimizer.step()
    return parameter.detach()


def test_sgd_steps_against_the_gradient():
    torch.testing.assert_close(stepped(sgd, 0.01), W - 0.01 * DW)


def test_nesterov_agrees_with_its_look_ahead_form():
    # v = mu v - lr dw; w += -mu v_prev + (1 + mu) v, written with torch's sign and first step.
    w, v = W.clone(), torch.zeros_like(W)
    for _ in range(4):
        v = 0.9 * v + DW
        w = w - 0.01 * (DW + 0.9 * v)
    torch.testing.assert_close(stepped(nesterov, 0.01, steps=4), w)


def test_adams_first_step_has_the_length_of_the_rate():
    torch.testing.assert_close((stepped(adam, 1e-3) - W).abs(), torch.full_like(W, 1e-3), rtol=1e-5, atol=0)


def test_schedules_begin_rise_and_end_where_they_say():
    cycle = one_cycle(100, 20)
    assert cycle(0) < cycle(10) < cycle(19) < cycle(20) == 1.0
    assert cycle(60) == pytest.approx(0.5)
    assert cycle(100) == 0.0
    assert cosine(100)(0) == 1.0
    assert cosine(100)(50) == pytest.approx(0.5)
    assert cosine(100)(1000) == pytest.approx(0.0)
    assert [step_decay(5, 0.5)(t) for t in (0, 4, 5, 10)] == [1, 1, 0.5, 0.25]
    assert exponential(0.5)(2) == pytest.approx(0.36787944)
    assert inverse(0.5)(2) == pytest.approx(0.5)
