"""`visus doctor`: what is wrong with a run, told from its record; with --treat, proved."""

import json
import shutil
from pathlib import Path

import pytest

from visus.cli._app import run
from visus.doctor.post_mortem import post_mortem
from visus.runs.reader import Run

PLAIN = "arithmetic=float32"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One run whose rate is a thousand times too high, and its healthy twin, made by the command line itself."""
    root = tmp_path_factory.mktemp("doctor")
    assert run(["train", "digits_mlp", "lr=50", "epochs=2", PLAIN, "--runs", str(root)]) == 1
    assert run(["train", "digits_mlp", "epochs=12", PLAIN, "--runs", str(root)]) == 0
    return root


@pytest.fixture
def ill(runs, tmp_path):
    return Path(shutil.copytree(runs / "digits-mlp-1", tmp_path / "ill"))


@pytest.fixture
def well(runs, tmp_path):
    return Path(shutil.copytree(runs / "digits-mlp-2", tmp_path / "well"))


def said(capsys):
    return " ".join(capsys.readouterr().out.split())


def test_a_diverged_run_is_alarmed_with_its_cause_and_the_setting_to_change(ill, capsys):
    assert run(["doctor", str(ill)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("ALARM after ")
    assert "Most likely cause: learning rate too high (lr)." in out
    assert "    - lr = 50\n    + lr = 5\n" in out


def test_a_healthy_run_is_not_alarmed(well, capsys):
    assert run(["doctor", str(well)]) == 0
    assert "ALARM" not in said(capsys)


def test_the_text_is_that_of_the_diagnosis(ill, capsys):
    run(["doctor", str(ill)])
    assert capsys.readouterr().out.rstrip() == str(post_mortem(Run(ill)))


def test_json_holds_the_diagnosis_for_machines(ill, capsys):
    assert run(["doctor", str(ill), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["diagnosis"]
    assert found["alarm"] is True
    assert found["causes"][0]["kind"] == "learning_rate_too_high"
    assert found["causes"][0]["change"] == {"lr": {"times": 0.1}}


def test_looking_at_a_run_changes_nothing_in_it(ill):
    before = {path: path.read_bytes() for path in ill.rglob("*") if path.is_file()}
    run(["doctor", str(ill)])
    assert {path: path.read_bytes() for path in ill.rglob("*") if path.is_file()} == before


def test_a_treatment_proves_a_lower_rate_and_says_how_to_train_with_it(ill, capsys):
    assert run(["doctor", str(ill), "--treat", "--budget", "1h", "--yes"]) == 1
    out = said(capsys)
    assert "helps: validation accuracy 0.0 % to" in out
    assert "3 seeds" in out
    assert "- lr = 50 + lr = 0.05" in out
    assert "visus train digits_mlp lr=0.05 epochs=2 arithmetic=float32" in out
    assert "report.html" in out
    assert "Proved" in (ill / "report.html").read_text()
    assert run(["doctor", str(ill), "--treat", "--budget", "1h", "--yes", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["treatment"]  # the trials are known by now
    assert found["best"]["change"] == {"lr": 0.05}


def test_there_is_nothing_to_treat_in_a_healthy_run(well, capsys):
    assert run(["doctor", str(well), "--treat"]) == 0
    assert "Nothing to treat: there is no alarm." in said(capsys)
    assert not (well / "treatment.json").exists()


def test_an_old_run_is_judged_from_its_metrics_and_says_so(ill, well, capsys):
    for folder, code in ((ill, 1), (well, 0)):
        (folder / "chart.json").unlink()
        assert run(["doctor", str(folder)]) == code
        assert "chart.json is missing; the run was recorded without it" in said(capsys)


def test_a_run_that_is_still_going_is_judged_by_what_it_has(well, ill, capsys):
    for folder, code in ((well, 0), (ill, 1)):
        events = [line for line in (folder / "events.jsonl").read_text().splitlines() if '"stopped"' not in line]
        (folder / "events.jsonl").write_text("\n".join(events) + "\n")
        assert run(["doctor", str(folder)]) == code, capsys.readouterr().out


def test_a_torn_chart_does_not_stop_the_doctor(ill, capsys):
    whole = (ill / "chart.json").read_text()
    (ill / "chart.json").write_text(whole[: len(whole) // 2])
    assert run(["doctor", str(ill)]) == 1
    assert "chart.json cannot be read" in said(capsys)


def break_info(folder):
    (folder / "run.json").write_text('{"name": ')


def forget_everything(folder):
    (folder / "chart.json").unlink()
    (folder / "events.jsonl").unlink()


def rename_recipe(folder):
    info = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**info, "recipe": "digits_mpl"}))


@pytest.mark.parametrize(
    ("damage", "options", "sentence"),
    [
        (shutil.rmtree, [], "holds no run (run.json is missing)"),
        (break_info, [], "run.json is damaged"),
        (forget_everything, [], "has recorded nothing to judge yet"),
        (rename_recipe, ["--treat"], "no 'digits_mpl' in recipes. Did you mean 'digits_mlp'?"),
        (lambda folder: None, ["--treat", "--budget", "soon"], "budget must be a time such as 90s, 10m or 1.5h"),
        (lambda folder: None, ["--treat", "--budget", "0s"], "budget must be a time"),
        (lambda folder: None, ["--treet"], "No such option"),
    ],
)
def test_what_cannot_be_understood_is_one_line_and_exit_code_2(damage, options, sentence, ill, capsys):
    damage(ill)
    assert run(["doctor", str(ill), *options]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1
