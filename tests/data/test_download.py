"""A download is whole and official, or it is not there and one sentence says why."""

import errno
import hashlib
import io
import socket

import pytest
from local_server import serving

from visus.data import download
from visus.data.download import DownloadError, fetch

CONTENT = bytes(range(256)) * 4000
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("checksum", [MD5, SHA256])
def test_a_file_arrives_whole_and_progress_ends_at_its_size(tmp_path, checksum):
    seen = []
    with serving({"set.gz": CONTENT}) as (address, _):
        fetch(
            f"{address}/set.gz", tmp_path / "new" / "set.gz", checksum, lambda done, total: seen.append((done, total))
        )
    assert (tmp_path / "new" / "set.gz").read_bytes() == CONTENT
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["set.gz"]


def test_a_file_that_is_there_is_not_fetched_again(tmp_path):
    (tmp_path / "set.gz").write_bytes(CONTENT)
    fetch("http://127.0.0.1:9/set.gz", tmp_path / "set.gz", MD5)


def test_a_partial_file_is_gone_on_with(tmp_path):
    (tmp_path / "set.gz.part").write_bytes(CONTENT[:1000])
    with serving({"set.gz": CONTENT}) as (address, asked):
        fetch(f"{address}/set.gz", tmp_path / "set.gz", MD5)
    assert asked == ["bytes=1000-"]
    assert (tmp_path / "set.gz").read_bytes() == CONTENT


def test_a_whole_partial_file_needs_no_server(tmp_path):
    (tmp_path / "set.gz.part").write_bytes(CONTENT)
    fetch("http://127.0.0.1:9/set.gz", tmp_path / "set.gz", MD5)
    assert (tmp_path / "set.gz").read_bytes() == CONTENT


def test_a_server_that_cannot_go_on_sends_all_of_it(tmp_path):
    (tmp_path / "set.gz.part").write_bytes(b"x" * 1000)
    with serving({"set.gz": CONTENT}, "no-range") as (address, asked):
        fetch(f"{address}/set.gz", tmp_path / "set.gz", MD5)
    assert asked == ["bytes=1000-"]
    assert (tmp_path / "set.gz").read_bytes() == CONTENT


def test_a_partial_file_longer_than_the_file_is_begun_anew(tmp_path):
    (tmp_path / "set.gz.part").write_bytes(CONTENT + b"more")
    with serving({"set.gz": CONTENT}) as (address, asked):
        fetch(f"{address}/set.gz", tmp_path / "set.gz", MD5)
    assert asked == [f"bytes={len(CONTENT) + 4}-", ""]
    assert (tmp_path / "set.gz").read_bytes() == CONTENT


def test_a_download_that_breaks_off_is_kept_for_the_next_time(tmp_path):
    with (
        serving({"set.gz": CONTENT}, "cuts") as (address, _),
        pytest.raises(DownloadError, match=rf"set\.gz broke off after 512000 of {len(CONTENT)} bytes.*run again"),
    ):
        fetch(f"{address}/set.gz", tmp_path / "set.gz", MD5)
    assert (tmp_path / "set.gz.part").read_bytes() == CONTENT[:512000]
    with serving({"set.gz": CONTENT}) as (address, _):
        fetch(f"{address}/set.gz", tmp_path / "set.gz", MD5)
    assert (tmp_path / "set.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("n_there", [0, 1000])
def test_a_file_with_another_checksum_is_removed(tmp_path, n_there):
    if n_there:
        (tmp_path / "set.gz.part").write_bytes(b"x" * n_there)
    with (
        serving({"set.gz": CONTENT[::-1]}) as (address, _),
        pytest.raises(DownloadError, match=r"md5 is not the official"),
    ):
        fetch(f"{address}/set.gz", tmp_path / "set.gz", MD5)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_on_the_server_is_said_so(tmp_path):
    with serving({}) as (address, _), pytest.raises(DownloadError, match=r"/set\.gz: the server answers 404"):
        fetch(f"{address}/set.gz", tmp_path / "set.gz", MD5)
    assert not list(tmp_path.iterdir())


def test_a_refused_connection_is_said_so(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/set.gz"
        with pytest.raises(DownloadError, match=r"cannot be reached .*check the network"):
            fetch(address, tmp_path / "set.gz", MD5)


def test_no_network_is_said_so(tmp_path, monkeypatch):
    def nobody_knows(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody_knows)
    with pytest.raises(DownloadError, match=r"cannot be reached \(.*not known\); check the network"):
        fetch("http://set.example/set.gz", tmp_path / "set.gz", MD5)


def test_a_full_disk_is_said_so(tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download.Path, "open", lambda *_: Full())
    with (
        serving({"set.gz": CONTENT}) as (address, _),
        pytest.raises(DownloadError, match=r"disk is full while writing"),
    ):
        fetch(f"{address}/set.gz", tmp_path / "set.gz", MD5)


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match=r"cannot be written .*VISUS_CACHE"):
        fetch("http://127.0.0.1:9/set.gz", tmp_path / "file" / "set.gz", MD5)


def test_an_unknown_kind_of_checksum_is_refused(tmp_path):
    with pytest.raises(ValueError, match="md5: or sha256:"):
        fetch("http://127.0.0.1:9/set.gz", tmp_path / "set.gz", "crc:12")
