"""What the experiments on nearest neighbours find, wherever it must be so."""

import pytest

from visus.lab import approximate_neighbours, dimensions, distance_matrix, lazy_learning, nearest_regions, same_distance


def test_one_neighbour_knows_its_examples_by_heart_and_turning_does_not_concern_l2():
    data = nearest_regions.run(n=60).data
    assert data["right"]["k = 1"][0] == 1
    assert data["changed_by_turning"]["L2"] < 0.005
    assert data["changed_by_turning"]["L1"] > data["changed_by_turning"]["L2"]


def test_4_16_and_64_points_are_needed_and_nearness_fades():
    data = dimensions.run(n=200).data
    assert [data["points_needed"][d] for d in (1, 2, 3)] == [4, 16, 64]
    ratios = data["nearest_to_farthest"]
    assert ratios == sorted(ratios)
    assert ratios[0] < 0.05
    assert ratios[-1] > 0.85


def test_all_changes_lie_equally_far():
    far = same_distance.run(n=300).data["l2"].values()
    assert max(far) == pytest.approx(min(far), rel=1e-3)


def test_a_picture_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="below the number of training pictures"):
        same_distance.run(n=300, picture=5000)


def test_pictures_of_a_class_are_nearer_to_one_another():
    data = distance_matrix.run(n=300).data
    assert data["same_class"] < data["other_class"]


def test_lazy_learning_measures_four_times_at_every_size():
    data = lazy_learning.run(**lazy_learning.QUICK).data
    assert all(len(seconds) == len(data["sizes"]) for seconds in data["seconds"].values())


def test_more_effort_finds_more():
    data = approximate_neighbours.run(**approximate_neighbours.QUICK).data
    found = [point["recall"] for point in data["ivf"]]
    assert found == sorted(found)
    assert data["hnsw"][-1]["recall"] > 0.95
