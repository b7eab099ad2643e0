"""Reading and dividing a text, and the batches made of it."""

import gzip

import numpy as np
import pytest
import torch

from visus.data import named_text
from visus.data.lanes import Lanes
from visus.data.text import BLOCK, divide_text, encoded, prepare_text, read_text
from visus.data.vocabulary import Vocabulary

LINES = "".join(f"line {number} of a text that is long enough\n" for number in range(200))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"plain\ntext", "plain\ntext"),
        (b"\xef\xbb\xbfa mark in front", "a mark in front"),
        (b"two\r\nlines\r\n", "two\nlines\n"),
        ("Größe 漢字 😀".encode(), "Größe 漢字 😀"),
        (gzip.compress(b"packed", mtime=0), "packed"),
    ],
)
def test_a_file_is_read_as_its_text(tmp_path, written, read):
    (tmp_path / "a.txt").write_bytes(written)
    assert read_text(tmp_path / "a.txt") == read


def test_the_texts_of_a_folder_stand_one_under_the_other_by_name(tmp_path):
    (tmp_path / "b.txt").write_text("second")
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "c.png").write_bytes(b"\x00")
    assert read_text(tmp_path) == "first\nsecond"


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b" \n\t", "nothing but white space"),
        (b"one\ntwo caf\xe9", r"byte 11, in line 2, is 0xe9; .*iconv -f WINDOWS-1252"),
        ("text".encode("utf-16"), "is UTF-16, expected UTF-8"),
        (b"MZ\x00\x01", "NUL at byte 2"),
        (b"\x1f\x8bbroken", "broken gzip"),
        (gzip.compress(LINES.encode(), mtime=0)[:40], "broken gzip"),
    ],
)
def test_what_is_no_text_is_refused_in_one_sentence(tmp_path, written, sentence):
    (tmp_path / "a.txt").write_bytes(written)
    with pytest.raises(ValueError, match=sentence) as refusal:
        read_text(tmp_path / "a.txt")
    assert "a.txt" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_path_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="check the path"):
        read_text(tmp_path / "none.txt")
    with pytest.raises(LookupError, match="tiny-shakespeare"):
        read_text("tiny-shakespear")
    with pytest.raises(ValueError, match="folder without"):
        read_text(tmp_path)


def test_the_parts_follow_each_other_and_are_the_text():
    text = divide_text(LINES, "lines", (0.8, 0.1, 0.1))
    assert text.written("train") + text.written("validation") + text.written("test") == LINES
    assert text.parts["train"] == (0, round(0.8 * len(LINES)))


def test_without_test_nothing_of_it_is_left():
    text = divide_text(LINES, "lines", (0.8, 0.1, 0.1))
    bare = text.without_test()
    assert len(bare) == text.parts["test"][0]
    assert not len(bare.part("test"))
    assert not len(bare.split.test)
    assert bare.written("validation") == text.written("validation")


def test_a_limited_text_keeps_what_lies_around_the_border():
    text = divide_text(LINES, "lines").limited(train=500, validation=100)
    whole = divide_text(LINES, "lines")
    assert text.written("train") == whole.written("train")[-500:]
    assert text.written("validation") == whole.written("validation")[:100]


def test_the_split_is_told_by_content():
    one, other = divide_text(LINES, "lines"), divide_text(LINES, "another name")
    assert one.split.hash == other.split.hash != divide_text(LINES[1:], "lines").split.hash
    assert one.split.hash != divide_text(LINES, "lines", (0.8, 0.2, 0)).split.hash
    assert len(one.split.train) == -(-one.parts["train"][1] // BLOCK)


def test_encoding_a_text_at_once_is_encoding_its_characters():
    vocabulary = Vocabulary.of_symbols("😀 漢字 abc\n")
    assert encoded("cab 😀漢\n", vocabulary).tolist() == vocabulary.encode("cab 😀漢\n")
    with pytest.raises(ValueError, match="latin small letter x"):
        encoded("ax", vocabulary)


@pytest.mark.parametrize(
    ("text", "shares", "sentence"),
    [
        ("a", (0.9, 0.1, 0.0), "1 character"),
        ("ab" * 9, (0.9, 0.1, 0.0), None),
        ("a" * 50, (0.9, 0.1, 0.0), "one symbol only"),
        (LINES, (0.9, 0.2, 0.0), "sum to 1"),
        (LINES, (1.0, 0.0, 0.0), "only the last may be 0"),
        (LINES, (0.5, 0.5), "sum to 1"),
    ],
)
def test_a_text_that_cannot_be_divided_is_refused(text, shares, sentence):
    if sentence is None:
        assert len(divide_text(text, "short", shares).part("validation")) == 2
        return
    with pytest.raises(ValueError, match=sentence):
        divide_text(text, "short", shares)


def lanes(batch: int = 4, window: int = 25, seed: int = 0) -> Lanes:
    return Lanes(divide_text(LINES, "lines"), batch, window, seed)


def test_targets_are_the_inputs_one_symbol_further_on():
    inputs, targets, _, _ = lanes().batch(3)
    assert torch.equal(inputs[:, 1:], targets[:, :-1])


def test_a_stream_goes_on_where_its_last_window_ended_until_the_pass_is_over():
    data = lanes()
    for step in range(2 * data.steps_per_epoch):
        (_, targets, _, _), (inputs, _, _, begins) = data.batch(step), data.batch(step + 1)
        fresh = (step + 1) % data.steps_per_epoch == 0
        assert begins.tolist() == [fresh] * data.batch_size
        if not fresh:
            first, later = data._first(step), data._first(step + 1)
            assert torch.equal(later, first + data.window)
            assert torch.equal(inputs[:, 0], targets[:, -1])


def test_a_pass_sees_no_symbol_twice_and_almost_all():
    data = lanes()
    seen = np.concatenate(
        [(data._first(step)[:, None] + torch.arange(data.window)).flatten() for step in range(data.steps_per_epoch)]
    )
    assert len(set(seen.tolist())) == len(seen) > len(data.ids) - 4 * 25 - 25
    assert seen.max() + 1 < len(data.ids)


def test_borders_of_windows_move_from_pass_to_pass_and_with_the_seed():
    data = lanes()
    begins = {int(data._first(epoch * data.steps_per_epoch)[0]) for epoch in range(8)}
    assert len(begins) > 4
    assert not torch.equal(data.batch(0)[0], lanes(seed=1).batch(0)[0])


def test_a_batch_is_a_function_of_seed_and_step():
    one, other = lanes(), lanes()
    later = next(other.batches(17))
    assert all(torch.equal(a, b) for a, b in zip(one.batch(17), later, strict=True))
    assert one.sources(17)[1].startswith(f"characters {int(one._first(17)[1]):,} to ")


@pytest.mark.parametrize("name", ["train", "validation"])
def test_one_pass_over_a_part_reads_it_in_order(name):
    data = lanes()
    inputs = torch.cat([batch[0][0] for batch in data.part(name)])
    assert torch.equal(inputs, data.prepared.part(name)[:-1])
    assert len(list(data.part(name))) == data.part_steps(name)
    assert len(list(data.part(name, 2))) == 2


@pytest.mark.parametrize(
    ("batch", "window", "remedy"),
    [(64, 200, "batch=3[0-9] would do"), (64, 10_000, "window=[0-9]+ would do"), (9_000, 9_000, "longer text")],
)
def test_a_text_shorter_than_a_batch_is_refused_with_what_would_do(batch, window, remedy):
    with pytest.raises(ValueError, match=remedy):
        lanes(batch, window)


def test_what_would_do_does():
    n = len(divide_text(LINES, "lines").part("train"))
    assert Lanes(divide_text(LINES, "lines"), (n - 1) // 200, 200).steps_per_epoch == 1
    assert Lanes(divide_text(LINES, "lines"), 64, (n - 1) // 64).steps_per_epoch == 1
    assert Lanes(divide_text(LINES, "lines"), 1, n - 1).slack == 0


@pytest.mark.parametrize(("batch", "window"), [(0, 5), (5, 0)])
def test_batches_of_nothing_are_refused(batch, window):
    with pytest.raises(ValueError, match="at least 1"):
        lanes(batch, window)


def test_a_named_set_is_found_in_visus_data_and_then_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VISUS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("VISUS_CACHE", str(tmp_path / "cache"))
    own = tmp_path / "cache" / "tiny-shakespeare"
    own.mkdir(parents=True)
    (own / "input.txt").write_text(LINES)
    assert named_text.place("tiny-shakespeare") == own / "input.txt"
    theirs = tmp_path / "data" / "text" / "tinyshakespeare"
    theirs.mkdir(parents=True)
    (theirs / "input.txt").write_text(LINES)
    assert named_text.place("tiny-shakespeare") == theirs / "input.txt"
    assert prepare_text("tiny-shakespeare").origin == "tiny-shakespeare"


def test_a_set_that_may_not_be_fetched_says_how_to_come_by_it(tmp_path, monkeypatch):
    monkeypatch.delenv("VISUS_DATA", raising=False)
    monkeypatch.setenv("VISUS_CACHE", str(tmp_path))
    with pytest.raises(LookupError, match=r"put Images/ and captions.txt into \$VISUS_DATA/flickr8k"):
        named_text.place("flickr8k")
    with pytest.raises(LookupError, match="Did you mean 'multi30k'"):
        named_text.place("multi30")


def test_tiny_shakespeare_is_what_was_published(visus_data):
    text = prepare_text("tiny-shakespeare")
    assert (len(text), len(text.vocabulary), len(text.part("validation"))) == (1_115_394, 65, 111_539)
