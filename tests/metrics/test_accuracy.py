import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score

from visus.metrics.accuracy import accuracy


def test_accuracy_agrees_with_scikit_learn():
    scores = torch.randn(200, 7, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(200) % 7
    assert accuracy(scores, labels) == pytest.approx(accuracy_score(labels, scores.argmax(1)))


def test_three_of_four_right_is_three_quarters():
    scores = torch.tensor([[2.0, 1.0], [0.0, 1.0], [5.0, 4.0], [1.0, 0.0]])
    assert accuracy(scores, torch.tensor([0, 1, 1, 0])) == 0.75


def test_shifting_and_stretching_the_scores_changes_nothing():
    scores = torch.randn(50, 5, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(50) % 5
    assert accuracy(3 * scores + 100, labels) == accuracy(scores, labels) == accuracy(scores.softmax(1), labels)


def test_a_diverged_network_is_never_right_by_chance():
    scores = torch.full((10, 3), float("nan"))
    assert accuracy(scores, torch.zeros(10, dtype=torch.long)) == 0.0


def test_half_precision_counts_exactly():
    n = 4097  # bfloat16 cannot count beyond 256, float16 beyond 2048
    assert accuracy(torch.eye(2, dtype=torch.bfloat16)[[0] * n], torch.zeros(n, dtype=torch.long)) == 1.0


@pytest.mark.parametrize(
    ("shape", "n_labels", "says"),
    [((4, 3), 5, "flatten"), ((4,), 4, "flatten"), ((0, 3), 0, "no examples")],
)
def test_what_cannot_be_scored_is_refused_with_the_next_step(shape, n_labels, says):
    with pytest.raises(ValueError, match=says):
        accuracy(torch.zeros(shape), torch.from_numpy(np.zeros(n_labels, dtype=np.int64)))
