"""What a file says of its transparency, and whether it is grey."""

import numpy as np
import pytest
from PIL import Image

from visus.data.decode import ORIENTATION_TAG, UnreadablePictureError, read_grey, read_opacity

HOLE = np.array([[255, 255, 0], [255, 255, 255]], dtype=np.uint8)  # one transparent pixel, top right


def test_opacity_is_that_of_the_picture_as_it_stands(tmp_path):
    Image.merge("LA", [Image.new("L", (3, 2)), Image.fromarray(HOLE)]).save(tmp_path / "upright.png")
    assert (read_opacity(tmp_path / "upright.png") == HOLE).all()
    turned = Image.Exif()
    turned[ORIENTATION_TAG] = 6  # lies on its left side: shown turned by a quarter to the right
    Image.merge("LA", [Image.new("L", (3, 2)), Image.fromarray(HOLE)]).save(tmp_path / "lying.png", exif=turned)
    assert (read_opacity(tmp_path / "lying.png") == np.rot90(HOLE, -1)).all()


def test_palettes_may_be_transparent_and_most_pictures_cannot(tmp_path):
    palette = Image.fromarray((HOLE == 0).astype(np.uint8)).convert("P")
    palette.save(tmp_path / "palette.png", transparency=1)
    assert (read_opacity(tmp_path / "palette.png") == HOLE).all()
    Image.new("RGB", (3, 2)).save(tmp_path / "colour.png")
    assert read_opacity(tmp_path / "colour.png") is None


@pytest.mark.parametrize(
    ("mode", "grey"), [("1", True), ("L", True), ("LA", True), ("I;16", True), ("RGB", False), ("P", False)]
)
def test_grey_is_what_the_file_says_it_is(tmp_path, mode, grey):
    Image.new(mode, (3, 2)).save(tmp_path / "picture.png")
    assert read_grey(tmp_path / "picture.png") is grey


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for read in (read_grey, read_opacity):
        with pytest.raises(UnreadablePictureError, match=r"text\.png"):
            read(tmp_path / "text.png")
