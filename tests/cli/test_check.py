"""`visus check`: verdicts, JSON and exit codes."""

import json

import pytest

from visus.cli._app import run
from visus.doctor import preflight

PLAIN = ["arithmetic=float32"]


def test_a_healthy_recipe_passes_with_a_line_for_each_examination(capsys):
    assert run(["check", "digits_mlp", *PLAIN, "--strict"]) == 0
    out = capsys.readouterr().out
    for name in preflight.names():
        assert name.replace("_", " ") in out
    assert f"{len(preflight.names())} examinations in" in out
    assert "not examined" not in out


def test_json_holds_every_finding_and_nothing_else_is_printed(capsys):
    assert run(["check", "digits_svm", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["target"] == "digits_svm"
    assert [examination["name"] for examination in found["examinations"]] == preflight.names()
    assert all(finding["what"] for examination in found["examinations"] for finding in examination["findings"])


@pytest.mark.parametrize(("setting", "words"), [("lr=1e-12", "raise the learning rate")])
def test_a_setting_that_cannot_work_fails(setting, words, capsys):
    assert run(["check", "digits_mlp", setting, *PLAIN]) == 1
    assert words in " ".join(capsys.readouterr().out.split())


def test_a_learner_that_only_remembers_has_little_to_examine(capsys):
    assert run(["check", "digits_knn"]) == 0
    assert "no leak across the batch" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check"], "Missing argument"),
        (["check", "digit"], "no 'digit' in recipes. Did you mean 'digits'?"),
        (["check", "train.py"], "there is no script 'train.py'"),
        (["check", "digits", "lr=fast"], "lr must be a number"),
        (["check", "digits", "lr"], "a setting is written name=value"),
        (["check", "digits", "epoch=3"], "no setting 'epoch'. Did you mean 'epochs'?"),
        (["check", "digits_knn", "lr=0.1"], "knn learns by remembering and has no use for lr"),
        (["check", "digits", "--limit", "soon"], "Invalid value for '--limit'"),
    ],
)
def test_what_means_nothing_is_one_line_and_code_2(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_limit_must_leave_time(tmp_path, capsys):
    (tmp_path / "train.py").write_text("")
    assert run(["check", str(tmp_path / "train.py"), "--limit", "0"]) == 2
    assert "a number of seconds above 0" in capsys.readouterr().err
