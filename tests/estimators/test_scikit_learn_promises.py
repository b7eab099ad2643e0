"""Every classifier of rows keeps all promises that scikit-learn checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from visus.estimators import MLP, ConvNet, LinearSVM, NearestNeighbours, Softmax

SMALL = [
    NearestNeighbours(),
    Softmax(epochs=30),
    LinearSVM(epochs=30),
    MLP(hidden=16, epochs=8),
    ConvNet(width=4, epochs=4),
]


@parametrize_with_checks(SMALL)
def test_scikit_learn_is_satisfied(estimator, check):
    check(estimator)
