"""The folder is the registry, and every file in a catalogue folder introduces itself."""

import sys

import pytest

from visus import attacks, cli, explain, features, lab, recipes, search, worlds
from visus.data import audit, captions, corruptions, formats
from visus.doctor import before, during
from visus.engine import catalogue
from visus.models import captioners, classifiers

FOLDERS = (
    attacks,
    classifiers,
    features,
    recipes,
    search,
    before,
    during,
    cli,
    formats,
    captions,
    captioners,
    audit,
    corruptions,
    lab,
    explain,
    worlds,
)
ENTRIES = [(folder, name) for folder in FOLDERS for name in catalogue.names(folder)]


@pytest.mark.parametrize(("folder", "name"), ENTRIES, ids=[f"{f.__name__}.{n}" for f, n in ENTRIES])
def test_every_entry_has_a_card_of_one_sentence(folder, name):
    card = catalogue.card(folder, name)
    assert card.endswith((".", "?", ":")), f"{folder.__name__}/{name}.py begins with {card!r}"
    assert len(card) <= 120


def test_a_typo_gets_the_nearest_name():
    with pytest.raises(LookupError, match=r"no 'resnet81' in classifiers\. Did you mean 'resnet18'"):
        catalogue.find(classifiers, "resnet81")


def test_cards_are_read_without_importing(tmp_path, monkeypatch):
    (tmp_path / "folder_of_bombs").mkdir()
    (tmp_path / "folder_of_bombs" / "__init__.py").write_text("")
    (tmp_path / "folder_of_bombs" / "bomb.py").write_text('"""A bomb."""\nraise RuntimeError("imported")\n')
    monkeypatch.syspath_prepend(tmp_path)
    import folder_of_bombs

    assert catalogue.names(folder_of_bombs) == ["bomb"]
    assert catalogue.card(folder_of_bombs, "bomb") == "A bomb."
    assert "folder_of_bombs.bomb" not in sys.modules


def test_private_files_are_no_entries():
    assert "_form" not in catalogue.names(recipes)
