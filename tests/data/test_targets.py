"""Columns of a table as targets: numbers, attributes, strata for a split, and every way to get it wrong."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visus.data.audit._gather import gather
from visus.data.audit._run import audit
from visus.data.prepare import prepare
from visus.data.source import open_collection


def table(folder: Path, header: str, rows: list[str], below: str = "") -> Path:
    """A table and its pictures 00.png, 01.png, ... in noise; `rows` continue after the file name."""
    dice = np.random.default_rng(0)
    (folder / below).mkdir(parents=True, exist_ok=True)
    for number in range(len(rows)):
        Image.fromarray(dice.integers(0, 255, (12, 12, 3), dtype=np.uint8)).save(folder / below / f"{number:02d}.png")
    lines = [header, *(f"{number:02d}.png,{row}" for number, row in enumerate(rows))]
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder / "labels.csv"


def test_a_column_of_many_numbers_is_numbers(tmp_path):
    path = table(tmp_path, "file,Age", [str(year) for year in range(40)])
    collection = open_collection(path, targets="age")
    assert (collection.kind, list(collection.target_names)) == ("numbers", ["age"])
    assert collection.targets[:, 0].tolist() == list(range(40))
    assert collection.said(7) == "age 7"
    assert np.bincount(collection.labels).tolist() == [20, 20]


def test_yes_and_no_is_one_attribute_and_categories_are_one_each(tmp_path):
    path = table(tmp_path, "path,smiles,hair", [f"{n % 2},{('red', 'fair', 'dark')[n % 3]}" for n in range(36)])
    collection = open_collection(path, targets="smiles, hair")
    assert collection.kind == "attributes"
    assert list(collection.target_names) == ["smiles", "hair=dark", "hair=fair", "hair=red"]
    assert collection.targets[:3].tolist() == [[0, 0, 0, 1], [1, 0, 1, 0], [0, 1, 0, 0]]
    assert collection.said(1) == "smiles, hair=fair"
    assert (collection.targets[:, 1:].sum(1) == 1).all()


@pytest.mark.parametrize("words", [("-1", "1"), ("no", "Yes"), ("FALSE", "TRUE"), ("0", "1")])
def test_every_usual_yes_and_no_is_understood(tmp_path, words):
    path = table(tmp_path, "path,smiles", [words[n % 2] for n in range(20)])
    collection = open_collection(path, targets="smiles", kind="attributes")
    assert collection.targets[:, 0].tolist() == [0, 1] * 10


def test_the_kind_may_be_chosen(tmp_path):
    path = table(tmp_path, "path,grade", [str(n % 4) for n in range(24)])
    assert open_collection(path, targets="grade").kind == "attributes"
    assert open_collection(path, targets="grade", kind="numbers").target_names == ["grade"]


def test_pictures_may_lie_in_a_folder_beside_the_table_and_the_folder_stands_for_its_table(tmp_path):
    path = table(tmp_path, "filename,age,split", [f"{n},{('train', 'test')[n % 5 == 0]}" for n in range(40)], "faces")
    collection = open_collection(tmp_path, targets="age")
    assert collection.origin == str(path)
    assert collection.names[0] == "faces/00.png"
    assert collection.splits.count("test") == 8


def test_every_part_of_a_split_spans_the_range(tmp_path):
    prepared = prepare(table(tmp_path, "path,age", [str(n) for n in range(60)]), targets="age")
    for part in ("train", "validation", "test"):
        years = prepared.truth(prepared.rows(part))
        assert years.min() < 30 < years.max()
    assert prepared.n_outputs == 1
    assert next(prepared.part("train"))[1].shape[1] == 1


def test_targets_follow_their_pictures_into_a_part(tmp_path):
    prepared = prepare(table(tmp_path, "path,age", [str(n) for n in range(60)]), targets="age")
    bare = prepared.without_test()
    rows = bare.rows("validation")
    names = [bare.collection.names[row] for row in rows]
    assert bare.truth(rows)[:, 0].tolist() == [int(name[:2]) for name in names]


@pytest.mark.parametrize(
    ("rows", "targets", "kind", "sentence"),
    [
        (["1", "", "3"], "age", "", r"labels\.csv: line 3: 'age' is empty; fill it in or remove the line"),
        (["1", "old", "3"], "age", "numbers", "line 3: 'age' must be a number; got 'old'"),
        (["1", "nan", "3"], "age", "numbers", "line 3: 'age' must be a number; got 'nan'"),
        (["1", "1e999", "3"], "age", "numbers", "must be a number; got '1e999'"),
        (["7", "7", "7"], "age", "", "every picture has age 7, so there is nothing to tell; leave 'age' out"),
        (["1", "yes", "true"], "age", "attributes", "'age' says yes for every picture"),
        (["1", "2", "3"], "agge", "", r"has no column 'agge' to tell\. Did you mean 'age'\? Columns: age\."),
        (["1", "2", "3"], "path", "", "has no column 'path' to tell"),
        (["1", "2", "3"], "age,age", "", "targets are different columns joined by commas"),
        (["1", "2", "3"], "age,", "", "targets are different columns joined by commas"),
        ([str(n) for n in range(60)], "age", "attributes", "'age' has 60 different values, more than the 50"),
    ],
)
def test_a_column_that_cannot_be_told_gets_one_sentence(tmp_path, rows, targets, kind, sentence):
    with pytest.raises(ValueError, match=sentence):
        open_collection(table(tmp_path, "path,age", rows), targets=targets, kind=kind)


def test_numbers_and_categories_together_are_refused_with_the_way_out(tmp_path):
    path = table(tmp_path, "path,age,hair", [f"{n},{('red', 'fair')[n % 2]}" for n in range(20)])
    with pytest.raises(ValueError, match=r"'age' looks like a number and 'hair' like categories.*task=regress"):
        open_collection(path, targets="age,hair")


def test_targets_of_what_is_no_table_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"targets=age are columns of a CSV table, and .* is none"):
        open_collection(tmp_path, targets="age")
    with pytest.raises(FileNotFoundError, match="targets are columns of a CSV table, so give its path"):
        open_collection(tmp_path / "nothing.csv", targets="age")


def test_a_table_without_labels_says_that_columns_can_be_told(tmp_path):
    with pytest.raises(ValueError, match="or say which columns to tell, for example targets=age"):
        open_collection(table(tmp_path, "path,age", ["1", "2"]))


def verdicts(path: Path, targets: str) -> dict[str, tuple[str, str]]:
    found = audit(gather(open_collection(path, targets=targets)).evidence)
    return {verdict.check: (verdict.severity, verdict.what) for verdict in found}


def test_the_audit_names_rare_attributes_and_slips_of_the_pen(tmp_path):
    rare = verdicts(table(tmp_path / "a", "path,hat,tie", [f"{int(n < 2)},{n % 2}" for n in range(60)]), "hat,tie")
    assert rare["targets"][0] == "warning"
    assert "1 attribute with fewer than 3 pictures on one side (hat)" in rare["targets"][1]
    rows = [str(20 + n % 30) for n in range(59)] + ["3400"]
    severity, what = verdicts(table(tmp_path / "b", "path,age", rows), "age")["targets"]
    assert severity == "note"
    assert "59.png (age 3400)" in what


def test_the_audit_of_a_healthy_table_has_nothing_to_say_of_targets_or_classes(tmp_path):
    found = verdicts(table(tmp_path, "path,age", [str(20 + n % 30) for n in range(60)]), "age")
    assert {found[name][0] for name in ("targets", "class_balance", "class_size", "conflicting_labels")} == {"pass"}


def test_equal_pictures_of_different_age_are_a_conflict_and_of_nearly_the_same_none(tmp_path):
    path = table(tmp_path, "path,age", ["20", "80", *(str(n) for n in range(30, 70))])
    (tmp_path / "01.png").write_bytes((tmp_path / "00.png").read_bytes())
    assert verdicts(path, "age")["conflicting_labels"][0] == "warning"
    path.write_text(path.read_text().replace("01.png,80", "01.png,21"))
    assert verdicts(path, "age")["conflicting_labels"][0] == "pass"


def test_the_faces_are_read_as_they_are_published(visus_data):
    faces = visus_data / "utkface500"
    if not faces.is_dir():
        pytest.skip("utkface500 is not there")
    collection = open_collection(faces / "labels.csv", targets="age")
    assert [collection.splits.count(part) for part in ("train", "validation", "test")] == [350, 75, 75]
    part = np.array(collection.splits)
    median = np.median(collection.targets[part == "train"])
    assert np.abs(collection.targets[part == "test"] - median).mean() == pytest.approx(14.5, abs=0.05)
    assert len(open_collection(faces / "labels.csv", targets="gender,race").target_names) == 6
