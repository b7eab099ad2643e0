"""Pictures one after the other, as a file that moves: GIF, WebP or MP4, by its name.

Frames are uint8 (H, W, 3), all of one size. They are taken one at a time, so that a long film needs little memory;
those of a GIF are gone through twice, first for their colours, and the first of a WebP, to see of what kind they are.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .checkpoint import write_whole

Frame = NDArray[np.uint8]
Source = Callable[[], Iterator[Frame]]  # the frames from the first on, as often as it is called

COLOURS = 128  # of a GIF: a third smaller than with 256, and a drawing looks the same
MANY = 1 << 18  # colours of a frame that are counted
FASTEST_GIF = 50.0  # pictures a second: a browser shows one of less than 0.02 s for 0.1 s
DRAWING: Mapping[str, Any] = {"lossless": True, "quality": 50}  # how a WebP is made of drawings, half the size so,
PHOTOGRAPH: Mapping[str, Any] = {"quality": 80}  # and of photographs
EFFORT = 2  # of WebP, 0 to 6: 4 takes twice as long for a tenth less
TRIED = 6  # frames that are enough to see what a WebP is made of
CRF = 20  # of H.264: 18 cannot be told from the original, 23 is usual
CODECS = ("libx264", "libopenh264", "mpeg4")  # of MP4: the first that is there, the best before the others
COLOUR_PIXELS = 2  # H.264 keeps colours of 2 x 2 pixels, so that sides are even

PREVIEWS = ((360, 25.0), (360, 12.0), (240, 12.0), (160, 8.0))  # longer side, px, and pictures a second, tried in turn


def encode(frames: Iterable[Frame], fps: float, suffix: str) -> bytes:
    """A film as the bytes of a file. suffix: `.gif`, `.webp` or `.mp4`. It shows each frame for 1 / fps seconds.

    Raises ValueError for another suffix, no frame, frames of different sizes, and for an MP4 without the extra.
    """
    check(Path(f"film{suffix}"))
    if not 0 < fps < float("inf"):
        raise ValueError(f"a film shows more than 0 pictures a second, 30 for example; got {fps:g}")
    again = list(frames) if isinstance(frames, Iterator) else frames  # an iterator can be gone through only once
    return KINDS[suffix.lower()](lambda: _checked(again), fps)


def write(path: Path, frames: Iterable[Frame], fps: float) -> int:
    """Write a film, whole or not at all; its size in bytes. Raises ValueError as `encode` does."""
    check(path)
    made = encode(frames, fps, path.suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, made)
    return len(made)


def check(path: Path) -> None:
    """Raise ValueError, before anything is drawn, for a name that tells no kind of film, or one without its extra."""
    if path.suffix.lower() not in KINDS:
        *others, last = KINDS
        known = f"{', '.join(others)} or {last}"
        raise ValueError(f"a film is a {known} file, and {path} is none by its name; call it {path.stem}.gif")
    if path.suffix.lower() == ".mp4":
        _av()


def preview(frames: Iterable[Frame], fps: float, most: int = 400_000) -> bytes:
    """A small WebP for a page, of `most` bytes where that can be: as large and as smooth as fits.

    It takes as long as the whole film would.
    """
    found = b""
    again = list(frames) if isinstance(frames, Iterator) else frames
    for side, rate in PREVIEWS:
        step = max(1.0, fps / rate)
        found = encode([fitted(frame, side) for frame in _every(again, step)], fps / step, ".webp")
        if len(found) <= most:
            break
    return found


def enlarged(frame: Frame, times: float) -> Frame:
    """A frame so many times as large: each pixel several where that is a whole number, else smoothed."""
    if times == 1:
        return frame
    if times == int(times):
        return frame.repeat(int(times), 0).repeat(int(times), 1)
    height, width = (max(1, round(side * times)) for side in frame.shape[:2])
    how = Image.Resampling.BOX if times < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(frame).resize((width, height), how))


def fitted(frame: Frame, side: int) -> Frame:
    """A frame whose longer side is `side` pixels at most."""
    longer = max(frame.shape[:2])
    return enlarged(frame, side / longer) if longer > side else frame


def _checked(frames: Iterable[Frame]) -> Iterator[Frame]:
    size = None
    for number, frame in enumerate(frames):
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise ValueError(f"a frame is uint8 (H, W, 3); got {frame.dtype} {frame.shape}")
        size = size or frame.shape
        if frame.shape != size:
            one, first = (" x ".join(map(str, shape[:2])) for shape in (frame.shape, size))
            raise ValueError(f"frame {number} has {one} pixels and the first {first}; all of a film have one size")
        yield frame
    if size is None:
        raise ValueError("a film needs at least 1 frame; got 0")


def _every(frames: Iterable[Frame], step: float) -> Iterator[Frame]:
    """The first of each `step` frames, which need be no whole number, 1 or more."""
    for number, frame in enumerate(frames):
        if number == 0 or int(number / step) != int((number - 1) / step):
            yield frame


def _gif(source: Source, fps: float) -> bytes:
    step = max(1.0, fps / FASTEST_GIF)
    palette, n = _palette(_every(source(), step))
    drawn = (
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in _every(source(), step)
    )
    # a GIF tells time in hundredths of a second: rounded so that the whole is as long as it should be
    ends = [round(100 * step * (number + 1) / fps) for number in range(n)]
    durations = [10 * (end - begin) for begin, end in zip([0, *ends], ends)]
    return _animated(drawn, "GIF", duration=durations, optimize=False, disposal=1)


def _palette(frames: Iterable[Frame]) -> tuple[Image.Image, int]:
    """The colours of all frames, and how many frames there are. Of too many, the commonest stay as they are."""
    counts: Counter[tuple[int, int, int]] = Counter()
    n = 0
    for n, frame in enumerate(frames, 1):  # noqa: B007
        found: Any = Image.fromarray(frame).getcolors(MANY) or [(1, colour) for colour in _some(frame)]
        for count, colour in found:
            counts[colour] += count
    kept = [colour for colour, _ in counts.most_common(COLOURS if len(counts) <= COLOURS else COLOURS // 2)]
    if len(counts) > COLOURS:
        common = set(kept)
        # the others each once and again for each doubling of how often it is there: what is small is not forgotten
        others = [colour for colour in counts if colour not in common for _ in range(counts[colour].bit_length())]
        pixels = Image.fromarray(np.array(others, dtype=np.uint8)[None])
        mixed: Any = pixels.quantize(COLOURS - len(kept), method=Image.Quantize.MEDIANCUT).convert("RGB").getcolors()
        kept += [colour for _, colour in mixed]
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour in kept for value in colour])
    return palette, n


def _some(frame: Frame) -> list[tuple[int, int, int]]:
    """Colours of a photograph, of some of its pixels."""
    return [(int(r), int(g), int(b)) for r, g, b in frame[::8, ::8].reshape(-1, 3)]


def _webp(source: Source, fps: float) -> bytes:
    def made(frames: Iterable[Frame], how: Mapping[str, Any]) -> bytes:
        drawn = (Image.fromarray(frame) for frame in frames)
        # nobody jumps about in it: one whole picture is enough, and the others are what changes
        return _animated(drawn, "WEBP", duration=round(1000 / fps), kmin=0, kmax=1 << 20, method=EFFORT, **how)

    first = list(islice(source(), TRIED))
    return made(source(), min((DRAWING, PHOTOGRAPH), key=lambda how: len(made(first, how))))


def _animated(pictures: Iterator[Image.Image], kind: str, **how: Any) -> bytes:
    found = io.BytesIO()
    next(pictures).save(found, kind, save_all=True, append_images=pictures, loop=0, **how)
    return found.getvalue()


def _mp4(source: Source, fps: float) -> bytes:
    av = _av()
    codec = next(name for name in CODECS if name in av.codecs_available)
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as film:
        frames = source()
        first = _even(next(frames))
        stream = film.add_stream(codec, rate=Fraction(fps).limit_denominator(1000))
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"  # what every player can show
        stream.options = {"crf": str(CRF)} if codec == CODECS[0] else {"qmin": "2", "qmax": "8"}
        for frame in chain([first], map(_even, frames)):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(stream.encode())
    return made.getvalue()


def _even(frame: Frame) -> Frame:
    """With its last row and column once more where a side is odd."""
    height, width = (side % COLOUR_PIXELS for side in frame.shape[:2])
    return np.pad(frame, ((0, height), (0, width), (0, 0)), "edge") if height or width else frame


def _av() -> Any:
    try:
        import av
    except ImportError as error:
        raise ValueError(
            "an MP4 is written by PyAV, which is not installed: `pip install 'visus[video]'`; a .webp or a .gif needs "
            "nothing more"
        ) from error
    return av


KINDS: Mapping[str, Callable[[Source, float], bytes]] = {".gif": _gif, ".webp": _webp, ".mp4": _mp4}
