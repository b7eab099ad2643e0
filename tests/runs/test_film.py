"""Films: as long as they should be, with the pictures they were made of, whole or not at all."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from visus.runs import film

HEIGHT, WIDTH = 20, 30


def drawn(n, height=HEIGHT, width=WIDTH):
    """A white square that moves over blue, one pixel a frame."""
    frames = np.zeros((n, height, width, 3), np.uint8)
    frames[..., 2] = 200
    for step, frame in enumerate(frames):
        frame[5:10, step % width] = 255
    return frames


def seen(made):
    """Frames of a GIF or WebP with how long each is shown, in milliseconds."""
    picture = Image.open(io.BytesIO(made))
    found = []
    for number in range(picture.n_frames):
        picture.seek(number)
        found.append((np.asarray(picture.convert("RGB")), picture.info.get("duration")))
    return found


class Again:
    """Frames that can be gone through as often as one likes, and counts how often they were."""

    def __init__(self, frames):
        self.frames, self.times = frames, 0

    def __iter__(self):
        self.times += 1
        yield from self.frames


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_film_shows_the_frames_it_was_made_of(suffix):
    frames = drawn(7)
    found = seen(film.encode(frames, 10, suffix))
    assert len(found) == 7
    for (picture, _), frame in zip(found, frames, strict=True):
        assert (picture == frame).all()


def test_an_mp4_has_every_frame_at_its_rate_and_even_sides():
    av = pytest.importorskip("av", reason="MP4 is written by PyAV")
    frames = drawn(9, 21, 31)
    with av.open(io.BytesIO(film.encode(frames, 12.5, ".mp4"))) as made:
        (stream,) = made.streams.video
        assert (stream.height, stream.width) == (22, 32)
        assert stream.average_rate == 12.5
        assert stream.pix_fmt == "yuv420p"
        shown = [picture.to_ndarray(format="rgb24") for picture in made.decode(stream)]
    assert len(shown) == 9
    assert np.abs(shown[4][:21, :31].astype(int) - frames[4]).mean() < 12  # with loss, but no other picture


@pytest.mark.parametrize("fps", [4, 15, 30, 60, 144])
def test_a_gif_lasts_as_long_as_its_frames_though_it_counts_hundredths(fps):
    n = fps
    found = seen(film.encode(drawn(n), fps, ".gif"))
    assert sum(milliseconds for _, milliseconds in found) == pytest.approx(1000, abs=25)
    assert min(milliseconds for _, milliseconds in found) >= 20  # a browser would show less for a tenth of a second
    assert len(found) == pytest.approx(min(fps, 50), abs=1)


def test_many_colours_are_brought_to_the_nearest_of_a_few():
    dice = np.random.default_rng(0)
    frames = dice.integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)
    frames[:, :8, :8] = (255, 0, 0)
    for picture, frame in zip([one for one, _ in seen(film.encode(frames, 10, ".gif"))], frames, strict=True):
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) <= film.COLOURS
        assert np.abs(picture.astype(int) - frame).mean() < 40
        assert np.abs(picture[:8, :8].astype(int) - (255, 0, 0)).max() < 4  # what is common stays


def test_frames_may_come_one_by_one_and_need_not_be_kept():
    frames = Again(drawn(4))
    assert len(seen(film.encode(iter(drawn(4)), 10, ".gif"))) == 4
    assert len(seen(film.encode(frames, 10, ".gif"))) == 4
    assert frames.times == 2
    assert len(seen(film.encode((frame for frame in drawn(4)), 10, ".webp"))) == 4


@pytest.mark.parametrize(
    ("frames", "fps", "suffix", "said"),
    [
        (drawn(2), 10, ".avi", r"a \.gif, \.webp or \.mp4 file"),
        ([], 10, ".gif", "at least 1 frame"),
        ([], 10, ".webp", "at least 1 frame"),
        ([], 10, ".mp4", "at least 1 frame"),
        (drawn(2), 0, ".gif", "more than 0 pictures a second"),
        (drawn(2)[..., 0], 10, ".gif", r"uint8 \(H, W, 3\); got uint8 \(20, 30\)"),
        (drawn(2) / 255, 10, ".webp", "got float64"),
        ([*drawn(2), *drawn(1, 8, 8)], 10, ".gif", "frame 2 has 8 x 8 pixels and the first 20 x 30"),
    ],
    ids=["suffix", "no gif", "no webp", "no mp4", "fps", "grey", "floats", "sizes"],
)
def test_what_cannot_be_filmed_is_said_in_one_sentence(frames, fps, suffix, said):
    if suffix == ".mp4":
        pytest.importorskip("av", reason="MP4 is written by PyAV")
    with pytest.raises(ValueError, match=said):
        film.encode(frames, fps, suffix)


def test_without_the_extra_an_mp4_is_refused_with_the_command(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ValueError, match=r"pip install 'visus\[video\]'"):
        film.check(tmp_path / "out.mp4")
    film.check(tmp_path / "out.webp")


def test_a_file_is_whole_or_not_there_and_its_folder_is_made(tmp_path):
    path = tmp_path / "new" / "out.gif"
    assert film.write(path, drawn(3), 10) == path.stat().st_size

    def broken():
        yield drawn(1)[0]
        raise KeyboardInterrupt

    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        film.write(path, broken(), 10)
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 1


def test_a_preview_is_as_large_as_fits():
    frames = drawn(50, 300, 400)
    large = film.preview(frames, 50)
    assert Image.open(io.BytesIO(large)).size == (360, 270)
    assert len(large) < 400_000
    assert len(seen(large)) == 25  # half of 50 pictures a second
    small = film.preview(frames, 50, most=1)
    assert Image.open(io.BytesIO(small)).size == (160, 120)
    assert sum(milliseconds for _, milliseconds in seen(small)) == pytest.approx(1000, abs=100)


@pytest.mark.parametrize(("times", "size"), [(1, (20, 30)), (3, (60, 90)), (0.5, (10, 15)), (1.5, (30, 45))])
def test_frames_are_enlarged(times, size):
    frame = drawn(1)[0]
    assert film.enlarged(frame, times).shape == (*size, 3)
    if times == 3:
        assert (film.enlarged(frame, times)[::3, ::3] == frame).all()
