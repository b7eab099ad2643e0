"""Caption files of every kind, odd ones among them; and what becomes of them."""

import json

import numpy as np
import pytest
import torch

from tests.drawn_captions import draw_captions
from visus.data import captions as importers
from visus.data.caption_batches import CaptionBatches
from visus.data.captioned import open_captions, prepare_captions
from visus.engine import catalogue

RED = "A red square on the left ."


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw_captions(tmp_path_factory.mktemp("drawn") / "set")


@pytest.fixture(scope="module")
def prepared(drawn):
    return prepare_captions(drawn, size=16, threshold=2)


@pytest.fixture
def shelf(drawn, tmp_path):
    """A folder with the drawn pictures and no captions yet."""
    (tmp_path / "Images").symlink_to(drawn / "Images")
    return tmp_path


# ---- the formats


def test_the_same_captions_are_read_from_every_format(shelf):
    said = {"00.png": [RED, "a square"], "01.png": ["Green , on the left"]}
    files = {
        "flickr8k_tokens": (
            "x.token.txt",
            "".join(f"{p}#{i}\t{c}\n" for p, own in said.items() for i, c in enumerate(own)),
        ),
        "kaggle_captions": (
            "x.csv",
            "image,caption\n" + "".join(f'{p},"{c}"\n' for p, own in said.items() for c in own),
        ),
        "coco_captions": ("captions_train2017.json", json.dumps(coco(said))),
        "karpathy_json": ("x.json", json.dumps(karpathy(said))),
    }
    assert sorted(files) == catalogue.names(importers)
    for importer, (name, content) in files.items():
        (shelf / name).write_text(content)
        assert catalogue.find(importers, importer).recognises(shelf / name)
        found = open_captions(shelf / name)
        assert {name: list(own) for name, own in zip(found.names, found.sentences, strict=True)} == said, importer
        assert found.paths[0].name == "00.png"
        assert not found.problems
        assert found.splits is None
        (shelf / name).unlink()


def coco(said):
    images = [{"id": 7 + i, "file_name": name} for i, name in enumerate(said)]
    annotations = [{"image_id": 7 + i, "caption": c} for i, own in enumerate(said.values()) for c in own]
    return {"images": images, "annotations": annotations}


def karpathy(said):
    images = [{"filename": name, "sentences": [{"raw": c} for c in own]} for name, own in said.items()]
    return {"images": images, "dataset": "x"}


@pytest.mark.parametrize(
    ("line", "caption"),
    [
        ("00.png,A dog , a ball and sun .", "A dog , a ball and sun ."),
        ('00.png,"A dog , a ball"', "A dog , a ball"),
        ('00.png,"A sign says ""stop"" , red"', 'A sign says "stop" , red'),
        ('00.png,A sign says "stop" here', 'A sign says "stop" here'),
        ('00.png,"Over two\nlines"', "Over two lines"),
        ('00.png,"A quote never closed', '"A quote never closed'),
        ("00.png,  Ein Mädchen  läuft ", "Ein Mädchen läuft"),
    ],
)
def test_commas_and_quotes_in_a_table_are_part_of_the_caption(shelf, line, caption):
    (shelf / "captions.txt").write_text(f"image,caption\n{line}\n01.png,next\n", encoding="utf-8")
    found = open_captions(shelf)
    assert list(found.sentences) == [(caption,), ("next",)]


def test_a_bar_separates_the_three_columns_of_flickr30k(shelf):
    (shelf / "results.csv").write_text("image_name| comment_number| comment\n00.png| 0| Two , men | talk .\n")
    assert open_captions(shelf).sentences[0] == ("Two , men | talk .",)


def test_the_official_lists_state_the_parts_and_what_is_in_none_is_left_out(shelf):
    lists = shelf / "Flickr8k_text"
    lists.mkdir()
    (lists / "Flickr8k.token.txt").write_text("".join(f"{i:02d}.png#0\tsaid {i}\n" for i in range(8)))
    (lists / "Flickr8k.lemma.token.txt").write_text("00.png#0\tsay 0\n")
    for name, numbers in {"train": (0, 1, 2), "dev": (3, 4), "test": (5, 6)}.items():
        (lists / f"Flickr_8k.{name}Images.txt").write_text("".join(f"{i:02d}.png\n" for i in numbers))
    found = open_captions(shelf)
    assert list(found.splits) == ["train"] * 3 + ["validation"] * 2 + ["test"] * 2
    assert found.problems == ["1 pictures are in none of the split lists and are left out: 07.png"]


def test_coco_s_folder_has_its_own_parts(drawn, tmp_path):
    (tmp_path / "annotations").mkdir()
    for part, name in (("train2017", "00.png"), ("val2017", "01.png")):
        (tmp_path / part).mkdir()
        (tmp_path / part / name).symlink_to(drawn / "Images" / name)
        (tmp_path / "annotations" / f"captions_{part}.json").write_text(json.dumps(coco({name: [RED]})))
    found = open_captions(tmp_path)
    assert dict(zip(found.names, found.splits, strict=True)) == {"00.png": "train", "01.png": "validation"}
    (tmp_path / "val2017" / "00.png").symlink_to(drawn / "Images" / "00.png")
    (tmp_path / "annotations" / "captions_val2017.json").write_text(json.dumps(coco({"00.png": [RED]})))
    with pytest.raises(ValueError, match=r"described in two files: 00\.png"):
        open_captions(tmp_path)


# ---- bad input


def test_pictures_that_are_missing_are_counted_and_named(shelf):
    (shelf / "captions.txt").write_text("image,caption\n00.png,a\ngone.png,b\n../set/Images/01.png,c\n02.png,\n")
    found = open_captions(shelf)
    assert found.names == ["00.png"]
    empty, silent, missing = found.problems
    assert empty == "captions.txt has 1 empty caption, left out"
    assert silent == "1 pictures have no caption and are left out: 02.png"
    assert missing == "captions.txt names 2 pictures that are not there, left out: gone.png, ../set/Images/01.png"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("captions.txt", b"image,caption\nx.png,a\n", r"names 1 pictures and none .*: x\.png; put them into .*Images"),
        ("captions.txt", b"image,caption\n", "holds no caption with a picture"),
        ("captions.txt", b"", "holds no captions that can be read here; understood are: "),
        ("captions.txt", b"caption,image\na,00.png\n", "holds no captions that can be read here"),
        ("a.token.txt", b"00.png#0\ta\n\0\0", "is no text"),
        ("c.json", b"{", "is no JSON that can be read"),
        ("c.json", b"[1]", "holds a list; expected COCO's object"),
        ("c.json", b"{}", "no lists images and annotations"),
        ("c.json", b'{"images": [], "annotations": [{"bbox": 1}]}', r"take captions_\*\.json, not instances_"),
        ("c.json", b'{"images": {"sentences": []}}', "has no list of images"),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_sentence(shelf, name, content, message):
    (shelf / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        open_captions(shelf / name)
    assert "\n" not in str(error.value)


def test_what_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("VISUS_DATA", raising=False)
    with pytest.raises(LookupError, match=r"flickr8k is not on this machine; .* put Images/ and captions\.txt into"):
        open_captions("flickr8k")
    with pytest.raises(LookupError, match="no captions are called 'flikr'"):
        open_captions("flikr")
    with pytest.raises(FileNotFoundError, match="check the path"):
        open_captions(tmp_path / "nowhere")


@pytest.mark.parametrize(("encoding", "note"), [("utf-8-sig", False), ("utf-16", False), ("cp1252", True)])
def test_odd_encodings_are_read_and_told(shelf, encoding, note):
    (shelf / "captions.txt").write_bytes("image,caption\r\n00.png,Ein Mädchen\r\n".encode(encoding))
    found = open_captions(shelf)
    assert found.sentences == [("Ein Mädchen",)]
    assert bool(found.problems) is note


def test_an_unreadable_picture_and_odd_lines_are_left_out(drawn, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "a.txt").write_text("00.png#0\tone\nwhat is this\nbroken.png#0\tone\n")
    (tmp_path / "00.png").symlink_to(drawn / "Images" / "00.png")
    found = open_captions(tmp_path)
    assert found.problems == ["a.txt has 1 lines that are not picture#number<tab>caption: line 2"]
    with pytest.raises(ValueError, match="describes 1 pictures that can be read; at least 6"):
        prepare_captions(found, size=16)


# ---- prepared


def test_parts_are_split_by_picture_and_the_vocabulary_is_of_training_alone(prepared):
    rows = [set(prepared.rows(part).tolist()) for part in ("train", "validation", "test")]
    assert all(rows)
    assert sum(map(len, rows)) == len(set.union(*rows)) == 36
    spoken = {word for row in prepared.rows("train") for words in prepared.words[row] for word in words}
    assert set(prepared.vocabulary.tokens[4:]) <= spoken
    assert prepared.facts()["train"]["coverage"] == 1
    assert all(name.endswith(".png") for name in prepared.names("test"))


def test_a_word_seen_once_is_unknown_and_a_threshold_too_high_is_refused(drawn):
    text = (drawn / "captions.txt").read_text().replace("00.png,A red", "00.png,A scarlet")
    other = drawn / "other.csv"
    other.write_text(text)
    try:
        made = prepare_captions(other, size=16, threshold=2)
        row = made.pictures.collection.names.index("00.png")
        assert "scarlet" not in made.vocabulary
        assert made.vocabulary.unknown in made.coded((row, 0))
        with pytest.raises(ValueError, match=r"no word is seen 1000 times .*; set threshold=\d+ or lower"):
            prepare_captions(other, size=16, threshold=1000)
    finally:
        other.unlink()


def test_without_its_test_part_nothing_of_it_is_left(prepared):
    without = prepared.without_test()
    gone = set(prepared.names("test"))
    assert not gone & set(without.pictures.collection.names)
    assert len(without.sentences) == len(without.words)
    assert not len(without.rows("test"))
    for part in ("train", "validation"):
        assert without.names(part) == prepared.names(part)
        assert without.references(part) == prepared.references(part)


def test_limits_leave_fewer_pictures_and_fewer_sentences(prepared):
    few = prepared.limited(train=5, validation=2).with_each(1)
    assert len(few.pairs("train")) == 5
    assert len(few.pairs("validation")) == 4
    assert few.vocabulary is prepared.vocabulary


def test_an_epoch_shows_every_pair_once_and_a_batch_is_a_function_of_its_step(prepared):
    batches = CaptionBatches(prepared, 7, seed=3)
    shown = np.concatenate([batches._drawn(step)[1] for step in range(batches.steps_per_epoch)])
    assert len(np.unique(shown, axis=0)) == len(shown) == batches.steps_per_epoch * 7
    again = CaptionBatches(prepared, 7, seed=3)
    for step in (9, 2, 9):
        assert all(torch.equal(a, b) for a, b in zip(batches.batch(step), again.batch(step), strict=True))
    assert batches.sources(2) == [prepared.pictures.collection.names[row] for row, _ in batches._drawn(2)[1]]
    assert not torch.equal(batches.batch(0)[1], CaptionBatches(prepared, 7, seed=4).batch(0)[1])


def test_what_is_told_is_what_is_read_one_word_on(prepared):
    images, inputs, targets = CaptionBatches(prepared, 8, seed=0).batch(0)
    words = prepared.vocabulary
    assert images.dtype == torch.uint8
    assert images.shape == (8, 3, 16, 16)
    assert (inputs[:, 0] == words.start).all()
    for read, told in zip(inputs.tolist(), targets.tolist(), strict=True):
        n = told.index(words.end)
        assert read[1 : n + 1] == told[:n]
        assert set(told[n + 1 :]) | set(read[n + 1 :]) <= {words.pad}


def test_the_small_flickr8k_has_its_official_parts(visus_data):
    if not any((visus_data / name / "captions.txt").is_file() for name in ("flickr8k", "flickr8k-small")):
        pytest.skip("no flickr8k in $VISUS_DATA")
    found = open_captions("flickr8k")
    assert found.origin == "flickr8k"
    assert set(found.splits) == {"train", "validation", "test"}
    assert all(len(own) == 5 for own in found.sentences)
