"""Distances against torch, scikit-learn, numbers by hand and their own geometry."""

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import cosine_distances as sklearn_cosine

from visus.geometry.distances import cosine_distances, l1_distances, l2_distances

ALL = pytest.mark.parametrize("distances", [l1_distances, l2_distances, cosine_distances])
A, B = torch.randn(5, 7, generator=torch.Generator().manual_seed(0)), torch.randn(9, 7) + 1


def test_l1_of_the_course_s_two_pictures_is_456():
    a = np.array([[56, 32, 10, 18], [90, 23, 128, 133], [24, 26, 178, 200], [2, 0, 255, 220]])
    b = np.array([[10, 20, 24, 17], [8, 10, 89, 100], [12, 16, 178, 170], [4, 32, 233, 112]])
    assert l1_distances(torch.from_numpy(a).reshape(1, -1), torch.from_numpy(b).reshape(1, -1)).item() == 456


@ALL
def test_agrees_with_a_loop(distances):
    by_hand = {
        l1_distances: lambda a, b: (a - b).abs().sum(),
        l2_distances: lambda a, b: (a - b).square().sum().sqrt(),
        cosine_distances: lambda a, b: 1 - a @ b / a.norm() / b.norm(),
    }[distances]
    looped = torch.tensor([[by_hand(a, b) for b in B] for a in A])
    torch.testing.assert_close(distances(A, B), looped)


def test_cosine_agrees_with_scikit_learn_also_about_a_row_of_zeros():
    rows = torch.cat([A, torch.zeros(1, 7)]).double()
    np.testing.assert_allclose(cosine_distances(rows, B.double()).numpy(), sklearn_cosine(rows, B), atol=1e-12)


def test_l2_does_not_depend_on_the_axes_and_l1_does():
    turn = torch.linalg.qr(torch.randn(7, 7, generator=torch.Generator().manual_seed(1)).double()).Q
    a, b = A.double(), B.double()
    torch.testing.assert_close(l2_distances(a @ turn, b @ turn), l2_distances(a, b))
    assert not torch.allclose(l1_distances(a @ turn, b @ turn), l1_distances(a, b), rtol=1e-3)


def test_equal_rows_are_never_imaginary_apart():
    rows = 1000 + torch.rand(50, 300, generator=torch.Generator().manual_seed(0))
    assert l2_distances(rows, rows).isfinite().all()


@ALL
def test_float64_is_kept_and_whole_numbers_become_float32(distances):
    assert distances(A.double(), B).dtype == torch.float64
    assert distances(torch.ones(2, 3, dtype=torch.uint8), torch.ones(2, 3, dtype=torch.int64)).dtype == torch.float32


def test_whole_numbers_do_not_wrap_around():
    black, white = torch.zeros(1, 4, dtype=torch.uint8), torch.full((1, 4), 255, dtype=torch.uint8)
    assert l1_distances(black, white).item() == 1020
    assert l2_distances(black, white).item() == 510


@ALL
@pytest.mark.parametrize(("a", "b"), [((2, 3), (2, 4)), ((3,), (2, 3)), ((1, 2, 3), (2, 3))])
def test_refuses_what_are_no_rows(distances, a, b):
    with pytest.raises(ValueError, match="rows of equal length"):
        distances(torch.zeros(a), torch.zeros(b))


def test_nothing_is_as_far_from_nothing_as_an_empty_matrix():
    assert l2_distances(torch.zeros(0, 3), torch.zeros(4, 3)).shape == (0, 4)
