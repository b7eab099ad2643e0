"""Importers say what lies in a folder or file, or why they cannot, naming the culprit."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from official_layouts import BATCHES, batch_pickle, idx_bytes, meta_pickle
from PIL import Image

from visus.data import formats
from visus.data._folder import modules
from visus.data.collection import Arrays, Collection, Files
from visus.data.decode import Frame
from visus.data.formats import cifar_batches, cifar_binary, class_folders, csv_table, idx, npz
from visus.data.source import open_collection

IMPORTERS = modules(formats)
RNG = np.random.default_rng(0)


def make(root: Path, *names: str) -> Path:
    """One-pixel pictures, or text where the name is not a picture's."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in {".png", ".jpg", ".jpeg", ".gif"}:
            Image.new("RGB", (1, 1)).save(path, "PNG")
        else:
            path.write_text("text")
    return root


# ---- promises kept by all


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda module: module.__name__.rpartition(".")[2])
class TestEveryImporter:
    def test_has_a_card(self, importer):
        first, *_ = importer.__doc__.splitlines()
        assert first.endswith(".")
        assert len(first) > 20

    def test_recognises_nothing_in_an_empty_folder_or_none_at_all(self, importer, tmp_path):
        assert importer.recognises(tmp_path) is False
        assert importer.recognises(tmp_path / "nowhere") is False

    def test_recognises_nothing_in_a_text_file(self, importer, tmp_path):
        make(tmp_path, "notes.txt", "photo.jpg")
        assert importer.recognises(tmp_path / "notes.txt") is False
        assert importer.recognises(tmp_path / "photo.jpg") is False

    def test_refuses_what_it_cannot_read_in_one_line_that_names_it(self, importer, tmp_path):
        if importer.__name__.endswith(".digits"):
            return  # it reads no file
        make(tmp_path / "stuff", "notes.txt")
        for path in (tmp_path / "stuff", tmp_path / "stuff" / "notes.txt", tmp_path / "nowhere"):
            with pytest.raises((ValueError, LookupError, OSError)) as refusal:
                importer.read(path)
            assert path.name in str(refusal.value)
            assert "\n" not in str(refusal.value)


@pytest.fixture
def one_of_each(tmp_path):
    """A small set in every layout that lies on disk."""
    paths = {"class_folders": make(tmp_path / "class_folders", "cat/1.png", "dog/2.png")}
    make(tmp_path / "csv_table", "1.png", "2.png")
    paths["csv_table"] = tmp_path / "csv_table" / "table.csv"
    paths["csv_table"].write_text("path,label\n1.png,cat\n2.png,dog\n")
    for name in ("idx", "cifar_batches", "cifar_binary"):
        paths[name] = tmp_path / name
        paths[name].mkdir()
    for part in ("train", "t10k"):
        (paths["idx"] / f"{part}-images-idx3-ubyte.gz").write_bytes(idx_bytes(RNG.integers(0, 256, (2, 4, 6))))
        (paths["idx"] / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx_bytes(np.array([0, 1])))
    for name in BATCHES:
        planes = RNG.integers(0, 256, (2, 3072), dtype=np.uint8)
        (paths["cifar_batches"] / name).write_bytes(batch_pickle(planes, [0, 1]))
        rows = np.concatenate([np.array([[0], [1]], np.uint8), planes], axis=1)
        (paths["cifar_binary"] / f"{name}.bin").write_bytes(rows.tobytes())
    paths["npz"] = tmp_path / "set.npz"
    np.savez(paths["npz"], images=RNG.integers(0, 256, (2, 4, 6), dtype=np.uint8), labels=np.array([0, 1]))
    return paths


def test_each_layout_is_recognised_by_its_importer_alone(one_of_each):
    for name, path in one_of_each.items():
        recognising = [importer.__name__.rpartition(".")[2] for importer in IMPORTERS if importer.recognises(path)]
        assert recognising == [name]
    assert {*one_of_each, "digits"} == {importer.__name__.rpartition(".")[2] for importer in IMPORTERS}


def test_every_collection_is_consistent(one_of_each):
    for path in one_of_each.values():
        collection = open_collection(path)
        assert isinstance(collection, Collection)
        n = len(collection)
        assert len(collection.names) == len(set(collection.names)) == len(collection.pictures) == n
        assert collection.labels.dtype == np.int64
        assert 0 <= collection.labels.min() <= collection.labels.max() < len(collection.classes)
        assert collection.splits is None or len(collection.splits) == n
        assert isinstance(collection.pictures, Files | Arrays)
        assert collection.pictures.load(n - 1, Frame(3, 5)).shape == (3, 5, 3)
        assert collection.origin == str(path)


# ---- what nothing understands


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=rf"{tmp_path} is an empty folder; expected one folder per class"):
        open_collection(tmp_path)


def test_pictures_without_class_folders_are_refused_with_what_is_understood(tmp_path):
    with pytest.raises(ValueError, match=r"nothing that can be read here; understood are: .*One folder per class.*npz"):
        open_collection(make(tmp_path, "1.png", "2.png"))


def test_a_path_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no '.*nowhere'; check the path"):
        open_collection(tmp_path / "nowhere")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may list any folder")
def test_a_folder_that_may_not_be_listed_is_refused_by_name(tmp_path):
    (make(tmp_path, "cat/1.png") / "cat").chmod(0)
    try:
        with pytest.raises(PermissionError, match=r"cat cannot be listed \(Permission denied\)"):
            open_collection(tmp_path)
    finally:
        (tmp_path / "cat").chmod(0o700)


# ---- one folder per class


def test_class_folders_give_the_classes_in_order_and_nested_folders_belong_to_them(tmp_path):
    make(tmp_path, "dog/2.PNG", "dog/old/3.jpg", "cat/1.jpeg")
    collection = class_folders.read(tmp_path)
    assert collection.classes == ["cat", "dog"]
    assert collection.names == ["cat/1.jpeg", "dog/2.PNG", "dog/old/3.jpg"]
    assert collection.labels.tolist() == [0, 1, 1]
    assert collection.splits is None
    assert not collection.problems


def test_numbered_classes_are_in_the_order_of_numbers(tmp_path):
    assert class_folders.read(make(tmp_path, "10/a.png", "9/a.png", "0/a.png")).classes == ["0", "9", "10"]


def test_what_is_no_picture_is_left_out_and_mentioned(tmp_path):
    make(
        tmp_path, "cat/1.png", "cat/Thumbs.db", "cat/notes.txt", "cat/.hidden.png", "stray.png", "readme.md", "empty/.x"
    )
    make(tmp_path, "__MACOSX/cat/1.png", ".git/2.png", "cat/.cache/2.png")
    collection = class_folders.read(tmp_path)
    assert collection.names == ["cat/1.png"]
    said = "\n".join(collection.problems)
    for name in ("Thumbs.db", "notes.txt", "stray.png, ", "readme.md", "empty", ".hidden.png"):
        assert name in said or "more: left out, hidden" in said
    assert "cat/notes.txt: left out, not named like a picture" in collection.problems
    assert "readme.md, stray.png: left out, outside the class folders" in collection.problems
    assert "empty: left out, no picture in it" in collection.problems


def test_many_entries_left_out_for_one_reason_take_one_sentence(tmp_path):
    make(tmp_path, "cat/1.png", *(f"cat/{i:02}.txt" for i in range(20)))
    assert class_folders.read(tmp_path).problems == [
        "cat/00.txt, cat/01.txt, cat/02.txt and 17 more: left out, not named like a picture"
    ]


def test_text_named_like_a_picture_stays_for_the_audit_to_name(tmp_path):
    make(tmp_path, "cat/1.png")
    (tmp_path / "cat" / "2.jpg").write_text("not a picture")
    (tmp_path / "cat" / "3.jpg").symlink_to("gone.jpg")
    assert class_folders.read(tmp_path).names == ["cat/1.png", "cat/2.jpg", "cat/3.jpg"]


@pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
def test_folders_named_like_splits_give_the_splits(tmp_path, validation):
    make(tmp_path, "train/cat/1.png", "train/dog/1.png", f"{validation}/cat/1.png", "test/cat/1.png", "test/loose.png")
    collection = class_folders.read(make(tmp_path, "extra/cat/1.png"))
    by_name = dict(zip(collection.names, collection.splits))
    assert by_name == {
        "train/cat/1.png": "train",
        "train/dog/1.png": "train",
        f"{validation}/cat/1.png": "validation",
        "test/cat/1.png": "test",
    }
    assert collection.classes == ["cat", "dog"]
    assert "test/loose.png: left out, outside the class folders" in collection.problems
    assert "extra: left out, beside the train, validation and test folders" in collection.problems


def test_a_lone_train_folder_says_nothing_about_a_split(tmp_path):
    collection = class_folders.read(make(tmp_path, "train/cat/1.png", "train/dog/1.png"))
    assert collection.classes == ["cat", "dog"]
    assert collection.splits is None


def test_a_class_may_be_called_train(tmp_path):
    toys = class_folders.read(make(tmp_path / "toys", "train/1.png", "car/1.png", "train/steam/2.png"))
    assert toys.classes == ["car", "train"]
    flat = class_folders.read(make(tmp_path / "flat", "train/1.png", "test/1.png"))
    assert (flat.classes, flat.splits) == (["test", "train"], None)


def test_a_lone_folder_around_the_class_folders_is_looked_through(tmp_path):
    collection = class_folders.read(make(tmp_path, "archive/cat/1.png", "archive/dog/1.png", "__MACOSX/cat/1.png"))
    assert collection.classes == ["cat", "dog"]
    assert collection.origin == str(tmp_path / "archive")
    assert "archive: the only folder in" in collection.problems[0]
    assert "__MACOSX: left out, hidden or a system's own" in collection.problems
    split = class_folders.read(make(tmp_path / "more", "wrapper/train/cat/1.png", "wrapper/train/dog/1.png"))
    assert split.classes == ["cat", "dog"]


def test_one_class_is_not_refused_here(tmp_path):
    assert class_folders.read(make(tmp_path, "cat/1.png", "cat/more/2.png")).classes == ["cat"]


def test_symbolic_links_are_followed_and_their_loops_survived(tmp_path):
    make(tmp_path, "set/cat/1.png", "elsewhere/2.png")
    for link, target in (
        ("set/cat/up", ".."),
        ("set/cat/self", "self"),
        ("set/all", "."),
        ("set/cat/far", "../../elsewhere"),
    ):
        (tmp_path / link).symlink_to(target)
    (tmp_path / "elsewhere" / "back").symlink_to("../set/cat")
    collection = class_folders.read(tmp_path / "set")
    assert collection.names == ["cat/1.png", "cat/far/2.png"]
    assert any("cat/up" in said and "link to a folder that is read already" in said for said in collection.problems)


def test_names_can_be_printed_whatever_bytes_they_are(tmp_path):
    folder = make(tmp_path, "cät/ü 1.png") / "cät"
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff.png")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    names = class_folders.read(tmp_path).names
    assert names == ["cät/ü 1.png", "cät/\\xff.png"]


# ---- a CSV table


def table(tmp_path: Path, text: str | bytes) -> Path:
    make(tmp_path / "set", "a.png", "b/c.png", "d, e.png")
    make(tmp_path, "outside.png")
    path = tmp_path / "set" / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_table_gives_labels_splits_and_groups(tmp_path):
    text = "Path,label,split,group,note\na.png,cat,train,anna,x\nb/c.png,dog,VAL,,\n\n'd, e.png',cat,,bo,y\n"
    collection = csv_table.read(table(tmp_path, text.replace("'", '"')))
    assert collection.names == ["a.png", "b/c.png", "d, e.png"]
    assert collection.classes == ["cat", "dog"]
    assert collection.labels.tolist() == [0, 1, 0]
    assert collection.splits == ["train", "validation", ""]
    assert collection.groups == ["anna", "b/c.png", "bo"]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffpath,label\na.png,cat\nb/c.png,dog\n",
        "label;path\r\ncat;a.png\r\ndog;b/c.png\r\n",
        "path\tlabel\na.png\tcat\nb\\c.png\tdog",
        'path|label\n./a.png| cat \n"b/c.png"|dog\n',
        '"path","label"\n"a.png","cat"\nb//c.png,dog\n',
    ],
    ids=["byte order mark", "semicolon", "tab, Windows paths", "bar, blanks", "quotes"],
)
def test_tables_as_spreadsheets_write_them_are_read(tmp_path, text):
    collection = csv_table.read(table(tmp_path, text))
    assert sorted(collection.names) == ["a.png", "b/c.png"]
    assert collection.classes == ["cat", "dog"]
    assert collection.splits is None
    assert collection.groups is None


@pytest.mark.parametrize(
    ("rows", "line", "said"),
    [
        ("a.png,cat\ngone.png,cat", 3, "there is no file 'gone.png'"),
        ("a.png,cat\n../outside.png,cat", 3, "'../outside.png' lies outside the table's folder"),
        ("/etc/hosts,cat", 2, "'/etc/hosts' lies outside the table's folder"),
        ("a.png,cat\n\nb/c.png,", 4, "'b/c.png' has no label"),
        (",cat", 2, "no path"),
        ("a.png,cat\nb,c.png,cat", 3, "3 values for 2 columns"),
        ("a.png", 2, "1 values for 2 columns"),
        ("a.png,cat\nb/../a.png,dog", 3, "'b/../a.png' is listed already in line 2"),
        ("b,cat", 2, "there is no file 'b'"),
        ("x" * 5000 + ",cat", 2, ""),
    ],
)
def test_a_wrong_row_is_named_by_file_and_line(tmp_path, rows, line, said):
    with pytest.raises(ValueError, match=r"table\.csv, line") as refusal:
        csv_table.read(table(tmp_path, f"path,label\n{rows}\n"))
    assert f"table.csv, line {line}: {said}" in str(refusal.value)


def test_an_unknown_split_is_named_by_file_and_line(tmp_path):
    with pytest.raises(ValueError, match=r"table\.csv, line 2: unknown split 'exam'; expected train, validation, test"):
        csv_table.read(table(tmp_path, "path,label,split\na.png,cat,exam\n"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: the header is ''; expected the columns path and label"),
        (b"file,class\na.png,cat\n", "line 1: the header is 'file,class'; expected the columns path and label"),
        (b"path,label\n", "lists no pictures"),
        ("path,label\na.png,cät\n".encode("latin-1"), "is not UTF-8 text"),
        ("path,label\na.png,cat\n".encode("utf-16"), "is not UTF-8 text"),
        (b'path,label\n"a.png"x,cat\n', "is no CSV table"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, content, said):
    with pytest.raises(ValueError, match=r"table\.csv") as refusal:
        csv_table.read(table(tmp_path, content))
    assert said in str(refusal.value)


# ---- IDX


def idx_pair(folder: Path, images: bytes, labels: bytes, packed: bool = True) -> Path:
    suffix = ".gz" if packed else ""
    (folder / f"train-images-idx3-ubyte{suffix}").write_bytes(images)
    (folder / f"train-labels-idx1-ubyte{suffix}").write_bytes(labels)
    return folder


@pytest.mark.parametrize("packed", [True, False])
def test_idx_files_are_read_packed_or_not(tmp_path, packed):
    values, labels = RNG.integers(0, 256, (3, 4, 6)), np.array([7, 2, 7])
    idx_pair(tmp_path, idx_bytes(values, packed), idx_bytes(labels, packed), packed)
    collection = idx.read(tmp_path)
    assert (collection.pictures.values == values).all()
    assert collection.classes == ["2", "7"]
    assert collection.labels.tolist() == [1, 0, 1]
    assert collection.names[2] == "train[2]"
    assert collection.splits is None
    by_file = idx.read(tmp_path / f"train-images-idx3-ubyte{'.gz' if packed else ''}")
    assert (by_file.pictures.values == values).all()


def test_any_pair_of_idx_files_is_read_by_the_path_of_its_images(tmp_path):
    (tmp_path / "my-images.idx3-ubyte").write_bytes(idx_bytes(RNG.integers(0, 256, (2, 3, 3)), packed=False))
    with pytest.raises(FileNotFoundError, match=r"my-labels\.idx1-ubyte is not there, packed or not"):
        open_collection(tmp_path / "my-images.idx3-ubyte")
    (tmp_path / "my-labels.idx1-ubyte").write_bytes(idx_bytes(np.array([0, 1]), packed=False))
    assert len(open_collection(tmp_path / "my-images.idx3-ubyte")) == 2


IMAGES, LABELS = idx_bytes(RNG.integers(0, 256, (3, 4, 6)), False), idx_bytes(np.array([0, 1, 2]), False)


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (IMAGES[:-1], LABELS, "images-idx3-ubyte is cut off: its header announces 72 bytes, 71 came"),
        (IMAGES[:10], LABELS, "images-idx3-ubyte is cut off within its header"),
        (IMAGES + b"x", LABELS, "images-idx3-ubyte goes on after the 72 bytes"),
        (LABELS, LABELS, "images-idx3-ubyte begins with b'\\x00\\x00\\x08\\x01'"),
        (b"\0\0\x0d\x03" + IMAGES[4:], LABELS, "images-idx3-ubyte begins with"),
        (b"", LABELS, "images-idx3-ubyte begins with b''"),
        (IMAGES, idx_bytes(np.array([0, 1]), False), "labels-idx1-ubyte holds 2 labels for 3 pictures"),
        (b"\0\0\x08\x03" + b"\xff" * 12, LABELS, "images-idx3-ubyte is cut off: its header announces"),
    ],
)
def test_a_wrong_idx_file_is_refused_by_name(tmp_path, images, labels, said):
    with pytest.raises(ValueError, match="ubyte") as refusal:
        idx.read(idx_pair(tmp_path, images, labels, packed=False))
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "damage", [lambda gz: gz[:-12], lambda gz: gz[:30], lambda _: b"no gzip", lambda gz: gz[:20] + gz[25:]]
)
def test_a_broken_gz_file_is_refused_by_name(tmp_path, damage):
    images = idx_bytes(RNG.integers(0, 256, (30, 4, 6)))
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz is cut off"):
        idx.read(idx_pair(tmp_path, damage(images), idx_bytes(np.zeros(30, np.uint8))))


def test_a_label_outside_the_given_classes_is_refused(tmp_path):
    idx_pair(tmp_path, IMAGES, LABELS, packed=False)
    assert idx.read(tmp_path, classes=("a", "b", "c", "d")).classes == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="label 2 is outside the 2 classes"):
        idx.read(tmp_path, classes=("a", "b"))


# ---- CIFAR-10


def test_both_layouts_of_cifar10_give_the_same_upright_colour_pictures(one_of_each):
    picture = np.zeros((1, 3, 32, 32), np.uint8)
    picture[0, 0, 2, 5] = 200  # red, in row 2, column 5
    folder = one_of_each["cifar_batches"]
    (folder / "data_batch_1").write_bytes(batch_pickle(picture.reshape(1, -1), [9]))
    (folder / "batches.meta").write_bytes(meta_pickle(tuple("abcdefghij")))
    binary = one_of_each["cifar_binary"]
    (binary / "data_batch_1.bin").write_bytes(bytes([9]) + picture.tobytes())
    first, second = cifar_batches.read(folder), cifar_binary.read(binary)
    for collection in (first, second):
        assert np.argwhere(collection.pictures.values[0]).tolist() == [[2, 5, 0]]
        assert collection.labels[0] == 9
        assert collection.names[:2] == ["data_batch_1[0]", "data_batch_2[0]"]
        assert collection.splits.count("train") == 9
        assert collection.splits.count("test") == 2
    assert first.classes == list("abcdefghij")
    assert second.classes[0] == "airplane"


def test_a_batch_that_is_missing_is_mentioned(one_of_each):
    (one_of_each["cifar_batches"] / "data_batch_4").unlink()
    assert cifar_batches.read(one_of_each["cifar_batches"]).problems == [
        "data_batch_4: not there; the official set is incomplete"
    ]


class RunsAProgram:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("file", ["data_batch_2", "batches.meta"])
def test_a_pickle_that_would_run_a_program_is_refused_by_name_and_runs_nothing(one_of_each, tmp_path, protocol, file):
    trace = tmp_path / "trace"
    content = pickle.dumps({"data": RunsAProgram(f"touch {trace}"), "labels": [0]}, protocol)
    (one_of_each["cifar_batches"] / file).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{file} asks for (posix|nt)\.system, which no picture needs: refused"):
        cifar_batches.read(one_of_each["cifar_batches"])
    assert not trace.exists()


@pytest.mark.parametrize(
    "asked",
    [
        b"cbuiltins\neval\n",
        b"c__builtin__\neval\n",
        b"cnumpy\nload\n",
        b"cnumpy.core.multiarray\nscalar\n",
        b"cnumpy\nndarray.__class__\n",
        b"cvisus.data.formats.cifar_batches\n_unpickled\n",
    ],
)
def test_whatever_else_a_pickle_asks_for_is_refused(one_of_each, asked):
    (one_of_each["cifar_batches"] / "test_batch").write_bytes(b"\x80\x04" + asked + b"(U\x011tR.")
    with pytest.raises(ValueError, match=r"test_batch asks for .* refused, nothing was run"):
        cifar_batches.read(one_of_each["cifar_batches"])


def test_a_pickle_that_spoils_its_own_stand_ins_spoils_no_other_file(one_of_each):
    spoil = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(N}U\x04__call__K\x05stb."
    (one_of_each["cifar_batches"] / "data_batch_1").write_bytes(spoil)
    with pytest.raises(ValueError, match="data_batch_1 is cut off or broken"):
        cifar_batches.read(one_of_each["cifar_batches"])
    (one_of_each["cifar_batches"] / "data_batch_1").unlink()
    assert len(cifar_batches.read(one_of_each["cifar_batches"])) == 10


PLANES = np.zeros((2, 3072), np.uint8)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is cut off or broken"),
        (batch_pickle(PLANES, [0, 1])[:500], "is cut off or broken"),
        (batch_pickle(PLANES, [0, 1]).replace(b"U\x02u1", b"U\x02f8"), "not of unsigned bytes"),
        (batch_pickle(PLANES, [0]), "holds 1 labels for 2 pictures"),
        (batch_pickle(PLANES, [0, 10]), "labels outside 0..9"),
        (batch_pickle(PLANES[:, :100], [0, 1]), "no array 'data'"),
        (pickle.dumps({b"data": 1, b"labels": [1]}), "no array 'data'"),
        (pickle.dumps([1, 2]), "holds no dictionary"),
        (batch_pickle(PLANES, [0, 1]).replace(b"labels", b"LABELS"), "no list 'labels'"),
        (b"\x80\x02r\xff\xff\xff\x7f.", "is cut off or broken"),
    ],
)
def test_a_wrong_batch_is_refused_by_name(one_of_each, content, said):
    (one_of_each["cifar_batches"] / "data_batch_5").write_bytes(content)
    with pytest.raises(ValueError, match="data_batch_5") as refusal:
        cifar_batches.read(one_of_each["cifar_batches"])
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(bytes(3072), "is cut off: 3072 bytes"), (b"", "has no labels"), (b"\x0a" + bytes(3072), "outside 0..9")],
)
def test_a_wrong_binary_batch_is_refused_by_name(one_of_each, content, said):
    (one_of_each["cifar_binary"] / "data_batch_5.bin").write_bytes(content)
    with pytest.raises(ValueError, match=r"data_batch_5\.bin") as refusal:
        cifar_binary.read(one_of_each["cifar_binary"])
    assert said in str(refusal.value)


# ---- arrays


def arrays(tmp_path: Path, **values) -> Path:
    np.savez(tmp_path / "set.npz", **values)
    return tmp_path / "set.npz"


GREY, COLOUR = RNG.integers(0, 256, (4, 3, 5), dtype=np.uint8), RNG.integers(0, 256, (4, 3, 5, 3), dtype=np.uint8)


def test_train_and_test_arrays_keep_their_split(tmp_path):
    path = arrays(tmp_path, x_train=COLOUR, y_train=[[1], [0], [1], [2]], x_test=COLOUR[:2], y_test=[0, 5])
    collection = npz.read(path)
    assert (collection.pictures.values == np.concatenate([COLOUR, COLOUR[:2]])).all()
    assert collection.splits == ["train"] * 4 + ["test"] * 2
    assert collection.names[3:5] == ["train[3]", "test[0]"]
    assert collection.classes == ["0", "1", "2", "5"]
    assert collection.labels.tolist() == [1, 0, 1, 2, 0, 3]


def test_images_and_labels_take_names_splits_and_classes(tmp_path):
    splits = ["train", "Validation", "", "test"]
    path = arrays(
        tmp_path, images=GREY[..., None], labels=np.int8([0, 2, 2, 0]), splits=splits, classes=["a", "b", "c"]
    )
    collection = npz.read(path)
    assert (collection.pictures.values == GREY).all()
    assert collection.splits == ["train", "validation", "", "test"]
    assert collection.classes == ["a", "b", "c"]
    assert collection.labels.tolist() == [0, 2, 2, 0]
    assert npz.read(arrays(tmp_path, images=GREY, labels=["b", "a", "a", "b"])).classes == ["a", "b"]
    by_name = npz.read(arrays(tmp_path, images=GREY, labels=["b", "a", "a", "b"], classes=["b", "a"]))
    assert by_name.labels.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_floats_in_0_1_and_wider_integers_become_the_bytes_they_mean(tmp_path, kind):
    images = GREY / kind(255) if kind != np.int64 else GREY.astype(kind)
    assert (npz.read(arrays(tmp_path, images=images, labels=[0, 1, 0, 1])).pictures.values == GREY).all()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"images": GREY.astype(float), "labels": [0, 1, 0, 1]}, "images holds floats from "),
        ({"images": np.full((4, 3, 5), np.nan), "labels": [0, 1, 0, 1]}, "images holds floats from nan"),
        ({"images": GREY.astype(int) - 1000, "labels": [0, 1, 0, 1]}, "images holds whole numbers from -"),
        ({"images": np.moveaxis(COLOUR, 3, 1), "labels": [0, 1, 0, 1]}, "images has shape (4, 3, 3, 5); expected"),
        ({"images": GREY[0], "labels": [0, 1, 0]}, "images has shape (3, 5); expected"),
        ({"images": GREY > 9, "labels": [0, 1, 0, 1]}, "of type bool"),
        ({"images": GREY[:0], "labels": np.array([], int)}, "images holds 0 values"),
        ({"images": GREY, "labels": [0, 1]}, "labels holds 2 labels for 4 pictures"),
        ({"images": GREY, "labels": np.eye(4)}, "labels has shape (4, 4)"),
        ({"images": GREY, "labels": [0.0, 1.0, 0.0, 1.0]}, "labels has shape (4,) and type float64"),
        ({"images": GREY, "labels": [0, 1, 0, 3], "classes": ["a", "b"]}, "label '3' is none of the 2 classes"),
        ({"images": GREY, "labels": [0, 1, 0, -1], "classes": ["a", "b"]}, "label '-1' is none of the 2 classes"),
        ({"images": GREY, "labels": [0, 1, 0, 1], "classes": ["a", "a"]}, "classes names one class twice"),
        ({"images": GREY, "labels": [0, 1, 0, 1], "splits": ["train"]}, "splits: 1 for 4 pictures"),
        ({"images": GREY, "labels": [0, 1, 0, 1], "splits": ["exam"] * 4}, "splits: unknown 'exam'"),
        ({"x_train": GREY}, "no array 'y_train' but x_train"),
        ({"pictures": GREY}, "no array 'images' but pictures"),
        ({"x_train": GREY, "y_train": [0] * 4, "x_test": COLOUR, "y_test": [0] * 4}, "differ in size or colour"),
        ({"images": np.array([{}, []], dtype=object), "labels": [0, 1]}, "holds more than plain arrays"),
    ],
)
def test_arrays_of_another_kind_are_refused_by_name(tmp_path, values, said):
    with pytest.raises(ValueError, match=r"set\.npz") as refusal:
        npz.read(arrays(tmp_path, **values))
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:100],
        lambda b: b[:-30],
        lambda _: b"hello",
        lambda _: b"",
        lambda b: b[:60] + b"\xff" * 40 + b[100:],
        lambda _: b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (0,), }".ljust(128) + b"\n",
    ],
)
def test_a_broken_npz_file_is_refused_by_name(tmp_path, damage):
    path = arrays(tmp_path, images=GREY, labels=[0, 1, 0, 1])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"set\.npz is broken"):
        npz.read(path)


def test_an_array_too_large_to_be_is_refused(tmp_path):
    path = arrays(tmp_path, images=GREY, labels=[0, 1, 0, 1])
    content = path.read_bytes()
    assert b"(4, 3, 5), " in content
    path.write_bytes(content.replace(b"(4, 3, 5), }  ", b"(" + b"9" * 3 + b", 3, 5), }"))
    with pytest.raises(ValueError, match=r"set\.npz"):
        npz.read(path)
