"""The sets that have a name: digits, mnist, fashion-mnist and cifar10, found on this machine or fetched once.

`cifar10-course` is cifar10 divided as courses do: the last 1,000 of the 50,000 training pictures are for validation.
`mnist-translated` are the digits of mnist, each at a place of its own on 60 x 60 black pixels.

They are looked for in $VISUS_DATA/<name>, then in the cache ($VISUS_CACHE, or ~/.cache/visus), and else downloaded
into the cache and checked against the official checksums. Nothing is ever written into $VISUS_DATA.
"""

import os
import shutil
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .collection import TRAIN, VALIDATION, Collection
from .download import DownloadError, Progress, fetch
from .formats import _cifar, cifar_batches, digits, idx
from .scattered import scattered

NAMES = ("cifar10", "cifar10-course", "digits", "fashion-mnist", "mnist", "mnist-translated")


@dataclass(frozen=True)
class Release:
    """Where a set is published and its official checksums."""

    address: str
    files: Mapping[str, str]
    classes: tuple[str, ...]


IDX_RELEASES = {
    "mnist": Release(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        {
            "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
            "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
            "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
        },
        tuple(str(digit) for digit in range(10)),
    ),
    "fashion-mnist": Release(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        {
            "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
        },
        idx.FASHION,
    ),
}
CIFAR10 = Release(
    "https://www.cs.toronto.edu/~kriz/",
    {"cifar-10-python.tar.gz": "md5:c58f30108f718f92721af3b95e74349a"},
    _cifar.CLASSES,
)
COURSE_VALIDATION = 1_000
CIFAR10_FOLDER, CIFAR10_ARCHIVE = "cifar-10-batches-py", "cifar-10-python.tar.gz"


def open_named(name: str, progress: Progress | None = None, address: str = "") -> Collection:
    """The set `name`, one of NAMES, with its official classes and splits.

    `progress` is called with the bytes that are there and in all; `address` takes the place of the official one.
    Raises LookupError for another name, DownloadError if the set is not here and cannot be fetched.
    """
    if name == "digits":
        return digits.read()
    if name in ("cifar10", "cifar10-course"):
        official = cifar_batches.read(_cifar10(progress, address))
        return replace(official, origin=name, splits=_course(official.splits) if "course" in name else official.splits)
    if name == "mnist-translated":
        return replace(scattered(open_named("mnist", progress, address)), origin=name)
    if name not in IDX_RELEASES:
        raise LookupError(f"no set is named '{name}'. Available: {', '.join(NAMES)}.")
    release = IDX_RELEASES[name]
    return replace(idx.read(_idx(name, release, progress, address), release.classes), origin=name)


def is_here(name: str) -> bool:
    """Whether the files of `name`, a set like MNIST, lie on this machine, so that opening it fetches nothing."""
    return name in IDX_RELEASES and _idx_folder(name, IDX_RELEASES[name]) is not None


def _course(splits: Sequence[str] | None) -> list[str]:
    """The last COURSE_VALIDATION training pictures become validation; the official test part stays whole."""
    parts = list(splits or ())
    training = [row for row, part in enumerate(parts) if part == TRAIN]
    for row in training[-COURSE_VALIDATION:]:
        parts[row] = VALIDATION
    return parts


def cache() -> Path:
    """$VISUS_CACHE, or ~/.cache/visus."""
    return Path(os.environ.get("VISUS_CACHE") or Path.home() / ".cache" / "visus")


def _data() -> list[Path]:
    """$VISUS_DATA, if it is set."""
    return [Path(os.environ["VISUS_DATA"])] if os.environ.get("VISUS_DATA") else []


def _idx(name: str, release: Release, progress: Progress | None, address: str) -> Path:
    found = _idx_folder(name, release)
    if found is None:
        _fetch(name, release, progress, address)
    return found or cache() / name


def _idx_folder(name: str, release: Release) -> Path | None:
    for folder in [*(data / name for data in _data()), cache() / name]:
        if all((folder / file).is_file() or (folder / file).with_suffix("").is_file() for file in release.files):
            return folder
    return None


def _cifar10(progress: Progress | None, address: str) -> Path:
    """The folder of the batches. An archive is unpacked into the cache."""
    own = cache() / "cifar10"
    places = [*(folder for data in _data() for folder in (data / "cifar10", data)), own]
    for folder in (inner for place in places for inner in (place / CIFAR10_FOLDER, place)):
        if len(_cifar.present(folder)) == len(_cifar.SPLITS):
            return folder
    archive = next((place / CIFAR10_ARCHIVE for place in places if (place / CIFAR10_ARCHIVE).is_file()), None)
    if archive is None:
        _fetch("cifar10", CIFAR10, progress, address)
        archive = own / CIFAR10_ARCHIVE
    _unpack(archive, own / CIFAR10_FOLDER)
    return own / CIFAR10_FOLDER


def _fetch(name: str, release: Release, progress: Progress | None, address: str) -> None:
    address = (address or release.address).rstrip("/")
    for file, checksum in release.files.items():
        try:
            fetch(f"{address}/{file}", cache() / name / file, checksum, progress)
        except DownloadError as error:
            raise DownloadError(f"{error}; or put the files of {name} into $VISUS_DATA/{name} yourself") from error


def _unpack(archive: Path, folder: Path) -> None:
    """The batches out of the archive, complete or not at all. Only their own names are taken, as plain files."""
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        with tarfile.open(archive) as tar:
            for name in (*_cifar.SPLITS, "batches.meta"):
                member = tar.extractfile(f"{CIFAR10_FOLDER}/{name}")
                if member is None:
                    raise KeyError(f"{name} is no file")
                with member, (unfinished / name).open("wb") as file:
                    shutil.copyfileobj(member, file)
    except (tarfile.TarError, EOFError, zlib.error, KeyError) as error:
        raise ValueError(f"{archive} is broken or not CIFAR-10's archive ({error}); remove it and run again") from error
    shutil.rmtree(folder, ignore_errors=True)  # an incomplete one
    unfinished.replace(folder)
