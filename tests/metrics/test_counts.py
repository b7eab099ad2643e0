"""Four counts give the scores that scikit-learn computes from the labels themselves."""

import math

import numpy as np
import pytest
from sklearn import metrics

from visus.metrics.average_precision import average_precision, mean_average_precision
from visus.metrics.counts import Counts
from visus.metrics.intervals import wilson


def test_worked_by_hand():
    found = Counts(tp=8, fp=2, fn=4, tn=86)
    assert found.accuracy == 0.94  # with the true negatives: without them 8/100 would be called accuracy
    assert found.precision == 0.8
    assert found.recall == pytest.approx(2 / 3)
    assert found.f1 == pytest.approx(2 * 0.8 * (2 / 3) / (0.8 + 2 / 3))


def test_they_agree_with_scikit_learn():
    dice = np.random.default_rng(0)
    truth, said = dice.random(200) < 0.3, dice.random(200) < 0.4
    tn, fp, fn, tp = metrics.confusion_matrix(truth, said).ravel().tolist()
    found = Counts(tp, fp, fn, tn)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(truth, said))
    assert found.precision == pytest.approx(metrics.precision_score(truth, said))
    assert found.recall == pytest.approx(metrics.recall_score(truth, said))
    assert found.f1 == pytest.approx(metrics.f1_score(truth, said))


def test_every_score_lies_in_its_interval():
    found = Counts(3, 1, 0, 6)
    for name, (low, high) in found.intervals().items():
        assert 0 <= low <= getattr(found, name) <= high <= 1
    assert found.intervals()["recall"] == wilson(3, 3)


def test_a_question_without_an_answer_is_nan_and_nothing_is_known_of_it():
    never_asked = Counts(0, 0, 0, 5)
    assert math.isnan(never_asked.precision)
    assert math.isnan(never_asked.recall)
    assert never_asked.intervals()["precision"] == (0, 1)
    assert math.isnan(Counts(0, 0, 0, 0).accuracy)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="fp must be a whole number of examples, 0 or more; got -1"):
        Counts(1, -1, 0, 0)


@pytest.mark.parametrize("levels", [3, 1000])
def test_average_precision_agrees_with_scikit_learn_with_and_without_ties(levels):
    dice = np.random.default_rng(levels)
    scores, truth = dice.integers(0, levels, 300) / levels, dice.random(300) < 0.2
    assert average_precision(scores, truth) == pytest.approx(metrics.average_precision_score(truth, scores))


def test_a_perfect_order_scores_one_and_a_missing_attribute_is_left_out():
    truth = np.array([[1, 0], [0, 0], [1, 0]])
    scores = np.array([[3.0, 1], [1, 2], [2, 3]])
    assert average_precision(scores[:, 0], truth[:, 0]) == 1
    assert math.isnan(average_precision(scores[:, 1], truth[:, 1]))
    assert mean_average_precision(scores, truth) == 1
    with pytest.raises(ValueError, match="without NaN"):
        average_precision([np.nan, 1.0], [0, 1])
