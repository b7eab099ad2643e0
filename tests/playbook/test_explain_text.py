"""`visus explain` on a language model: a page with cells, reach and surprise, of its own text or of another."""

import json

import pytest

from visus.cli._app import run
from visus.data.text import divide_text
from visus.playbook import _language_evidence, explain_text
from visus.playbook._session import Silent
from visus.recipes import char_lstm
from visus.runs.recorder import create
from visus.ship.kinds import text as ship

SPOKEN = 'KING:\nI know, "he said", that (if I may) the day ends here.\nGo on.\n\nQUEEN:\nSo it goes, my lord!\n\n'
SIZES = {"hidden": 8, "layers": 1, "embedding": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    text = divide_text(SPOKEN * 60, "spoken", (0.5, 0.5, 0.0))
    task = char_lstm.build(text, **SIZES, batch=2, window=20, arithmetic="float32", device="cpu")
    folder = create(tmp_path_factory.mktemp("runs"), "spoken", {"recipe": "char_lstm", "started": "2026-01-01"})
    ship.save(folder, task, {**SIZES, "cell": "lstm", "dropout": 0.0, "tied": False}, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_language_evidence, "SAMPLE", 40)
        _language_evidence.keep(folder, task, text)
    return folder


def test_everything_on_one_page_from_what_the_run_kept(folder):
    looked = explain_text.explain(folder, [], [], {}, Silent())
    page = looked.page.read_text(encoding="utf-8")
    assert "How far back it looks" in page
    assert "What single units track" in page
    assert "Most surprising" in page
    assert "<script" not in page
    assert looked.left_out == []
    told = json.loads(looked.page.with_suffix(".json").read_text())
    assert set(told["techniques"]) == {"cells", "reach", "surprise"}
    assert {"inside quotes", "inside brackets", "a line of capitals"} <= {
        cell["property"] for cell in told["techniques"]["cells"]["cells"]
    }


def test_a_text_of_ones_own_and_settings(folder, tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text(SPOKEN * 3, encoding="utf-8")
    looked = explain_text.explain(folder, ["reach"], [file], {"longest": "20"}, Silent(), tmp_path)
    assert looked.page.parent == tmp_path
    assert len(json.loads(looked.page.with_suffix(".json").read_text())["techniques"]["reach"]["nats"]) == 21


def test_a_text_too_short_for_some_techniques_leaves_them_out_unless_they_were_asked_for(folder, tmp_path):
    file = tmp_path / "short.txt"
    file.write_text(SPOKEN, encoding="utf-8")
    looked = explain_text.explain(folder, [], [file], {}, Silent(), tmp_path)
    assert [sentence.split(",")[0] for sentence in looked.left_out] == ["Left out: cells", "Left out: reach"]
    with pytest.raises(ValueError, match="looking for cells needs a text of at least 2000 symbols"):
        explain_text.explain(folder, ["cells"], [file], {}, Silent(), tmp_path)


@pytest.mark.parametrize(
    ("how", "text", "settings", "says"),
    [
        (["cels"], "", {}, "Did you mean 'cells'"),
        (["reach"], "", {"longst": "3"}, "Did you mean 'longest'"),
        ([], "Ünknown symbols", {}, "U\\+00DC"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(folder, tmp_path, how, text, settings, says):
    file = tmp_path / "text.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises((ValueError, LookupError), match=says):
        explain_text.explain(folder, how, [file] if text else [], settings, Silent(), tmp_path)


def test_a_run_that_kept_no_text_asks_for_one(folder, tmp_path):
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "evidence.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="keeps no text; give one"):
        explain_text.explain(copy, [], [], {}, Silent())


def test_the_command_finds_out_what_the_run_is_about(folder, tmp_path, capsys):
    assert run(["explain", str(folder), "--how", "surprise", "--out", str(tmp_path)]) == 0
    assert "nats a symbol" in capsys.readouterr().out
    assert run(["explain", str(folder), "--layer", "x"]) == 1
    assert "--layer is for models of pictures" in capsys.readouterr().err
