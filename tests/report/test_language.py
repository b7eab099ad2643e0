"""The report of a language model: measured once into the run folder, shown from there, whatever stands in the text."""

import json
import math
import shutil

import numpy as np
import pytest
import safetensors.torch
import torch
from test_report import Page, assert_sound, shown

from visus.data.text import divide_text
from visus.models.sequence.language import build
from visus.playbook import _language_evidence as evidence
from visus.report import page, passages
from visus.report.sections import language
from visus.runs.recorder import Journal, create

VERSE = "The cat sat on the mat, and the <b>dog</b> did not.\nWHO:\nWas it the cat? It was the cat & no dog!\n\n"


def scores(nats):
    return {"validation_log_likelihood": -nats, "validation_nats": nats, "train_nats": nats - 0.1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run as `visus train char_lstm` leaves it, but for a network that has learned nothing."""
    text = divide_text(VERSE * 30, "verse")
    torch.manual_seed(0)
    model = build(len(text.vocabulary), hidden=8, layers=1, embedding=4)
    folder = create(tmp_path_factory.mktemp("runs"), "verse", {"recipe": "char_lstm", "started": "2026-01-01"})
    journal = Journal(folder)
    journal.note("started", step=0)
    for step, nats in enumerate((3.0, 2.5, 2.2)):
        journal.note("scores", step=step, epoch=step + 1, scores=scores(nats))
        journal.note("illustration", step=step, epoch=step + 1, made={"at temperature 0.8": f"sample {step}\nof <i>it"})
    journal.note("stopped", step=3, why="")
    journal.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "SAMPLE", 80)
        evidence.keep(folder, model, text)
    return folder


def test_the_page_tells_everything_and_is_sound(folder):
    words, found = shown(folder)
    assert "language" in found.ids
    for said in ("nats per character of validation text", "perplexity", "Against counting", "trigram", "6-gram"):
        assert said in words
    for said in ("At temperature 0.5", "For comparison, the 5-gram", "Most surprising places", "Where the nats are"):
        assert said in words
    assert "<b>" in words  # of the text, shown as text
    assert "sample 2 of <i>it" in words
    assert "no confusion matrix" not in words
    assert "first letter of a word" in words


def test_writing_it_twice_gives_the_same_bytes(folder):
    assert page.write(folder).read_bytes() == page.write(folder).read_bytes()


def test_the_kept_figures_are_those_of_the_model(folder):
    tensors = safetensors.torch.load_file(folder / "evidence.safetensors")
    facts = language_facts(folder)
    nats = tensors[evidence.NATS]
    assert len(nats) == len(tensors[evidence.IDS]) - 1 == facts["n"]
    assert facts["nats"] == pytest.approx(float(nats.mean()), rel=1e-5)
    assert facts["nats"] == pytest.approx(math.log(len(facts["symbols"])), abs=0.2)  # it has learned nothing
    assert facts["baselines"]["6-gram"] < 0.2 < facts["baselines"]["unigram"]  # and counting has
    assert sum(kind["share"] for kind in facts["kinds"]) == pytest.approx(1)
    assert sum(kind["of_sum"] for kind in facts["kinds"]) == pytest.approx(1)
    assert [one["temperature"] for one in facts["samples"]] == [0.5, 0.8, 1.0, 1.0]
    worst = max(facts["surprising"], key=lambda one: one["nats"])
    assert worst["nats"] == pytest.approx(float(nats.max()), rel=1e-4)


def test_a_test_verdict_makes_the_headline(folder, tmp_path):
    copy = copied(folder, tmp_path)
    journal = Journal(copy)
    rival = {"name": "6-gram", "nats": 1.6, "low": 0.1, "high": 0.13}
    detail = {"nats": 1.487, "low": 1.47, "high": 1.51, "n": 1000, "use": 1, "rival": rival, "measure": "nats"}
    journal.note("verdict", stage="test", severity="pass", line="fine", detail=detail, seconds=1)
    journal.close()
    words = " ".join(Page(page.write(copy).read_text(encoding="utf-8")).text)
    assert "1.49" in words
    assert "nats per character of test text" in words
    assert "perplexity 4.42, 2.15 bits" in words
    assert "1.47 to 1.51" in words
    assert "the 6-gram 1.600" in words


@pytest.mark.parametrize(
    "damage",
    [
        lambda facts: facts.update(kinds="none", samples=7, surprising=[3, {}], baselines=[1]),
        lambda facts: facts.update(symbols=["a"]),  # fewer than the text has
        lambda facts: facts.update(samples=[{"text": "x"}], real={}, kinds=[{}]),
        lambda facts: facts.update(nats=None),
        lambda facts: facts.update(baselines={"unigram": None, "<script>": 3.0}),
    ],
)
def test_damaged_evidence_leaves_a_sound_page(folder, tmp_path, damage):
    copy = copied(folder, tmp_path)
    tensors, facts = safetensors.torch.load_file(copy / "evidence.safetensors"), language_facts(copy)
    damage(facts)
    safetensors.torch.save_file(tensors, copy / "evidence.safetensors", {"facts": json.dumps({"language": facts})})
    assert_sound(Page(page.write(copy).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("text", "source", "longest"),
    [("the cat sat", "a cat sat here", " cat sat"), ("abc", "xyz", ""), ("", "abc", ""), ("aa", "baab", "aa")],
)
def test_the_longest_copied_passage(text, source, longest):
    assert evidence.longest_copy(text, source) == longest


def test_a_network_that_copies_is_said_to():
    facts = {
        "samples": [{"by": "network", "copy": "x" * 60}, {"by": "5-gram", "copy": "y" * 20}],
        "real": {"copy": "z" * 15},
        "searched": 1000,
    }
    assert "by heart" in language.copies(facts)[1]
    assert "far more" in language.copies(facts)[1]
    facts["samples"][0]["copy"] = "x" * 20
    assert "nothing says that it learned by heart" in language.copies(facts)[1]


def test_nats_in_words_and_against_counting():
    assert language.said(1.49) == "1.49 nats per character (perplexity 4.44, 2.15 bits)"
    won = language.rivals(1.4, {"unigram": 3.3, "5-gram": 1.56})
    assert [row["name"] for row in won["rows"]] == ["unigram", "5-gram", "this network"]
    assert "0.16 nats below" in won["sentence"]
    assert "better than this network" in language.rivals(1.8, {"5-gram": 1.56})["sentence"]


def test_a_passage_is_spans_of_one_shade_that_join_to_the_text():
    values = np.array([1.0, 0.95, -0.5, 0.0, 0.02, np.nan, -1.0])
    passage = passages.Passage("t", list("ab\nd<\x00g"), values, "r.")
    assert passage.spans == [("p5", "ab"), ("n2", "↵\n"), ("", "d<\ufffd"), ("n5", "g")]


def language_facts(folder):
    with safetensors.safe_open(folder / "evidence.safetensors", "pt") as file:
        return json.loads(file.metadata()["facts"])["language"]


def copied(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")
