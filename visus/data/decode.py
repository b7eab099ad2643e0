"""From a file to RGB bytes: the one decoding path, taken by the audit, training, evaluation and prediction alike.

What is done with each kind of picture, so that nobody has to guess:

- The content decides how a file is read, never its suffix. Of animations and multi-page files, the first picture.
- EXIF orientation is applied: pictures stand as a viewer shows them. Colour profiles are ignored.
- Grey is repeated to three channels; 1-bit becomes 0 and 255.
- Palettes are looked up; whatever is transparent is laid on white.
- CMYK becomes RGB by Pillow's formula, Adobe's inverted files included.
- 16-bit grey is scaled by 65535, not cut off. Wider integers are read if they keep within 0..65535. Pillow gives
  16-bit colour by its upper 8 bits. Floating-point and Lab pictures have no agreed white here: refused.
- Truncated and broken files are refused; a half-grey picture would teach nonsense. So are empty files, files that
  are no pictures, and those of more than MAX_PIXELS, from their header alone.

Pictures are resized once, with Pillow's antialiased bilinear kernel, straight from the part that is shown. A large
JPEG is first decoded at 1/2, 1/4 or 1/8, never below the size asked for.
"""

import io
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from . import _jpeg

MAX_PIXELS = 178_956_970  # as Pillow: half a gibibyte of RGB; a larger file is a mistake or an attack
WHITE = (255, 255, 255)
FRAMINGS = ("crop", "stretch", "pad")
ORIENTATION_TAG = 0x0112
TURN = {  # EXIF orientation -> what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)  # the orientations that swap height and width


class UnreadablePictureError(ValueError):
    """A picture that cannot be read whole. The message names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class Frame:
    """The size, in pixels, that pictures are brought to.

    framing: "crop" scales the short side and cuts the middle out, "stretch" ignores the proportions, "pad" scales the
    long side and fills up with black.
    """

    height: int
    width: int
    framing: str = "crop"

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise ValueError(f"a frame needs at least 1 x 1 pixel; got {self.height} x {self.width}")
        if self.framing not in FRAMINGS:
            raise ValueError(f"framing must be one of {', '.join(FRAMINGS)}; got '{self.framing}'")


@dataclass(frozen=True)
class Header:
    """What a file says of itself. height and width in pixels as shown, after the EXIF orientation (1 is upright)."""

    format: str  # Pillow's names: JPEG, PNG, ...
    mode: str  # RGB, L, P, CMYK, RGBA, I;16, ...
    width: int
    height: int
    orientation: int
    frames: int
    n_bytes: int


class _Picture(NamedTuple):
    """8-bit L or RGB pixels as stored, perhaps reduced, with the turn still to be made."""

    pixels: Image.Image
    extent: tuple[float, float]  # height and width of the content in `pixels`: a reduced JPEG may end mid-pixel
    orientation: int


def read(source: Path | bytes, frame: Frame, name: str = "") -> NDArray[np.uint8]:
    """RGB bytes (frame.height, frame.width, 3) of a file or of its content; `name` stands for bytes in errors.

    Raises UnreadablePictureError.
    """
    with _named(source, name):
        content = _content(source)
        with _opened(content) as image:
            return _framed(_decoded(content, image, frame), frame)


def read_with_header(source: Path | bytes, frame: Frame, name: str = "") -> tuple[NDArray[np.uint8], Header]:
    """As `read`, with what the header says, from one look at the file. Raises UnreadablePictureError."""
    with _named(source, name):
        content = _content(source)
        with _opened(content) as image:
            kind, mode, orientation, frames = image.format or "", image.mode, _orientation(image), _n_frames(image)
            stored = image.size
            picture = _decoded(content, image, frame)
            # Pillow turns TIFF and AVIF while loading, and says so by forgetting their orientation.
            width, height = image.size if picture.orientation != orientation else stored
            if picture.orientation in SIDEWAYS:
                height, width = width, height
            header = Header(kind, mode, width, height, orientation, frames, len(content))
            return _framed(picture, frame), header


def read_full(source: Path | bytes, name: str = "") -> NDArray[np.uint8]:
    """RGB bytes (h, w, 3) at the picture's own size, upright. Raises UnreadablePictureError."""
    with _named(source, name):
        content = _content(source)
        with _opened(content) as image:
            picture = _decoded(content, image, None)
            return np.array(_upright(picture.pixels, picture.orientation).convert("RGB"))


def read_array(picture: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint8]:
    """RGB bytes (frame.height, frame.width, 3) of a decoded picture: uint8 (H, W), (H, W, 1), (H, W, 3) or (H, W, 4).

    The fourth channel is opacity, laid on white. Raises ValueError for anything else.
    """
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[:, :, 0]
    known = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] in (3, 4))
    if picture.dtype != np.uint8 or not known or 0 in picture.shape:
        raise ValueError(
            f"a picture must be uint8 of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); got {picture.dtype} of shape "
            f"{picture.shape}: turn it into bytes 0..255, channels last"
        )
    if picture.shape[:2] == (frame.height, frame.width) and picture.ndim == 2:
        return np.repeat(picture[:, :, None], 3, axis=2)
    if picture.shape == (frame.height, frame.width, 3):
        return picture.copy()
    pixels = _to_8_bit(Image.fromarray(np.ascontiguousarray(picture)))
    return _framed(_Picture(pixels, picture.shape[:2], 1), frame)


# ---- opening: whatever goes wrong below becomes one sentence that names the file


@contextmanager
def _named(source: Path | bytes, name: str) -> Iterator[None]:
    name = name or ("the picture" if isinstance(source, bytes) else str(source))
    try:
        yield
    except UnreadablePictureError as error:
        raise UnreadablePictureError(f"{name} {error}") from None


@contextmanager
def _broken_means_unreadable() -> Iterator[None]:
    """Format readers meet hostile bytes and raise all sorts: struct.error, SyntaxError, IndexError, ..."""
    try:
        yield
    except UnreadablePictureError:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadablePictureError(f"is too large ({error}); scale it down or remove it") from error
    except MemoryError as error:
        raise UnreadablePictureError("does not fit in memory; scale it down or remove it") from error
    except Exception as error:
        why = str(error) or type(error).__name__
        raise UnreadablePictureError(f"is damaged ({why}); replace it with a good copy or remove it") from error


def _content(source: Path | bytes) -> bytes:
    if isinstance(source, Path):
        try:
            source = source.read_bytes()
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise UnreadablePictureError(f"cannot be opened ({why}); check that it is there and readable") from error
    if not source:
        raise UnreadablePictureError("is empty (0 bytes); replace it with a good copy or remove it")
    return source


_one_at_a_time = threading.Lock()  # warnings.catch_warnings changes the whole process for a moment


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """The picture with its header read, nothing decoded. Pillow's warnings are of no use here: we refuse or read."""
    with _broken_means_unreadable():
        try:
            with _one_at_a_time, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = Image.open(io.BytesIO(content))
                image.info.setdefault("visus", None)
        except UnidentifiedImageError:
            start = content[:24].decode("ascii", "replace").replace("\ufffd", ".")
            raise UnreadablePictureError(
                f"is no picture that Visus can read (it begins with {start!r}); replace it or remove it"
            ) from None
        with image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise UnreadablePictureError(
                    f"is too large ({width} x {height} pixels, at most {MAX_PIXELS} are read); scale it down or remove it"
                )
            yield image


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # EXIF that cannot be parsed says nothing
        return 1


def _n_frames(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # a later frame is broken; the first, which we use, may well be whole
        return 1
