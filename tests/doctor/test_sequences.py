"""Sequences: what the doctor measures of them, what is planted into fresh tasks, and healthy ones left in peace."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import visus
from visus.doctor.before import batch_leak, future, gradient, padding, through_time, vocabulary
from visus.doctor.checkup import Checkup
from visus.doctor.during import free_running
from visus.doctor.finding import BLOCKER, NOTE, PASS, WARNING, worst
from visus.doctor.instruments import outputs, sequences
from visus.doctor.instruments.recurrence import Recurrences, look_back
from visus.engine.loop import Evaluate, fit

from ._readers import (
    anywhere,
    entropy,
    padded,
    read,
    recall,
    streams,
    text,
    without_padding,
)
from ._reading_tasks import (
    BothWays,
    Carried,
    Endless,
    Exploding,
    Forgetful,
    Masked,
    NotMoved,
    Padded,
    PaddingLeftOut,
    Read,
    TimeForBatch,
    Unknown,
)

# -- what is measured -------------------------------------------------------------------------------------------------


def test_padding_is_a_token_found_at_the_ends_of_sequences_only():
    rows = torch.tensor([[5, 6, 7, 8, 0, 0], [5, 6, 0, 0, 0, 0], [9, 8, 7, 6, 5, 4]])
    found = sequences.padding(rows)
    assert found.token == 0
    assert found.everywhere.sum(1).tolist() == [2, 4, 0]
    assert found.share == pytest.approx(6 / 18)


def test_the_first_of_the_tokens_that_end_and_fill_up_a_sequence_is_a_real_one():
    found = sequences.padding(torch.tensor([[5, 6, 7, 2, 2, 2], [5, 6, 2, 2, 2, 2], [9, 8, 7, 6, 5, 2]]))
    assert found.after_first.sum(1).tolist() == [2, 3, 0]


@pytest.mark.parametrize(
    "rows",
    [
        torch.randint(9, (8, 30), generator=torch.Generator().manual_seed(0)),
        torch.tensor([[1, 0, 2, 0, 0], [0, 0, 3, 1, 0], [2, 3, 0, 1, 1]]),  # 0 is found inside, too
        torch.zeros(4, 6, dtype=torch.long),
        torch.full((4, 6), -100),
        torch.rand(4, 6),
        torch.ones(4, 6, 2, dtype=torch.long),
    ],
)
def test_what_is_no_padding_is_not_taken_for_it(rows):
    assert sequences.padding(rows) is None


def test_targets_that_are_the_next_inputs_are_told_from_those_that_are_the_inputs():
    inputs, targets = streams(0)
    assert sequences.moved(inputs, targets)["next"] == 1
    assert sequences.moved(inputs, inputs)["same"] == 1
    assert sequences.moved(inputs.float(), targets) == {}


def test_rows_that_go_on_cross_the_border_between_batches():
    border = sequences.Borders()
    assert border.crossed(*streams(0)) is None
    assert border.crossed(*streams(1)) == 1
    assert border.crossed(*anywhere(2)) < 0.5
    assert border.crossed(None, None) is None


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5])
def test_the_gradient_through_time_of_a_linear_recurrence_is_its_factor_to_the_lag(factor):
    """h' = factor h + x, where nothing is cut off by the ReLU."""
    layer = nn.RNN(3, 3, nonlinearity="relu", batch_first=True, bias=False)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.eye(3))
        layer.weight_hh_l0.copy_(factor * torch.eye(3))
    found = look_back(layer, torch.rand(2, 9, 3) + 0.1)
    assert found["norms"] == pytest.approx([factor**lag for lag in found["lags"]], rel=1e-3)


@pytest.mark.parametrize(
    "settings", [{}, {"batch_first": True}, {"bidirectional": True}, {"num_layers": 2, "dropout": 0.5}]
)
@pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM, nn.GRU])
def test_looking_back_changes_nothing_of_the_layer(cell, settings):
    layer = cell(4, 5, **settings)
    before, x = [p.clone() for p in layer.parameters()], torch.randn(2, 300, 4)
    random = torch.get_rng_state()
    found = look_back(layer, x)
    assert len(found["lags"]) == len(found["norms"]) <= 32
    assert found["norms"][0] == 1
    assert all(p.grad is None and torch.equal(p, q) for p, q in zip(layer.parameters(), before, strict=True))
    assert torch.equal(random, torch.get_rng_state())


def test_a_state_is_carried_where_the_one_of_the_step_before_is_given_and_not_where_another_is():
    layer, x = nn.LSTM(4, 5, batch_first=True), torch.randn(3, 8, 4)
    hooks = Recurrences(nn.Sequential(layer))
    _, state = layer(x)
    found = []
    for given in (state, None, tuple(torch.randn_like(s) for s in state)):
        hooks.expect(measured=True)
        layer(x, given)
        found.append(hooks.read()["0"].get("carried"))
        hooks.expect(measured=False)
        _, state = layer(x)
    assert found[0] == 1
    assert found[1] is None
    assert found[2] == 0


def test_scores_of_ten_thousand_words_are_looked_at_in_bounded_pieces():
    scores, targets = torch.randn(20, 30, 10_000) * 0.1, torch.randint(10_000, (20, 30))
    loss = float(entropy(scores, targets))
    found = outputs.look(
        outputs.understand(scores.bfloat16(), targets), float(entropy(scores.bfloat16().float(), targets))
    )
    assert found["loss_is"] == "cross_entropy"
    assert found["tokens"]
    assert found["n"] == 600
    assert found["cross_entropy"] == pytest.approx(loss, rel=1e-2)
    assert found["std"] == pytest.approx(0.1, rel=0.05)


def test_flattened_scores_are_understood_as_those_of_sequences():
    scores, targets = torch.randn(6 * 7, 5), torch.randint(5, (6, 7))
    flat, whole = (outputs.understand(s, targets) for s in (scores, scores.view(6, 7, 5)))
    assert torch.equal(flat.scores, whole.scores)
    assert torch.equal(flat.labels, whole.labels)


@pytest.mark.parametrize(("loss", "counted"), [(entropy, True), (without_padding, False)])
def test_a_loss_tells_whether_padding_counts(loss, counted):
    _, targets = padded(0)
    scores = torch.randn(*targets.shape, text()[1] + 2)
    scores[..., -1] += 3.0  # padding is easy
    answers = outputs.understand(scores, targets)
    kept, marked, share = outputs.without_padding(answers, targets, float(loss(scores, targets)))
    assert bool(share) is counted
    assert (len(kept.labels) == targets.numel()) is counted
    assert bool((marked < 0).any()) is not counted


# -- what is written alone --------------------------------------------------------------------------------------------


def test_what_is_written_as_expected_overlaps_wholly_and_repeats_no_more():
    rows = [[1, 2, 3, 4, 5], [6, 7, 8]]
    found = free_running.figures({"written": rows, "expected": rows, "forced": rows})
    assert found["free_overlap"] == found["forced_overlap"] == found["free_length"] == found["free_distinct"] == 1
    assert found["free_repeated"] == found["real_repeated"] == 0


@pytest.mark.parametrize("found", [{}, {"written": [], "expected": []}, {"written": [[1]], "expected": [[]]}])
def test_nothing_written_has_no_figures(found):
    assert free_running.figures(found) == {}


def test_a_loop_may_tell_what_its_network_writes():
    rows = [[1, 2, 3, 4, 5, 6]] * 4
    round_and_round = {"written": [[1, 2] * 3] * 4, "expected": rows}
    found = read(steps=20, writes=lambda net: round_and_round)
    assert "repeated_tokens" in [f.kind for f in (*found.diagnosis.causes, *found.diagnosis.notes)]


# -- healthy loops of anybody -----------------------------------------------------------------------------------------

HEALTHY = {
    "rows that go on": lambda: read(),
    "a state carried on": lambda: read(carried=True),
    "windows from anywhere": lambda: read(batches=anywhere),
    "padding left out": lambda: read(batches=padded, more=2, loss=without_padding),
    "clipped by norm": lambda: read(carried=True, max_norm=1.0),
    "remembered for ten steps": lambda: recall(nn.LSTM, far=10, lr=2e-2),
    "remembered by an orthogonal start": lambda: recall(nn.RNN, scale=1.0, lr=3e-3),
}
OURS = {"saturation", "overfitting", "learning_rate_too_high", "plateau", "too_short"}  # may be noted of any small run


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_reader_raises_no_alarm_and_no_note_of_sequences(name):
    found = HEALTHY[name]()
    assert not found.diagnosis.alarm, str(found)
    assert {f.kind for f in found.diagnosis.notes} <= OURS, str(found)


# -- fresh tasks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("examination", "task", "severity", "kind"),
    [
        (future, BothWays, BLOCKER, "sees_the_future"),
        (future, NotMoved, WARNING, "targets_not_moved"),
        (future, Read, PASS, ""),
        (future, Masked, PASS, ""),
        (padding, Padded, BLOCKER, "padding_in_loss"),
        (padding, PaddingLeftOut, PASS, ""),
        (padding, Masked, PASS, ""),
        (padding, Read, PASS, ""),
        (vocabulary, Unknown, WARNING, "vocabulary_holes"),
        (vocabulary, Endless, WARNING, "never_ends"),
        (vocabulary, Read, PASS, ""),
        (through_time, Exploding, WARNING, "exploding_through_time"),
        (through_time, Forgetful, WARNING, "vanishing_through_time"),
        (through_time, Read, PASS, ""),
        (batch_leak, TimeForBatch, BLOCKER, "batch_leak"),
        (batch_leak, Read, PASS, ""),
        (gradient, Carried, PASS, ""),
    ],
)
def test_a_planted_illness_of_a_fresh_task_is_found_and_its_twin_is_healthy(examination, task, severity, kind):
    patient = task()
    before = {name: tensor.clone() for name, tensor in patient.state_dict().items()}
    found = examination.examine(patient)
    assert worst(f.severity for f in found) == severity, found
    assert [f.kind for f in found if f.severity not in (PASS, NOTE)] == ([kind] if kind else [])
    assert all(torch.equal(tensor, before[name]) for name, tensor in patient.state_dict().items())


# -- our own loop -----------------------------------------------------------------------------------------------------


class Writes(Read):
    """A decoder: its batch holds what is shown besides, what was said so far, and what is to be said."""

    def batches(self, start=0):
        for inputs, targets in super().batches(start):
            yield torch.zeros_like(inputs), inputs, targets

    def loss(self, batch):
        return {
            "cross_entropy": entropy(self.model(batch[1])[0], batch[2]),
            "penalty": 0.1 * self.model.head.bias.square().sum(),
        }

    def evaluate(self):
        return {"validation_log_likelihood": -1.0, "validation_nats": 1.0}

    def free_running(self):
        return {"written": [[1, 2, 1, 2, 1, 2]], "expected": [[1, 2, 3, 4, 5, 6]]}


def test_our_loop_finds_the_column_that_is_asked_for_and_hears_what_is_written():
    task, checkup = Writes(), Checkup()
    fit(task, 30, [checkup, Evaluate(10, [checkup])])
    chart = checkup.chart
    assert {o["loss_is"] for o in chart.values("outputs")} == {"cross_entropy"}
    assert [e["loss"] for e in chart.evaluations] == [1.0, 1.0, 1.0]
    assert chart.evaluations[-1]["free_repeated"] == pytest.approx(0.6)


@pytest.mark.parametrize(("simple", "hurt"), [(-0.9, True), (-0.97, False), (-1.5, False)])
def test_a_log_likelihood_below_that_of_simple_methods_is_an_outcome_that_is_hurt(simple, hurt):
    task, checkup = Writes(), Checkup(reference=simple)
    fit(task, 30, [checkup, Evaluate(10, [checkup])])
    below = [reason for reason in checkup.diagnosis().outcome.reasons if "simple methods" in reason]
    assert below == (["the score is -1; simple methods reach -0.9"] if hurt else [])


class BreaksWhileWriting(Writes):
    def free_running(self):
        raise AttributeError("nothing to write with")


def test_what_cannot_be_written_stops_no_evaluation():
    task, checkup = BreaksWhileWriting(), Checkup()
    fit(task, 10, [checkup, Evaluate(5, [checkup])])
    assert len(checkup.chart.evaluations) == 2


def test_a_table_of_words_that_never_came_is_neither_dead_nor_vanishing():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(2000, 8), nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 4))
    rule = torch.optim.Adam(net.parameters(), 1e-2)
    with visus.Doctor(net, rule, live=False) as doctor:
        for _ in range(80):
            x = torch.randint(40, (16, 8))
            y = x[:, 0] % 4
            scores = net(x)
            loss = F.cross_entropy(scores, y)
            rule.zero_grad()
            loss.backward()
            rule.step()
            doctor.step(loss, inputs=x, targets=y, outputs=scores)
    found = doctor.report()
    assert not {"dead_units", "vanishing_gradients"} & {f.kind for f in (*found.causes, *found.notes)}, str(found)
