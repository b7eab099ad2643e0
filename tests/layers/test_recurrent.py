"""Recurrent cells: the textbook's steps against torch's kernels, and the promises of a state."""

import copy

import pytest
import torch
from torch import nn

from visus.layers.recurrent import FAST, Recurrent, course_order, gru_step, lstm_step, rnn_step

every_cell = pytest.mark.parametrize("cell", FAST)
B, T, D, H = 3, 7, 4, 6


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def twins(cell, layers=1, bidirectional=False, **settings):
    fast = Recurrent(cell, D, H, layers, bidirectional=bidirectional, **settings).double()
    readable = copy.deepcopy(fast)
    readable.readable = True
    return fast, readable


def everything(layer, x, state):
    """Outputs, final states, and the gradients of input, starting state and parameters."""
    leaves = [t.clone().requires_grad_() for t in (x, *state)]
    outputs, after = layer(leaves[0], tuple(leaves[1:]))
    value = (outputs * torch.linspace(-1, 1, outputs.numel(), dtype=torch.float64).reshape(outputs.shape)).sum()
    value = value + sum(s.square().sum() for s in after)
    return [outputs, *after, *torch.autograd.grad(value, [*leaves, *layer.parameters()])]


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_textbook_and_torch_agree_in_values_and_gradients(cell, layers, bidirectional):
    fast, readable = twins(cell, layers, bidirectional)
    x, state = torch.randn(B, T, D).double(), tuple(torch.randn_like(s) for s in fast.start(B))
    for a, b in zip(everything(fast, x, state), everything(readable, x, state), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@every_cell
def test_they_agree_in_float32_to_a_millionth(cell):
    fast, readable = (layer.float() for layer in twins(cell, 2, True))
    x = torch.randn(B, T, D)
    torch.testing.assert_close(fast(x)[0], readable(x)[0], rtol=0, atol=1e-6)


@every_cell
@pytest.mark.parametrize("readable", [False, True])
def test_a_state_carried_over_pieces_is_one_long_pass(cell, readable):
    layer = Recurrent(cell, D, H, 2, readable=readable).double()
    x = torch.randn(B, T, D).double()
    whole, after = layer(x)
    first, state = layer(x[:, :3])
    second, state = layer(x[:, 3:], state)
    torch.testing.assert_close(torch.cat((first, second), 1), whole)
    torch.testing.assert_close(state, after)


@every_cell
def test_a_state_has_the_batch_first_and_cuts_like_a_batch(cell):
    layer = Recurrent(cell, D, H, 2, bidirectional=True).double()
    x, state = torch.randn(B, T, D).double(), tuple(torch.randn(B, 4, H).double() for _ in range(layer.n_states))
    outputs, after = layer(x, state)
    assert outputs.shape == (B, T, layer.n_outputs)
    assert [s.shape for s in after] == [(B, 4, H)] * layer.n_states
    alone, _ = layer(x[1:2], tuple(s[1:2] for s in state))
    torch.testing.assert_close(alone, outputs[1:2])


@every_cell
def test_outputs_never_see_the_future(cell):
    layer = Recurrent(cell, D, H, 2)
    x = torch.randn(B, T, D, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(x)[0][:, 3].sum(), x)
    assert gradient[:, :4].abs().sum() > 0
    assert not gradient[:, 4:].any()


def test_gates_are_stacked_as_torch_does():
    """One gate at a time is opened by its bias alone; what the cell then does tells which it was."""
    zeros, x, h, c = torch.zeros(4, 1), torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1, 1)
    i, f, g, o = range(4)

    def after(**opened):
        bias = torch.full((4,), -100.0)
        bias[g] = 0.0
        for name, value in opened.items():
            bias[{"i": i, "f": f, "g": g, "o": o}[name]] = value
        return lstm_step(x, h, c, zeros, zeros, bias)

    assert after(f=100.0)[1].item() == 1  # kept
    assert after(i=100.0, g=100.0)[1].item() == 1  # forgotten, and written anew
    assert after(f=100.0)[0].item() == 0
    assert after(f=100.0, o=100.0)[0].item() == pytest.approx(torch.tensor(1.0).tanh().item())


def test_course_order_exchanges_the_last_two_gates_and_is_its_own_way_back():
    stacked = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    assert course_order(stacked).tolist() == [0, 0, 1, 1, 3, 3, 2, 2]
    assert torch.equal(course_order(course_order(stacked)), stacked)


def test_a_step_of_each_by_hand():
    x, h, one = torch.tensor([[0.5]]), torch.tensor([[0.25]]), torch.ones(1, 1)
    assert rnn_step(x, h, 2 * one, 4 * one, torch.zeros(1)).item() == pytest.approx(0.9640276)  # tanh 2
    h_lstm, c = lstm_step(x, h, one, torch.zeros(4, 1), torch.zeros(4, 1), torch.zeros(4))
    assert (c.item(), h_lstm.item()) == pytest.approx((0.5, 0.2310586))  # half is kept, half of tanh 0.5 shown
    assert gru_step(x, h, torch.zeros(3, 1), torch.zeros(3, 1), torch.zeros(3), torch.zeros(3)).item() == 0.125


def test_an_lstm_begins_by_remembering_unless_told_otherwise():
    def forget_bias(**settings):
        layer = Recurrent("lstm", D, H, 2, bidirectional=True, **settings)
        return [(w[2][H : 2 * H] + w[3][H : 2 * H]).tolist() for w in layer.cells.all_weights]

    assert forget_bias() == [[1.0] * H] * 4
    assert forget_bias(forget_bias=-2.0) == [[-2.0] * H] * 4
    assert max(abs(v) for row in forget_bias(forget_bias=None) for v in row) < 2 / H**0.5


@every_cell
def test_weights_have_torchs_names_and_load_into_torchs_layer(cell):
    ours, theirs = Recurrent(cell, D, H, 2), FAST[cell](D, H, 2, batch_first=True)
    theirs.load_state_dict({name.removeprefix("cells."): value for name, value in ours.state_dict().items()})
    x = torch.randn(B, T, D)
    torch.testing.assert_close(theirs(x)[0], ours(x)[0])


@every_cell
def test_under_bfloat16_a_state_keeps_the_weights_precision(cell):
    layer = Recurrent(cell, D, H, 2)
    with torch.autocast("cpu", torch.bfloat16):
        _, state = layer(torch.randn(B, T, D))
        _, state = layer(torch.randn(B, T, D), state)
    assert {s.dtype for s in state} == {torch.float32}
    exact = layer.double().start(2)
    assert {s.dtype for s in exact} == {torch.float64}


@pytest.mark.parametrize("readable", [False, True])
def test_dropout_stands_between_layers_and_rests_in_evaluation(readable):
    layer = Recurrent("gru", D, H, 2, dropout=0.5, readable=readable)
    x = torch.randn(B, T, D)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])
    single = Recurrent("gru", D, H, dropout=0.5, readable=readable)
    assert torch.equal(single(x)[0], single(x)[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": "lsmt"}, "cell must be one of rnn, lstm, gru; got 'lsmt'"),
        ({"hidden": 0}, "at least 1"),
        ({"layers": 0}, "at least 1"),
        ({"dropout": 1.0}, "below 1"),
    ],
)
def test_a_layer_that_cannot_be_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Recurrent(**{"cell": "lstm", "n_inputs": D, "hidden": H, **settings})


def test_a_network_with_one_survives_a_copy():
    network = nn.Sequential(nn.Linear(D, D), Recurrent("lstm", D, H))
    x = torch.randn(B, T, D)
    torch.testing.assert_close(copy.deepcopy(network)(x)[0], network(x)[0])
