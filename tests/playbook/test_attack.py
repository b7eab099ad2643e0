"""Robustness is measured on pictures that were not trained on, kept beside the run, and shown in its report."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from visus.cli._app import run as visus
from visus.playbook import stress
from visus.playbook._session import Silent
from visus.playbook.api import train_recipe
from visus.playbook.attack import findings, robustness
from visus.playbook.attack_pictures import attack_pictures, from_noise
from visus.report.page import write as write_report
from visus.ship import model as ship

from ..conftest import draw_folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return draw_folder(tmp_path_factory.mktemp("attack"))


@pytest.fixture(scope="module")
def run(pictures):
    settings = {"data": str(pictures), "model": "small_conv", "width": 8, "epochs": 8.0, "size": 24}
    return train_recipe("classify", {**settings, "arithmetic": "float32"}, pictures.parent / "runs")[0]


@pytest.fixture(scope="module")
def other(pictures):
    settings = {"data": str(pictures), "model": "small_conv", "width": 6, "epochs": 8.0, "size": 24, "seed": 1}
    return train_recipe("classify", {**settings, "arithmetic": "float32"}, pictures.parent / "runs")[0]


def test_accuracy_falls_with_epsilon_and_is_kept_for_the_report(run, monkeypatch):
    found = robustness(run, "", Silent(), epsilon=0.2)
    assert list(found.standing) == ["noise", "fgsm", "pgd", "pgd:aim=margin"]
    assert found.epsilons == [0, 0.05, 0.1, 0.2]
    for counts in found.standing.values():
        assert sorted(counts, reverse=True) == list(counts)
    assert found.standing["pgd"][-1] < found.standing["pgd"][0]
    assert found.together[-1] <= min(counts[-1] for counts in found.standing.values())
    assert not (run.parent / "ledger.jsonl").exists()
    assert "https://" not in found.page.read_text()
    assert findings(found)[0].startswith("Unattacked: ")

    write_report(run)
    monkeypatch.setattr(stress, "SEVERITIES", (1, 3))
    stress.stress(run, "", Silent())  # writes the report anew
    kept = json.loads((run / "robustness.json").read_text())
    assert kept["attacks"]["linf"]["standing"]["pgd"] == list(found.standing["pgd"])
    assert set(kept["corruptions"]["accuracy"]) >= {"noise", "blur"}
    report = (run / "report.html").read_text()
    assert 'id="robustness"' in report
    assert "Accuracy under attack" in report
    assert "Accuracy on changed pictures" in report


def test_a_damaged_or_foreign_file_does_not_spoil_the_report(run, tmp_path):
    kept = (run / "robustness.json").read_bytes() if (run / "robustness.json").is_file() else b"{}"
    for broken in (b"{", b"[]", b'{"attacks": {"linf": {"n": "x", "epsilons": [0], "standing": {"pgd": [null]}}}}'):
        (run / "robustness.json").write_bytes(broken)
        write_report(run)
        assert 'id="robustness"' not in (run / "report.html").read_text()
    (run / "robustness.json").write_bytes(kept)


def test_an_attack_through_another_network_is_measured_too(run, other):
    found = robustness(run, "", Silent(), hows=["noise"], epsilon=0.2, transfer_from=other)
    assert list(found.standing) == ["noise", "transfer"]
    assert found.standing["transfer"][-1] <= found.standing["transfer"][0]


def test_attacked_pictures_are_files_whose_pixels_still_mislead(run, pictures, tmp_path):
    files = [next((pictures / name).glob("*.png")) for name in ("across", "down")]
    found = attack_pictures(run, files, Silent(), how="pgd", epsilon=60 / 255, out=tmp_path)
    assert len(found.pictures) == 2
    trained = ship.load(run)
    for one in found.pictures:
        assert one.change <= 60
        saved = np.asarray(Image.open(one.file))
        assert saved.shape == (24, 24, 3)
        assert trained.predict(saved[None]) == [one.after[0]]
        assert one.fooled == (one.after[0] != one.before[0])
    assert any(one.fooled for one in found.pictures)
    assert found.page.parent == tmp_path


def test_a_target_is_reached_by_name(run, pictures, tmp_path):
    file = next((pictures / "across").glob("*.png"))
    found = attack_pictures(run, [file], Silent(), epsilon=0.5, target="down", out=tmp_path)
    assert found.pictures[0].after[0] == "down"


def test_noise_is_taken_for_classes(run, tmp_path):
    page = from_noise(run, Silent(), out=tmp_path)
    assert json.loads(page.with_suffix(".json").read_text())["reached"] >= 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--epsilon", "8"], "epsilon=8 is outside [0, 1]; pixel values run from 0 to 1, so 8 grey levels are 8/255"),
        (["--epsilon", "many"], "epsilon must be a number such as 8/255 or 0.03; got 'many'"),
        (["--how", "pdg"], "no 'pdg' in attacks. Did you mean 'pgd'?"),
        (["--how", "pgd:stepz=3"], "pgd has no setting 'stepz=3'. Did you mean 'step'?"),
        (["--how", "pgd:steps=many"], "steps of pgd must be a whole number; got 'many'"),
        (["--how", "fgsm", "--norm", "l2"], "fgsm changes pictures within linf, not l2; for l2 take pgd"),
        (["--how", "transfer"], "give it with --transfer-from RUN"),
        (["--norm", "l1"], "norm must be linf or l2; got 'l1'"),
        (["--norm", "l2", "--epsilon", "99"], "outside [0, 41.57], the largest L2 distance"),
        (["--target", "down"], "--target needs pictures to bring there"),
        (["PICTURE", "--target", "dwon"], "no class 'dwon' in this model. Did you mean 'down'?"),
        (["PICTURE", "--target", "across"], "is across to the model already; take another target"),
        (["nowhere.png"], "nowhere.png"),
        (["--transfer-from", "nowhere"], "nowhere holds no trained model"),
    ],
)
def test_misuse_is_one_sentence(words, sentence, run, pictures, capsys):
    file = str(next((pictures / "across").glob("*.png")))
    assert visus(["attack", str(run), *(file if word == "PICTURE" else word for word in words)]) != 0
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def test_nearest_neighbours_are_attacked_without_their_gradient(pictures, capsys):
    settings = {"data": str(pictures), "model": "knn", "size": 24}
    run = train_recipe("classify", settings, pictures.parent / "runs")[0]
    assert visus(["attack", str(run), "--how", "fgsm"]) == 1
    assert "gives no gradient with respect to its pixels" in capsys.readouterr().err
    assert visus(["attack", str(run), "--how", "noise", "--epsilon", "8/255"]) == 0


def test_the_same_model_and_pictures_give_the_same_figures(run):
    first, second = (robustness(run, "", Silent(), hows=["pgd"], epsilon=0.1, most=5) for _ in range(2))
    assert first.data == second.data
    torch.testing.assert_close(torch.tensor(first.together), torch.tensor(second.together))
