"""The k nearest, whatever way they are searched: against sorting all distances in float64, and scikit-learn."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from visus.geometry.neighbours import index, nearest, recall, shares, vote
from visus.geometry.neighbours._filtered import Filtered

EXACT = ("auto", "torch", "faiss", "certified")
EVERY_WAY = [(how, m) for how in EXACT for m in ("l1", "l2", "cosine") if (how, m) != ("certified", "l1")]
every_way = pytest.mark.parametrize(("how", "metric"), EVERY_WAY)


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def sorted_out(queries, examples, k, metric):
    """All distances in float64, sorted stably."""
    q, x = queries.double(), examples.double()
    if metric == "cosine":
        found = 1 - torch.nn.functional.normalize(q) @ torch.nn.functional.normalize(x).T
    else:
        found = torch.stack([(row - x).norm(1 if metric == "l1" else 2, dim=1) for row in q])
    distances, indices = found.sort(stable=True)
    return distances[:, :k], indices[:, :k]


@every_way
@pytest.mark.parametrize("k", [1, 7, 300])
def test_finds_what_sorting_finds(how, metric, k):
    queries, examples = drawn(40, 12), drawn(300, 12, seed=1)
    distances, indices = nearest(queries, examples, k, metric, how)
    true_distances, true_indices = sorted_out(queries, examples, k, metric)
    assert torch.equal(indices, true_indices)
    torch.testing.assert_close(distances.double(), true_distances, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("how", "metric"), [way for way in EVERY_WAY if way[1] != "cosine"])
def test_of_equally_near_ones_the_smaller_index_comes_first(how, metric):
    dice = torch.Generator().manual_seed(0)
    queries, examples = torch.randint(3, (30, 3), generator=dice), torch.randint(3, (500, 3), generator=dice)
    for k in (1, 20):  # of 500 rows of 27 kinds nearly all are ties
        assert torch.equal(nearest(queries, examples, k, metric, how)[1], sorted_out(queries, examples, k, metric)[1])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 400),
    width=st.integers(1, 80),
    shift=st.sampled_from([0.0, 3.0, 1000.0]),
    scale=st.sampled_from([1e-25, 1e-3, 1.0, 255.0, 1e25]),
    k=st.integers(1, 400),
)
def test_certified_is_exact_for_any_numbers(seed, n, width, shift, scale, k):
    """The examples lie along a line at first, so that many are nearly as near as the nearest."""
    examples = scale * (drawn(n, width, seed=seed) * torch.linspace(0.01, 1, n)[:, None] + shift)
    queries = scale * (0.1 * drawn(5, width, seed=seed + 1) + shift)
    distances, _ = nearest(queries, examples, min(k, n), "l2", "certified")
    torch.testing.assert_close(
        distances.double() / scale, sorted_out(queries, examples, min(k, n), "l2")[0] / scale, rtol=1e-4, atol=1e-3
    )


def test_every_exact_way_gives_the_very_same_answer():
    queries, examples = drawn(50, 200), drawn(900, 200, seed=1)
    for metric in ("l1", "l2"):
        first, *others = (nearest(queries, examples, 9, metric, how) for how, m in EVERY_WAY if m == metric)
        for other in others:
            assert torch.equal(first[0], other[0])
            assert torch.equal(first[1], other[1])


def test_whole_numbers_up_to_256_lose_nothing_in_bfloat16():
    pixels = torch.randint(256, (300, 64), generator=torch.Generator().manual_seed(0)).float()
    assert Filtered(pixels, torch.bfloat16).coarseness == 0
    assert Filtered(pixels / 255, torch.bfloat16).coarseness > 0


def test_the_bound_lets_few_candidates_through():
    queries, examples = drawn(20, 256), drawn(5000, 256, seed=1)
    rows, _ = Filtered(examples, torch.bfloat16)._candidates(queries, 5)
    assert 5 * 20 <= len(rows) < 0.05 * 20 * 5000


def test_autocast_does_not_reach_into_the_search():
    queries, examples = drawn(30, 100), drawn(400, 100, seed=1)
    expected = nearest(queries, examples, 5, "l2", "torch")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = nearest(queries, examples, 5, "l2", "torch")
    assert torch.equal(found[1], expected[1])


def test_products_that_torch_may_round_are_bounded_as_such():
    queries, examples = drawn(30, 100), drawn(400, 100, seed=1)
    expected = nearest(queries, examples, 5, "l2", "torch")
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert torch.equal(nearest(queries, examples, 5, "l2", "torch")[1], expected[1])
    finally:
        torch.set_float32_matmul_precision(before)


def test_float64_tells_apart_what_float32_cannot():
    examples = torch.tensor([[1.0 + 2e-12], [1.0 + 1e-12]], dtype=torch.float64)
    for how in EXACT:
        distances, indices = nearest(torch.ones(1, 1, dtype=torch.float64), examples, 1, "l2", how)
        assert indices.item() == 1
        assert distances.dtype == torch.float64


@pytest.mark.parametrize("how", EXACT)
def test_a_row_of_zeros_is_at_a_right_angle_to_all(how):
    examples = torch.tensor([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]])
    distances, indices = nearest(torch.tensor([[2.0, 0.0], [0.0, 0.0]]), examples, 3, "cosine", how)
    torch.testing.assert_close(distances, torch.tensor([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]))
    assert indices.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_an_index_answers_again_and_again():
    examples = drawn(300, 10)
    found = index(examples, "l2")
    assert torch.equal(found.nearest(examples, 1)[1].flatten(), torch.arange(300))
    assert torch.equal(found.nearest(examples[:7], 2)[1][:, 0], torch.arange(7))
    assert found.nearest(examples[:0], 3)[1].shape == (0, 3)


@pytest.mark.parametrize(("how", "metric"), [("ivf", "l2"), ("ivf", "cosine"), ("hnsw", "l1"), ("hnsw", "l2")])
def test_approximate_ways_find_most_and_measure_what_they_find(how, metric):
    centres = 4 * drawn(20, 8)
    examples = centres.repeat(100, 1) + drawn(2000, 8, seed=1)
    queries = centres.repeat(2, 1) + drawn(40, 8, seed=2)
    distances, indices = nearest(queries, examples, 10, metric, how)
    true_distances, true_indices = nearest(queries, examples, 10, metric, "torch")
    assert recall(indices, true_indices) > 0.8
    assert (distances.diff(dim=1) >= 0).all()
    same = indices == true_indices
    torch.testing.assert_close(distances[same], true_distances[same])


def test_a_query_that_an_approximate_way_finds_too_few_for_is_answered_exactly():
    examples, queries = drawn(400, 3), drawn(10, 3, seed=1)
    assert torch.equal(nearest(queries, examples, 300, "l2", "ivf")[1], nearest(queries, examples, 300, "l2")[1])


def test_no_gradient_is_kept():
    queries = drawn(3, 4).requires_grad_()
    assert not nearest(queries, drawn(9, 4), 2)[0].requires_grad


@pytest.mark.parametrize(
    ("queries", "examples", "k", "metric", "how", "sentence"),
    [
        ((2, 3), (5, 3), 6, "l2", "auto", "k must be between 1 and the number of examples, 5; got 6"),
        ((2, 3), (5, 3), 0, "l2", "auto", "k must be between 1"),
        ((2, 3), (0, 3), 1, "l2", "auto", "there are no examples to search among"),
        ((2, 3), (5, 4), 1, "l2", "auto", "queries have 3 features, the examples 4"),
        ((3,), (5, 3), 1, "l2", "auto", "queries must be rows"),
        ((2, 3), (5, 1, 3), 1, "l2", "auto", "examples must be rows"),
        ((2, 3), (5, 3), 1, "l3", "auto", "metric must be one of l1, l2, cosine; got 'l3'"),
        ((2, 3), (5, 3), 1, "l2", "magic", "search must be one of"),
        ((2, 3), (5, 3), 1, "l1", "certified", "the certified search knows l2 and cosine"),
        ((2, 3), (5, 3), 1, "l1", "ivf", "the ivf search knows l2 and cosine"),
    ],
)
def test_refuses_what_cannot_be_searched(queries, examples, k, metric, how, sentence):
    with pytest.raises(ValueError, match=sentence):
        nearest(torch.zeros(queries), torch.zeros(examples), k, metric, how)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_names_the_row_that_is_not_finite(bad):
    rows = torch.zeros(4, 2)
    rows[2, 1] = bad
    with pytest.raises(ValueError, match="row 2 of the examples"):
        nearest(torch.zeros(1, 2), rows, 1)
    with pytest.raises(ValueError, match="row 2 of the queries"):
        nearest(rows, torch.zeros(1, 2), 1)


# ---- votes


def test_three_neighbours_say_triangle_and_five_say_square():
    labels = torch.tensor([[0, 0, 1, 1, 1]])  # triangle, triangle, square, square, square
    assert vote(labels[:, :3], torch.ones(1, 3), 2).item() == 0
    assert vote(labels, torch.ones(1, 5), 2).item() == 1


def test_a_tie_goes_to_the_smaller_label():
    assert vote(torch.tensor([[2, 1, 1, 2]]), torch.ones(1, 4), 3).item() == 1


def test_by_distance_the_near_one_outvotes_two_far_ones():
    labels, distances = torch.tensor([[1, 0, 0]]), torch.tensor([[1.0, 3.0, 3.0]])
    assert vote(labels, distances, 2).item() == 0
    assert vote(labels, distances, 2, "distance").item() == 1
    torch.testing.assert_close(shares(labels, distances, 2, "distance"), torch.tensor([[0.4, 0.6]]))


def test_neighbours_at_no_distance_outvote_all_others():
    labels, distances = torch.tensor([[1, 0, 0]]), torch.tensor([[0.0, 1e-30, 1e-30]])
    assert shares(labels, distances, 2, "distance").tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("weighting", ["majority", "distance"])
@pytest.mark.parametrize("k", [1, 4, 15])
def test_votes_agree_with_scikit_learn_on_digits(weighting, k):
    rows, labels = load_digits(return_X_y=True)
    peer = KNeighborsClassifier(k, weights="uniform" if weighting == "majority" else "distance", algorithm="brute")
    peer.fit(rows[:1000], labels[:1000])
    distances, which = nearest(torch.from_numpy(rows[1000:]), torch.from_numpy(rows[:1000]), k)
    said = shares(torch.from_numpy(labels[:1000])[which], distances, 10, weighting)
    # scikit-learn has no order among equally near ones, so a few of 797 may differ
    differ = (said - torch.from_numpy(peer.predict_proba(rows[1000:]))).abs().amax(1) > 1e-6
    assert differ.sum() <= 5


@pytest.mark.parametrize(
    ("labels", "distances", "weighting", "sentence"),
    [
        ([[0, 3]], [[1.0, 1.0]], "majority", "labels reach from 0 to 3, outside 0..2"),
        ([[0, 1]], [[1.0]], "majority", "both must be"),
        ([[0]], [[1.0]], "kernel", "vote must be one of majority, distance"),
    ],
)
def test_votes_refuse_what_cannot_be_counted(labels, distances, weighting, sentence):
    with pytest.raises(ValueError, match=sentence):
        vote(torch.tensor(labels), torch.tensor(distances), 3, weighting)


def test_recall_is_the_share_that_was_found():
    assert recall(torch.tensor([[3, 1], [4, 5]]), torch.tensor([[1, 2], [5, 4]])) == 0.75
    with pytest.raises(ValueError, match="not empty"):
        recall(torch.empty(0, 2), torch.empty(0, 2))


# ---- the course's figures


def test_cifar10_s_first_5000_against_its_first_500(visus_data):
    from visus.data.named import open_named

    collection = open_named("cifar10")
    train = [i for i, part in enumerate(collection.splits) if part == "train"][:5000]
    test = [i for i, part in enumerate(collection.splits) if part == "test"][:500]
    values = torch.from_numpy(collection.pictures.values).flatten(1)
    labels = torch.from_numpy(collection.labels)
    distances, which = nearest(values[test], values[train], 10)
    found = [int((vote(labels[train][which[:, :k]], distances[:, :k], 10) == labels[test]).sum()) for k in (1, 5, 10)]
    assert found == [137, 139, 141]


@pytest.mark.parametrize(("how", "metric"), [("torch", "l2"), ("certified", "l2"), ("faiss", "l1"), ("faiss", "l2")])
def test_threads_change_nothing_and_are_given_back(how, metric):
    queries, examples = drawn(900, 60), drawn(6000, 60, seed=1)
    alone = nearest(queries, examples, 3, metric, how)
    torch.set_num_threads(2)
    try:
        together = nearest(queries, examples, 3, metric, how)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert torch.equal(alone[0], together[0])
    assert torch.equal(alone[1], together[1])
