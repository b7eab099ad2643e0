"""The named sets: found where they are, fetched where they are not, with their official classes and splits."""

import gzip
import hashlib
import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from local_server import serving
from official_layouts import BATCHES, batch_pickle, idx_bytes, meta_pickle

from visus.data import named
from visus.data.download import DownloadError
from visus.data.named import open_named
from visus.data.source import open_collection

REAL_DATA = os.environ.get("VISUS_DATA", "")  # read now, before `elsewhere` hides it
OFFICIAL = {"mnist": (70_000, 10_000), "fashion-mnist": (70_000, 10_000)}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No test sees this machine's data or cache."""
    monkeypatch.delenv("VISUS_DATA", raising=False)
    monkeypatch.setenv("VISUS_CACHE", str(tmp_path / "cache"))


def small_release(rng):
    """Ten training and four test pictures in the official four files."""
    files = {}
    for part, n in (("train", 10), ("t10k", 4)):
        files[f"{part}-images-idx3-ubyte.gz"] = idx_bytes(rng.integers(0, 256, (n, 5, 5)))
        files[f"{part}-labels-idx1-ubyte.gz"] = idx_bytes(rng.integers(3, 6, n))
    return files


@pytest.fixture
def small_mnist(monkeypatch):
    files = small_release(np.random.default_rng(0))
    checksums = {name: "md5:" + hashlib.md5(content).hexdigest() for name, content in files.items()}
    monkeypatch.setitem(named.IDX_RELEASES, "mnist", replace(named.IDX_RELEASES["mnist"], files=checksums))
    return files


def small_archive(tmp_path, missing=()):
    rng = np.random.default_rng(1)
    path = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        contents = {"batches.meta": meta_pickle(named.CIFAR10.classes)}
        for name in BATCHES:
            contents[name] = batch_pickle(rng.integers(0, 256, (3, 3072), dtype=np.uint8), [0, 9, 5])
        for name, content in contents.items():
            if name not in missing:
                entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return path


def test_a_set_that_is_nowhere_is_fetched_once(small_mnist):
    seen = []
    with serving(small_mnist) as (address, asked):
        first = open_named("mnist", lambda done, total: seen.append((done, total)), address)
        again = open_named("mnist", address=address)
    assert len(asked) == 4
    assert seen[-1][0] == seen[-1][1] > 0
    assert (first.pictures.values == again.pictures.values).all()
    assert first.origin == "mnist"
    assert first.classes == list("0123456789")
    assert first.splits == ["train"] * 10 + ["test"] * 4
    assert first.names[9:11] == ["train[9]", "test[0]"]
    assert set(first.labels) <= {3, 4, 5}  # the numbers in the files, although 0, 1 and 2 never occur


def test_the_data_folder_goes_before_the_cache_and_stays_as_it_is(small_mnist, tmp_path, monkeypatch):
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    for name, content in small_mnist.items():
        (folder / name.removesuffix(".gz")).write_bytes(gzip.decompress(content))
    monkeypatch.setenv("VISUS_DATA", str(tmp_path / "data"))
    before = sorted(p.name for p in folder.iterdir())
    assert len(open_collection("mnist")) == 14
    assert sorted(p.name for p in folder.iterdir()) == before
    assert not (tmp_path / "cache").exists()


def test_an_incomplete_data_folder_does_not_count(small_mnist, tmp_path, monkeypatch):
    (tmp_path / "data" / "mnist").mkdir(parents=True)
    (tmp_path / "data" / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(b"")
    monkeypatch.setenv("VISUS_DATA", str(tmp_path / "data"))
    with serving(small_mnist) as (address, _):
        assert len(open_named("mnist", address=address)) == 14


def test_a_set_that_cannot_be_fetched_says_where_to_put_it(tmp_path):
    with (
        serving({}) as (address, _),
        pytest.raises(DownloadError, match=r"404.*into \$VISUS_DATA/fashion-mnist yourself"),
    ):
        open_named("fashion-mnist", address=address)


@pytest.mark.parametrize("place", ["data/cifar10", "data", "cache/cifar10"])
def test_cifar10_is_unpacked_from_its_archive_into_the_cache(tmp_path, monkeypatch, place):
    (tmp_path / place).mkdir(parents=True)
    monkeypatch.setenv("VISUS_DATA", str(tmp_path / "data"))
    archive = small_archive(tmp_path / place)
    collection = open_collection("cifar10")
    assert (len(collection), collection.splits.count("test")) == (18, 3)
    assert collection.classes[9] == "truck"
    assert not (archive.parent / "cifar-10-batches-py").exists() or place == "cache/cifar10"
    archive.unlink()
    assert len(open_collection("cifar10")) == 18


def test_the_course_takes_the_last_training_pictures_for_validation_and_leaves_the_test_part_whole(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("VISUS_DATA", str(tmp_path))
    monkeypatch.setattr(named, "COURSE_VALIDATION", 4)
    small_archive(tmp_path)
    official, course = open_collection("cifar10"), open_collection("cifar10-course")
    assert course.splits == ["train"] * 11 + ["validation"] * 4 + ["test"] * 3
    assert [s.replace("validation", "train") for s in course.splits] == official.splits


def test_cifar10_is_fetched_and_unpacked(tmp_path, monkeypatch):
    content = small_archive(tmp_path).read_bytes()
    checksums = {"cifar-10-python.tar.gz": "md5:" + hashlib.md5(content).hexdigest()}
    monkeypatch.setattr(named, "CIFAR10", replace(named.CIFAR10, files=checksums))
    with serving({"cifar-10-python.tar.gz": content}) as (address, _):
        assert len(open_named("cifar10", address=address)) == 18


@pytest.mark.parametrize("place", ["cifar10/cifar-10-batches-py", "cifar-10-batches-py", "cifar10"])
def test_cifar10_unpacked_in_the_data_folder_is_used_in_place(tmp_path, monkeypatch, place):
    monkeypatch.setenv("VISUS_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / place).parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(small_archive(tmp_path)) as tar:
        tar.extractall(tmp_path, filter="data")
    (tmp_path / "cifar-10-batches-py").rename(tmp_path / "data" / place)
    assert len(open_collection("cifar10")) == 18
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("damage", ["cut off", "a batch is missing", "no archive"])
def test_a_broken_archive_is_refused_by_name_and_leaves_nothing_half_done(tmp_path, monkeypatch, damage):
    monkeypatch.setenv("VISUS_DATA", str(tmp_path))
    archive = small_archive(tmp_path, missing=["data_batch_3"] if damage == "a batch is missing" else [])
    if damage != "a batch is missing":
        archive.write_bytes(archive.read_bytes()[:20_000] if damage == "cut off" else b"hello")
    with pytest.raises(ValueError, match=r"cifar-10-python\.tar\.gz is broken or not CIFAR-10's archive"):
        open_collection("cifar10")
    assert not (tmp_path / "cache" / "cifar10" / "cifar-10-batches-py").exists()


def test_digits_are_scaled_to_bytes_and_have_no_official_test_set():
    from sklearn.datasets import load_digits

    collection = open_collection("digits")
    assert collection.pictures.values.shape == (1797, 8, 8)
    np.testing.assert_allclose(collection.pictures.values / 255, load_digits().images / 16, atol=0.5 / 255 + 1e-9)
    assert (collection.labels == load_digits().target).all()
    assert collection.splits is None
    assert collection.classes == list("0123456789")


@pytest.mark.parametrize(
    ("asked", "meant"), [("minst", "mnist"), ("CIFAR10", "cifar10"), ("fashion_mnist", "fashion-mnist")]
)
def test_a_mistyped_set_gets_the_nearest_name(asked, meant, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LookupError, match=f"no set or path is called '{asked}'. Did you mean '{meant}'"):
        open_collection(asked)


def test_a_name_goes_before_a_path_and_a_path_is_written_with_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert open_collection("digits").origin == "digits"
    with pytest.raises(ValueError, match="empty folder"):
        open_collection("./digits")
    with pytest.raises(ValueError, match="empty folder"):
        open_collection(Path("digits"))


def test_an_unknown_name_is_refused_by_open_named():
    with pytest.raises(LookupError, match=r"no set is named 'imagenet'.*cifar10, cifar10-course, digits, fashion"):
        open_named("imagenet")


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_real_sets_have_their_official_sizes(name, monkeypatch):
    if not REAL_DATA or not (Path(REAL_DATA) / name).is_dir():
        pytest.skip(f"$VISUS_DATA/{name} is not there")
    monkeypatch.setenv("VISUS_DATA", REAL_DATA)
    collection = open_collection(name)
    assert (len(collection), collection.splits.count("test")) == OFFICIAL[name]
    assert np.bincount(collection.labels).min() > 5000
    assert len(collection.classes) == 10
    by_path = open_collection(Path(REAL_DATA) / name)
    assert list(by_path.classes) == list(collection.classes)
