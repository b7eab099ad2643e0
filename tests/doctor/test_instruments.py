"""Instruments against a second opinion: torch's losses, NumPy, scikit-learn, or a number worked by hand."""

import copy
import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge, RidgeClassifierCV
from sklearn.model_selection import LeaveOneOut, cross_val_predict, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from torch import nn
from torch.nn import functional as F

import visus
from visus.doctor.instruments import consultation, depth, due, examples, filters, inputs, pretraining
from visus.doctor.instruments.culprits import culprits
from visus.doctor.instruments.examples import Examples
from visus.doctor.instruments.layers import Layers
from visus.doctor.instruments.outputs import look, understand
from visus.doctor.instruments.tensors import first_tensor, some

from ._loops import D, K, convnet, digits, improve, mlp, sgd

B = 24


@pytest.fixture(autouse=True)
def _dice():
    torch.manual_seed(0)


# -- what outputs and targets mean ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs_shape", "targets_shape"),
    [((B, K), (B,)), ((B, K, 5, 7), (B, 5, 7)), ((B, 6, K), (B, 6)), ((B, K, 9), (B, 9))],
)
def test_dense_predictions_and_sequences_become_rows_with_their_labels(outputs_shape, targets_shape):
    labels = torch.randint(K, targets_shape)
    chances = F.one_hot(labels, K).float()  # (..., K)
    scores = chances if outputs_shape[-1] == K else chances.movedim(-1, 1)
    answers = understand(scores, labels)
    assert answers.kind == "classes"
    assert answers.scores.shape == (labels.numel(), K)
    assert answers.n_classes == K
    assert torch.equal(answers.scores.argmax(1), answers.labels)


def test_what_a_loss_ignores_is_not_counted():
    labels = torch.randint(K, (B, 5, 7))
    labels[:, 0] = -100
    answers = understand(torch.randn(B, K, 5, 7), labels)
    assert len(answers.labels) == B * 4 * 7
    assert int(answers.labels.min()) >= 0


def test_shares_of_classes_attributes_and_values_are_told_apart():
    scores = torch.randn(B, K)
    shares = torch.rand(B, K).softmax(1)
    soft = understand(scores, shares)
    assert (soft.kind, soft.n_classes) == ("soft", K)
    assert torch.equal(soft.labels, shares.argmax(1))
    attributes = understand(scores, (torch.rand(B, K) > 0.6).float())
    assert (attributes.kind, attributes.n_classes) == ("attributes", 0)
    for outputs_, targets in (
        (scores, torch.randn(B, K)),
        (torch.randn(B, 1), torch.randn(B)),
        (torch.randn(B), torch.randn(B, 1)),
    ):
        values = understand(outputs_, targets)
        assert (values.kind, values.n_classes) == ("values", 0)
        assert values.scores.shape == values.labels.shape


@pytest.mark.parametrize(
    ("answered", "asked"),
    [
        (torch.randint(9, (B, K)), torch.randint(K, (B,))),
        (torch.randn(B, K), torch.randint(K, (B + 1,))),
        (torch.randn(B, K), torch.randn(B, K + 1)),
        (torch.randn(()), torch.randint(K, (B,))),
    ],
)
def test_what_does_not_fit_is_not_guessed(answered, asked):
    assert understand(answered, asked) is None


def test_how_often_which_class_is_said_is_counted():
    labels = torch.arange(B) % 3
    scores = F.one_hot(labels, 4).float()
    scores[0] = torch.tensor([0.0, 0.0, 0.0, 9.0])  # class 3, which is never right
    found = look(understand(scores, labels), 1.0)
    assert found["labels"] == [8, 8, 8, 0]
    assert found["said"] == [7, 8, 8, 1]
    assert found["hits"] == [7, 8, 8, 0]
    assert found["right"] == pytest.approx(23 / 24, abs=1e-3)


def focal(scores, labels):
    missed = 1 - scores.softmax(1).gather(1, labels[:, None])[:, 0]
    return (missed**2 * F.cross_entropy(scores, labels, reduction="none")).mean()


SCORES = torch.randn(B, K, generator=torch.Generator().manual_seed(1))
LABELS = torch.randint(K, (B,), generator=torch.Generator().manual_seed(2))
ONE_HOT = F.one_hot(LABELS, K).float()
SHARES = (2 * torch.randn(B, K, generator=torch.Generator().manual_seed(3))).softmax(1)
SIGNS = (SHARES > 0.1).float()
TALL, FLAT = SCORES[:, :1], SHARES[:, 0]

LOSSES = {
    "cross_entropy": (SCORES, LABELS, nn.CrossEntropyLoss()),
    "cross_entropy of log-probabilities": (SCORES.log_softmax(1), LABELS, nn.NLLLoss()),
    "cross_entropy with shares": (SCORES, SHARES, nn.CrossEntropyLoss()),
    "cross_entropy, summed": (SCORES, LABELS, nn.CrossEntropyLoss(reduction="sum")),
    "log of chances": (SHARES, LABELS, lambda s, y: F.nll_loss(s.log(), y)),
    "nll": (SCORES, LABELS, nn.NLLLoss()),
    "squared": (SCORES, LABELS, lambda s, y: F.mse_loss(s, ONE_HOT)),
    "squared, of chances": (SCORES, LABELS, lambda s, y: F.mse_loss(s.softmax(1), ONE_HOT)),
    "logistic": (SCORES, LABELS, lambda s, y: F.binary_cross_entropy_with_logits(s, ONE_HOT)),
    "hinge": (SCORES, LABELS, nn.MultiMarginLoss()),
    "cross_entropy of chances": (SCORES, LABELS, lambda s, y: F.cross_entropy(s.softmax(1), y)),
    "cross_entropy of sigmoids": (SCORES, LABELS, lambda s, y: F.cross_entropy(s.sigmoid(), y)),
    "logistic of attributes": (SCORES, SIGNS, nn.BCEWithLogitsLoss()),
    "squared of values": (SCORES, SHARES * 3, nn.MSELoss()),
    "absolute": (SCORES, SHARES * 3, nn.L1Loss()),
    "smooth absolute": (SCORES, SHARES * 3, nn.SmoothL1Loss()),
    "unknown: focal": (SCORES, LABELS, focal),
    "unknown: weighted": (SCORES, LABELS, nn.CrossEntropyLoss(torch.linspace(0.1, 4, K))),
    "unknown: smoothed": (SCORES, LABELS, nn.CrossEntropyLoss(label_smoothing=0.3)),
    "unknown: a third": (SCORES, LABELS, lambda s, y: F.cross_entropy(s, y) / 3),
    "unknown: Huber": (SCORES, SHARES * 3, nn.HuberLoss(delta=0.2)),
}  # fmt: skip
SAME = {"cross_entropy of log-probabilities": "cross_entropy", "cross_entropy with shares": "cross_entropy",
        "logistic of attributes": "logistic", "squared of values": "squared"}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_known_by_its_number(name):
    answered, asked, loss = LOSSES[name]
    found = look(understand(answered, asked), float(loss(answered, asked)))
    assert found["loss_is"] == SAME.get(name, name.partition(":")[0])
    if name == "unknown: a third":
        assert found["times"] == pytest.approx(1 / 3, rel=1e-3)


def test_a_column_against_a_row_is_known_by_its_number():
    with pytest.warns(UserWarning, match="target size"):
        loss = F.mse_loss(TALL, FLAT)
    assert look(understand(TALL, FLAT), float(loss))["loss_is"] == "squared, of every pair"


def test_a_loss_in_half_precision_is_still_known():
    with torch.autocast("cpu", torch.bfloat16):
        loss = F.cross_entropy(SCORES.bfloat16(), LABELS)
    assert look(understand(SCORES.bfloat16(), LABELS), float(loss))["loss_is"] == "cross_entropy"


def test_a_regression_in_other_units_is_judged_by_what_its_answers_follow():
    years = 35 + 20 * torch.randn(200, 1)
    standardised = (years - years.mean()) / years.std(correction=0)
    answered = 0.9 * standardised + 0.1 * torch.randn(200, 1)
    found = look(understand(answered, years), float(F.mse_loss(answered, standardised)))
    s, t = answered[:, 0].numpy(), years[:, 0].numpy()
    residual = np.polyfit(s, t, 1, full=True)[1][0] / 200
    assert found["rescaled"]
    assert found["error"] == pytest.approx(residual, rel=1e-3)
    assert found["blind"] == pytest.approx(float(years.var(correction=0)), rel=1e-3)
    assert found["follows"] == pytest.approx(np.corrcoef(s, t)[0, 1], rel=1e-3)
    same = look(understand(answered, standardised), float(F.mse_loss(answered, standardised)))
    assert "rescaled" not in same


def test_attributes_are_counted_one_by_one():
    scores, truth = torch.tensor([[1.0, -1.0], [2.0, -1.0], [-1.0, 1.0]]), torch.tensor([[1.0, 1], [0, 0], [1, 0]])
    found = look(understand(scores, truth), 0.0)
    assert (found["there"], found["named"], found["found"]) == ([2, 1], [2, 1], [1, 0])
    assert look(understand(scores.sigmoid(), truth), 0.0)["named"] == [2, 1]


# -- depth, and features that were there before -----------------------------------------------------------------------


class Branches(nn.Module):
    """Three layers with a shortcut of one layer around two of them, a norm, dropout and a scale."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.around = (nn.Linear(4, 4) for _ in range(4))
        self.norm, self.scale = nn.BatchNorm1d(4), nn.Parameter(torch.ones(4))

    def forward(self, x):
        x = self.norm(self.a(x)).relu() * self.scale
        return F.dropout(self.c(self.b(x).relu()), 0.5) + self.around(x)


@pytest.mark.parametrize(
    ("network", "inputs_", "longest", "shortest"),
    [
        (mlp(), (3, D), 3, 3),
        (convnet(), (3, D), 3, 3),
        (Branches(), (3, 4), 3, 2),
        (nn.Conv2d(1, 2, 3), (1, 1, 5, 5), 1, 1),
        (nn.Sequential(nn.Linear(4, 4, bias=False), nn.Flatten(1), nn.Linear(12, 2)), (2, 3, 4), 2, 2),
        (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (2, 3, 8), 4, 2),  # around its second half
    ],
)
def test_layers_are_counted_on_the_longest_and_the_shortest_way(network, inputs_, longest, shortest):
    found = depth.ways(network(torch.randn(inputs_)))
    assert (found.longest, found.shortest) == (longest, shortest)


def test_what_has_no_graph_has_no_depth():
    assert depth.ways(torch.ones(3)) is None
    assert depth.ways(nn.Parameter(torch.ones(3)) * 2) is None


def test_trained_weights_are_known_from_fresh_ones():
    for fresh in (mlp(), convnet(), nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64))):
        assert not pretraining.is_pretrained(fresh)
        for weight in (p for p in fresh.parameters() if p.ndim >= 2):
            nn.init.orthogonal_(weight)
        assert not pretraining.is_pretrained(fresh)
    net = mlp()
    x, y, *_ = digits()
    rule = sgd(net, 0.1)
    for step in range(60):
        improve(net, rule, F.cross_entropy(net(x), y), step)
    assert pretraining.is_pretrained(net)


def test_features_that_were_torn_down_are_worth_less_than_they_were():
    net, (x, y, *_) = convnet(), digits()
    rule = sgd(net, 0.05)
    for rows in torch.arange(len(x)).split(50) * 4:
        improve(net, rule, F.cross_entropy(net(x[rows]), y[rows]), 0)
    kept = pretraining.Pretraining(net)
    for module in net.modules():
        if hasattr(module, "reset_parameters") and not isinstance(module, nn.BatchNorm2d):
            nn.init.zeros_(module.weight)
    found = kept.compare(net, ((x[:128],), y[:128]), 10, 1000)
    assert found["n"] == 128
    assert found["start"] > 0.8
    assert found["now"] < 0.5
    assert kept.original is not None
    kept.compare(net, ((x[:128],), y[:128]), 300, 1000)
    assert kept.original is None, "the copy is let go"
    assert pretraining.Pretraining(mlp()).original is None


# -- gradients and units ----------------------------------------------------------------------------------------------


def steps(update, n=60, model=None, rule=sgd, batch=16):
    """The chart of n steps in which `update(model, optimizer, loss, step)` is what a person wrote."""
    model = model or mlp()
    optimizer = rule(model, 0.01)
    x, y, *_ = digits()
    with visus.Doctor(model, optimizer, live=False) as doctor:
        for step in range(n):
            rows = torch.randint(len(x), (batch,))
            answered = model(x[rows])
            loss = F.cross_entropy(answered, y[rows])
            update(model, optimizer, loss, step)
            doctor.step(loss, inputs=x[rows], targets=y[rows], outputs=answered)
    return doctor.chart


def test_a_clean_loop_leaves_nothing_over_loses_nothing_and_scales_nothing():
    counts = steps(improve).counts
    assert counts["gradients_followed"] == sum(due(step) for step in range(60))
    assert counts.get("gradients_left_over", 0) == counts.get("gradients_lost", 0) == 0
    assert counts["gradient_scale"] == pytest.approx(1)
    assert counts["scaled_sum"] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_accumulation_and_clipping_are_no_leftovers_and_the_scale_is_exact(pieces):
    factors = []

    def update(model, optimizer, loss, step):
        (loss / pieces).backward()
        if step % pieces == pieces - 1:
            norm = nn.utils.clip_grad_norm_(model.parameters(), 0.05)
            factors.append(min(1.0, 0.05 / (float(norm) + 1e-6)))
            optimizer.step()
            optimizer.zero_grad()

    counts = steps(update, 60).counts
    assert counts.get("gradients_left_over", 0) == counts.get("gradients_lost", 0) == 0
    measured = [math.log(factor) for number, factor in enumerate(factors) if due(number)]
    assert counts["scaled"] == len(measured)
    assert counts["scaled_sum"] == pytest.approx(sum(measured), rel=1e-3)


@pytest.mark.parametrize("clip", [None, 0.05])
def test_gradients_that_are_never_cleared_are_seen_at_every_measured_update_but_the_first(clip):
    def update(model, optimizer, loss, step):
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()

    counts = steps(update).counts
    followed, left = counts["gradients_followed"], counts["gradients_left_over"]
    assert followed - 1 == left


def test_gradients_cleared_between_backward_and_step_are_lost():
    def update(model, optimizer, loss, step):
        loss.backward()
        optimizer.zero_grad(set_to_none=bool(step % 2))
        optimizer.step()

    counts = steps(update).counts
    assert counts["gradients_lost"] == sum(due(step) for step in range(60))
    assert counts.get("gradients_followed", 0) == 0


def test_sizes_of_updates_and_gradients_are_those_of_the_tensors():
    seen = []

    def update(model, optimizer, loss, step):
        optimizer.zero_grad()
        loss.backward()
        before = [p.detach().clone() for p in model.parameters()]
        optimizer.step()
        moved = [p.detach() - b for p, b in zip(model.parameters(), before)]
        norms = [nn.utils.get_total_norm(ts).item() for ts in ([p.grad for p in model.parameters()], moved, before)]
        seen.append(norms)

    chart = steps(update, 10, model=nn.Sequential(nn.Linear(D, 16), nn.ReLU(), nn.Linear(16, K)))
    rows = [(s["step"], u) for s, u in chart.having("update")]
    assert len(rows) >= 5
    for step, row in rows:
        gradient, moved, weight = seen[step]
        assert row["gradient"] == pytest.approx(gradient, rel=2e-3)
        assert row["moved"] == pytest.approx(moved, rel=2e-3)
        assert row["weight"] == pytest.approx(weight, rel=2e-3)
        assert row["ratio"] == pytest.approx(moved / weight, rel=4e-3)
        assert row["lr"] == [0.01]


def test_dead_units_are_counted_to_the_unit():
    model = mlp()
    with torch.no_grad():
        model[0].bias[:5] = -1e4
        model[2].bias[7] = -1e4
        hidden = model[0](digits()[0])  # (N, 64)
        dead = [int((h <= 0).all(0).sum()) for h in (hidden, model[2](hidden.relu()))]
    assert dead[0] >= 5
    assert dead[1] >= 1
    units = steps(improve, 100, model=model, batch=300, rule=lambda m, _: sgd(m, 1e-9)).units
    assert len(units) >= 2
    for window in units:  # eight batches of half of the examples: none is left out
        assert window["dead"] == {"0.weight": [dead[0], 64], "2.weight": [dead[1], 32], "4.weight": [0, K]}


def test_zeros_that_a_living_relu_makes_are_no_dead_units():
    model = mlp()
    with torch.no_grad():
        model[0].bias.zero_()
        for layer in (model[2], model[4]):
            layer.weight.abs_()  # what comes out of a ReLU switches the next one on
    chart = steps(improve, 60, model=model, batch=300, rule=lambda m, _: sgd(m, 1e-9))
    zeros = [flows["2"]["in_zeros"] for flows in chart.values("layers")]
    assert min(zeros) > 0.3
    assert [dead for window in chart.units for dead, _ in window["dead"].values()].count(0) == 3 * len(chart.units)


# -- the simple reference ---------------------------------------------------------------------------------------------


def kept(x, y):
    found = Examples()
    for rows in torch.arange(len(x)).split(50):
        found.keep(x[rows], y[rows], y[rows])
    return found


def test_the_simple_reference_is_what_scikit_learn_reaches():
    x, y, *_ = digits()
    found = kept(x, y).reference()
    ridge = cross_val_score(RidgeClassifierCV(np.logspace(-1, 3, 5)), x, y, cv=5).mean()
    near = cross_val_score(KNeighborsClassifier(1), x, y, cv=5).mean()
    assert found["n"] == len(x)
    assert found["classes"] == K
    assert found["ridge"] == pytest.approx(ridge, abs=0.03)
    assert found["nearest"] == pytest.approx(near, abs=0.03)
    assert found["majority"] == pytest.approx(float(torch.bincount(y).max()) / len(y))


def test_leaving_each_example_out_in_turn_needs_no_second_fit():
    x, y = (t[:90].numpy().astype(float) for t in digits()[:2])
    x, target = x - x.mean(0), np.eye(K)[y.astype(int)]
    scale = np.square(x).sum() / len(x)  # mean eigenvalue of the Gram matrix
    theirs = [
        (cross_val_predict(Ridge(alpha=ridge * scale), x, target, cv=LeaveOneOut()).argmax(1) == y).mean()
        for ridge in examples.RIDGES
    ]
    assert examples.ridge_accuracy(x @ x.T, target) == pytest.approx(max(theirs), abs=2 / 90)


def test_labels_without_a_relation_leave_the_reference_at_the_majority():
    x, y, *_ = digits()
    found = kept(x, y[torch.randperm(len(y))]).reference()
    assert max(found["ridge"], found["nearest"]) < found["majority"] + 0.06


def test_examples_seen_before_are_counted_and_kept_once():
    x, y, *_ = digits()
    found = Examples()
    for _ in range(3):
        found.keep(x[:40], y[:40], y[:40])
    assert (found.seen, found.again) == (120, 80)
    assert found.reference() == {"n": 40, "classes": len(set(y[:40].tolist()))}


def test_the_newest_examples_are_kept_in_bounded_memory():
    found = Examples()
    for step in range(400):
        found.keep(torch.full((32, 3, 64, 64), float(step)), torch.full((32,), step), None)
    (x,), y = found.raw()
    assert len(x) == len(y) == 128
    assert int(y[-1]) == 399
    assert x.element_size() * x.numel() <= 8 << 20


# -- layers, inputs, copies -------------------------------------------------------------------------------------------


def test_figures_of_a_layer_are_those_of_its_input_and_output():
    model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.Tanh(), nn.Linear(3, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[100.0, 0.0], [0.0, 100.0], [0.0, 0.0]]))
    x = torch.tensor([[1.0, -2.0], [3.0, 0.0], [-1.0, 4.0], [0.0, 2.0]])
    layers = Layers(model)
    layers.attach()
    made = model[0](x)
    model(x)
    found = layers.read()
    assert list(found) == ["0", "2"]
    first, last = found["0"], found["2"]
    assert first["in_std"] == pytest.approx(x.std(correction=0).item(), rel=1e-3)
    assert first["in_zeros"] == 2 / 8
    assert (first["in_low"], first["in_high"]) == (-2, 4)
    assert first["out_mean"] == pytest.approx(made.mean().item(), rel=1e-3)
    assert first["out_std"] == pytest.approx(made.std(correction=0).item(), rel=1e-3)
    assert first["batch"] == 4
    assert first["finite"] == 1
    assert last["in_flat"] == pytest.approx(6 / 12, abs=1e-3)  # of 12 tanhs 6 are at -1 or 1, and 6 are 0
    assert layers.read() == {}
    assert not any(m._forward_hooks for m in model.modules())


def test_the_drift_of_a_batch_norm_is_its_distance_from_what_it_remembers():
    norm, x = nn.BatchNorm2d(4).eval(), torch.randn(16, 4, 8, 8)
    drifts = []
    for shift, scale in ((0, 1), (3, 1), (0, 20)):
        layers = Layers(nn.Sequential(norm))
        layers.attach()
        norm(x * scale + shift) if layers.layers.get("") else nn.Sequential(norm)(x * scale + shift)
        drifts.append(layers.read()["0"]["drift"])
    assert drifts[0] < 0.2
    assert drifts[1] == pytest.approx(3, abs=0.3)
    assert drifts[2] == pytest.approx(math.log(20), abs=0.3)


def test_inputs_are_described_as_they_are():
    x = torch.randn(32, 3, 16, 16)
    found = inputs.look(x)
    assert found["shape"] == [32, 3, 16, 16]
    assert found["finite"] is True
    assert found["mean"] == pytest.approx(x.mean().item(), abs=1e-3)
    assert found["std"] == pytest.approx(x.std().item(), rel=1e-2)
    assert found["rough"] == pytest.approx([1, 1], abs=0.05)  # noise: neighbours are unrelated
    smooth = F.interpolate(torch.randn(32, 3, 4, 4), scale_factor=8, mode="bilinear")
    assert max(inputs.look(smooth)["rough"]) < 0.2
    assert inputs.look(torch.ones(8, 5))["between"] == 0
    assert inputs.look(x.movedim(1, 3)).get("channels_last") is True
    broken = x.clone()
    broken[3, 0, 0, 0] = math.nan
    assert inputs.look(broken)["finite"] is False


def test_a_few_entries_tell_what_all_of_them_would():
    x = torch.randn(300, 1000)
    few = some(x)
    assert 2048 <= len(few) <= 8192
    assert float(few.std()) == pytest.approx(1, abs=0.06)
    assert torch.equal(some(x[:10, :10]), x[:10, :10].reshape(-1))


def test_the_scores_are_found_in_whatever_a_network_returns():
    scores = torch.randn(3, 4)
    for answer in (scores, (scores, None), [scores], {"loss": torch.ones(()), "logits": scores}, {"a": (None, scores)}):
        assert first_tensor(answer) is scores
    assert first_tensor("scores") is None


class Moody(nn.Module):
    """Dropout, batch statistics, a counter of its own, and a draw from torch's dice."""

    def __init__(self):
        super().__init__()
        self.net = convnet(nn.Dropout(0.5))
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return self.net(x) + 1e-3 * torch.randn(len(x), K)


def test_a_consultation_leaves_the_model_bit_identical():
    model = Moody().train()
    x, y, *_ = digits()
    F.cross_entropy(model(x[:32]), y[:32]).backward()
    weights, gradients = copy.deepcopy(model.state_dict()), [p.grad.clone() for p in model.parameters()]
    modes, random = [m.training for m in model.modules()], torch.get_rng_state()
    found = consultation.consult(model, (x[:64],), y[:64])
    consultation.after_update(model, (x[:64],), y[:64], random)
    consultation.first_not_finite(model, x[:64])
    culprits(model, x[:64])
    filters.measure(model)
    assert {"loss", "right", "shuffled_loss", "training_loss", "leak"} <= set(found)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients, strict=True))
    assert [m.training for m in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random)


def test_a_consultation_tells_what_torch_tells():
    model = mlp().eval()
    x, y, *_ = digits()
    found = consultation.consult(model, (x[:100],), y[:100])
    with torch.no_grad():
        scores = model(x[:100])
    assert found["loss"] == pytest.approx(float(F.cross_entropy(scores, y[:100])), rel=1e-3)
    assert found["right"] == pytest.approx(float((scores.argmax(1) == y[:100]).float().mean()), abs=1e-3)
    assert found["leak"] < 1e-4


def test_the_first_layer_that_is_not_finite_is_named():
    model = mlp()
    x = torch.randn(4, D)
    assert consultation.first_not_finite(model, x) == ""
    with torch.no_grad():
        model[2].bias[3] = math.inf
    assert consultation.first_not_finite(model, x) == "2"


# -- filters and culprits ---------------------------------------------------------------------------------------------


def test_noise_is_rough_and_waves_are_smooth_whatever_their_scale():
    noise = torch.randn(64, 3, 7, 7)
    assert filters.roughness(noise).mean() == pytest.approx(1, abs=0.03)
    assert torch.allclose(filters.roughness(1e-6 * noise + 5e-6), filters.roughness(noise), rtol=1e-2)
    wave = torch.linspace(0, 2 * torch.pi, 7).sin().expand(2, 3, 7, 7)
    assert filters.roughness(wave).max() < 0.3
    checks = (-1.0) ** (torch.arange(7)[:, None] + torch.arange(7))
    assert filters.roughness(checks.expand(2, 3, 7, 7)).min() > 1.5
    assert filters.roughness(torch.ones(2, 3, 5, 5)).isnan().all()


def test_only_a_wide_first_convolution_is_scored():
    wide = nn.Sequential(nn.Conv2d(3, 32, 5), nn.ReLU(), nn.Conv2d(32, 8, 3))
    start = filters.measure(wide)
    assert start["layer"] == "0"
    assert start["rough"] == pytest.approx(1, abs=0.15)
    assert filters.look(wide, start) == {"layer": "0", "start": start["rough"], "now": start["rough"]}
    assert filters.look(wide, {}) == {}
    for other in (nn.Sequential(nn.Conv2d(3, 32, 3), nn.Conv2d(32, 8, 7)), mlp(), nn.Sequential(nn.LazyConv2d(4, 5))):
        assert filters.measure(other) == {}


class DividesByItsSpread(nn.Module):
    def forward(self, x):
        return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)


@pytest.mark.parametrize("spoiled", [False, True])
def test_the_examples_that_break_a_batch_are_found_also_when_they_have_spoiled_the_weights(spoiled):
    model = nn.Sequential(DividesByItsSpread(), *convnet())
    x = torch.randn(16, D)
    assert culprits(model, x) == []
    x[[3, 11]] = 0.5  # constant: nothing to divide by
    if spoiled:
        model.train()(x)
        for p in model.parameters():
            p.data.fill_(math.nan)
    assert culprits(model, x) == [3, 11]
    x[5, 7] = math.inf
    assert culprits(model, x) == [5]  # what came broken goes before what was broken inside
    assert culprits(nn.Linear(D, K), torch.full((4, D), math.nan)) == []  # all of them: it is not the examples


def test_weights_that_have_run_away_are_not_blamed_on_examples():
    model = mlp()
    for p in model.parameters():
        p.data.mul_(1e38)
    assert not torch.isfinite(model(torch.randn(16, D))).all()
    assert culprits(model, torch.randn(16, D)) == []
