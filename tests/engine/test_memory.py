"""Freed memory is kept where the C library can be asked to, and asking never fails."""

import platform
import subprocess
import sys

import pytest

from visus.engine.memory import keep_freed_memory


def test_asking_twice_says_the_same():
    assert keep_freed_memory() is keep_freed_memory()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_a_large_tensor_gets_pages_that_this_process_has_already():
    # 30 times first: of aligned blocks glibc lays seven scraps aside before it joins what is free
    code = (
        "import resource, torch; from visus.engine.memory import keep_freed_memory; assert keep_freed_memory()\n"
        "def fill(): torch.empty(2**24).fill_(1.0)\n"  # 64 MiB, 16,384 pages
        "def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "[fill() for _ in range(30)]; before = faults(); [fill() for _ in range(10)]; print(faults() - before)"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(found.stdout) < 2_000
