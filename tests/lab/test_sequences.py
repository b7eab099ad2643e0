"""The laboratory of sequences says what it measured."""

import math
from functools import partial

import numpy as np
import pytest
import torch

from visus.lab import gates, hello, remember, through_time, truncation
from visus.lab._sequences import Reader, learn, one_hot


def test_where_tanh_is_straight_the_gradient_changes_by_the_radius_at_every_step():
    torch.manual_seed(0)
    for radius in (0.8, 1.0, 1.2):
        norms = through_time.gradient_norms(through_time.rnn(16, radius), torch.zeros(2, 12, 16))
        np.testing.assert_allclose(norms / norms[0], radius ** np.arange(13), rtol=1e-4)


def test_the_gradient_through_an_lstm_is_that_of_torchs_kernel():
    torch.manual_seed(0)
    layer, x = through_time.NETWORKS["LSTM, forget bias 1"](8), torch.randn(3, 6, 8)
    torch.manual_seed(1)
    norms = through_time.gradient_norms(layer, x)
    torch.manual_seed(1)
    weights = torch.randn(8)
    state = tuple(s.requires_grad_() for s in layer.start(3))
    parts = torch.autograd.grad((layer(x, state)[0][:, -1] * weights).sum(), state)
    assert norms[-1] == pytest.approx(float(torch.cat([p[:, 0] for p in parts], 1).norm(dim=1).mean()), rel=1e-5)


def test_more_forgetting_is_less_gradient():
    rates = through_time.run(lags=30, batch=8, hidden=32).data["rates"]
    assert rates["RNN 0.8"] < rates["RNN 1.0"] < rates["RNN 1.2"]
    assert rates["LSTM, forget bias 0"] < rates["LSTM, forget bias 1"] < rates["LSTM, forget bias 3"]
    assert rates["RNN 0.8"] <= 0.8


def test_a_clipped_step_is_never_longer_than_allowed_and_stays_where_it_learned():
    plain, clipped = through_time.descend(math.inf), through_time.descend(through_time.CLIP)
    strides = np.linalg.norm(np.diff(clipped.places, axis=0), axis=1)
    assert strides.max() <= through_time.STEP_LR * through_time.CLIP + 1e-12
    assert clipped.losses[-1] < 0.01 < plain.losses[-1]


def test_the_adding_problem_asks_for_the_two_marked_numbers():
    torch.manual_seed(0)
    x, sums = remember.sequences(10, 4000)
    assert (x[..., 1].sum(1) == 2).all()
    assert (x[:, :5, 1].sum(1) == 1).all()
    torch.testing.assert_close((x[..., 0] * x[..., 1]).sum(1), sums)
    assert float((sums - 1).square().mean()) == pytest.approx(remember.BLIND, rel=0.05)


def test_the_gates_looked_at_are_those_of_the_network():
    torch.manual_seed(0)
    network = Reader("lstm", 2, 1, 1)
    x, wanted = gates.sequences(5, 9)
    inside = gates.look(network, x)
    _, (_, cell) = network.recurrent(x)
    np.testing.assert_allclose(inside.cell[:, -1], cell[:, 0, 0].detach().numpy(), rtol=1e-5)
    marked = x[..., 1] > 0
    torch.testing.assert_close(wanted[marked], x[..., 0][marked])


def test_one_cell_learns_to_write_at_a_mark_and_to_keep_between():
    measured = gates.run(steps=450).data
    (i_at, i_off), (f_at, f_off) = measured["gates"]["i"], measured["gates"]["f"]
    assert i_at > 0.5 > 10 * i_off
    assert f_off > 0.9 > 2 * f_at
    assert abs(measured["correlation"]) > 0.9


def test_windows_are_one_stream_and_a_question_is_about_the_key_before():
    torch.manual_seed(0)
    short, long = truncation.Stream(5, 7), truncation.Stream(35, 7)
    torch.manual_seed(0)
    pieces = [torch.cat(columns, 1) for columns in zip(*(short() for _ in range(7)), strict=True)]
    torch.manual_seed(0)
    symbols, answers = long()
    assert torch.equal(pieces[0], symbols)
    assert torch.equal(pieces[1], answers)
    asked = (symbols == truncation.QUESTION).nonzero()
    assert len(asked) > 0
    for lane, t in asked.tolist():
        assert symbols[lane, t - 7] == truncation.KEY_ZERO + answers[lane, t]
    assert (answers[symbols != truncation.QUESTION] == -1).all()


def test_a_carried_state_goes_on_and_its_gradient_does_not():
    torch.manual_seed(0)
    network, loss, stream = Reader("lstm", truncation.N_SYMBOLS, 8, 2), truncation.Carried(), truncation.Stream(10, 4)
    first, second = stream(), stream()
    loss(network, first)
    carried = loss.state
    assert not any(part.requires_grad for part in carried)
    loss(network, second)
    both = torch.cat((first[0], second[0]), 1)
    _, whole = network(one_hot(both, truncation.N_SYMBOLS))
    torch.testing.assert_close(loss.state, whole)


def test_a_window_shorter_than_the_distance_learns_nothing_and_a_longer_one_does():
    final = truncation.run(symbols=3000, distance=5, lr=0.02).data["final_nats"]
    assert final["5"] > 0.6
    assert final["25"] < 0.1


def test_drawn_letters_have_the_texts_shares_and_the_likeliest_do_not():
    measured = hello.run(steps=60, text_steps=150).data
    drawn, likeliest = measured["shares"]["drawn"], measured["shares"]["likeliest"]
    assert all(abs(drawn[word] - share) < 0.1 for word, share in hello.WORDS.items())
    assert max(likeliest.values()) > 0.95
    assert all(max(row) > 0.5 for row in measured["chances"])


def test_training_leaves_the_caller_s_random_numbers_alone_and_repeats_itself():
    torch.manual_seed(0)
    wanted = torch.rand(())
    torch.manual_seed(0)
    once, again = (
        learn(partial(Reader, "gru", 2, 4, 1), partial(remember.sequences, 6), remember._off, steps=3).losses
        for _ in range(2)
    )
    assert torch.equal(torch.rand(()), wanted)
    assert once == again
