"""Sentences in two languages: read with care, divided without leaks, batched as a function of (seed, step)."""

import gzip
from collections import Counter

import numpy as np
import pytest
import torch

from visus.data.pairs import PairBatches, padded, prepare_pairs
from visus.data.parallel import Parallel, read_parallel, recognises
from visus.data.phrases import phrases

ENGLISH = ["A dog runs.", "The cat sleeps.", "Two men wait.", "A child plays.", "It rains.", "We go home."]
GERMAN = [
    "Ein Hund läuft.",
    "Die Katze schläft.",
    "Zwei Männer warten.",
    "Ein Kind spielt.",
    "Es regnet.",
    "Wir gehen.",
]


@pytest.fixture(scope="module")
def pairs():
    return prepare_pairs(phrases(300))


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, lines in files.items():
        (folder / name.replace("_", ".")).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_folder_of_parts_plain_or_gzipped(tmp_path):
    write(tmp_path, train_en=ENGLISH, train_de=GERMAN, val_en=ENGLISH[:2], val_de=GERMAN[:2])
    for side, lines in (("en", ENGLISH), ("de", GERMAN)):
        (tmp_path / f"test_2016.{side}.gz").write_bytes(gzip.compress("\n".join(lines[:3]).encode()))
    read = read_parallel(tmp_path, "en-de")
    assert Counter(read.parts) == {"train": 6, "validation": 2, "test": 3}
    assert read.source[0] == "A dog runs."
    assert read.target[0] == "Ein Hund läuft."
    assert recognises(tmp_path)


def test_the_name_of_a_folder_says_which_language_comes_first(tmp_path):
    for name, languages in (("mine-en-de", ("en", "de")), ("mine-de-en", ("de", "en")), ("mine", ("de", "en"))):
        folder = write(tmp_path / name, train_en=ENGLISH, train_de=GERMAN)
        assert read_parallel(folder).languages == languages
    assert read_parallel(tmp_path / "mine", "en-de").languages == ("en", "de")


def test_two_files_and_tables(tmp_path):
    write(tmp_path, a_en=ENGLISH, a_de=GERMAN)
    read = read_parallel(f"{tmp_path / 'a.en'},{tmp_path / 'a.de'}")
    assert read.languages == ("en", "de")
    rows = [f"{a}\t{b}\tsomebody said so" for a, b in zip(ENGLISH, GERMAN, strict=True)]
    (tmp_path / "t.tsv").write_text("\n".join(rows), encoding="utf-8")
    table = read_parallel(tmp_path / "t.tsv")
    assert (list(table.source), list(table.target)) == (ENGLISH, GERMAN)
    quoted = ["en,de", *(f'"{a}","{b}"' for a, b in zip(ENGLISH, GERMAN, strict=True))]
    (tmp_path / "t.csv").write_text("\n".join(quoted), encoding="utf-8")
    with_header = read_parallel(tmp_path / "t.csv")
    assert with_header.languages == ("en", "de")
    assert list(with_header.target) == GERMAN


def test_odd_line_ends_inside_a_sentence_do_not_shift_the_others(tmp_path):
    write(tmp_path, train_en=["one\u2028half", "two"], train_de=["eins", "zwei"])
    assert list(read_parallel(tmp_path, "en-de").source) == ["one\u2028half", "two"]


@pytest.mark.parametrize(
    ("files", "languages", "says"),
    [
        ({"train_en": ENGLISH, "train_de": GERMAN[:-1]}, "", r"5 lines and .* 6; line n"),
        ({"train_en": ENGLISH}, "", "no two files train.XX and train.YY"),
        ({"train_en": ENGLISH, "train_de": GERMAN}, "en-fr", "no training file of fr"),
        ({"train_en": ENGLISH, "train_de": GERMAN, "train_fr": GERMAN}, "", "say which to translate"),
        ({"train_en": ENGLISH, "train_de": GERMAN}, "ende", "source-target, for example en-de"),
    ],
)
def test_folders_that_do_not_fit_are_refused_in_a_sentence(tmp_path, files, languages, says):
    with pytest.raises(ValueError, match=says):
        read_parallel(write(tmp_path, **files), languages)


def test_files_that_are_not_there_or_no_table(tmp_path):
    with pytest.raises(FileNotFoundError, match="give multi30k"):
        read_parallel(tmp_path / "nothing")
    (tmp_path / "lone.en").write_text("A dog.\n", encoding="utf-8")
    with pytest.raises(ValueError, match="one file and no table"):
        read_parallel(tmp_path / "lone.en")
    (tmp_path / "narrow.tsv").write_text("only one\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"row 1 of narrow\.tsv has one column"):
        read_parallel(tmp_path / "narrow.tsv")
    (tmp_path / "latin.tsv").write_bytes("Männer\tmen\n".encode("latin-1"))
    with pytest.raises(ValueError, match="not UTF-8"):
        read_parallel(tmp_path / "latin.tsv")


def test_empty_and_endless_lines_are_left_out_and_counted():
    lines = phrases(40)
    source = [*lines.source, "", "word " * 70]
    target = [*lines.target, "Etwas.", "Wort " * 70]
    pairs = prepare_pairs(Parallel("x", ("en", "de"), source, target, [""] * 42))
    assert len(pairs) == 40
    assert pairs.left_out == {"empty": 1, "longer than 60 words": 1}


def test_too_few_sentences_are_refused():
    with pytest.raises(ValueError, match="leaves 2 pairs of sentences"):
        prepare_pairs(phrases(2))


def test_equal_sentences_lie_in_one_part(pairs):
    found = [{pairs.source_text[row] for row in pairs.rows(part)} for part in ("train", "validation", "test")]
    assert all(found)
    assert not found[0] & found[1]
    assert not found[0] & found[2]
    assert not found[1] & found[2]


def test_the_vocabulary_is_of_the_training_part_alone():
    lines = phrases(100)
    parts = ["train"] * 80 + ["test"] * 20
    source = [*lines.source[:80], *(f"{s} unheard" for s in lines.source[80:])]
    pairs = prepare_pairs(Parallel("x", ("en", "de"), source, lines.target, parts), threshold=1)
    assert "unheard" not in pairs.source_vocabulary
    assert len(pairs.rows("test")) == 20
    assert len(pairs.rows("validation")) >= 1
    assert "validation drawn from training" in pairs.split.how


def test_lower_case_is_a_choice():
    assert "Hund" in prepare_pairs(phrases(100)).target_vocabulary
    assert "hund" in prepare_pairs(phrases(100), lower=True).target_vocabulary


def test_a_batch_is_the_sentences_with_start_before_and_end_behind(pairs):
    rows = pairs.rows("train")[:3]
    source, before, after = pairs.batch(rows)
    v, w = pairs.source_vocabulary, pairs.target_vocabulary
    for i, row in enumerate(rows):
        assert tuple(v.decode(source[i])) == pairs.source[row]
        assert tuple(w.decode(after[i])) == pairs.target[row]
        n = len(pairs.target[row])
        assert before[i, 0] == w.start
        assert after[i, n] == w.end
        assert torch.equal(before[i, 1 : n + 1], after[i, :n])
        assert not after[i, n + 1 :].any()


def test_batches_are_a_function_of_seed_and_step(pairs):
    first, again = PairBatches(pairs, 16, 3), PairBatches(pairs, 16, 3)
    for step in (0, 5, first.steps_per_epoch + 2):
        jumped = next(iter(again.batches(step)))
        assert all(torch.equal(a, b) for a, b in zip(first.batch(step), jumped, strict=True))
    assert not np.array_equal(first.rows(0), PairBatches(pairs, 16, 4).rows(0))
    assert len(first.sources(0)) == 16


def test_an_epoch_shows_each_sentence_at_most_once_in_batches_of_like_lengths(pairs):
    batches = PairBatches(pairs, 16, 0)
    rows = np.concatenate([batches.rows(step) for step in range(batches.steps_per_epoch)])
    assert len(set(rows.tolist())) == len(rows) == 16 * batches.steps_per_epoch
    within = [np.ptp(pairs.lengths[batches.rows(step), 1]) for step in range(batches.steps_per_epoch)]
    assert np.mean(within) < np.ptp(pairs.lengths[:, 1]) / 2


def test_parts_and_limits(pairs):
    assert sum(len(batch[0]) for batch in pairs.part("validation")) == len(pairs.rows("validation"))
    assert sum(len(batch[0]) for batch in pairs.part("train", 7)) == 7
    assert len(pairs.limited(train=50, validation=5).rows("train")) == 50
    bare = pairs.without_test()
    assert not len(bare.rows("test"))
    hidden = {pairs.source_text[row] for row in pairs.rows("test")}
    assert not hidden & set(bare.source_text)
    assert [bare.source_text[r] for r in bare.rows("train")] == [pairs.source_text[r] for r in pairs.rows("train")]


def test_the_fingerprint_is_of_the_content(pairs):
    assert prepare_pairs(phrases(300)).split.hash == pairs.split.hash
    assert prepare_pairs(phrases(299)).split.hash != pairs.split.hash


def test_padding_by_hand():
    assert padded([[1, 2], [3]]).tolist() == [[1, 2], [3, 0]]
    with pytest.raises(ValueError, match="at least 1 sentence"):
        PairBatches(prepare_pairs(phrases(30)), 0, 0)


def test_multi30k_has_its_official_parts(visus_data):
    pairs = prepare_pairs("multi30k")
    assert [len(pairs.rows(part)) for part in ("train", "validation", "test")] == [29_000, 1_014, 1_000]
    assert pairs.languages == ("en", "de")
    assert pairs.source_text[0] == "Two young, White males are outside near many bushes."
    assert 0.95 < pairs.target_vocabulary.coverage(pairs.target[row] for row in pairs.rows("test")) < 0.97
