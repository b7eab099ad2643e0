"""From a file to RGB bytes: the one decoding path, taken by the audit, training, evaluation and prediction alike.

What is done with each kind of picture, so that nobody has to guess:

- The content decides how a file is read, never its suffix. Of animations and multi-page files: the first picture.
- EXIF orientation is applied: pictures stand as a viewer shows them. Colour profiles are ignored.
- Grey is repeated to three channels; 1-bit becomes 0 and 255.
- Palettes are looked up, and whatever is transparent is laid on white.
- CMYK becomes RGB by Pillow's formula, Adobe's inverted files included.
- 16-bit grey is scaled by 65535, not cut off; wider integers are read if they keep within 0..65535. 16-bit colour
  is read by its upper 8 bits, as Pillow gives it. Floating-point and Lab pictures have no agreed white: refused.
- Truncated and broken files are refused: a half-grey picture would teach nonsense. So are empty files, files that
  are no pictures and, from their header alone, files of more than MAX_PIXELS.

A picture is resized once, by Pillow's antialiased bilinear kernel, straight from the part of it that is shown. A large
JPEG is decoded at 1/2, 1/4 or 1/8 of its size to begin with, never below 1.5 times the size asked for.
"""

import io
import stat
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from . import _jpeg

MAX_PIXELS = 178_956_970  # Pillow's own limit, half a gibibyte of RGB: a larger picture is a mistake or an attack
MAX_BYTES = 2**31  # a file larger than MAX_PIXELS of 16-bit colour with opacity is no picture: not read into memory
NOT_PICTURES = {"EPS", "WMF", "BUFR", "FITS", "GRIB", "HDF5", "IPTC", "MPEG"}  # drawings, weather, data, video
WHITE = (255, 255, 255)
FRAMINGS = ("crop", "stretch", "pad")
ORIENTATION_TAG = 0x0112
TURN = {  # EXIF orientation -> what makes the picture upright; 1 is upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
GREY_MODES = ("1", "L", "LA", "La")  # Pillow's, beside the integers of 16 bits and more
SIDEWAYS = (5, 6, 7, 8)  # the orientations that swap height and width

Image.init()  # Pillow registers its formats now, not with the first picture
FORMATS = [name for name in Image.ID if name not in NOT_PICTURES]  # to read an EPS would be to run Ghostscript
SUFFIXES = frozenset(s for s, name in Image.registered_extensions().items() if name in {*FORMATS, "MPO"})


class UnreadablePictureError(ValueError):
    """A picture that cannot be read whole. The message names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class Frame:
    """The size, in pixels, that pictures are brought to.

    framing: "crop" scales the short side to fit and cuts out the middle, "stretch" ignores the proportions, "pad"
    scales the long side to fit and fills up with black. Raises ValueError for no area or another framing.
    """

    height: int
    width: int
    framing: str = "crop"

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise ValueError(f"a frame is at least 1 x 1 pixels; got {self.height} x {self.width}")
        if self.framing not in FRAMINGS:
            raise ValueError(f"framing is one of {', '.join(FRAMINGS)}; got '{self.framing}'")

    def scale(self, height: float, width: float) -> float:
        """By how much a picture of height x width pixels is enlarged, at its more enlarged side."""
        scales = self.height / height, self.width / width
        return min(scales) if self.framing == "pad" else max(scales)

    def placed(self, height: int, width: int) -> tuple[float, float, float, float]:
        """Where a picture of height x width pixels comes to lie: scale in x and y, then what is added to x and y.

        Exactly as `read` puts it there: x in the frame = x in the picture * scale_x + offset_x.
        """
        scale = self.scale(height, width)
        if self.framing == "stretch":
            return self.width / width, self.height / height, 0.0, 0.0
        if self.framing == "crop":
            shown_height, shown_width = min(height, self.height / scale), min(width, self.width / scale)
            scale_x, scale_y = self.width / shown_width, self.height / shown_height
            return scale_x, scale_y, -scale_x * (width - shown_width) / 2, -scale_y * (height - shown_height) / 2
        inner_height, inner_width = max(1, round(height * scale)), max(1, round(width * scale))
        left, top = round((self.width - inner_width) / 2), round((self.height - inner_height) / 2)
        return inner_width / width, inner_height / height, float(left), float(top)

    def turned(self, orientation: int) -> "Frame":
        """This frame as it lies over a picture that still has to be turned."""
        return Frame(self.width, self.height, self.framing) if orientation in SIDEWAYS else self


@dataclass(frozen=True)
class Header:
    """What a file says of itself. width and height in pixels are as shown, after the EXIF orientation (1: upright)."""

    format: str  # Pillow's names: JPEG, PNG, ...
    mode: str  # RGB, L, P, CMYK, RGBA, I;16, ...
    width: int
    height: int
    orientation: int
    frames: int
    n_bytes: int


class _Picture(NamedTuple):
    """8-bit L or RGB pixels, perhaps at a reduced size, before the turn."""

    pixels: Image.Image
    extent: tuple[float, float]  # height and width of what `pixels` show: a reduced JPEG may end within a pixel
    full: tuple[int, int]  # height and width in the file
    orientation: int  # the turn still to be made


def read(source: Path | bytes, frame: Frame, name: str = "") -> NDArray[np.uint8]:
    """RGB bytes (frame.height, frame.width, 3) of a file, or of its content; `name` stands for the content in errors.

    Raises UnreadablePictureError.
    """
    with opened(source, name) as (content, image):
        return _framed(_decoded(content, image, frame), frame)


def read_with_header(source: Path | bytes, frame: Frame, name: str = "") -> tuple[NDArray[np.uint8], Header]:
    """As `read`, with what the header says, from one look at the file. Raises UnreadablePictureError."""
    (seen,), header = read_framed(source, [frame], name)
    return seen, header


def read_framed(
    source: Path | bytes, frames: Sequence[Frame], name: str = ""
) -> tuple[list[NDArray[np.uint8]], Header]:
    """As `read`, once for each frame, with what the header says, from one look at the file.

    The picture is decoded once for all frames that need the same scale. Raises UnreadablePictureError.
    """
    with opened(source, name) as (content, image):
        scales = [_eighths(image, frame) for frame in frames]
        kind, mode = image.format or "", image.mode
        turned_by_pillow = _orientation(image) if kind == "TIFF" else 1  # and forgotten after that
        picture = _decoded(content, image, frames[0])
        seen = [
            _framed(picture, frame) if scale == scales[0] else read(content, frame, name)
            for frame, scale in zip(frames, scales, strict=True)
        ]
        orientation = max(turned_by_pillow, picture.orientation)
        height, width = picture.full[::-1] if picture.orientation in SIDEWAYS else picture.full
        return seen, Header(kind, mode, width, height, orientation, _n_frames(image), len(content))


def read_size(source: Path | bytes, name: str = "") -> tuple[int, int]:
    """Height and width in pixels, as shown, from the header alone. Raises UnreadablePictureError."""
    with opened(source, name) as (_, image):
        lies_on_its_side = image.format != "TIFF" and _orientation(image) in SIDEWAYS  # Pillow swaps a TIFF's itself
        return (image.width, image.height) if lies_on_its_side else (image.height, image.width)


def read_full(source: Path | bytes, name: str = "") -> NDArray[np.uint8]:
    """RGB bytes (h, w, 3) at the picture's own size, upright. Raises UnreadablePictureError."""
    with opened(source, name) as (content, image):
        picture = _decoded(content, image, None)
        return np.array(_upright(picture.pixels, picture.orientation).convert("RGB"))


def read_opacity(source: Path | bytes, name: str = "") -> NDArray[np.uint8] | None:
    """How opaque each pixel of a file is, uint8 (h, w), upright; None where nothing in it can be transparent.

    Raises UnreadablePictureError.
    """
    with opened(source, name) as (_, image):
        if not image.has_transparency_data:
            return None
        image.load()
        return np.array(_upright(image.convert("RGBA").getchannel("A"), _orientation(image)))


def read_grey(source: Path | bytes, name: str = "") -> bool:
    """Whether a file holds a grey picture, by its header: one of colours that happen to be grey is none.

    Raises UnreadablePictureError.
    """
    with opened(source, name) as (_, image):
        return image.mode in GREY_MODES or image.mode.startswith("I")


def read_array(picture: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint8]:
    """RGB bytes (frame.height, frame.width, 3) of decoded pixels: uint8 (H, W), (H, W, 1), (H, W, 3) or (H, W, 4).

    The fourth channel is opacity, laid on white. Raises ValueError for anything else.
    """
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[:, :, 0]
    known = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] in (3, 4))
    if picture.dtype != np.uint8 or not known or not picture.size:
        raise ValueError(
            f"a picture must be uint8 of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); got {picture.dtype} of shape "
            f"{picture.shape}: bring its values to 0..255 and its channels last"
        )
    height, width = picture.shape[:2]
    if picture.shape == (frame.height, frame.width):
        return np.repeat(picture[:, :, None], 3, axis=2)
    if picture.shape == (frame.height, frame.width, 3):
        return picture.copy()
    pixels = _to_8_bit(Image.fromarray(np.ascontiguousarray(picture)))
    return _framed(_Picture(pixels, (height, width), (height, width), orientation=1), frame)


# ---- opening: whatever goes wrong from here on becomes one sentence that names the file


@contextmanager
def opened(source: Path | bytes, name: str = "") -> Iterator[tuple[bytes, Image.Image]]:
    """The content and the picture, its header parsed and no pixel decoded yet. Within, what goes wrong is one sentence.

    Raises UnreadablePictureError.
    """
    name = name or ("the picture" if isinstance(source, bytes) else str(source))
    content = source if isinstance(source, bytes) else _content(source, name)
    if not content:
        raise UnreadablePictureError(f"{name} is empty (0 bytes); replace it with a good copy or remove it")
    try:
        with _quiet():
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        with image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError(f"{image.width} x {image.height} pixels, at most {MAX_PIXELS}")
            yield content, image
    except UnidentifiedImageError as error:
        raise UnreadablePictureError(
            f"{name} is no picture that can be read here, or its header is cut off (it begins with {content[:16]!r}); "
            "replace it with a good copy or remove it"
        ) from error
    except Image.DecompressionBombError as error:
        raise UnreadablePictureError(f"{name} is too large ({error}); scale it down or remove it") from error
    except MemoryError as error:
        raise UnreadablePictureError(f"{name} does not fit in memory; scale it down or remove it") from error
    except _UnsupportedError as error:
        raise UnreadablePictureError(f"{name} {error}; convert it to 8-bit grey or colour, or remove it") from error
    except Exception as error:  # readers of formats meet hostile bytes and raise all sorts: SyntaxError, struct.error
        why = str(error) or type(error).__name__
        raise UnreadablePictureError(f"{name} is damaged ({why}); replace it with a good copy or remove it") from error


class _UnsupportedError(Exception):
    """A whole picture with pixels that have no agreed meaning as 8-bit colours."""


def _content(path: Path, name: str) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a folder, or a pipe that would be waited for
            raise UnreadablePictureError(f"{name} is no file; give the path of a picture")
        if status.st_size > MAX_BYTES:
            raise UnreadablePictureError(f"{name} is too large ({status.st_size} bytes); scale it down or remove it")
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UnreadablePictureError(f"{name} cannot be opened ({why}); check that it is there and readable") from error


_only_one = threading.Lock()  # warnings.catch_warnings changes the whole process for as long as it lasts


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Pillow's warnings about oddities in headers: here a picture is either read or refused."""
    with _only_one, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _orientation(image: Image.Image) -> int:
    with _quiet():
        try:
            # Not image.getexif(): that of a PNG decodes, and a second decoding of a broken one raises nothing.
            said = Image.Image.getexif(image).get(ORIENTATION_TAG)
        except Exception:  # EXIF that cannot be parsed says nothing
            said = None
    return int(said) if said in TURN else 1


def _n_frames(image: Image.Image) -> int:
    with _quiet():
        try:
            return int(getattr(image, "n_frames", 1))
        except Exception:  # a later frame is broken; the first one, which is used, may well be whole
            return 1


# ---- pixels: 8-bit L or RGB, whatever came


def _decoded(content: bytes, image: Image.Image, frame: Frame | None) -> _Picture:
    """The picture, at least as large as `frame` needs it; at full size if None."""
    if image.format in ("JPEG", "MPO"):  # MPO: a phone's JPEG with a second one (depth, a still) behind it
        return _decoded_jpeg(content, image, frame)
    image.load()
    orientation = _orientation(image)  # after loading: what a PNG says at its end counts, what Pillow turned does not
    full = image.height, image.width
    return _Picture(_to_8_bit(image), full, full, orientation)


def _decoded_jpeg(content: bytes, image: Image.Image, frame: Frame | None) -> _Picture:
    orientation = _orientation(image)
    height, width = full = image.height, image.width
    n_eighths = _eighths(image, frame)
    if image.mode != "CMYK":
        pixels = Image.fromarray(_jpeg.decode(content, height, width, n_eighths, grey=image.mode == "L"))
        return _Picture(pixels, (height * n_eighths / 8, width * n_eighths / 8), full, orientation)
    _jpeg.decode(content, height, width, 1, grey=True)  # for its strictness: Pillow lets some broken files pass
    image.draft("CMYK", (max(1, width * n_eighths // 8), max(1, height * n_eighths // 8)))
    pixels = _to_8_bit(image)
    return _Picture(pixels, (pixels.height, pixels.width), full, orientation)


def _eighths(image: Image.Image, frame: Frame | None) -> int:
    """At how many eighths of its size a picture is decoded for this frame; only JPEG can do with less than 8."""
    if frame is None or image.format not in ("JPEG", "MPO"):
        return 8
    return _jpeg.eighths(frame.turned(_orientation(image)).scale(image.height, image.width))


def _to_8_bit(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_16_bit(image)
    if image.mode in ("F", "LAB"):
        raise _UnsupportedError(f"has pixels of Pillow's mode {image.mode}, which have no agreed white")
    if image.has_transparency_data:
        translucent = image.convert("RGBA")
        on_white = Image.new("RGB", image.size, WHITE)
        on_white.paste(translucent, mask=translucent)
        return on_white
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise _UnsupportedError(f"has integer pixels from {low} to {high}, outside the 0..65535 of 16 bits")
    grey = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 / 257 = 255, rounded to nearest
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[values == transparent] = 255
    return Image.fromarray(grey)


# ---- framing: scale, turn, and cut or fill


def _framed(picture: _Picture, frame: Frame) -> NDArray[np.uint8]:
    lying = frame.turned(picture.orientation)
    height, width = picture.extent
    scale = lying.scale(height, width)
    target, shown = (lying.height, lying.width), (height, width)
    if frame.framing == "crop":
        shown = min(height, lying.height / scale), min(width, lying.width / scale)
    elif frame.framing == "pad":
        target = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (height - shown[0]) / 2, (width - shown[1]) / 2
    box = (left, top, left + shown[1], top + shown[0])
    scaled = picture.pixels.resize(target[::-1], Image.Resampling.BILINEAR, box=box)
    upright = _upright(scaled, picture.orientation).convert("RGB")
    if upright.size != (frame.width, frame.height):
        black = Image.new("RGB", (frame.width, frame.height))
        black.paste(upright, (round((frame.width - upright.width) / 2), round((frame.height - upright.height) / 2)))
        upright = black
    return np.array(upright)


def _upright(pixels: Image.Image, orientation: int) -> Image.Image:
    return pixels.transpose(TURN[orientation]) if orientation in TURN else pixels
