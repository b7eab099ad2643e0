"""Subjects: every one keeps the contract; a text goes through all stages, is tested once, resumed, evaluated, said."""

import random
import shutil

import numpy as np
import pytest
import torch

import visus
from visus import recipes
from visus.engine import catalogue
from visus.metrics.bleu import counts
from visus.playbook import api, search, subjects
from visus.playbook._session import BlockedError, InterruptedRunError, Silent
from visus.playbook.evaluate import evaluate
from visus.playbook.search_recipe import search as search_recipe
from visus.playbook.subjects import _subject, _words, text
from visus.playbook.subjects._text import _passages, audit
from visus.playbook.subjects._text.test import mean
from visus.playbook.subjects._translation.test import difference
from visus.runs import checkpoint
from visus.runs.reader import Run, summaries
from visus.ship import model as shipped
from visus.ship.opened import opened, told_by

from .shows import STAGES, Lines, StopAt

TINY = {"hidden": 12, "layers": 1, "embedding": 8, "batch": 8, "window": 16, "dropout": 0.0, "arithmetic": "float32"}
WORDS = ["the cat", "a dog", "my old aunt", "sees", "hears", "follows", "a bird", "the moon", "her own hat", "slowly"]


def told(n=6000, seed=0):
    """Sentences of a small grammar, each on a line."""
    draw = random.Random(seed)
    lines = []
    while sum(map(len, lines)) < n:
        subject, verb, thing = draw.choice(WORDS[:3]), draw.choice(WORDS[3:6]), draw.choice(WORDS[6:9])
        lines.append(f"{subject} {verb} {thing}{draw.choice(['', ' slowly', ' again'])}.\n")
    return "".join(lines)


@pytest.fixture(scope="module", autouse=True)
def _short():
    """What is tested here is the sequence of stages, not how well a model learns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "FEWEST_STEPS", 30)
        for name, value in {"TRIALS": 3, "EPOCHS": 0.3, "REPEATS": 0, "FEWER_TRIALS": 3, "FEWEST_STEPS": 3}.items():
            patch.setattr(search, name, value)
        yield


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text(told())
    return path


@pytest.fixture(scope="module")
def fitted(book, tmp_path_factory):
    show = Lines()
    return visus.fit(book, runs=tmp_path_factory.mktemp("runs"), show=show, epochs=4, lr=0.01, **TINY), show


# ---- the contract


@pytest.mark.parametrize("name", catalogue.names(subjects))
def test_every_subject_has_a_recipe_the_eight_stages_and_answers_what_is_asked(name):
    subject = _subject.named(name)
    assert _subject.name_of(subject.RECIPE) == name
    assert list(subject.STAGES) == STAGES
    assert all(callable(stage.run) and callable(stage.recall) for stage in subject.STAGES.values())
    asked = [name for name in vars(_subject.Subject) if not name.startswith("_")]
    assert [what for what in asked if not hasattr(subject, what)] == []


@pytest.mark.parametrize("recipe", catalogue.names(recipes))
def test_every_recipe_is_about_a_subject_that_there_is(recipe):
    assert _subject.name_of(recipe) in catalogue.names(subjects)


@pytest.mark.parametrize("name", [n for n in catalogue.names(subjects) if n != _subject.PICTURES])
def test_settings_that_say_how_data_are_read_are_settings_of_the_recipe(name):
    subject = _subject.named(name)
    form = recipes_form(subject.RECIPE)
    assert set(subject.PREPARED) <= form.keys()


def recipes_form(recipe):
    from visus.recipes import _form

    return _form.fields(catalogue.find(recipes, recipe).build)


def test_a_source_is_recognised_or_taken_for_pictures(book, stripes, tmp_path):
    assert _subject.recognised(str(book)) == "text"
    assert _subject.recognised("tiny-shakespeare") == "text"
    assert _subject.recognised("multi30k") == "translation"
    assert _subject.recognised("flickr8k") == "captions"
    assert _subject.recognised(str(stripes)) == _subject.recognised("digits") == "pictures"


def test_the_first_word_is_a_subject_unless_it_is_a_file(book, tmp_path, monkeypatch):
    assert api.understood(["text", str(book), "lr=0.1"]) == ("text", str(book), ["lr=0.1"])
    assert api.understood(["digits", "lr=0.1"]) == ("pictures", "digits", ["lr=0.1"])
    with pytest.raises(ValueError, match="fit text needs what to learn from: a text file in UTF-8"):
        api.understood(["text", "lr=0.1"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").mkdir()
    assert api.understood(["text", "lr=0.1"]) == ("pictures", "text", ["lr=0.1"])


# ---- a text through all stages


def test_a_text_goes_through_every_stage(fitted):
    run, show = fitted
    assert [stage for stage, _, _ in show.verdicts] == STAGES
    assert run.healthy
    assert Run(run.folder).info["subject"] == "text"
    assert run.report.is_file()


def test_the_test_states_nats_with_an_interval_beside_the_best_table_of_counts(fitted):
    detail = Run(fitted[0].folder).verdict("test")["detail"]
    assert detail["low"] < detail["nats"] < detail["high"]
    assert detail["use"] == 1
    assert detail["rival"]["name"].endswith("gram")
    assert fitted[0].model.nats(told(1000, seed=9)) == pytest.approx(detail["nats"], rel=0.3)


def test_the_report_says_nats_and_no_percentage_of_pictures(fitted):
    page = fitted[0].report.read_text()
    assert "nats per character" in page
    assert "of test pictures" not in page
    assert "test pictures" not in page
    assert "Are the data fit to learn from?" in page


def test_settings_are_searched_on_validation_nats(fitted):
    run = Run(fitted[0].folder)
    trials = [event["score"] for event in run.events("trial")]
    assert trials
    assert all(score is None or score < 0 for score in trials)
    assert "%" not in run.verdict("search")["line"]


def test_the_table_of_runs_says_nats(fitted, capsys):
    from visus.cli.runs import command

    (line,) = summaries(fitted[0].folder.parent)
    assert line.measures == ("validation_log_likelihood", "nats per character")
    command(fitted[0].folder.parent)
    assert "nats" in capsys.readouterr().out


def test_evaluating_a_text_is_counted_and_its_own_training_part_is_recognised(fitted, book, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(fitted[0].folder.parent, runs)
    other = tmp_path / "other.txt"
    other.write_text(told(3000, seed=5))
    found = evaluate(runs / fitted[0].folder.name, str(other), Silent())
    assert (found.use, found.seen, found.severity) == (1, 0.0, "pass")
    assert found.score == pytest.approx(opened(runs / fitted[0].folder.name).nats(other.read_text()), rel=1e-6)
    assert evaluate(runs / fitted[0].folder.name, str(other), Silent()).use == 2
    own = evaluate(runs / fitted[0].folder.name, str(book), Silent())
    assert own.seen >= 0.5
    assert own.severity == "warning"


def test_what_a_folder_holds_is_opened_and_other_uses_name_the_command(fitted):
    assert told_by(fitted[0].folder) == "text"
    assert opened(fitted[0].folder).sample("the", 5, seed=1) == fitted[0].model.sample("the", 5, seed=1)
    with pytest.raises(
        ValueError, match=r"a model of text and none that tells the class, .* of a picture, .*; use `visus sample`"
    ):
        shipped.load(fitted[0].folder)


def test_a_second_fit_uses_the_test_part_a_second_time(fitted, book):
    runs = fitted[0].folder.parent
    skip = ["baselines", "checks", "search", "report"]
    again = visus.fit(book, runs=runs, skip=skip, epochs=0.1, **TINY)
    assert Run(again.folder).verdict("test")["detail"]["use"] == 2
    assert "no longer" in Run(again.folder).verdict("test")["line"]


@pytest.mark.parametrize("command", ["fit", "train"])
def test_stopped_in_training_and_resumed_it_ends_as_if_never_stopped(book, tmp_path, command):
    settings = {**TINY, "dropout": 0.2, "epochs": 2, "seed": 3}

    def make(runs, show):
        if command == "train":
            return api.train_recipe("char_lstm", {"data": str(book), **settings}, runs, show)[0]
        return visus.fit(book, runs=runs, show=show, skip=["checks", "search", "report"], **settings).folder

    whole = make(tmp_path / "whole", Silent())
    with pytest.raises(InterruptedRunError):
        make(tmp_path / "cut", StopAt("train", 0.5))
    (folder,) = [path.parent for path in (tmp_path / "cut").glob("*/run.json")]
    api.resume(folder)
    first, second = (checkpoint.load(f / "checkpoints" / "last.safetensors")["task"] for f in (whole, folder))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())
    assert opened(whole).nats(told(500, 7)) == opened(folder).nats(told(500, 7))


def test_resuming_after_the_text_changed_is_refused(book, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text(book.read_text())
    with pytest.raises(InterruptedRunError):
        visus.fit(mine, runs=tmp_path / "runs", skip=["checks", "search"], show=StopAt("train", 0.3), epochs=2, **TINY)
    (folder,) = [path.parent for path in (tmp_path / "runs").glob("*/run.json")]
    mine.write_text(told(seed=1))
    with pytest.raises(BlockedError, match="have changed since this run began"):
        api.resume(folder)


def test_a_recipe_is_searched_alone(book, tmp_path):
    settings = {name: str(value) for name, value in TINY.items()} | {
        "data": str(book),
        "lr": "0.003..0.03",
        "epochs": "0.2",
    }
    found = search_recipe("char_lstm", settings, trials=3, seeds=2, strategy="random", runs=tmp_path)
    assert set(found.best) == {"lr"}
    assert "nats" in found.verdict.line
    assert "validation nats" in (found.folder / "report.html").read_text()


# ---- refusals


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"x", "1 character"),
        (b"aaaaaaaaaaaaaaaaaaaaaaaaa", "one symbol only"),
        ("Gr\u00fc\u00dfe\n".encode("latin-1") * 50, "is not UTF-8"),
        (b"to be or not to be ", "needs? "),
    ],
)
def test_texts_that_cannot_be_learned_are_refused_in_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises((ValueError, BlockedError), match=sentence):
        visus.fit(path, subject="text", runs=tmp_path / "runs", skip=["checks", "search"], **TINY)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"hiden": 3}, "no setting 'hiden'. Did you mean 'hidden'"),
        ({"task": "char_grus"}, "no task 'char_grus' for text. Did you mean 'char_gru'"),
        ({"subject": "texts"}, "no 'texts' in subjects. Did you mean 'text'"),
        ({"skip": ["train"]}, "cannot skip 'train'"),
    ],
)
def test_impossible_wishes_are_refused_before_anything_is_written(book, tmp_path, settings, sentence):
    with pytest.raises((ValueError, LookupError), match=sentence):
        visus.fit(book, runs=tmp_path / "runs", **settings)
    assert not (tmp_path / "runs").exists()


def test_commands_for_pictures_say_so(fitted, book, tmp_path):
    from visus.playbook.compare import compare
    from visus.playbook.crossvalidate import CrossValidation

    with pytest.raises(ValueError, match="is about text, and compare holds the classes"):
        compare(fitted[0].folder, book.parent)
    with pytest.raises(ValueError, match="cross-validations are made for recipes that tell classes, and char_lstm"):
        CrossValidation("char_lstm", {"lr": "0.1,0.2"})


# ---- figures


def test_hashes_of_stretches_are_equal_for_equal_stretches_and_no_others():
    draw = np.random.default_rng(0)
    symbols = torch.from_numpy(draw.integers(0, 3, 400))
    hashes = _passages.hashes(symbols, 4)
    stretches = [tuple(symbols[i : i + 4].tolist()) for i in range(397)]
    for i in range(0, 397, 7):
        assert [bool(h) for h in hashes == hashes[i]] == [s == stretches[i] for s in stretches]


def test_a_passage_that_was_copied_is_found_and_an_own_one_is_not():
    train = torch.from_numpy(np.random.default_rng(1).integers(0, 26, 3000))
    fresh = torch.from_numpy(np.random.default_rng(2).integers(0, 26, 500))
    assert _passages.shared(train[100:400], train) == 1.0
    assert _passages.shared(fresh, train) == 0.0
    assert _passages.repeated(torch.cat([train, train])) == pytest.approx(0.5, abs=0.02)
    assert _passages.shared(fresh[:10], train) == 0.0


def test_the_audit_finds_what_nobody_meant_to_teach():
    from collections import Counter

    assert audit.control(Counter("plain\ttext\n" * 9)).severity == "pass"
    assert audit.control(Counter("with\x07a\rbell" * 9)).severity == "warning"
    assert audit.garbled("Gr\u00fc\u00dfe aus K\u00f6ln").severity == "pass"
    assert audit.garbled("Gr\u00fc\u00dfe".encode().decode("latin-1")).severity == "warning"
    assert audit.garbled("what \ufffd was it").severity == "warning"
    assert audit.rare(Counter("aaaaaaaaab")).severity == "note"
    assert audit.repetition(0.5).severity == "warning"


def test_the_interval_of_a_mean_holds_it_and_narrows_with_more_text():
    draw = np.random.default_rng(0)
    short, long = mean(draw.exponential(1.5, 5_000)), mean(draw.exponential(1.5, 200_000))
    assert short.low < short.mean < short.high
    assert long.high - long.low < (short.high - short.low) / 3
    assert long.low < 1.5 < long.high


def test_bleu_of_two_translators_is_compared_sentence_by_sentence():
    references = [[f"w{i % 7} sees the w{i % 5} today".split()] for i in range(40)]
    right, wrong = [one[0] for one in references], [["nothing", "of", "the", "sort", "here"]] * 40
    gain = difference(counts(wrong, references), counts(right, references))
    assert gain.low > 50
    same = difference(counts(right, references), counts(right, references))
    assert (same.mean, same.low, same.high) == (0.0, 0.0, 0.0)


def test_a_unigram_of_words_knows_frequencies_by_hand():
    train, held_out = [[0, 0, 1]], [[0]]
    assert _words.unigram(train, held_out, 2) == pytest.approx(-np.log(3 / 5))
    assert _words.leak([["a", "b"], ["c"]], [["a", "b"]]) == 0.5


# ---- translation


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    """Sentences and themselves backwards, as train.up and train.down."""
    folder = tmp_path_factory.mktemp("pairs")
    for part, n, seed in (("train", 4000, 0), ("val", 400, 1), ("test", 400, 2)):
        lines = told(n, seed).splitlines()
        (folder / f"{part}.en").write_text("\n".join(lines) + "\n")
        (folder / f"{part}.xx").write_text("\n".join(" ".join(line.split()[::-1]) for line in lines) + "\n")
    return folder


def test_translations_go_through_every_stage_and_are_tested_by_bleu(sentences, tmp_path):
    show, tiny = Lines(), {"hidden": 8, "embedding": 8, "batch": 16, "epochs": 1, "arithmetic": "float32"}
    run = visus.fit(sentences, runs=tmp_path, show=show, skip=["checks", "search"], **tiny)
    assert [stage for stage, _, _ in show.verdicts] == STAGES
    detail = Run(run.folder).verdict("test")["detail"]
    assert detail["measure"] == "BLEU"
    assert detail["low"] <= detail["bleu"] <= detail["high"]
    assert "BLEU" in (run.folder / "report.html").read_text()
    assert told_by(run.folder) == "translation"
    found = evaluate(run.folder, str(sentences), Silent())
    assert found.use == 2  # the same test part as `fit` used
    assert found.score == pytest.approx(detail["bleu"])


def test_lines_that_are_no_translations_of_each_other_are_noticed(sentences):
    from visus.data.pairs import prepare_pairs
    from visus.playbook.subjects._translation import audit as looks

    pairs = prepare_pairs(sentences, "en-xx")
    assert looks.lengths(pairs).severity == looks.untranslated(pairs).severity == "pass"
    copied = prepare_pairs(f"{sentences / 'train.en'},{sentences / 'train.en'}", "en-xx")
    assert looks.untranslated(copied).severity == "warning"
