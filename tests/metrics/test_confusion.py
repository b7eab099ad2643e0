import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from visus.metrics.confusion import confusion, per_class


@pytest.fixture
def named():
    """Truth and predictions of 300 pictures in 6 classes, 5 never seen nor called; about half are right."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 5, 300)
    return truth, np.where(random.random(300) < 0.5, truth, random.integers(0, 5, 300))


def test_the_matrix_agrees_with_scikit_learn(named):
    np.testing.assert_array_equal(confusion(*named, 6), confusion_matrix(*named, labels=range(6)))


def test_rows_are_truth_and_columns_predictions():
    assert confusion([0, 0, 1], [1, 1, 1], 2).tolist() == [[0, 2], [0, 1]]


def test_each_class_agrees_with_scikit_learn(named):
    ours = per_class(confusion(*named, 6))
    theirs = precision_recall_fscore_support(*named, labels=range(5), zero_division=0)
    for mine, other in zip((ours.precision, ours.recall, ours.f1, ours.support), theirs, strict=True):
        np.testing.assert_allclose(mine[:5], other)
    assert ours.macro_f1 == pytest.approx(f1_score(*named, average="macro"))


def test_the_worked_example_of_the_course_notes():
    # 8 true positives, 2 false positives, 4 misses, 86 true negatives: accuracy counts TP and TN
    matrix = np.array([[86, 2], [4, 8]])
    ours = per_class(matrix)
    assert np.trace(matrix) / matrix.sum() == pytest.approx(0.94)
    assert ours.precision[1] == pytest.approx(0.8)
    assert ours.recall[1] == pytest.approx(2 / 3)
    assert ours.f1[1] == pytest.approx(2 * 0.8 * (2 / 3) / (0.8 + 2 / 3))


def test_a_question_without_an_answer_is_nan_and_a_missed_class_is_zero():
    ours = per_class(confusion([0, 1], [0, 0], 3))  # 1 is always missed, 2 neither occurs nor is called
    assert np.isnan(ours.precision).tolist() == [False, True, True]
    assert ours.recall[:2].tolist() == [1.0, 0.0]
    assert ours.f1[1] == 0.0
    assert np.isnan(ours.f1[2])
    assert np.isnan(per_class(np.zeros((2, 2), dtype=np.int64)).macro_f1)


@pytest.mark.parametrize(
    ("truth", "predicted", "says"),
    [
        ([0, 3], [0, 1], "true class of example 1 is 3"),
        ([0], [-1], "predicted class of example 0 is -1"),
        ([0, 1], [0], "one entry each"),
    ],
)
def test_a_class_outside_the_list_is_named(truth, predicted, says):
    with pytest.raises(ValueError, match=says):
        confusion(truth, predicted, 3)
