"""Small sets in the layouts of the official ones, byte by byte."""

import gzip
import struct

import numpy as np
from numpy.typing import NDArray

BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")


def idx_bytes(values: NDArray[np.integer], packed: bool = True) -> bytes:
    """An IDX file of unsigned bytes."""
    header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    content = header + values.astype(np.uint8).tobytes()
    return gzip.compress(content, mtime=0) if packed else content


def batch_pickle(planes: NDArray[np.uint8], labels: list[int]) -> bytes:
    """A batch of CIFAR-10 as Python 2 wrote it: protocol 2, byte strings, an array through numpy.core.multiarray."""
    content = planes.tobytes()
    return b"".join(
        (
            b"\x80\x02}(U\x04data",
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R",
            b"(K\x01" + b"".join(b"M" + struct.pack("<H", size) for size in planes.shape) + b"\x86",
            b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
            b"T" + struct.pack("<I", len(content)) + content + b"tb",
            b"U\x06labels](" + b"".join(b"K" + bytes([label]) for label in labels) + b"eu.",
        )
    )


def meta_pickle(classes: tuple[str, ...]) -> bytes:
    """batches.meta of CIFAR-10."""
    names = b"".join(b"U" + bytes([len(name)]) + name.encode() for name in classes)
    return b"\x80\x02}U\x0blabel_names](" + names + b"es."
