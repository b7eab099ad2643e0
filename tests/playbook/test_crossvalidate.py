"""Cross-validation: every fold once, never the test part, the quick way for neighbours equal to the slow one."""

import json

import numpy as np
import pytest

from visus.cli._app import run
from visus.data.prepare import folded, prepare
from visus.engine.loop import fit
from visus.playbook.crossvalidate import CrossValidated, CrossValidation, findings
from visus.recipes import digits_knn


def test_every_picture_but_the_test_part_s_is_validated_once():
    whole = prepare("digits")
    held_out = {whole.split.keys[row] for row in whole.split.test}
    parts = folded("digits", 4)
    seen = np.concatenate([part.split.validation for part in parts])
    assert sorted(seen) == list(range(len(whole.split.train) + len(whole.split.validation)))
    for part in parts:
        assert not set(part.split.train) & set(part.split.validation)
        assert not len(part.split.test)
        assert not held_out & set(part.split.keys)


def test_statistics_are_those_of_a_fold_s_own_training_part():
    part = folded("digits", 3)[0]
    values = part.images(part.split.train).double() / 255
    np.testing.assert_allclose(part.mean, values.mean((0, 2, 3)), rtol=1e-6)


def test_one_search_for_many_k_answers_as_a_training_for_each():
    found = CrossValidation("digits_knn", {"k": "1,4,9"}, folds=3).run()
    for fold, part in enumerate(folded("digits", 3)):
        for row, k in enumerate((1, 4, 9)):
            task = digits_knn.build(data=part, k=k)
            fit(task, task.steps)
            assert found.scores[row, fold] == pytest.approx(task.evaluate()["validation_accuracy"])
    assert found.n_descents == 0


def test_a_network_is_trained_for_each_value_and_fold(stripes):
    typed = {"data": str(stripes), "model": "linear", "lr": "0.01,1e30", "epochs": "2", "size": "8"}
    found = CrossValidation("classify", typed, folds=2).run()
    assert found.n_descents == 4
    assert np.isfinite(found.scores[0]).all()
    assert np.isnan(found.scores[1]).all()  # it diverged
    assert found.best == 0.01
    assert "not for deep" not in findings(found)[-1]
    assert "4 trainings" in findings(found)[-1]


def test_the_same_command_gives_the_same_numbers():
    first, second = (CrossValidation("digits_knn", {"metric": "l1,l2"}, folds=2).run() for _ in range(2))
    assert (first.scores == second.scores).all()


def test_of_equals_the_one_named_first_is_best_and_the_tie_is_told():
    found = CrossValidated("k", [3, 1], np.array([[0.5, 0.7], [0.7, 0.5]]))
    assert found.best == 3
    assert "do not tell them apart" in findings(found)[1]


def test_says_so_if_nothing_trained():
    assert "without diverging" in findings(CrossValidated("lr", [1.0, 2.0], np.full((2, 2), np.nan)))[0]


def test_command_shows_a_table_and_writes_a_page(tmp_path, capsys):
    words = ["crossvalidate", "digits", "model=knn", "k=1,3", "--folds", "3", "--runs", str(tmp_path)]
    assert run(words) == 0
    printed = capsys.readouterr().out
    assert "deviation" in printed
    assert "is best" in printed
    page = (tmp_path / "crossvalidate-digits-k.html").read_text(encoding="utf-8")
    assert "3-fold cross-validation of k" in page
    numbers = json.loads((tmp_path / "crossvalidate-digits-k.json").read_text())
    assert numbers["values"] == [1, 3]
    assert np.shape(numbers["scores"]) == (2, 3)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["model=knn", "k=1"], "give exactly one setting several values, for example k=1,3,5; got none"),
        (
            ["model=knn", "k=1,3", "metric=l1,l2"],
            "exactly one setting several values, for example k=1,3,5; got k, metric",
        ),
        (["model=knn", "k=1,x"], "k must be a whole number"),
        (["model=knn", "k=1,,3"], "k must be a whole number"),
        (["model=knn", "k=0,3"], "k must be at least 1; got 0"),
        (["model=knn", "k=3,1,3"], "k names a value twice"),
        (["model=knn", "k=1,3", "--folds", "1"], "at least 2 folds; got 1"),
        (["model=knn", "k=1,2000"], "k=2000, but in the smallest of 5 folds only"),
        (["model=knn", "k=1,3", "--folds", "5000"], "the number of folds must be between 2 and"),
        (["model=knn", "lr=1,3"], "knn learns by remembering and has no use for lr"),
        (["model=linear", "k=1,3"], "no setting 'k'"),
        (["size=8,16"], "size decides which pictures there are to fold"),
    ],
)
def test_refuses_in_one_sentence(words, sentence, capsys, tmp_path):
    assert run(["crossvalidate", "digits", *words, "--runs", str(tmp_path)]) in (1, 2)
    complaint = capsys.readouterr().err
    assert sentence in complaint
    assert complaint.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_ctrl_c_leaves_nothing_behind(tmp_path, capsys, monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(CrossValidation, "run", stop)
    assert run(["crossvalidate", "digits", "model=knn", "k=1,3", "--runs", str(tmp_path)]) == 1
    assert "stopped" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
