"""Promises every experiment keeps. A new file in `visus/lab` is tested without being mentioned."""

import inspect
import json

import pytest

from visus import lab
from visus.engine import catalogue
from visus.lab._exhibit import Exhibit, write
from visus.recipes import _form

every_experiment = pytest.mark.parametrize("name", catalogue.names(lab))


@every_experiment
def test_asks_a_question(name):
    assert catalogue.card(lab, name).endswith("?")


@every_experiment
def test_every_setting_has_a_default_and_a_word_of_help(name):
    run = catalogue.find(lab, name).run
    for parameter in inspect.signature(run).parameters.values():
        assert parameter.default is not inspect.Parameter.empty
    assert all(field.about for field in _form.fields(run).values())


@every_experiment
def test_answers_with_figures_on_a_page_that_opens_offline(name, tmp_path):
    module = catalogue.find(lab, name)
    quick = getattr(module, "QUICK", {})  # settings that make it quick, for this test
    exhibit = module.run(**quick)
    assert isinstance(exhibit, Exhibit)
    assert exhibit.findings
    assert exhibit.charts or exhibit.plates
    page = write(name, catalogue.card(lab, name), quick, exhibit, tmp_path).read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert json.loads((tmp_path / f"{name}.json").read_text())["findings"] == list(exhibit.findings)
