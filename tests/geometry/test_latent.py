"""Ways through a space of points: where they begin and end, how even they are, and what a grid of the normal holds."""

import math

import pytest
import torch

from visus.geometry import latent

A, B = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([0.0, 4.0, 0.0])


@pytest.mark.parametrize("way", [latent.line, latent.arc], ids=["line", "arc"])
def test_a_way_begins_and_ends_at_its_points(way):
    points = way(A, B, 5)
    torch.testing.assert_close(points[[0, -1]], torch.stack([A, B]))
    assert points.shape == (5, 3)


def test_steps_of_a_line_are_equal_and_those_of_an_arc_turn_equally():
    steps = latent.line(A, B, 6).diff(dim=0).norm(dim=1)
    torch.testing.assert_close(steps, torch.ones(5))
    points = latent.arc(A, B, 7)
    angles = torch.atan2(points[:, 1], points[:, 0])
    torch.testing.assert_close(angles.diff(), torch.full((6,), math.pi / 12))
    torch.testing.assert_close(points.norm(dim=1), torch.linspace(3, 4, 7))


@pytest.mark.parametrize("end", [2 * A, -A, 0 * A], ids=["alike", "opposite", "nothing"])
def test_where_there_is_no_arc_the_way_is_straight(end):
    torch.testing.assert_close(latent.arc(A, end, 4), latent.line(A, end, 4))


def test_an_arc_stays_where_draws_of_many_dimensions_lie_and_a_line_does_not():
    ends = torch.randn(2, 400, generator=torch.Generator().manual_seed(0))
    assert latent.arc(*ends, 3)[1].norm() == pytest.approx(20, abs=1.5)
    assert latent.line(*ends, 3)[1].norm() < 16


def test_a_grid_of_the_normal_has_equal_shares_between_its_neighbours():
    grid = latent.normal_grid(5).view(5, 5, 2)
    shares = torch.distributions.Normal(0.0, 1.0).cdf(grid)
    torch.testing.assert_close(shares[0, :, 0], torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9]))
    torch.testing.assert_close(shares[:, 0, 1], torch.tensor([0.9, 0.7, 0.5, 0.3, 0.1]))
    assert latent.normal_grid(1).tolist() == [[0.0, 0.0]]


def test_a_patch_has_its_corners_and_rows_between_its_sides():
    corners = torch.randn(4, 6, generator=torch.Generator().manual_seed(1))
    points = latent.patch(corners, 4).view(4, 4, 6)
    torch.testing.assert_close(points[[0, 0, -1, -1], [0, -1, 0, -1]], corners)
    torch.testing.assert_close(points[1], latent.arc(points[1, 0], points[1, -1], 4))


def test_a_sum_averages_the_points_of_each_term():
    woman, man, smiling = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 1.0], [4.0, 1.0]])
    assert latent.combined([(1.0, smiling), (-1.0, woman), (1.0, man)]).tolist() == [4.0, 0.0]
    assert latent.analogy(smiling, woman, man).tolist() == [4.0, 0.0]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: latent.line(A, B, 1),
        lambda: latent.arc(A, B[:2], 3),
        lambda: latent.combined([]),
        lambda: latent.combined([(1.0, torch.empty(0, 3))]),
        lambda: latent.combined([(1.0, torch.zeros(1, 3)), (1.0, torch.zeros(1, 2))]),
        lambda: latent.normal_grid(0),
        lambda: latent.patch(torch.zeros(3, 2), 4),
    ],
    ids=["steps", "spaces", "nothing", "empty", "widths", "grid", "corners"],
)
def test_what_is_no_way_is_refused(wrong):
    with pytest.raises(ValueError, match=r"got"):
        wrong()
