import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from visus.metrics.calibration import error_by_chance, reliability


def binary(chance_of_one):
    return np.stack([1 - chance_of_one, chance_of_one], 1)


def test_four_predictions_worked_by_hand():
    # bin (0.5, 1]: confidences 0.9 0.9 0.6 0.6, two of four right -> |0.75 - 0.5|
    ours = reliability(binary(np.array([0.9, 0.9, 0.6, 0.6])), np.array([1, 0, 1, 0]), n_bins=2)
    assert ours.count.tolist() == [0, 4]
    assert ours.right.tolist() == [0, 2]
    assert ours.expected_calibration_error == pytest.approx(0.25)
    assert ours.overconfidence == pytest.approx(0.25)


def test_the_bins_agree_with_scikit_learn():
    random = np.random.default_rng(0)
    chance = random.random(500)
    probabilities, labels = binary(chance), (random.random(500) < chance**2).astype(int)
    ours = reliability(probabilities, labels)
    right = (probabilities.argmax(1) == labels).astype(int)
    accuracy, confidence = calibration_curve(right, probabilities.max(1), n_bins=10)
    np.testing.assert_allclose(ours.accuracy[5:], accuracy)
    np.testing.assert_allclose(ours.confidence[5:], confidence)
    assert np.isnan(ours.accuracy[:5]).all()  # of two classes the likelier one has at least one half


def test_a_network_that_says_what_is_true_is_calibrated_and_a_boaster_is_not():
    random = np.random.default_rng(0)
    chance = random.random(20_000)
    labels = (random.random(20_000) < chance).astype(int)
    honest = reliability(binary(chance), labels)
    boaster = reliability(binary(np.where(chance > 0.5, 0.99, 0.01)), labels)
    assert honest.expected_calibration_error < 0.02
    assert boaster.expected_calibration_error > 0.2
    assert boaster.overconfidence == pytest.approx(boaster.expected_calibration_error)


def test_the_error_of_an_honest_network_is_what_chance_explains_and_that_of_a_boaster_is_not():
    random = np.random.default_rng(1)
    explained = []
    for _ in range(60):
        chance = random.random(150)
        labels = (random.random(150) < chance).astype(int)
        probabilities = binary(chance)
        limit = error_by_chance(probabilities)
        explained.append(reliability(probabilities, labels).expected_calibration_error < limit)
        boaster = binary(np.where(chance > 0.5, 0.99, 0.01))
        assert reliability(boaster, labels).expected_calibration_error > error_by_chance(boaster)
    assert np.mean(explained) > 0.85  # 95 of 100 by design


def test_chance_explains_less_the_more_pictures_there_are():
    chance = np.random.default_rng(2).random(10_000)
    few, many = error_by_chance(binary(chance[:100])), error_by_chance(binary(chance))
    assert few > 5 * many > 0
    assert error_by_chance(binary(chance[:100])) == few


def test_certainty_falls_into_the_last_bin_and_an_edge_into_the_bin_below():
    ours = reliability(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0, 0]), n_bins=2)
    assert ours.count.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("probabilities", "labels", "says"),
    [
        ([[2.0, -1.0]], [0], "softmax"),
        ([[float("nan"), 0.5]], [0], "softmax"),
        ([[0.5, 0.5]], [0, 1], "needs"),
        (np.zeros((0, 2)), [], "at least one"),
    ],
)
def test_scores_that_are_no_probabilities_are_refused(probabilities, labels, says):
    with pytest.raises(ValueError, match=says):
        reliability(np.array(probabilities), np.array(labels, dtype=np.int64))
