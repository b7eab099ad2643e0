"""An encoder and a decoder: padding, time and the two ways of running it."""

import pytest
import torch

from visus.models.sequence import encoder_decoder
from visus.models.sequence.encoder_decoder import reversal

WAYS = [
    {"attention": "none"},
    {"attention": "dot", "layers": 2},
    {"attention": "additive", "cell": "gru"},
    {"attention": "dot", "input_feeding": True},
    {"attention": "additive", "cell": "rnn", "input_feeding": True, "tied": False},
]
SOURCE = torch.tensor([[5, 6, 7, 8, 2], [9, 4, 2, 0, 0]])
TARGET = torch.tensor([[1, 5, 6, 7], [1, 8, 0, 0]])


def network(way):
    torch.manual_seed(0)
    built = encoder_decoder.build(12, 11, embedding=8, hidden=10, dropout=0.2, **way).eval()
    with torch.no_grad():  # off the first values, where every score is nearly equal
        for parameter in built.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
        for table in (built.encode.embed, built.embed):
            table.weight[0] = 0
    return built


@pytest.mark.parametrize("way", WAYS)
def test_a_row_is_answered_alike_alone_and_padded(way):
    model = network(way)
    together = model(SOURCE, TARGET)
    alone = model(SOURCE[1:, :3], TARGET[1:, :2])
    assert together.shape == (2, 4, 11)
    assert torch.allclose(together[1:, :2], alone, atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_the_next_word_does_not_see_those_behind_it(way):
    model = network(way)
    other = TARGET.clone()
    other[:, 2:] = 9
    assert torch.allclose(model(SOURCE, TARGET)[:, :2], model(SOURCE, other)[:, :2], atol=1e-6)
    assert not torch.allclose(model(SOURCE, TARGET)[:, 3], model(SOURCE, other)[:, 3], atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_step_by_step_is_the_same_as_all_at_once(way):
    model = network(way)
    model.avoids = []
    whole = model(SOURCE, TARGET).log_softmax(-1)
    state = model.starts(SOURCE)
    assert all(len(tensor) == len(SOURCE) for tensor in state)
    for t in range(TARGET.shape[1]):
        found, state = model.step(TARGET[:, t], state)
        assert torch.allclose(found, whole[:, t], atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_padding_and_start_are_never_the_next_word(way):
    model = network(way)
    found, _ = model.step(TARGET[:, 0], model.starts(SOURCE))
    assert torch.isinf(found[:, :2]).all()
    assert torch.allclose(found.exp().sum(1), torch.ones(2), atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_weights_fall_on_the_words_of_the_source(way):
    weights = network(way).scores_and_weights(SOURCE, TARGET)[1]
    if way["attention"] == "none":
        assert weights is None
        return
    assert weights.shape == (2, 4, 5)
    assert torch.allclose(weights.sum(-1), torch.ones(2, 4), atol=1e-5)
    assert not weights[1, :, 3:].any()


@pytest.mark.parametrize("way", WAYS)
def test_every_parameter_learns_and_the_first_guess_is_blind(way):
    torch.manual_seed(0)
    model = encoder_decoder.build(12, 11, embedding=8, hidden=10, dropout=0.0, **way)
    scores = model(SOURCE, TARGET)
    assert float(scores.detach().log_softmax(-1).std()) < 0.3
    (scores * torch.randn(scores.shape)).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())


def test_the_backward_direction_reads_the_words_in_reverse():
    turned = reversal(torch.tensor([3, 5]), 5)
    assert turned.tolist() == [[2, 1, 0, 3, 4], [4, 3, 2, 1, 0]]
    rows = torch.arange(2)[:, None]
    assert torch.equal(turned[rows, turned], torch.arange(5).expand(2, 5))


def test_the_encoder_is_a_bidirectional_lstm():
    model = network({"attention": "dot"})
    theirs = torch.nn.LSTM(8, 5, batch_first=True, bidirectional=True)
    for name, parameter in model.encode.forwards.cells.named_parameters():
        getattr(theirs, name).data.copy_(parameter)
    for name, parameter in model.encode.backwards.cells.named_parameters():
        getattr(theirs, f"{name}_reverse").data.copy_(parameter)
    words = model.encode.embed(SOURCE)
    packed = torch.nn.utils.rnn.pack_padded_sequence(words, torch.tensor([5, 3]), batch_first=True)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(theirs(packed)[0], batch_first=True)
    memory, last = model.encode(SOURCE)
    assert torch.allclose(memory[0], expected[0], atol=1e-6)
    assert torch.allclose(memory[1, :3], expected[1, :3], atol=1e-6)
    assert torch.allclose(last[1], torch.cat([expected[1, 2, :5], expected[1, 0, 5:]]), atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "says"), [({"hidden": 5}, "must be even"), ({"attention": "dott"}, "one of none")]
)
def test_settings_that_cannot_be(settings, says):
    with pytest.raises(ValueError, match=says):
        encoder_decoder.build(9, 9, **settings)
