"""One file from the web: resumed where it broke off, checked against its official checksum, whole or not there."""

import errno
import hashlib
import http
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

SILENCE_S = 30.0  # a server that says nothing for so long is given up
CHUNK = 1 << 18  # bytes between two calls of `progress`

Progress = Callable[[int, int], None]  # bytes that are there, bytes in all (0: the server did not say)


class DownloadError(OSError):
    """A download that failed. The message names the address, what came and what to do."""


def fetch(url: str, destination: Path, checksum: str, progress: Progress | None = None) -> Path:
    """Bring `url` to the file `destination`, unless it is there, and return it.

    checksum: "md5:..." or "sha256:...", or its first digits. What has come is kept beside it as `.part`, and a later
    call goes on from there. Raises DownloadError; ValueError for a checksum of another kind.
    """
    if destination.exists():
        return destination
    kind, _, expected = checksum.partition(":")
    if kind not in ("md5", "sha256"):
        raise ValueError(f"a checksum begins with md5: or sha256:; got '{checksum}'")
    part = destination.with_name(destination.name + ".part")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _writing(destination.parent, error) from error
    if not _matches(part, kind, expected):  # a whole part: broken off between the last byte and the new name
        _stream(url, part, progress)
        if not _matches(part, kind, expected):
            part.unlink()
            raise DownloadError(
                f"{url} gave a file whose {kind} is not the official {expected}; it was removed: run again, and if "
                "nothing changes, the server has another file than the official one"
            )
    part.replace(destination)
    return destination


def _stream(url: str, part: Path, progress: Progress | None) -> None:
    """Append what is missing to `part`, or begin anew if the server cannot go on where it broke off."""
    n_there = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={n_there}-"} if n_there else {})
    try:
        response = urllib.request.urlopen(request, timeout=SILENCE_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and n_there:
            part.unlink()  # it is longer than the file, so it is of another one
            return _stream(url, part, progress)
        raise DownloadError(
            f"{url}: the server answers {error.code} ({error.reason}); is the file still there?"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"{url} cannot be reached ({_reason(error)}); check the network and run again") from error
    with response:
        goes_on = response.status == http.HTTPStatus.PARTIAL_CONTENT
        n_there = n_there if goes_on else 0
        n_to_come = int(response.headers.get("Content-Length") or 0)
        n_all = n_there + n_to_come if n_to_come else 0
        try:
            with part.open("ab" if goes_on else "wb") as file:
                n_there = _copy(url, response, file, n_there, n_all, progress)
        except DownloadError:
            raise
        except OSError as error:
            raise _writing(part, error) from error
    if n_there < n_all:
        raise DownloadError(f"{url} broke off after {n_there} of {n_all} bytes; run again, it goes on from there")
    return None


def _copy(
    url: str, response: http.client.HTTPResponse, file: IO[bytes], n_there: int, n_all: int, progress: Progress | None
) -> int:
    while True:
        if progress:
            progress(n_there, n_all)
        try:
            chunk = response.read(CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise DownloadError(
                f"{url} broke off after {n_there} of {n_all or 'unknown'} bytes ({_reason(error)}); run again, it goes "
                "on from there"
            ) from error
        if not chunk:
            return n_there
        file.write(chunk)
        n_there += len(chunk)


def _matches(file: Path, kind: str, expected: str) -> bool:
    if not file.exists():
        return False
    with file.open("rb") as content:
        return hashlib.file_digest(content, kind).hexdigest().startswith(expected)


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return str(reason) or type(error).__name__


def _writing(path: Path, error: OSError) -> DownloadError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DownloadError(f"the disk is full while writing {path}; make room and run again, it goes on from there")
    return DownloadError(f"{path} cannot be written ({_reason(error)}); choose another folder with VISUS_CACHE")
