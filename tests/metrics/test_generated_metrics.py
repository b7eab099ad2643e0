"""Measures of samples: against scipy, loops and numbers worked by hand, on planted copies and on honest samples."""

from itertools import combinations

import numpy as np
import pytest
import torch

from visus.metrics import frechet, kernel_distance, nearest_copies, readings, sample_recall

COUNTLESS = torch.full((5, 2), float("nan"))


def cloud(n, d, seed=0, scale=1.0, shift=0.0):
    dice = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=dice, dtype=torch.float64)
    return torch.randn(n, d, generator=dice, dtype=torch.float64) @ mix * scale + shift


# ---- the Frechet distance


def test_frechet_distance_equals_scipys_root_of_the_product():
    linalg = pytest.importorskip("scipy.linalg")
    a, b = cloud(60, 7, seed=1).numpy(), cloud(45, 7, seed=2, shift=0.3).numpy()
    A, B = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(A + B - 2 * linalg.sqrtm(A @ B).real)
    assert frechet.frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_of_diagonal_gaussians_is_that_of_means_and_deviations():
    def of(mean, deviations):
        return frechet.Moments(torch.tensor(mean).double(), torch.tensor(deviations).double().square().diag(), 10)

    # (3 - 0)^2 + (0 - 4)^2 + (1 - 2)^2 + (5 - 3)^2
    assert frechet.frechet_of_moments(of([3.0, 0.0], [1.0, 5.0]), of([0.0, 4.0], [2.0, 3.0])) == pytest.approx(30)


def test_frechet_distance_of_a_moved_cloud_is_the_move_squared_and_symmetric():
    a = cloud(50, 4)
    assert frechet.frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet.frechet_distance(a, a + 2) == pytest.approx(16)
    b = cloud(40, 4, seed=3)
    assert frechet.frechet_distance(a, b) == pytest.approx(frechet.frechet_distance(b, a))


def test_frechet_distance_stands_fewer_rows_than_features_and_does_not_turn_with_the_axes():
    a, b = cloud(6, 9, seed=4), cloud(5, 9, seed=5)
    turn = torch.linalg.qr(cloud(9, 9, seed=6)).Q
    assert frechet.frechet_distance(a @ turn, b @ turn) == pytest.approx(frechet.frechet_distance(a, b))


def test_moments_are_those_of_numpy():
    rows = cloud(30, 3)
    found = frechet.moments(rows.float())
    assert found.n == 30
    assert found.mean.numpy() == pytest.approx(rows.numpy().mean(0), abs=1e-5)
    assert found.covariance.numpy() == pytest.approx(np.cov(rows.numpy(), rowvar=False), abs=1e-4)


@pytest.mark.parametrize("distance", [frechet.frechet_distance, kernel_distance.discrepancy], ids=["frechet", "kernel"])
@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (torch.zeros(5, 3), torch.zeros(5, 2), "of 3 and of 2 numbers"),
        (torch.zeros(1, 2), torch.zeros(5, 2), "the first features have 1 rows, and at least 2"),
        (torch.zeros(5, 2), COUNTLESS, "row 0 of the second features holds NaN"),
        (torch.zeros(5, 3, 4, 4), torch.zeros(5, 2), r"got \(5, 3, 4, 4\); flatten pictures first"),
    ],
    ids=["widths", "few", "nan", "pictures"],
)
def test_distances_refuse_what_does_not_compare(distance, a, b, words):
    with pytest.raises(ValueError, match=words):
        distance(a, b)


# ---- the kernel distance


def test_discrepancy_equals_a_double_loop():
    a, b = cloud(7, 3, seed=1), cloud(5, 3, seed=2)

    def kernel(x, y):
        return (float(x @ y) / 3 + 1) ** 3

    def among(rows):
        pairs = [kernel(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]
        return sum(pairs) / len(pairs)

    across = sum(kernel(x, y) for x in a for y in b) / (len(a) * len(b))
    assert kernel_distance.discrepancy(a, b) == pytest.approx(among(a) + among(b) - 2 * across)


def test_kernel_distance_is_unbiased_and_tells_clouds_apart():
    rows = cloud(2000, 3)
    same = kernel_distance.kernel_distance(rows[:1000], rows[1000:], n_subsets=20, subset=200)
    other = kernel_distance.kernel_distance(rows[:1000], rows[1000:] + 1, n_subsets=20, subset=200)
    assert abs(same.mean) < same.spread < other.mean
    assert same.subset == 200


def test_kernel_distance_of_the_whole_is_the_discrepancy_and_goes_by_its_seed():
    a, b = cloud(30, 3), cloud(30, 3, seed=1)
    whole = kernel_distance.kernel_distance(a, b, n_subsets=3)
    assert whole.subset == 30
    assert whole.mean == pytest.approx(kernel_distance.discrepancy(a, b))
    assert whole.spread == pytest.approx(0, abs=1e-9)
    first, again, other = (kernel_distance.kernel_distance(a, b, 3, 10, seed) for seed in (0, 0, 1))
    assert first == again != other


def test_kernel_distance_needs_a_subset():
    with pytest.raises(ValueError, match="at least 1 subset is needed; got 0"):
        kernel_distance.kernel_distance(cloud(5, 2), cloud(5, 2), n_subsets=0)


# ---- precision and recall


def test_precision_and_recall_by_hand():
    # with k = 1 pictures at 0, 1, 10, 11 reach 1 each, and samples at 0.5, 0.6, 30 reach 0.1, 0.1 and 29.4
    pictures, samples = (torch.tensor(values).view(-1, 1) for values in ([0.0, 1.0, 10.0, 11.0], [0.5, 0.6, 30.0]))
    found = sample_recall.sample_recall(pictures, samples, k=1)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(3 / 4)  # 1, 10 and 11 lie within 29.4 of 30; 0 does not


def test_precision_and_recall_equal_a_loop():
    pictures, samples, k = cloud(40, 3), cloud(30, 3, seed=1), 3

    def within(points, rows):
        far = [sorted(float((row - other).norm()) for other in rows)[k] for row in rows]
        return np.mean([any(float((p - row).norm()) <= r for row, r in zip(rows, far, strict=True)) for p in points])

    found = sample_recall.sample_recall(pictures, samples, k)
    assert (found.precision, found.recall) == pytest.approx((within(samples, pictures), within(pictures, samples)))


def test_a_model_of_one_mode_is_precise_and_forgetful_and_noise_is_neither():
    def around(place, n, seed):
        return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed)) + place

    pictures = torch.cat([around(0, 200, 0), around(50, 200, 1)])
    found = sample_recall.sample_recall(pictures, around(0, 400, 2))
    assert found.precision > 0.9
    assert 0.4 < found.recall < 0.6
    noise = sample_recall.sample_recall(pictures, around(500, 400, 3))
    assert (noise.precision, noise.recall) == (0, 0)


@pytest.mark.parametrize(
    ("pictures", "samples", "k", "words"),
    [
        (torch.zeros(3, 2), torch.zeros(9, 2), 3, "features of pictures have 3 rows, and at least 4"),
        (torch.zeros(9, 2), torch.zeros(9, 3), 3, "of 2 and of 3 numbers"),
        (torch.zeros(9, 2), torch.zeros(9, 2), 0, "at least 1 neighbour"),
    ],
    ids=["few", "widths", "no neighbour"],
)
def test_precision_and_recall_refuse_what_they_cannot_tell(pictures, samples, k, words):
    with pytest.raises(ValueError, match=words):
        sample_recall.sample_recall(pictures, samples, k)


# ---- copies


def parts(n=300, d=8):
    rows = torch.randn(4 * n, d, generator=torch.Generator().manual_seed(0))
    return rows[: 2 * n], rows[2 * n : 3 * n], rows[3 * n :]  # training, held out, honest samples


def test_planted_copies_are_found_and_honest_samples_are_not_accused():
    training, held_out, honest = parts()
    found = nearest_copies.nearest_copies(honest, training, held_out)
    assert not found.memorised
    assert abs(found.z) < 3
    assert found.copied < 0.05
    assert found.within == pytest.approx(found.held_out_within, abs=0.1)
    copies = training[:300] + 0.05 * honest
    planted = nearest_copies.nearest_copies(copies, training, held_out)
    assert planted.memorised
    assert planted.copied > 0.95
    assert planted.within > 0.95
    assert planted.nearest.tolist() == list(range(300))
    assert planted.distances == pytest.approx((copies - training[:300]).norm(dim=1), abs=1e-4)


def test_a_tenth_of_copies_shows_in_the_share_that_is_copied():
    training, held_out, honest = parts()
    mixed = torch.cat([training[:30], honest[30:]])
    assert nearest_copies.nearest_copies(mixed, training, held_out).copied == pytest.approx(0.1, abs=0.03)


def test_samples_that_are_far_from_everything_are_no_copies():
    training, held_out, honest = parts()
    found = nearest_copies.nearest_copies(honest * 3, training, held_out)
    assert found.z > 5
    assert not found.memorised


def test_rank_z_is_the_count_of_pairs_measured_by_all_ways_to_deal_them_out():
    a, b = torch.tensor([1, 1, 2, 5]), torch.tensor([1, 2, 3, 3, 8, 9])
    everything = torch.cat([a, b]).tolist()

    def pairs(chosen):
        rest = [i for i in range(10) if i not in chosen]
        return sum((everything[i] > everything[j]) + (everything[i] == everything[j]) / 2 for i in chosen for j in rest)

    dealt = [pairs(chosen) for chosen in combinations(range(10), 4)]
    expected = (pairs(range(4)) - np.mean(dealt)) / np.std(dealt)
    z = nearest_copies.rank_z(a, b)
    assert z == pytest.approx(expected)
    assert z < 0
    assert nearest_copies.rank_z(b, a) == pytest.approx(-z)
    assert nearest_copies.rank_z(torch.zeros(3), torch.zeros(4)) == 0


def test_levels_serve_as_rows_and_what_comes_twice_is_counted():
    rows = torch.tensor([[0, 1], [1, 1], [0, 1], [0, 1]], dtype=torch.uint8)
    assert nearest_copies.repeated(rows) == 0.5
    found = nearest_copies.nearest_copies(rows, rows[:2], rows[:2])
    assert found.distances.tolist() == [0, 0, 0, 0]
    assert found.repeated == 0.5


def test_copies_are_not_looked_for_among_nothing():
    with pytest.raises(ValueError, match="1 held-out pictures came, and at least 2"):
        nearest_copies.nearest_copies(torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(1, 2))


# ---- readings


def test_readings_count_what_is_sure_and_how_even_the_classes_are():
    found = readings.readings(torch.tensor([[0.95, 0.05], [0.9, 0.1], [0.6, 0.4], [0.05, 0.95]]))
    assert found.confident == 0.75
    assert found.counts.tolist() == [3, 1]
    assert found.most_uneven == 2  # one of four where two would be even
    assert readings.readings(torch.tensor([[1.0, 0.0]])).most_uneven == float("inf")


@pytest.mark.parametrize(
    ("rows", "words"),
    [(torch.zeros(0, 3), "at least one sample"), (torch.zeros(2, 3), "sum to 1; these are scores")],
    ids=["none", "scores"],
)
def test_readings_are_of_probabilities(rows, words):
    with pytest.raises(ValueError, match=words):
        readings.readings(rows)
