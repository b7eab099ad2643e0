"""Points of the plane: as many as asked, evenly among classes, the same every time."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from visus.data import toys

every_set = pytest.mark.parametrize("name", toys.NAMES)


@every_set
@pytest.mark.parametrize("n", [7, 300])
def test_shapes_types_and_equal_classes(name, n):
    points, labels = toys.make(name, n, seed=1)
    assert points.shape == (n, 2)
    assert points.dtype == np.float32
    assert labels.shape == (n,)
    assert labels.dtype == np.int64
    sizes = np.bincount(labels)
    assert sizes.max() - sizes.min() <= 1
    assert np.abs(points).max() < 2


@every_set
def test_the_seed_decides_everything(name):
    first, again, other = toys.make(name, 60, 0), toys.make(name, 60, 0), toys.make(name, 60, 1)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


@every_set
def test_neighbours_can_tell_every_set_apart_but_a_line_only_the_blobs(name):
    points, labels = toys.make(name, 900, seed=0)
    fresh = toys.make(name, 900, seed=1)
    near = KNeighborsClassifier(5).fit(points, labels).score(*fresh)
    line = LogisticRegression().fit(points, labels).score(*fresh)
    assert near > 0.9
    assert (line > 0.9) is (name == "blobs")


def test_spiral_is_the_course_s_three_arms():
    points, labels = toys.make("spiral", 300, seed=0)
    for arm in range(3):
        mine = points[labels == arm]
        radius = np.linalg.norm(mine, axis=1)
        np.testing.assert_allclose(np.sort(radius), np.linspace(0, 1, 100), atol=1e-6)
        wanted = 4 * arm + 4 * radius
        off = (np.arctan2(mine[:, 0], mine[:, 1]) - wanted + np.pi) % (2 * np.pi) - np.pi
        assert 0.1 < off[radius > 0.05].std() < 0.3  # radians


def test_refuses_other_names_and_too_few_points():
    with pytest.raises(LookupError, match="Did you mean 'spiral'"):
        toys.make("spirale")
    with pytest.raises(ValueError, match="3 classes"):
        toys.make("spiral", 2)
