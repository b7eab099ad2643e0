"""The sets of text that have a name: tiny-shakespeare, multi30k and flickr8k, found on this machine or fetched once.

They are looked for in $VISUS_DATA, then in the cache ($VISUS_CACHE, or ~/.cache/visus), and else downloaded into the
cache and checked against their checksums. Nothing is ever written into $VISUS_DATA.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .download import DownloadError, Progress, fetch
from .named import _data, cache


@dataclass(frozen=True)
class TextRelease:
    """Where a set lies and is published.

    folders: names under $VISUS_DATA, the first that has all files counts. files: with their checksums. single: whether
    the set is one file, else its folder. address: '' if it may not be fetched; then `advice` says how to come by it.
    """

    folders: Sequence[str]
    files: Mapping[str, str]
    address: str = ""
    single: bool = False
    advice: str = ""


RELEASES: Mapping[str, TextRelease] = {
    "tiny-shakespeare": TextRelease(
        ("text/tinyshakespeare", "tinyshakespeare", "tiny-shakespeare"),
        {"input.txt": "sha256:86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"},
        "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare",
        single=True,
    ),
    "multi30k": TextRelease(
        ("text/multi30k-en-de", "multi30k-en-de", "multi30k", "text/multi30k"),
        {
            "train.en.gz": "sha256:d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
            "train.de.gz": "sha256:726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
            "val.en.gz": "sha256:14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
            "val.de.gz": "sha256:f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
            "test_2016_flickr.en.gz": "sha256:611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
            "test_2016_flickr.de.gz": "sha256:9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
        },
        "https://raw.githubusercontent.com/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw",
    ),
    "flickr8k": TextRelease(
        ("flickr8k", "flickr8k-small", "text/flickr8k"),
        {"captions.txt": ""},
        advice="its pictures are handed out on request only, so it cannot be fetched for you: put Images/ and "
        "captions.txt into $VISUS_DATA/flickr8k",
    ),
}
NAMES = tuple(sorted(name for name, release in RELEASES.items() if release.single))  # texts for a language model


def place(name: str, progress: Progress | None = None, address: str = "") -> Path:
    """The file of a set of one file, the folder of one of several.

    `address` takes the place of the official one. Raises LookupError for another name or a set that may not be fetched,
    DownloadError if it is not here and cannot be fetched.
    """
    if name not in RELEASES:
        close = difflib.get_close_matches(name, RELEASES, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise LookupError(f"no set of text is named '{name}'.{hint} Available: {', '.join(RELEASES)}.")
    release = RELEASES[name]
    own = cache() / name
    for folder in [*(data / inner for data in _data() for inner in release.folders), own]:
        if all((folder / file).is_file() for file in release.files):
            return _meant(folder, release)
    if not release.address:
        raise LookupError(f"{name} is not on this machine; {release.advice}")
    for file, checksum in release.files.items():
        try:
            fetch(f"{(address or release.address).rstrip('/')}/{file}", own / file, checksum, progress)
        except DownloadError as error:
            raise DownloadError(f"{error}; or put {', '.join(release.files)} into $VISUS_DATA/{name}") from error
    return _meant(own, release)


def _meant(folder: Path, release: TextRelease) -> Path:
    return folder / next(iter(release.files)) if release.single else folder
