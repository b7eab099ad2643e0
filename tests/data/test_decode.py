"""Every file is read right or refused by name; Pillow, taken the slow way, is the second opinion."""

import io
import os
import struct
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from visus.data import _jpeg, decode
from visus.data.decode import (
    Frame,
    UnreadablePictureError,
    read,
    read_array,
    read_full,
    read_size,
    read_with_header,
)

FRAMINGS = ("crop", "stretch", "pad")


def photo(height: int = 90, width: int = 130, seed: int = 0) -> Image.Image:
    """Smooth colours with some grain, different in every corner."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize((width, height), Image.BICUBIC)
    return Image.fromarray(
        (np.asarray(coarse) * 0.9 + rng.normal(12, 4, (height, width, 1))).clip(0, 255).astype(np.uint8)
    )


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def with_orientation(image: Image.Image, kind: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, kind, exif=exif)


def difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    assert a.shape == b.shape
    return np.abs(a.astype(int) - b.astype(int))


def slowly_framed(image: Image.Image, frame: Frame) -> np.ndarray:
    """The same framing by Pillow's own helpers, from the picture at full size."""
    size = (frame.width, frame.height)
    if frame.framing == "crop":
        return np.asarray(ImageOps.fit(image, size, Image.BILINEAR))
    if frame.framing == "pad":
        return np.asarray(ImageOps.pad(image, size, Image.BILINEAR, color="black"))
    return np.asarray(image.resize(size, Image.BILINEAR))


# ---- upright


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [*range(1, 9), 0, 9])
def test_pictures_stand_as_their_exif_orientation_says(kind, orientation):
    content = with_orientation(photo(), kind, orientation)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    full = read_full(content)
    assert difference(full, np.asarray(upright)).max() <= 1
    assert read_size(content) == full.shape[:2]
    for framing in FRAMINGS:
        frame = Frame(41, 60, framing)
        seen, header = read_with_header(content, frame)
        assert difference(seen, slowly_framed(upright, frame)).max() <= (6 if kind == "JPEG" else 2)
        assert (header.height, header.width) == full.shape[:2]
        assert (header.format, header.mode, header.orientation) == (
            kind,
            "RGB",
            orientation if orientation in range(1, 9) else 1,
        )


def test_the_orientation_of_a_png_counts_even_at_its_end():
    content = with_orientation(photo(), "PNG", 6)
    start = content.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(content[start : start + 4])
    late = content[:start] + content[end:-12] + content[start:end] + content[-12:]
    assert late.index(b"eXIf") > late.rindex(b"IDAT")
    seen, header = read_with_header(late, Frame(130, 90))
    assert (seen == read_full(content)).all()
    assert (seen == read(late, Frame(130, 90))).all()
    assert (header.height, header.width, header.orientation) == (130, 90, 6)


def test_exif_that_cannot_be_parsed_turns_nothing_and_warns_of_nothing():
    content = with_orientation(photo(), "JPEG", 6)
    broken = content.replace(b"Exif\0\0MM\0*\0\0\0\x08", b"Exif\0\0MM\0*\0\0\xff\xff")
    assert broken != content
    assert read_full(broken).shape == (90, 130, 3)
    assert read(broken.replace(b"Exif\0\0MM", b"Exif\0\0??"), Frame(9, 13)).shape == (9, 13, 3)


# ---- framing


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("size", [(1, 1), (20, 20), (33, 50), (90, 130), (200, 130), (7, 301)])
@pytest.mark.parametrize("shape", [(90, 130), (130, 90), (1, 1), (64, 64)])
def test_framing_agrees_with_the_slow_way(framing, size, shape):
    image, frame = photo(*shape), Frame(*size, framing)
    seen = read(saved(image, "PNG"), frame)
    assert seen.dtype == np.uint8
    assert seen.flags.writeable
    assert difference(seen, slowly_framed(image, frame)).max() <= 2


def test_a_picture_of_the_frames_size_comes_through_untouched():
    image = photo(32, 32)
    for framing in FRAMINGS:
        assert (read(saved(image, "PNG"), Frame(32, 32, framing)) == np.asarray(image)).all()
        assert (read_array(np.asarray(image), Frame(32, 32, framing)) == np.asarray(image)).all()


def test_crop_keeps_the_middle_and_pad_adds_black():
    thirds = np.zeros((10, 30, 3), np.uint8)
    thirds[:, :10, 0], thirds[:, 10:20, 1], thirds[:, 20:, 2] = 200, 200, 200
    cropped = read(saved(Image.fromarray(thirds), "PNG"), Frame(10, 10, "crop"))
    assert (cropped == [0, 200, 0]).all()
    padded = read(saved(Image.fromarray(thirds), "PNG"), Frame(30, 30, "pad"))
    assert (padded[10:20] == thirds).all()
    assert not padded[:10].any()
    assert not padded[20:].any()


@pytest.mark.parametrize("wrong", [(0, 5), (5, -1), (5, 5, "squeeze")])
def test_a_frame_without_area_or_of_unknown_framing_is_refused(wrong):
    with pytest.raises(ValueError, match=r"frame is at least 1 x 1 pixels|one of crop, stretch, pad; got 'squeeze'"):
        Frame(*wrong)


# ---- colours


def test_grey_is_repeated():
    grey = photo().convert("L")
    for kind in ("PNG", "BMP", "TIFF"):
        assert (read_full(saved(grey, kind)) == np.asarray(grey)[..., None]).all()
    jpeg = saved(grey, "JPEG")
    assert (read_full(jpeg) == np.asarray(Image.open(io.BytesIO(jpeg)))[..., None]).all()
    assert read_with_header(jpeg, Frame(20, 20))[1].mode == "L"


def test_one_bit_is_black_and_white():
    image = photo().convert("1")
    assert (read_full(saved(image, "PNG")) == np.where(np.asarray(image), 255, 0)[..., None]).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bits_are_scaled_not_cut_off(kind):
    values = np.array([[0, 128, 129, 257, 4096], [30000, 32768, 65279, 65407, 65535]], np.uint16)
    seen = read_full(saved(Image.fromarray(values), kind))
    assert (seen == np.rint(values / 65535 * 255)[..., None]).all()
    assert read(saved(Image.fromarray(values), kind), Frame(2, 2)).max() > 200


def test_16_bits_of_big_endian_tiff_are_read_too():
    values = np.array([[0, 1000, 65535]], np.uint16)
    entries = [(256, 3, 1, 3), (257, 3, 1, 1), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 200)]
    entries += [(278, 3, 1, 1), (279, 4, 1, 6)]
    directory = b"".join(
        struct.pack(">HHI", *e[:3]) + struct.pack(">HH" if e[1] == 3 else ">I", *([e[3], 0] if e[1] == 3 else [e[3]]))
        for e in entries
    )
    content = b"MM\0*\0\0\0\x08" + struct.pack(">H", len(entries)) + directory + bytes(4)
    content = content.ljust(200, b"\0") + values.astype(">u2").tobytes()
    assert (read_full(content)[0, :, 0] == [0, 4, 255]).all()


def test_a_transparent_16_bit_value_is_white():
    values = np.array([[500, 0, 65535]], np.uint16)
    content = saved(Image.fromarray(values), "PNG", transparency=500)
    assert read_full(content)[0, :, 0].tolist() == [255, 0, 255]


def test_integers_beyond_16_bits_are_refused():
    content = saved(Image.fromarray(np.array([[-1, 70000]], np.int32)), "TIFF")
    with pytest.raises(UnreadablePictureError, match=r"integer pixels from -1 to 70000, outside the 0\.\.65535"):
        read_full(content, "x.tif")


@pytest.mark.parametrize("mode", ["F", "LAB"])
def test_pixels_without_an_agreed_white_are_refused(mode):
    image = Image.new(mode, (4, 4))
    with pytest.raises(
        UnreadablePictureError, match=rf"x\.tif has pixels of Pillow's mode {mode}.*convert it to 8-bit"
    ):
        read(saved(image, "TIFF"), Frame(2, 2), "x.tif")


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_laid_on_white(mode):
    grey, opacity = np.array([[100, 0, 0]], np.uint8), np.array([[255, 0, 128]], np.uint8)
    channels = [grey, opacity] if mode == "LA" else [grey, grey, grey, opacity]
    content = saved(Image.fromarray(np.stack(channels, axis=-1), mode), "PNG")
    assert read_full(content)[0].tolist() == [[100] * 3, [255] * 3, [127] * 3]
    if mode == "RGBA":
        assert read_array(np.stack(channels, axis=-1), Frame(1, 3))[0].tolist() == [[100] * 3, [255] * 3, [127] * 3]


def palette_picture() -> Image.Image:
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 200, 100, 0, 5, 5, 5])
    image.putdata([0, 1, 2])
    return image


def test_palettes_are_looked_up_and_their_transparency_laid_on_white():
    image = palette_picture()
    assert read_full(saved(image, "PNG"))[0].tolist() == [[10, 20, 30], [200, 100, 0], [5, 5, 5]]
    assert read_full(saved(image, "PNG", transparency=1))[0].tolist() == [[10, 20, 30], [255] * 3, [5, 5, 5]]
    half = read_full(saved(image, "PNG", transparency=bytes([255, 0, 128])))[0]
    assert half.tolist() == [[10, 20, 30], [255] * 3, [130] * 3]
    assert read_full(saved(image, "GIF", transparency=1))[0].tolist() == [[10, 20, 30], [255] * 3, [5, 5, 5]]


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_transparent_colour_is_white(mode):
    content = saved(Image.new(mode, (2, 2)), "PNG", transparency=(0, 0, 0) if mode == "RGB" else 0)
    assert (read_full(content) == 255).all()


@pytest.mark.parametrize("adobe", [True, False])
def test_cmyk_becomes_what_pillow_makes_of_it(adobe):
    rng = np.random.default_rng(3)
    coarse = Image.fromarray(rng.integers(0, 256, (3, 4, 4), dtype=np.uint8), "CMYK").resize((160, 120), Image.BICUBIC)
    content = saved(coarse, "JPEG", quality=95)
    if not adobe:  # without Adobe's mark the inks are not inverted
        start = content.index(b"\xff\xee\0\x0eAdobe")
        content = content[:start] + content[start + 16 :]
    rgb = Image.open(io.BytesIO(content)).convert("RGB")
    assert (read_full(content) == np.asarray(rgb)).all()
    for framing in FRAMINGS:
        frame = Frame(12, 14, framing)
        seen, header = read_with_header(content, frame)
        assert header.mode == "CMYK"
        assert difference(seen, slowly_framed(rgb, frame)).mean() < 2


def test_a_narrow_cmyk_picture_is_reduced_no_further_than_it_goes():
    content = saved(Image.new("CMYK", (3, 900), (0, 255, 0, 0)), "JPEG")
    for framing in FRAMINGS:
        assert read(content, Frame(16, 16, framing)).shape == (16, 16, 3)


# ---- the first picture of several


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "MPO", "PNG"])
def test_of_several_pictures_the_first_is_read(kind):
    first, second = photo(seed=1), photo(seed=2)
    options = {"lossless": True} if kind == "WEBP" else {}
    content = saved(first, kind, save_all=True, append_images=[second], **options)
    seen, header = read_with_header(content, Frame(90, 130))
    assert header.frames == 2
    assert difference(seen, np.asarray(first)).mean() < 8 < difference(seen, np.asarray(second)).mean()
    assert (seen == read(content, Frame(90, 130))).all()


def test_a_png_that_is_broken_is_refused_however_it_is_asked():
    content = saved(photo(), "PNG")
    broken = content[: len(content) // 2] + b"????" + content[len(content) // 2 + 4 :]
    for reader in (read, read_with_header):
        with pytest.raises(UnreadablePictureError, match="is damaged"):
            reader(broken, Frame(16, 16))


def test_a_broken_second_picture_does_not_spoil_the_first():
    content = saved(photo(), "GIF", save_all=True, append_images=[photo(seed=1)])
    whole = read(content, Frame(90, 130))
    seen, _ = read_with_header(content[: len(content) * 3 // 4], Frame(90, 130))
    assert (seen == whole).all()


# ---- JPEG at a reduced size


@pytest.mark.parametrize("side", [32, 64, 100, 224])
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}], ids=str)
def test_a_reduced_jpeg_is_close_to_the_full_one_resized(side, framing, options):
    content = saved(photo(613, 809), "JPEG", quality=90, **options)
    whole = Image.open(io.BytesIO(content)).convert("RGB")
    frame = Frame(side, side, framing)
    off = difference(read(content, frame), slowly_framed(whole, frame))
    assert off.mean() < 1
    assert np.percentile(off, 99) <= 12


def test_a_jpeg_is_never_decoded_below_what_is_asked_for():
    for scale in np.linspace(0.01, 1.5, 300):
        assert _jpeg.eighths(scale) / 8 >= min(1, scale)
    assert _jpeg.eighths(64 / 3000) == 1
    assert _jpeg.eighths(1.0) == 8


@pytest.mark.parametrize("n_eighths", _jpeg.EIGHTHS)
@pytest.mark.parametrize("size", [(1, 1), (7, 9), (16, 24), (101, 67)])
def test_reduced_sizes_are_rounded_up(n_eighths, size):
    height, width = size
    pixels = _jpeg.decode(saved(photo(height, width), "JPEG"), height, width, n_eighths, grey=False)
    assert pixels.shape == (-(-height * n_eighths // 8), -(-width * n_eighths // 8), 3)


def test_an_old_jfif_revision_is_no_fault():
    content = saved(photo(), "JPEG")
    place = content.index(b"JFIF\0") + 5
    old = content[:place] + b"\0\0" + content[place + 2 :]
    assert (read_full(old) == read_full(content)).all()
    with pytest.raises(UnreadablePictureError, match="damaged"):
        read_full(old[: len(old) // 2])


def test_bytes_behind_a_jpeg_are_no_fault():
    content = saved(photo(), "JPEG")
    assert (read_full(content + b"a phone's own notes" * 50) == read_full(content)).all()


# ---- what cannot be read whole is refused by name

WHOLE = {
    "baseline.jpg": saved(photo(), "JPEG"),
    "progressive.jpg": saved(photo(), "JPEG", progressive=True),
    "grey.jpg": saved(photo().convert("L"), "JPEG"),
    "cmyk.jpg": saved(photo().convert("CMYK"), "JPEG"),
    "colour.png": saved(photo(), "PNG"),
    "palette.gif": saved(photo().quantize(), "GIF"),
    "plain.bmp": saved(photo(), "BMP"),
    "plain.tif": saved(photo(), "TIFF"),
    "packed.tif": saved(photo(), "TIFF", compression="tiff_lzw"),
    "lossy.webp": saved(photo(), "WEBP"),
    "lossless.webp": saved(photo(), "WEBP", lossless=True),
    "plain.ppm": saved(photo(), "PPM"),
    "rle.tga": saved(photo(), "TGA", compression="tga_rle"),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("part", [0.01, 0.1, 0.3, 0.5, 0.8, 0.95])
def test_a_file_that_was_cut_off_is_refused_by_name(tmp_path, name, part):
    path = tmp_path / name
    path.write_bytes(WHOLE[name][: int(len(WHOLE[name]) * part)])
    for frame in (Frame(8, 8), Frame(90, 130, "stretch"), Frame(500, 500, "pad")):
        with pytest.raises(UnreadablePictureError, match=r"replace it with a good copy or remove it") as refusal:
            read(path, frame)
        assert str(path) in str(refusal.value)
        assert "\n" not in str(refusal.value)
    with pytest.raises(UnreadablePictureError):
        read_full(path)


@pytest.mark.parametrize("name", [name for name in WHOLE if name.endswith(".jpg")])
@pytest.mark.parametrize("filling", [b"", bytes(3000), b"\x55" * 3000], ids=["nothing", "zeros", "fives"])
def test_a_jpeg_that_was_cut_off_and_mended_is_refused_all_the_same(name, filling):
    half = WHOLE[name][: len(WHOLE[name]) * 6 // 10]
    with pytest.raises(UnreadablePictureError, match="damaged"):
        read(half + filling, Frame(64, 64))
    with pytest.raises(UnreadablePictureError, match="damaged"):
        read(half + b"\xff\xd9", Frame(64, 64))


@pytest.mark.parametrize("name", WHOLE)
def test_broken_bytes_give_a_picture_or_a_refusal_and_never_another_error(name):
    rng = np.random.default_rng(4)
    for _ in range(60):
        content = bytearray(WHOLE[name])
        for place in rng.integers(0, len(content), rng.integers(1, 20)):
            content[place] = rng.integers(0, 256)
        try:
            seen, header = read_with_header(bytes(content), Frame(16, 16), name)
        except UnreadablePictureError as refusal:
            assert name in str(refusal)  # noqa: PT017 (either outcome is right)
        else:
            assert seen.shape == (16, 16, 3)
            assert header.height * header.width <= decode.MAX_PIXELS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"this is not an image\n", r"is no picture that can be read here.*begins with b'this is not an i'"),
        (b"<!DOCTYPE html><html>", r"is no picture that can be read here"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", r"is no picture that can be read here"),
        (b"\xff\xd8\xff", r"is no picture that can be read here, or its header is cut off"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(tmp_path, content, said):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(UnreadablePictureError, match=rf"photo\.jpg {said}.*; replace it with a good copy or remove it"):
        read(path, Frame(8, 8))


def test_a_path_without_a_file_is_refused_by_name(tmp_path):
    with pytest.raises(UnreadablePictureError, match=r"gone\.jpg cannot be opened \(No such file"):
        read(tmp_path / "gone.jpg", Frame(8, 8))
    with pytest.raises(UnreadablePictureError, match="is no file; give the path of a picture"):
        read(tmp_path, Frame(8, 8))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadablePictureError, match=r"pipe\.jpg is no file"):
        read(tmp_path / "pipe.jpg", Frame(8, 8))


def test_content_without_a_file_is_called_by_the_name_given():
    with pytest.raises(UnreadablePictureError, match=r"^upload 7 is empty"):
        read(b"", Frame(8, 8), "upload 7")
    with pytest.raises(UnreadablePictureError, match=r"^the picture is empty"):
        read(b"", Frame(8, 8))


def test_the_content_decides_and_not_the_suffix(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(saved(photo(), "PNG"))
    assert (read_full(path) == np.asarray(photo())).all()
    assert read_with_header(path, Frame(8, 8))[1].format == "PNG"


def header_only_png(width: int, height: int) -> bytes:
    """A PNG that announces so many pixels and holds none."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_picture_that_is_too_large_is_refused_from_its_header(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(header_only_png(30_000, 30_000))
    for reader in (lambda: read(path, Frame(8, 8)), lambda: read_full(path), lambda: read_size(path)):
        with pytest.raises(UnreadablePictureError, match=r"bomb\.png is too large .*900000000 pixels.*; scale it down"):
            reader()


def test_pillows_own_limit_may_be_off_and_ours_still_holds(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(
        UnreadablePictureError, match=rf"too large \(30000 x 30000 pixels, at most {decode.MAX_PIXELS}\)"
    ):
        read(header_only_png(30_000, 30_000), Frame(8, 8))


def test_a_picture_below_the_limit_is_judged_by_its_content_without_a_warning():
    content = header_only_png(13_000, 13_000)  # where Pillow warns already
    assert read_size(content) == (13_000, 13_000)


def test_a_file_far_larger_than_any_picture_is_not_read_into_memory(tmp_path):
    path = tmp_path / "film.jpg"
    with path.open("wb") as file:
        file.truncate(3 * 2**30)  # sparse: takes no room on disk
    with pytest.raises(UnreadablePictureError, match=r"film\.jpg is too large \(3221225472 bytes\)"):
        read(path, Frame(8, 8))


# ---- arrays take the same road


@pytest.mark.parametrize("framing", FRAMINGS)
def test_arrays_are_framed_like_files(framing):
    frame = Frame(33, 50, framing)
    for image in (photo(), photo().convert("L"), Image.merge("RGBA", (*photo().split(), photo(seed=1).convert("L")))):
        assert (read_array(np.asarray(image), frame) == read(saved(image, "PNG"), frame)).all()
    grey = np.asarray(photo().convert("L"))
    assert (read_array(grey[..., None], frame) == read_array(grey, frame)).all()


def test_an_array_is_copied_even_if_it_fits():
    values = np.zeros((4, 4, 3), np.uint8)
    read_array(values, Frame(4, 4))[:] = 9
    read_array(values[..., 0], Frame(4, 4))[:] = 9
    assert not values.any()


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((4, 4), float), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8), np.zeros((3, 0), np.uint8)],
)
def test_an_array_of_another_kind_is_refused(wrong):
    with pytest.raises(ValueError, match=r"a picture must be uint8 of shape .*; got"):
        read_array(wrong, Frame(4, 4))


# ---- together


def test_many_threads_read_the_same_and_leave_the_warnings_as_they_were():
    contents = list(WHOLE.values())
    alone = [read(content, Frame(40, 40)) for content in contents]
    filters, wrong = list(warnings.filters), []

    def work() -> None:
        for content, expected in zip(contents * 3, alone * 3):
            if not (read(content, Frame(40, 40)) == expected).all():
                wrong.append(content)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert warnings.filters == filters


# ---- files from the wild

ODD = Path(os.environ.get("VISUS_DATA", "")) / "odd-files"
REFUSED = {
    "text_named.jpg": "is no picture",
    "truncated_60pct.jpg": "Premature end of JPEG file",
    "zero_bytes.jpg": "is empty",
    "pillow_broken.png": "is no picture",
    "pillow_broken_data_stream.png": "is damaged",
    "pillow_truncated_image.png": "is damaged",
    "pillow_truncated_jpeg.jpg": "is damaged",
}


def test_every_odd_file_is_read_right_or_refused_by_name():
    if not os.environ.get("VISUS_DATA") or not ODD.is_dir():
        pytest.skip("$VISUS_DATA/odd-files is not there")
    refused = set()
    for path in sorted(p for p in ODD.rglob("*") if p.is_file()):
        try:
            seen, header = read_with_header(path, Frame(64, 48))
        except UnreadablePictureError as refusal:
            assert str(path) in str(refusal)  # noqa: PT017 (either outcome is right)
            assert REFUSED[path.name] in str(refusal)  # noqa: PT017
            refused.add(path.name)
            continue
        assert (seen == read(path, Frame(64, 48))).all()
        full = read_full(path)
        assert full.shape == (header.height, header.width, 3) == (*read_size(path), 3)
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if image.mode in ("L", "RGB", "CMYK", "P") and not image.has_transparency_data:
                assert difference(full, np.asarray(upright.convert("RGB"))).max() <= 1, path.name
            if image.mode == "I;16" and "transparency" not in image.info:
                assert (full[..., 0] == np.rint(np.asarray(upright) / 257)).all(), path.name
    assert refused == set(REFUSED)
