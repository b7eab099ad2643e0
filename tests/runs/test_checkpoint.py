"""A checkpoint is whole or not there, and comes back as it went."""

import errno
import os
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visus.runs.checkpoint import SaveError, load, save

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
nested = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(value=nested)
def test_nested_values_come_back_as_they_went(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("c") / "x.safetensors"
    save(path, {"value": value})
    assert load(path) == {"value": value}


def test_tensors_keep_type_shape_and_bits(tmp_path):
    state = {
        "optimizer": {0: {"momentum": torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)}},
        "list": [torch.arange(3), (torch.tensor(1.5), torch.tensor([], dtype=torch.bfloat16))],
    }
    state["shared"] = state["list"][0]
    save(tmp_path / "x", state)
    found = load(tmp_path / "x")
    assert torch.equal(found["optimizer"][0]["momentum"], state["optimizer"][0]["momentum"])
    assert torch.equal(found["shared"], torch.arange(3))
    assert found["list"][1][1].dtype == torch.bfloat16


def test_a_full_disk_leaves_the_old_checkpoint_and_no_rubbish(tmp_path, monkeypatch):
    save(tmp_path / "x", {"step": 1})

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SaveError, match=r"could not save .*x: No space left on device; what was saved before is whole"):
        save(tmp_path / "x", {"step": 2})
    assert load(tmp_path / "x") == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_real_limit_on_file_size_is_survived(tmp_path):
    """The kernel refuses the bytes, as a full disk does."""
    program = (
        "import resource, signal, sys, torch; from pathlib import Path\n"
        "from visus.runs.checkpoint import save, load, SaveError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); path = Path(sys.argv[1]); save(path, {'step': 1})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try: save(path, {'w': torch.zeros(100_000)})\n"
        "except SaveError as error: print('refused', load(path), len(list(path.parent.iterdir())))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "x")], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "refused {'step': 1} 1", done.stderr


def test_a_torn_file_is_named(tmp_path):
    save(tmp_path / "x", {"w": torch.zeros(1000)})
    content = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="x is not a whole checkpoint"):
        load(tmp_path / "x")


def test_what_cannot_be_saved_is_named(tmp_path):
    with pytest.raises(TypeError, match=r"cannot save a set at '.a.b'"):
        save(tmp_path / "x", {"a": {"b": {1, 2}}})
