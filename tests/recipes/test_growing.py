"""Settings that change how pictures are shown are used, or refused in one sentence."""

from itertools import islice

import pytest

from visus.recipes import classify

QUICK = {"device": "cpu", "arithmetic": "float32"}


def test_the_first_batches_hold_smaller_pictures_and_the_last_do_not():
    task = classify.build("digits", model="small_conv", width=4, size=16, grow=0.5, epochs=2, **QUICK)
    assert next(task.batches())[0].shape[2:] == (8, 8)
    assert next(islice(task.batches(task.steps - 1), 1))[0].shape[2:] == (16, 16)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"alternate": True}, "flip is off"),
        ({"grow": 0.5, "model": "linear", "features": "hog"}, "features=hog does not look at"),
        ({"grow": 0.5, "model": "linear", "optimizer": "lbfgs"}, "optimizer=lbfgs does not look at"),
        ({"grow": 0.5, "model": "linear"}, "linear takes pictures of 16 x 16 pixels only"),
    ],
)
def test_what_would_change_nothing_is_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        classify.build("digits", size=16, **settings, **QUICK)
