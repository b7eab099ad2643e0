"""A translator on disk: it says there what it said in training, and its report can be read."""

import json

import pytest
import torch

from visus.cli._app import run
from visus.data.pairs import prepare_pairs
from visus.data.phrases import phrases
from visus.decoding import beam
from visus.playbook import _translation_evidence, _translation_scores
from visus.recipes import _form, translate
from visus.report.page import write
from visus.ship import model as ship
from visus.ship.kinds import translation
from visus.ship.opened import opened

SMALL = {"hidden": 16, "embedding": 12, "batch": 16, "arithmetic": "float32"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    pairs = prepare_pairs(phrases(300))
    task = translate.build(pairs, epochs=1, lr=1e-2, **SMALL)
    for step in range(20):
        task.objectives[0].improve(task.data.batch(step))
    translation.save(folder, task, _form.resolved(translate.build, SMALL), {})
    (folder / "run.json").write_text(json.dumps({"name": "toy", "recipe": "translate", "settings": {}}))
    (folder / "events.jsonl").write_text("")
    return folder, task, pairs


def test_it_answers_as_the_task_did(saved):
    folder, task, pairs = saved
    model = opened(folder)
    rows = [int(row) for row in pairs.rows("test")[:5]]
    model.network.avoids = [0, 1]  # the task may write what is unknown
    expected = task.decoded(pairs.batch(rows)[0], width=3, alpha=1.0)
    found = model.look([pairs.source_text[row] for row in rows], width=3, alpha=1.0)
    assert [one.words for one in found] == [pairs.target_vocabulary.decode(row) for row in expected.tokens]
    assert [one.score for one in found] == pytest.approx(expected.scores.tolist(), abs=1e-4)


def test_it_never_writes_what_it_does_not_know(saved):
    model = translation.load(saved[0])
    with torch.no_grad():
        model.network.write.bias[model.target.unknown] = 50.0
    assert "<unk>" not in model.translate(["A small dog runs."])[0]


def test_order_empty_sentences_and_weights(saved):
    model = translation.load(saved[0])
    sentences = ["The small dog runs at home.", "", "A cat sleeps."]
    together = model.translate(sentences)
    assert together[1] == ""
    assert together[2] == model.translate(sentences[2:])[0]
    one = model.look(sentences[:1])[0]
    assert one.weights.shape == (len(one.words) + 1, len(one.source) + 1)
    assert torch.allclose(one.weights.sum(1), torch.ones(len(one.words) + 1), atol=1e-4)
    assert model.unknown("The purple dog runs.") == ["purple"]


def test_what_cannot_be_is_one_sentence(saved, tmp_path):
    model = translation.load(saved[0])
    with pytest.raises(ValueError, match="wider than the vocabulary"):
        model.look(["A dog."], width=10_000)
    with pytest.raises(ValueError, match="use `visus translate`"):
        ship.load(saved[0])
    with pytest.raises(FileNotFoundError, match="no trained model"):
        translation.load(tmp_path)


def test_the_command_translates_sentences_and_files(saved, tmp_path, capsys):
    file, drawn = tmp_path / "some.txt", tmp_path / "looked.png"
    file.write_text("A small dog runs.\nThe old cat sleeps.\n")
    assert run(["translate", str(saved[0]), "A small dog runs.", "The old cat sleeps."]) == 0
    spoken = capsys.readouterr().out
    assert run(["translate", str(saved[0]), str(file)]) == 0
    assert capsys.readouterr().out == spoken
    assert run(["translate", str(saved[0]), "A purple dog runs.", "--json", "--attention", str(drawn)]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["source"] == ["A", "purple", "dog", "runs", "."]
    assert "not in its vocabulary: purple" in told.err
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert run(["translate", str(saved[0]), "A dog.", "--beam", "1000"]) == 1
    assert "wider than the vocabulary" in capsys.readouterr().err


def test_the_report_shows_translations_and_where_it_looked(saved):
    folder, _, pairs = saved
    facts = _translation_evidence.keep(folder, translation.load(folder), pairs, "test", beam=1)
    assert facts["n"] == len(pairs.rows("test"))
    assert 0 <= facts["scored"]["low"] <= facts["scored"]["bleu"] <= facts["scored"]["high"] <= 100
    page = write(folder).read_text(encoding="utf-8")
    assert "BLEU against simple methods" in page
    assert "Where it looked" in page
    assert facts["examples"][0]["source"] in page


def test_baselines_are_sentences_and_words():
    pairs = prepare_pairs(phrases(300))
    found = _translation_scores.baselines(pairs)
    assert 0 < found["most frequent sentence"] < 40
    assert 0 < found["word by word"] < 100


def test_equal_translations_score_100_with_a_narrow_interval():
    texts = [f"Der Hund {word} im Garten heute." for word in ("läuft", "sitzt", "wartet")]
    found = _translation_scores.score(texts, texts)
    assert found.bleu == pytest.approx(100)
    assert found.low == pytest.approx(found.high)


def test_beams_are_exact_for_the_sentences_of_a_tiny_model(saved):
    _, task, pairs = saved
    task.eval()
    source = pairs.batch(pairs.rows("test")[:2])[0]
    start = torch.ones(2, dtype=torch.long)
    narrow, wide = (beam.decode(task.model.step, task.model.starts(source), start, 2, 2, width=w) for w in (2, 50))
    assert bool((wide.scores >= narrow.scores - 1e-5).all())
