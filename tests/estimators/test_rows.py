"""Classifiers of rows agree with scikit-learn's own, and take or refuse whatever rows and labels there are."""

import pickle

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from visus.estimators import MLP, ConvNet, LinearSVM, NearestNeighbours, Softmax
from visus.estimators.conv import picture_shape

ALL = [NearestNeighbours(k=3), Softmax(), LinearSVM(), MLP(hidden=16, epochs=20), ConvNet(width=4, epochs=6)]
every_classifier = pytest.mark.parametrize("classifier", ALL, ids=lambda c: type(c).__name__)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return train_test_split(X, y, train_size=600, test_size=300, random_state=0, stratify=y)


@pytest.fixture(scope="module")
def blobs():
    return make_blobs(120, 5, centers=3, random_state=0)


@pytest.mark.parametrize(
    ("classifier", "least"),
    [
        (NearestNeighbours(k=3), 0.96),
        (Softmax(), 0.93),
        (LinearSVM(), 0.92),
        (LinearSVM(loss="hinge"), 0.92),
        (MLP(epochs=15), 0.95),
        (ConvNet(width=8, epochs=6), 0.96),
    ],
    ids=lambda value: getattr(value, "loss", "") + type(value).__name__,
)
def test_digits_are_told_apart(digits, classifier, least):
    train, test, y_train, y_test = digits
    assert clone(classifier).fit(train, y_train).score(test, y_test) >= least


def test_softmax_is_scikit_learns_logistic_regression(digits):
    train, test, y_train, _ = digits
    decay = 0.01
    ours = Softmax(weight_decay=decay, epochs=300).fit(train, y_train)
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=1 / (decay * len(train)), tol=1e-8, max_iter=3000))
    assert ours.predict_proba(test) == pytest.approx(theirs.fit(train, y_train).predict_proba(test), abs=2e-3)


def test_the_svm_is_at_a_minimum_of_what_it_says_it_minimises(blobs):
    X, y = blobs
    fitted = LinearSVM(weight_decay=0.05, margin=2.0, epochs=300).fit(X, y)
    rows = StandardScaler().fit_transform(X)

    def loss(flat):
        W, b = flat[:15].reshape(3, 5), flat[15:]
        scores = rows @ W.T + b
        violations = np.maximum(0, scores - scores[np.arange(len(y)), y][:, None] + 2.0) ** 2
        violations[np.arange(len(y)), y] = 0
        return violations.sum(1).mean() + 0.5 * 0.05 * (W**2).sum()

    found = np.concatenate([fitted.coef_.ravel(), fitted.intercept_])
    assert np.abs(approx_fprime(found, loss, 1e-6)).max() < 1e-3
    assert fitted.decision_function(X) == pytest.approx(rows @ fitted.coef_.T + fitted.intercept_)


@pytest.mark.parametrize(("metric", "theirs"), [("l1", "manhattan"), ("l2", "euclidean"), ("cosine", "cosine")])
@pytest.mark.parametrize(("vote", "weights"), [("majority", "uniform"), ("distance", "distance")])
def test_neighbours_are_scikit_learns(digits, metric, theirs, vote, weights):
    train, test, y_train, _ = digits
    ours = NearestNeighbours(5, metric, vote).fit(train, y_train).predict_proba(test)
    known = KNeighborsClassifier(5, metric=theirs, weights=weights, algorithm="brute").fit(train, y_train)
    assert (np.abs(ours - known.predict_proba(test)).max(1) < 1e-6).mean() > 0.98  # ties in distance may differ


@every_classifier
def test_labels_of_any_kind_come_back_as_they_were(blobs, classifier):
    X, y = blobs
    for names in (np.array(["elk", "ant", "bee"]), np.array([-7, 100, 3]), np.array(["x", "y", "z"], dtype=object)):
        fitted = clone(classifier).fit(X, names[y])
        found = fitted.predict(X)
        assert found.dtype == names.dtype
        assert (found == names[y]).mean() > 0.9
        assert list(fitted.classes_) == sorted(names)


@every_classifier
def test_the_kind_of_number_and_its_place_in_memory_do_not_matter(classifier):
    dice = np.random.default_rng(0)
    rows = dice.integers(0, 200, (60, 9))
    y = (rows[:, 4] > 100).astype(int)
    known = clone(classifier).fit(rows.astype(np.float64), y).predict(rows)
    wide = np.zeros((60, 18))
    wide[:, ::2] = rows
    for same in (rows, rows.astype(np.uint8), rows.astype(np.float32), np.asfortranarray(rows), wide[:, ::2]):
        assert (clone(classifier).fit(same, y).predict(same) == known).all()


@every_classifier
def test_constant_features_and_as_many_classes_as_samples_are_no_trouble(classifier):
    X, y = make_blobs(40, 4, random_state=0)
    X[:, 2] = 1e6
    assert np.isfinite(clone(classifier).fit(X, y).predict_proba(X)).all()
    few = clone(classifier)
    if isinstance(few, NearestNeighbours):
        few.set_params(k=1)
    assert len(few.fit(X[:4], list("abcd")).classes_) == 4


@every_classifier
@pytest.mark.parametrize(
    ("X", "y", "sentence"),
    [
        ([[0.0], [np.nan], [1.0], [2.0]], [0, 1, 0, 1], "NaN"),
        ([[0.0], [np.inf], [1.0], [2.0]], [0, 1, 0, 1], "infinity"),
        ([[0.0], [1.0], [2.0], [3.0]], [7, 7, 7, 7], "the labels hold one class, 7; a classifier needs at least two"),
        ([[0.0], [1.0], [2.0]], [0, 1], "inconsistent numbers of samples"),
        ([["a"], ["b"], ["c"], ["d"]], [0, 1, 0, 1], "not compatible|could not convert"),
        ([[0.0], [1e200], [2.0], [3.0]], [0, 1, 0, 1], "beyond what can be squared"),
    ],
)
def test_what_cannot_be_learned_is_refused(classifier, X, y, sentence):
    with pytest.raises(ValueError, match=sentence):
        clone(classifier).fit(X, y)


@pytest.mark.parametrize(
    ("classifier", "sentence"),
    [
        (NearestNeighbours(k=121), "k=121 neighbours are asked for, but there are 120 examples; lower k"),
        (NearestNeighbours(k=0), "k must be a number, at least 1; got 0"),
        (NearestNeighbours(metric="l3"), "metric must be one of l1, l2, cosine"),
        (NearestNeighbours(vote="loud"), "vote must be one of majority, distance; got 'loud'"),
        (Softmax(optimizer="sdg"), "optimizer must be one of sgd, .*; got 'sdg'"),
        (Softmax(weight_decay=-1.0), "weight_decay must be a number, at least 0"),
        (LinearSVM(loss="huber"), "loss must be one of hinge, squared_hinge; got 'huber'"),
        (MLP(epochs=0), "epochs must be a number, at least 1; got 0"),
        (MLP(lr=1e30, optimizer="sgd", epochs=2), r"training diverged with lr=1e\+30; lower it"),
        (ConvNet(batch=1), "at least 2, because batch norm learns nothing from one row"),
        (ConvNet(image_shape=(2, 3)), r"image_shape \(2, 3\) has 6 values, but a row has 5 features"),
        (ConvNet(image_shape=(5,)), "image_shape must be"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_refused_in_one_sentence(blobs, classifier, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        classifier.fit(*blobs)
    assert "\n" not in str(refused.value)


def test_a_row_s_answer_does_not_depend_on_the_rows_beside_it(digits):
    train, test, y_train, _ = digits
    fitted = ConvNet(width=4, epochs=2).fit(train, y_train)
    alone = np.concatenate([fitted.predict_proba(row[None]) for row in test[:20]])
    assert fitted.predict_proba(test[:20]) == pytest.approx(alone, abs=1e-12)


@every_classifier
def test_the_same_seed_learns_the_same_and_leaves_the_dice_alone(blobs, classifier):
    import torch

    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, other = (clone(classifier).fit(*blobs).predict_proba(blobs[0]) for _ in range(2))
    assert (one == other).all()
    assert torch.equal(before, torch.get_rng_state())
    assert (pickle.loads(pickle.dumps(clone(classifier).fit(*blobs))).predict_proba(blobs[0]) == one).all()


def test_pipelines_and_grid_search_take_them(digits):
    train, test, y_train, y_test = digits
    grid = GridSearchCV(make_pipeline(MinMaxScaler(), NearestNeighbours()), {"nearestneighbours__k": [1, 3, 50]}, cv=3)
    grid.fit(train, y_train)
    assert grid.best_params_["nearestneighbours__k"] < 50
    assert grid.score(test, y_test) > 0.95
    strengths = GridSearchCV(Softmax(epochs=20), {"weight_decay": [1e-3, 10.0]}, cv=2).fit(train, y_train)
    assert strengths.best_params_ == {"weight_decay": 1e-3}
    assert cross_val_score(MLP(hidden=16, epochs=5), train, y_train, cv=2).min() > 0.8


def test_rows_are_pictures_as_reshape_leaves_them():
    assert picture_shape(64, None) == ((1, 8, 8), False)
    assert picture_shape(3072, None) == ((3, 32, 32), True)
    assert picture_shape(10, None) == ((1, 1, 10), False)
    assert picture_shape(3072, (3, 32, 32)) == ((3, 32, 32), False)
    assert picture_shape(24, (2, 4, 3)) == ((3, 2, 4), True)
    assert picture_shape(8, (2, 4)) == ((1, 2, 4), False)


def test_colours_first_and_colours_last_are_the_same_pictures():
    dice = np.random.default_rng(0)
    pictures = dice.integers(0, 256, (40, 6, 6, 3), dtype=np.uint8)
    y = (pictures[..., 0].mean((1, 2)) > 127).astype(int)
    last = ConvNet(width=4, epochs=3).fit(pictures.reshape(40, -1), y)
    first = ConvNet((3, 6, 6), width=4, epochs=3).fit(pictures.transpose(0, 3, 1, 2).reshape(40, -1), y)
    found = first.predict_proba(pictures.transpose(0, 3, 1, 2).reshape(40, -1))
    assert last.predict_proba(pictures.reshape(40, -1)) == pytest.approx(found, abs=1e-5)


def test_what_the_caller_does_to_the_array_later_is_not_learned(blobs):
    X = blobs[0].copy()
    fitted = NearestNeighbours(1).fit(X, blobs[1])
    X[:] = 0
    assert (fitted.predict(blobs[0]) == blobs[1]).all()
