"""The scikit-learn way in keeps scikit-learn's promises, and the course's two functions work on arrays."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

import visus

from .conftest import draw

SETTINGS = {"width": 16, "epochs": 25, "lr": 0.05}


@pytest.fixture(scope="module")
def arrays():
    dice = np.random.default_rng(0)
    labels = np.array(["across", "down", "diagonal"])[np.arange(90) % 3]
    return np.stack([draw(i % 3, dice, side=16) for i in range(90)]), labels


def test_train_and_predict_on_arrays(arrays):
    images, labels = arrays
    model = visus.train(images[:60], labels[:60], **SETTINGS)
    assert (visus.predict(model, images[60:]) == labels[60:]).mean() > 0.8


def test_it_can_be_cloned_cross_validated_and_asked_for_probabilities(arrays):
    images, labels = arrays
    classifier = visus.Classifier("linear", {"epochs": 5, "optimizer": "adam", "lr": 0.01})
    assert clone(classifier).get_params() == classifier.get_params()
    assert len(cross_val_score(classifier, images, labels, cv=3)) == 3
    fitted = classifier.fit(images, labels)
    assert fitted.predict_proba(images).sum(1) == pytest.approx(1, abs=1e-5)
    assert list(fitted.classes_) == sorted(set(labels))


def test_labels_come_back_as_the_kind_they_were(arrays):
    images, _ = arrays
    model = visus.train(images, np.arange(90) % 3 + 7, model="knn", k=1)
    assert visus.predict(model, images).tolist() == (np.arange(90) % 3 + 7).tolist()


def test_the_same_data_gives_the_same_model(arrays):
    images, labels = arrays
    a, b = (visus.train(images, labels, width=16, epochs=2) for _ in range(2))
    assert (a.predict_proba(images) == b.predict_proba(images)).all()


def test_grey_arrays_are_pictures_too(arrays):
    images, labels = arrays
    model = visus.train(images[..., 0], labels, model="knn", k=1)
    assert (visus.predict(model, images[..., 0]) == labels).all()


def test_what_is_no_picture_is_refused(arrays):
    images, labels = arrays
    with pytest.raises(ValueError, match=r"images must be uint8 .*; got float64 of shape \(90, 16, 16, 3\)"):
        visus.train(images / 255, labels)
    with pytest.raises(ValueError, match="90 images but 89 labels"):
        visus.train(images, labels[:-1])
    with pytest.raises(NotFittedError):
        visus.Classifier().predict(images)


def test_an_unknown_public_name_is_refused_with_the_known_ones():
    with pytest.raises(AttributeError, match="no attribute 'fitt'; it has Classifier, "):
        visus.fitt
