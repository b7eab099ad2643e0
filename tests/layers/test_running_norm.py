"""Observations with mean 0 and deviation 1 by what was seen so far."""

import torch

from visus.layers.running_norm import FURTHEST, RunningNorm


def test_what_was_taken_in_in_pieces_has_the_statistics_of_the_whole():
    seen = torch.randn(100, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 50.0, 0.01]) + 7
    norm = RunningNorm((3,))
    for piece in seen.split([10, 60, 1, 29]):
        norm.take_in(piece)
    torch.testing.assert_close(norm.mean, seen.mean(0))
    torch.testing.assert_close(norm.var, seen.var(0, correction=0))
    shown = norm(seen)
    torch.testing.assert_close(shown.mean(0), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(shown.std(0, correction=0), torch.ones(3), atol=1e-3, rtol=0)


def test_nothing_changes_before_anything_was_taken_in_and_what_is_rare_is_held():
    norm = RunningNorm((2,))
    seen = torch.tensor([[0.5, -2.0]])
    torch.testing.assert_close(norm(seen), seen)
    assert norm(torch.tensor([[1e6, -1e6]])).tolist() == [[FURTHEST, -FURTHEST]]


def test_looking_does_not_change_what_is_known_and_what_is_known_is_saved():
    norm, other = RunningNorm((2,)), RunningNorm((2,))
    norm.take_in(torch.tensor([[1.0, 2.0], [3.0, 8.0]]))
    before = norm.mean.clone()
    norm(torch.ones(5, 2))
    assert torch.equal(norm.mean, before)
    other.load_state_dict(norm.state_dict())
    assert torch.equal(other(torch.ones(1, 2)), norm(torch.ones(1, 2)))
