"""Keep freed memory in the process: on Linux a training step is otherwise spent on being given the same pages again."""

import ctypes
import sys
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # numbers of glibc's malloc.h
NEVER = 2**31 - 1


@cache
def keep_freed_memory() -> bool:
    """Ask glibc to hold what is freed for the next allocation; True if it took note. Elsewhere nothing is done.

    By default every tensor above 32 MiB is a mapping of its own, returned when it is freed, and each of its pages is
    cleared by the kernel when it is touched anew. The process then keeps the size it had at its largest.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, NEVER))
