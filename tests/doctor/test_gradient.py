"""The gradient check agrees with torch's own, names the wrong tensor, and does not judge what sits at a kink."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visus.doctor.before import gradient
from visus.doctor.finding import BLOCKER, PASS
from visus.doctor.gradients import FINE, HAPPY, UNEASY, UNJUDGED, WRONG, band, check_gradients, relative_error
from visus.doctor.winners import Winners
from visus.engine.objective import Objective
from visus.engine.optimizers import adam
from visus.engine.task import Task

X = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 2, 1])


class Scale(torch.autograd.Function):
    """x * w, with a backward that is right, or wrong by a factor."""

    @staticmethod
    def forward(ctx, x, w, factor):
        ctx.save_for_backward(x, w)
        ctx.factor = factor
        return x * w

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g * w, ctx.factor * (g * x).sum(0), None


class Scaled(nn.Module):
    def __init__(self, factor=1.0):
        super().__init__()
        self.before, self.after = nn.Linear(5, 4), nn.Linear(4, 3)
        self.weight = nn.Parameter(torch.rand(4) + 0.5)
        self.factor = factor

    def forward(self, x):
        return self.after(Scale.apply(self.before(x), self.weight, self.factor))


def smooth():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)).double()


def verdicts(net, x=X, **options):
    return {v.name: v for v in check_gradients(lambda: F.cross_entropy(net(x), Y), net.named_parameters(), **options)}


def test_a_smooth_network_is_happy_in_every_tensor_and_so_is_torch():
    net = smooth()
    found = verdicts(net)
    assert {v.verdict for v in found.values()} == {HAPPY}
    assert list(found) == [name for name, _ in net.named_parameters()]
    assert all(v.entries == 3 for v in found.values())
    names = [name for name, _ in net.named_parameters()]

    def loss(*weights):
        return F.cross_entropy(torch.func.functional_call(net, dict(zip(names, weights, strict=True)), (X,)), Y)

    assert torch.autograd.gradcheck(loss, tuple(net.parameters()))


@pytest.mark.parametrize(
    ("factor", "word"), [(1.0, HAPPY), (1 + 1e-5, FINE), (1 + 1e-3, UNEASY), (1.5, WRONG), (0.0, WRONG), (-1.0, WRONG)]
)
def test_a_wrong_backward_is_found_by_the_name_of_its_tensor(factor, word):
    torch.manual_seed(0)
    found = verdicts(Scaled(factor).double())
    assert found["weight"].verdict == word
    assert {v.verdict for name, v in found.items() if name != "weight"} == {HAPPY}
    assert found["weight"].at.startswith("weight[")


def test_torch_agrees_about_the_wrong_backward():
    torch.manual_seed(0)
    x, w = X[:, :4].clone().requires_grad_(), torch.rand(4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w: Scale.apply(x, w, 1.0), (x, w))
    assert not torch.autograd.gradcheck(lambda x, w: Scale.apply(x, w, 1.5), (x, w), raise_exception=False)


def at_the_kink(name):
    """Functions of a weight of ones, evaluated exactly where they have a kink, and the operation that kinks."""
    return {
        "relu": lambda w: (w - 1).relu().sum() + (0 * w).sum(),
        "abs": lambda w: (w - 1).abs().sum(),
        "clamp": lambda w: w.clamp(1.0, 5.0).sum(),
        "leaky_relu": lambda w: F.leaky_relu(w - 1).sum(),
        "hardtanh": lambda w: F.hardtanh(w).sum(),
        "max_pool2d_with_indices": lambda w: F.max_pool2d(w, 2).square().sum(),
        "amax": lambda w: w.amax((2, 3)).square().sum(),
        "max": lambda w: w.max().square(),
        "maximum": lambda w: torch.maximum(w, 2 - w).sum(),
        "sort": lambda w: w.flatten().sort().values[:3].square().sum(),
    }[name]


@pytest.mark.parametrize(
    "name",
    ["relu", "abs", "clamp", "leaky_relu", "hardtanh", "max_pool2d_with_indices", "amax", "max", "maximum", "sort"],
)
def test_an_entry_at_a_kink_is_left_out_by_name_with_the_operation(name):
    weight = torch.ones(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    (found,) = check_gradients(lambda: at_the_kink(name)(weight), [("weight", weight)])
    assert found.verdict == UNJUDGED
    assert found.entries == 0
    assert all(entry.startswith("weight[") and entry.endswith(f"({name})") for entry in found.excluded)


def test_beside_a_kink_another_entry_is_drawn():
    weight = torch.tensor([1.0, 0.0, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
    (found,) = check_gradients(
        lambda: weight.abs().square().sum() + weight.relu().sum(), [("weight", weight)], entries=4
    )
    assert found.verdict == HAPPY
    assert found.entries == 4
    assert found.excluded
    assert set(found.excluded) <= {"weight[1] (abs)", "weight[2] (abs)"}


def test_a_relu_network_with_pooling_is_judged_in_every_tensor():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(36, 3),
    ).double()
    found = verdicts(net, torch.randn(3, 2, 6, 6, dtype=torch.float64))
    assert {v.verdict for v in found.values()} <= {HAPPY, FINE}


def test_weights_gradients_and_random_state_are_as_before():
    net = smooth()
    before, random = [p.detach().clone() for p in net.parameters()], torch.get_rng_state()
    verdicts(net)
    assert all(torch.equal(p, old) for p, old in zip(net.parameters(), before, strict=True))
    assert all(p.grad is None for p in net.parameters())
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.parametrize(
    ("analytic", "numeric", "error"),
    [(0.0, 0.0, 0.0), (1.0, 1.0, 0.0), (1.0, -1.0, 2.0), (2.0, 1.0, 0.5), (1e-9, 0.0, 1.0), (math.nan, 1.0, math.inf)],
)
def test_relative_error_by_hand(analytic, numeric, error):
    assert relative_error(analytic, numeric) == error


def test_what_rounding_explains_is_no_error():
    assert relative_error(1e-12, 0.0, rounding=1e-10) == 0.0
    assert relative_error(1.0, 1.0 + 1e-6, rounding=1e-5) <= 1e-7
    assert relative_error(1.0, 1.5, rounding=1e-5) == pytest.approx(1 / 3, rel=1e-3)


def test_the_bands_are_those_of_the_course():
    assert [band(e) for e in (0.0, 1e-8, 1e-6, 1e-3, 0.1, math.inf)] == [HAPPY, HAPPY, FINE, UNEASY, WRONG, WRONG]


def test_an_embedding_with_sparse_gradients_is_judged():
    table = nn.Embedding(6, 3, sparse=True).double()
    (found,) = check_gradients(lambda: F.cross_entropy(table(Y), Y), table.named_parameters())
    assert found.verdict == HAPPY


def half_way(net):
    return lambda: F.cross_entropy(net(X).float(), Y).double()


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (lambda net: lambda: F.cross_entropy(net(X), Y, reduction="none"), "a single number is expected"),
        (lambda net: lambda: F.cross_entropy(net(X), Y).detach(), "has no graph"),
        (lambda net: lambda: F.cross_entropy(net(X), Y).float(), "keep its type"),
        (half_way, "leaves double precision"),
        (lambda net: lambda: net(X).mean() * next(ticks), "with the same weights, data and torch seed"),
    ],
)
def test_what_cannot_be_checked_is_said(loss, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_gradients(loss(smooth()), smooth().named_parameters() if "graph" not in sentence else [])


ticks = iter(range(1, 1000))


def test_single_precision_is_refused():
    net = smooth().float()
    with pytest.raises(ValueError, match=r"0\.weight is torch\.float32; a gradient check needs float64"):
        check_gradients(lambda: net(X.float()).mean(), net.named_parameters())


def test_integer_state_that_counts_calls_is_no_winner():
    norm = nn.BatchNorm1d(5)
    with Winners() as first:
        norm(X.float())
    with Winners(first.found) as second:
        norm(X.float())
    assert not second.switched


class Blobs(Task):
    """A network with everything that is random or has kinks, and a weight penalty of its own."""

    def __init__(self, layer=None, penalty=lambda p: 0.5 * p.square().sum()):
        super().__init__()
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.5), layer or nn.Identity(), nn.Linear(8, 3))
        self.penalty = penalty
        self.objectives = [Objective("blobs", self.loss, self.parameters(), adam, lr=0.01, weight_decay=1e-2)]

    def loss(self, batch):
        data = F.cross_entropy(self.model(batch[0]), batch[1])
        return {"cross_entropy": data, "penalty": 1e-3 * self.penalty(self.model[0].weight)}

    def batches(self, start=0):
        while True:
            yield X.float(), Y

    def evaluate(self):
        return {}


def test_dropout_and_a_penalty_are_no_obstacle():
    (found,) = gradient.examine(Blobs())
    assert found.severity == PASS, found


def test_a_wrong_penalty_is_found_though_the_data_term_is_a_thousand_times_larger():
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, p):
            ctx.save_for_backward(p)
            return 0.5 * p.square().sum()

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    (found,) = gradient.examine(Blobs(penalty=Doubled.apply))
    assert found.severity == BLOCKER
    assert found.where == "model.0.weight in penalty"


def test_biases_that_start_at_a_kink_are_asked_again_after_some_updates():
    class Zero(Blobs):
        def __init__(self):
            super().__init__()
            nn.init.zeros_(self.model[0].weight)
            nn.init.zeros_(self.model[0].bias)
            self.model[1] = nn.LeakyReLU()

    (found,) = gradient.examine(Zero())
    assert found.severity == PASS, found


def test_burn_in_checks_a_network_that_has_learned_a_little():
    (found,) = gradient.examine(Blobs(), burn_in=5)
    assert found.severity == PASS, found


def test_a_wrong_layer_in_a_task_is_named():
    class Bad(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.rand(8) + 0.5)

        def forward(self, x):
            return Scale.apply(x, self.weight, 3.0)

    (found,) = gradient.examine(Blobs(Bad()))
    assert found.severity == BLOCKER
    assert found.where == "model.3.weight in cross_entropy"


def test_a_layer_that_insists_on_single_precision_is_not_examined_and_says_so():
    class Single(nn.Module):
        def forward(self, x):
            return x.float().to(x.dtype)

    (found,) = gradient.examine(Blobs(Single()))
    assert found.what.startswith("not examined: ")
    assert "double precision" in found.what
