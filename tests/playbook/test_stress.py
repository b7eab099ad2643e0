"""What a model stands is measured on pictures it was not trained on, and costs no look at the test part."""

import json

import pytest

from visus.data import corruptions
from visus.engine import catalogue
from visus.playbook._session import Silent
from visus.playbook.api import train_recipe
from visus.playbook.stress import SEVERITIES, stress

from ..conftest import draw_folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("stress")
    settings = {"data": str(draw_folder(root)), "model": "small_conv", "width": 8, "epochs": 8.0, "size": 24}
    folder, _ = train_recipe("classify", {**settings, "arithmetic": "float32"}, root / "runs")
    return folder


def test_every_change_is_measured_at_every_severity_and_no_test_use_is_counted(run):
    found = stress(run, "", Silent())
    assert sorted(found.accuracy) == catalogue.names(corruptions)
    assert all(len(shares) == len(SEVERITIES) for shares in found.accuracy.values())
    assert found.ranked[0] != found.ranked[-1]
    assert not (run.parent / "ledger.jsonl").exists()
    assert json.loads(found.page.with_suffix(".json").read_text())["clean"] == found.clean
    assert "https://" not in found.page.read_text()


def test_the_same_model_and_pictures_give_the_same_figures(run):
    assert stress(run, "", Silent()).accuracy == stress(run, "", Silent()).accuracy


def test_pictures_of_unknown_classes_are_refused_by_name(run):
    with pytest.raises(ValueError, match="digits has the class '0'; the model knows across, diagonal, down"):
        stress(run, "digits", Silent())
