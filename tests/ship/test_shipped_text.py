"""A language model on disk: what comes back is what was trained, and what it is asked is answered or refused."""

import math
import random

import pytest
import torch

from visus.cli._app import run as visus
from visus.data.text import divide_text
from visus.recipes import _form, char_lstm
from visus.ship import model as ship
from visus.ship.kinds import text as shipped
from visus.ship.opened import opened

LINES = "".join(random.Random(0).choices("ab \n", k=3_000))
SMALL = {"hidden": 8, "layers": 1, "embedding": 4, "batch": 2, "window": 20, "arithmetic": "float32"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "lines-1"
    run.mkdir()
    task = char_lstm.build(data=divide_text(LINES, "lines.txt"), **SMALL)
    settings = _form.resolved(char_lstm.build, SMALL)
    shipped.save(run, task, settings, {"train": {"best": -1.25}, "split": {"train": 2_701}})
    return run


@pytest.fixture(scope="module")
def model(folder):
    return shipped.load(folder)


def test_what_is_loaded_is_what_was_saved(model):
    task = char_lstm.build(data=divide_text(LINES, "lines.txt"), **SMALL)
    symbols = task.data.prepared.part("validation")
    assert torch.equal(model.network.eval().surprises(symbols), task.surprises(symbols))
    assert model.vocabulary == task.data.prepared.vocabulary


def test_whatever_opens_a_model_opens_this_one(folder):
    assert isinstance(opened(folder), shipped.TextModel)
    assert isinstance(opened(folder / "model"), shipped.TextModel)
    with pytest.raises(ValueError, match="visus sample"):
        ship.load(folder)


def test_the_card_says_what_is_known(folder):
    card = (folder / "model" / "card.md").read_text()
    for said in ("1 layer of 8 lstm units", "1.250 nats", "2,701 for train"):
        assert said in card


def test_the_same_seed_writes_the_same_and_another_seed_something_else(model):
    assert model.sample("ab", 50, seed=3) == model.sample("ab", 50, seed=3) != model.sample("ab", 50, seed=4)
    assert len(model.sample("ab", 50)) == 50


def test_a_stream_is_the_text_piece_by_piece(model):
    assert "".join(model.stream("a", 30, temperature=0.5)) == model.sample("a", 30, temperature=0.5)


def test_a_fresh_model_takes_all_symbols_alike(model):
    made = model.sample("", 400, seed=0)
    assert all(60 < made.count(symbol) < 140 for symbol in "ab \n")


def test_towards_temperature_zero_the_likeliest_is_taken(model):
    assert model.sample("ab", 40, temperature=1e-6, seed=1) == model.sample("ab", 40, top_k=1, seed=2)


def test_the_nats_of_a_text_are_those_of_its_symbols(model):
    assert model.nats("ab ba\n") == pytest.approx(math.log(4), abs=0.05)
    assert model.surprises("ab ba\n").shape == (5,)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--prompt", "Ü"], "'Ü' (U+00DC, latin capital letter u with diaeresis) is not among the 4 symbols"),
        (["--temperature", "0"], "temperature must be above 0"),
        (["--length", "0"], "length must be at least 1"),
        (["--nucleus", "1.5"], "nucleus must be"),
        (["--top-k", "-1"], "top_k must be"),
        (["-n", "0"], "at least 1"),
        (["--grid", "out.png"], "makes texts, for which --grid means nothing"),
        (["--label", "a"], "makes texts, for which --label means nothing"),
    ],
)
def test_what_cannot_be_sampled_is_refused_before_a_word_is_written(folder, capsys, words, sentence):
    assert visus(["sample", str(folder), *words]) in (1, 2)
    out, err = capsys.readouterr()
    assert sentence in err
    assert err.count("\n") == 1
    assert not out


def test_the_command_writes_as_many_texts_as_asked(folder, capsys):
    assert visus(["sample", str(folder), "--prompt", r"ab\n", "--length", "20", "-n", "2"]) == 0
    first, second = capsys.readouterr().out.split("\n---\n")
    assert first.startswith("ab\n")
    assert second.startswith("ab\n")
    assert first != second


@pytest.mark.parametrize("text", ["", "a"])
def test_a_text_without_a_symbol_to_tell_has_no_nats(model, text):
    with pytest.raises(ValueError, match="give a longer one"):
        model.nats(text)


def test_a_folder_without_a_model_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no trained model"):
        shipped.load(tmp_path)


def test_a_damaged_model_says_so(folder, tmp_path):
    (tmp_path / "model").mkdir()
    for file in (folder / "model").iterdir():
        (tmp_path / "model" / file.name).write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ValueError, match="damaged"):
        shipped.load(tmp_path)
