"""Look at every picture once: decode it, measure it, keep a thumbnail; remember that for the next time."""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..collection import Arrays, Collection, Files
from ..decode import Frame, UnreadablePictureError, read, read_framed
from . import _memory
from ._duplicates import exact_groups, luma, near_groups, perceptual_hashes
from ._evidence import Evidence, Observation

THUMBNAIL = 32  # pixels: as many as the perceptual hash takes its frequencies from
SEEN = Frame(2 * THUMBNAIL, 2 * THUMBNAIL, "stretch")  # what the content hash is made of, whatever size is trained on
MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # Pillow's names for the channels of arrays
CHUNK = 4096  # pictures measured at a time

Progress = Callable[[int, int], None]  # called with pictures done and pictures in all


@dataclass(frozen=True)
class Gathered:
    """Evidence and, if a frame was given, every picture as `decode.read` gives it: uint8 (N, H, W, 3).

    pixels: zeros where a picture is unreadable; they may be the collection's own array where that already fits.
    """

    evidence: Evidence
    pixels: NDArray[np.uint8] | None


def gather(
    collection: Collection, frame: Frame | None = None, progress: Progress | None = None, cache: Path | None = None
) -> Gathered:
    """What the checks need to know, from one pass over the pictures, in threads. Nothing is written beside them.

    frame: also return all pictures at this size, N x H x W x 3 bytes. cache: folder where what was seen of files is
    remembered; a second look then decodes only new and changed files (all of them if a frame is given).
    An unreadable picture becomes an observation with an error.

    A content hash is made of the size as shown and the pixels at 64 x 64, for arrays of the pixels themselves: the same
    picture stored as PNG and as BMP is equal, a re-encoded or resized copy is not (it is near).
    """
    look = _look_at_files if isinstance(collection.pictures, Files) else _look_at_arrays
    observations, thumbnails, pixels = look(collection, frame, progress or (lambda done, total: None), cache)
    hashes = perceptual_hashes(thumbnails)
    observations = _measured(observations, thumbnails, hashes)
    contents = [observation.content for observation in observations]
    near = near_groups(contents, thumbnails, hashes)
    return Gathered(Evidence(collection, observations, thumbnails, exact_groups(contents), near), pixels)


Looks = tuple[list[Observation], NDArray[np.uint8], NDArray[np.uint8] | None]


def _look_at_files(collection: Collection, frame: Frame | None, progress: Progress, cache: Path | None) -> Looks:
    assert isinstance(collection.pictures, Files)
    paths, names, n = collection.pictures.paths, collection.names, len(collection)
    thumbnails = np.zeros((n, THUMBNAIL, THUMBNAIL, 3), dtype=np.uint8)
    pixels = None if frame is None else np.zeros((n, frame.height, frame.width, 3), dtype=np.uint8)
    known = _memory.recall(cache, collection.origin)
    seen: dict[str, _memory.Seen] = {}

    def look(row: int) -> Observation:
        stamp = _memory.stamp(paths[row])
        try:
            if stamp in known:
                observation, thumbnails[row] = known[stamp]
                observation = replace(observation, name=names[row])
                if pixels is not None and frame is not None:
                    pixels[row] = read(paths[row], frame, names[row])
            else:
                (observation, thumbnails[row]), framed = _look_at_file(paths[row], names[row], frame)
                if pixels is not None and framed is not None:
                    pixels[row] = framed
        except UnreadablePictureError as error:
            thumbnails[row] = 0
            return Observation(names[row], str(error), _n_bytes(stamp))
        seen[stamp] = observation, thumbnails[row]
        return observation

    observations = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        try:
            for observation in threads.map(look, range(n)):
                observations.append(observation)
                progress(len(observations), n)
        finally:  # also when stopped halfway: what was seen by then need not be looked at again
            threads.shutdown(cancel_futures=True)
            if cache is not None and seen.keys() - known.keys():
                complete = len(observations) == n
                _memory.remember(cache, collection.origin, seen if complete else {**known, **seen})
    return observations, thumbnails, pixels


def _look_at_file(path: Path, name: str, frame: Frame | None) -> tuple[_memory.Seen, NDArray[np.uint8] | None]:
    """What is remembered of a picture, and the picture in `frame` if there is one: read and, mostly, decoded once."""
    (shown, *framed), header = read_framed(path, [SEEN, frame] if frame else [SEEN], name)
    size = f"{header.width}x{header.height}".encode()
    observation = Observation(
        name,
        n_bytes=header.n_bytes,
        format=header.format,
        mode=header.mode,
        width=header.width,
        height=header.height,
        orientation=header.orientation,
        frames=header.frames,
        content=hashlib.blake2b(size + shown.tobytes(), digest_size=16).hexdigest(),
    )
    halves = shown.reshape(THUMBNAIL, 2, THUMBNAIL, 2, 3).sum(axis=(1, 3), dtype=np.uint16)
    return (observation, ((halves + 2) // 4).astype(np.uint8)), framed[0] if framed else None


def _look_at_arrays(collection: Collection, frame: Frame | None, progress: Progress, cache: Path | None) -> Looks:
    assert isinstance(collection.pictures, Arrays)
    values, n = collection.pictures.values, len(collection)
    height, width, n_channels = (*values.shape[1:], 1)[:3]
    size = f"{width}x{height}x{n_channels}".encode()
    thumbnails = np.empty((n, THUMBNAIL, THUMBNAIL, 3), dtype=np.uint8)
    observations = []
    for start in range(0, n, CHUNK):
        some = np.ascontiguousarray(values[start : start + CHUNK])
        thumbnails[start : start + CHUNK] = _thumbnails(some)
        for name, picture in zip(collection.names[start : start + CHUNK], some):
            content = hashlib.blake2b(size + picture.tobytes(), digest_size=16).hexdigest()
            mode = MODES.get(n_channels, "")
            observations.append(Observation(name, "", picture.nbytes, "array", mode, width, height, content=content))
        progress(len(observations), n)
    return observations, thumbnails, _framed(collection.pictures, frame)


def _framed(pictures: Arrays, frame: Frame | None) -> NDArray[np.uint8] | None:
    if frame is None:
        return None
    if pictures.values.shape[1:] == (frame.height, frame.width, 3) and pictures.values.flags.writeable:
        return pictures.values
    pixels = np.empty((len(pictures), frame.height, frame.width, 3), dtype=np.uint8)
    if pictures.values.shape[1:3] == (frame.height, frame.width) and pictures.values.ndim == 3:
        pixels[:] = pictures.values[..., None]
        return pixels
    for row in range(len(pictures)):
        pixels[row] = pictures.load(row, frame)
    return pixels


def _thumbnails(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (N, H, W) or (N, H, W, C) -> (N, 32, 32, 3), by the kernel that files are scaled with; opacity on white."""
    if pictures.ndim == 3:
        pictures = pictures[..., None]
    n, height, width, n_channels = pictures.shape
    values = pictures.astype(np.float32)
    if n_channels == 4:
        opacity = values[..., 3:] / 255
        values = np.asarray(values[..., :3] * opacity + 255 * (1 - opacity), dtype=np.float32)
    rows, columns = _resampling(height), _resampling(width)
    halfway = rows @ values.reshape(n, height, -1)  # (N, 32, W C)
    halfway = halfway.reshape(n, THUMBNAIL, width, -1).transpose(0, 1, 3, 2)  # (N, 32, C, W)
    scaled = (halfway @ columns.T).transpose(0, 1, 3, 2)  # (N, 32, 32, C)
    return np.broadcast_to(np.clip(np.rint(scaled), 0, 255), (n, THUMBNAIL, THUMBNAIL, 3)).astype(np.uint8)


def _resampling(n: int) -> NDArray[np.float32]:
    """Weights (32, n) of an antialiased bilinear kernel: triangles over the larger of the pixels before and after."""
    scale = n / THUMBNAIL
    centres = (np.arange(THUMBNAIL) + 0.5) * scale - 0.5
    weights = np.maximum(0, 1 - np.abs(np.arange(n) - centres[:, None]) / max(1.0, scale))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def _measured(
    observations: list[Observation], thumbnails: NDArray[np.uint8], hashes: NDArray[np.uint64]
) -> list[Observation]:
    """The observations with perceptual hash, brightness and contrast, all taken from the thumbnails."""
    measured = []
    for start in range(0, len(observations), CHUNK):
        grey = luma(thumbnails[start : start + CHUNK]).reshape(-1, THUMBNAIL * THUMBNAIL).astype(np.float32) / 255
        brightness, contrast = grey.mean(axis=1).tolist(), grey.std(axis=1).tolist()
        some = observations[start : start + CHUNK]
        for observation, bits, mean, deviation in zip(
            some, hashes[start : start + CHUNK].tolist(), brightness, contrast
        ):
            seen = not observation.error
            measured.append(
                replace(observation, perceptual=bits, brightness=mean, contrast=deviation) if seen else observation
            )
    return measured


def _n_bytes(stamp: str) -> int:
    return int(stamp.split("\n")[-2]) if stamp else 0
