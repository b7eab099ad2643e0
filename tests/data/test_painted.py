"""Label maps: what their pixels mean, however they are painted and listed; what does not fit is named and left out."""

import numpy as np
import pytest
from drawn_objects import save_picture
from PIL import Image

from visus.data import painted
from visus.data._folder import modules
from visus.data.decode import UnreadablePictureError
from visus.data.label_maps import IGNORE
from visus.data.map_pixels import codes_in, read_classes
from visus.data.open_annotations import open_maps
from visus.data.painted._class_list import palette, read_list

SKY, ROAD = (128, 128, 128), (128, 64, 128)
CODES = np.array([[0, 1, 2], [2, 1, 255]], dtype=np.uint8)


def _save(path, values, mode=None, palette=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(values, dtype=np.uint8), mode)
    if palette is not None:
        image = image.convert("P") if image.mode != "P" else image
        image.putpalette(palette)
    image.save(path)
    return path


def _folder(root, maps, pictures="images", labels="labels"):
    """Pictures and maps by name, of each map's size."""
    for name, values in maps.items():
        _save(root / labels / f"{name}.png", values)
        save_picture(root / pictures / f"{name}.jpg", *np.asarray(values).shape[:2])
    return root


@pytest.mark.parametrize("module", modules(painted), ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_format_of_maps_introduces_itself_and_passes_by_what_is_another(module, tmp_path):
    assert (module.__doc__ or "").partition("\n")[0].endswith(".")
    assert not module.recognises(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    save_picture(tmp_path / "images" / "a.png", 8, 8)
    (tmp_path / "labels" / "a.txt").write_text("0 .5 .5 .5 .5")  # YOLO
    assert not module.recognises(tmp_path)


def test_camvid_style_folders_state_parts_and_the_list_says_what_counts_nowhere(tmp_path):
    for part in ("train", "val", "test"):
        _folder(tmp_path / "set", {f"{part}1": CODES}, part, f"{part}annot")
    (tmp_path / "classes.txt").write_text("0 Sky\n1 Building\n2 Unlabelled (ignore)\n")
    found = open_maps(tmp_path / "set")
    assert found.classes == ["Sky", "Building"]
    assert dict(found.codes) == {0: 0, 1: 1, 2: IGNORE, 255: IGNORE}
    assert sorted(found.splits) == ["test", "train", "validation"]
    classes, unknown = read_classes(found.maps[0], found.codes)
    assert classes.tolist() == [[0, 1, 255], [255, 1, 255]]
    assert unknown == {}


@pytest.mark.parametrize(
    "line", ["Sky 128 128 128", "128 128 128 Sky", "Sky,128,128,128", "Sky:128,128,128::", "0 Sky 128 128 128"]
)
def test_colours_are_looked_up_however_the_list_gives_them(line, tmp_path):
    maps = {"a": [[SKY, ROAD], [ROAD, (9, 9, 9)]]}
    root = _folder(tmp_path, maps, labels="masks")
    road = line.replace("Sky", "Road").replace("128, 128", "x").replace("128 128 128", "128 64 128")
    road = road.replace("128,128,128", "128,64,128").replace("0 Road", "1 Road")
    (root / "classes.txt").write_text(f"{line}\n{road}\n")
    found = open_maps(root)
    assert found.classes == ["Sky", "Road"]
    assert found.colours == [SKY, ROAD]
    classes, unknown = read_classes(found.maps[0], found.codes)
    assert classes.tolist() == [[0, 1], [1, IGNORE]]
    assert unknown == {(9, 9, 9): 1}


def test_a_palette_gives_numbers_and_with_a_list_of_colours_colours(tmp_path):
    entries = [value for index in range(256) for value in palette(index)]
    path = _save(tmp_path / "m.png", CODES, palette=entries)
    with Image.open(path) as image:
        assert image.mode == "P"
    assert codes_in(path) == {0, 1, 2, 255}
    numbers, _ = read_classes(path, {0: 0, 1: 1, 2: 2, 255: IGNORE})
    colours, _ = read_classes(path, {palette(0): 0, palette(1): 1, palette(2): 2, palette(255): IGNORE})
    assert numbers.tolist() == colours.tolist() == CODES.tolist()


def test_grey_saved_in_colours_counts_as_grey(tmp_path):
    path = _save(tmp_path / "m.png", np.repeat(CODES[:, :, None], 3, 2))
    assert read_classes(path, {0: 0, 1: 1, 2: 2, 255: IGNORE})[0].tolist() == CODES.tolist()


def test_codes_beyond_a_byte_are_read(tmp_path):
    Image.fromarray(np.array([[1000, 7]], dtype=np.uint16)).save(tmp_path / "m.png")
    classes, unknown = read_classes(tmp_path / "m.png", {1000: 3, 5: 1})
    assert classes.tolist() == [[3, IGNORE]]
    assert unknown == {7: 1}


def test_a_broken_map_is_named(tmp_path):
    (tmp_path / "m.png").write_bytes(_save(tmp_path / "x.png", CODES).read_bytes()[:45])
    with pytest.raises(UnreadablePictureError, match=r"m\.png"):
        read_classes(tmp_path / "m.png", {0: 0})


def test_pascal_colours_are_those_of_its_kit():
    assert [palette(index) for index in (0, 1, 2, 8, 15, 255)] == [
        (0, 0, 0), (128, 0, 0), (0, 128, 0), (64, 0, 0), (192, 128, 128), (224, 224, 192),
    ]  # fmt: skip


def test_pascal_maps_have_its_classes_and_rims_that_count_nowhere(tmp_path):
    root = _folder(tmp_path / "VOC2012", {"a": [[0, 15, 255]], "b": [[20, 1, 0]]}, "JPEGImages", "SegmentationClass")
    save_picture(root / "JPEGImages" / "unpainted.jpg", 5, 5)
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n")
    (lists / "val.txt").write_text("b\n")
    found = open_maps(tmp_path)
    assert (found.classes[15], len(found.classes), found.codes[255]) == ("person", 21, IGNORE)
    assert found.splits == ["train", "validation"]
    assert found.colours[15] == (192, 128, 128)


def test_without_a_list_numbers_are_classes_and_two_levels_ground_and_object(tmp_path):
    several = open_maps(_folder(tmp_path / "n", {"a": CODES, "b": [[7, 0]]}))
    assert several.classes == ["class 0", "class 1", "class 2", "class 7"]
    assert dict(several.codes) == {0: 0, 1: 1, 2: 2, 7: 3, 255: IGNORE}
    two = open_maps(_folder(tmp_path / "w", {"a": [[0, 255]]}))
    assert two.classes == ["ground", "object"]
    assert dict(two.codes) == {0: 0, 255: 1}
    listed = _folder(tmp_path / "l", {"a": [[0, 255]]})
    (listed / "classes.txt").write_text("road\nrest\n")
    assert dict(open_maps(listed).codes) == {0: 0, 255: 1}


def test_maps_pair_with_pictures_by_name_and_endings_and_lists_state_parts(tmp_path):
    _folder(tmp_path, {"a": CODES, "b": CODES, "c": CODES}, "images", "masks")
    (tmp_path / "masks" / "b.png").rename(tmp_path / "masks" / "b_mask.png")
    (tmp_path / "train.txt").write_text("a.jpg\nimages/b.jpg masks/b_mask.png\n")
    (tmp_path / "val.txt").write_text("c\n")
    found = open_maps(tmp_path)
    assert [path.name for path in found.maps] == ["a.png", "b_mask.png", "c.png"]
    assert found.splits == ["train", "train", "validation"]


@pytest.mark.parametrize("layout", ["{kind}/{part}", "{part}/{kind}"])
def test_parts_may_be_folders_inside_or_outside(layout, tmp_path):
    for part in ("train", "valid"):
        names = {kind: layout.format(kind=kind, part=part) for kind in ("images", "masks")}
        _folder(tmp_path, {part: CODES}, names["images"], names["masks"])
    assert open_maps(tmp_path).splits == ["train", "validation"]


def test_pictures_and_maps_that_do_not_fit_are_named_and_left_out(tmp_path):
    root = _folder(tmp_path, {"a": CODES, "small": CODES, "bad": CODES})
    save_picture(root / "images" / "small.jpg", 9, 9)
    save_picture(root / "images" / "alone.jpg", 9, 9)
    _save(root / "labels" / "stray.png", CODES)
    (root / "labels" / "bad.png").write_bytes(b"")
    found = open_maps(root)
    assert found.names == ["images/a.jpg"]
    said = "\n".join(found.problems)
    for sentence in (
        "small.jpg is 9 x 9, its map 3 x 2",
        "pictures without a label map (1), left out: alone.jpg",
        "label maps without a picture (1), left out: stray.png",
        "bad.png is empty",
    ):
        assert sentence in said
    assert "\n".join(line.partition(":")[0] for line in found.problems).split("\n") == [root.name] * 4


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("0 Sky\n0 Road\n", "line 2: '0 Road' gives a class, number or colour a second time"),
        ("Sky\nSky\n", "a second time"),
        ("Sky\n", "lists 1 classes"),
        ("", "lists 0 classes"),
        ("Sky 1 2 300\nRoad 1 2 3\n", "is no class"),
        ("1 2 3 4 5\nRoad\n", "is no class"),
        ("\n".join(map(str, range(300))), "at most 255 are told apart"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused_with_its_line(lines, sentence, tmp_path):
    (tmp_path / "classes.txt").write_text(lines)
    with pytest.raises(ValueError, match=sentence):
        read_list(tmp_path / "classes.txt")


def test_a_list_may_have_a_heading_names_of_several_words_and_void(tmp_path):
    (tmp_path / "class_dict.csv").write_text("name,r,g,b\nTraffic Light,0,64,64\nRoad,128,64,128\nVoid,0,0,0\n")
    found = read_list(tmp_path / "class_dict.csv")
    assert found.classes == ["Traffic Light", "Road"]
    assert found.by_colour == {(0, 64, 64): 0, (128, 64, 128): 1, (0, 0, 0): IGNORE}


def test_colours_without_a_list_and_maps_without_meaning_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"hold colours, and no list says what they mean; put a classes\.txt"):
        open_maps(_folder(tmp_path / "c", {"a": [[SKY, ROAD]]}))
    listed = _folder(tmp_path / "d", {"a": [[SKY, ROAD]]})
    (listed / "classes.txt").write_text("Sky\nRoad\n")
    with pytest.raises(ValueError, match="says no colours"):
        open_maps(listed)
    with pytest.raises(ValueError, match="nothing but"):
        open_maps(_folder(tmp_path / "e", {"a": [[4, 4]]}))
    noise = np.arange(256).reshape(16, 16)
    with pytest.raises(ValueError, match="more than 200 grey levels"):
        open_maps(_folder(tmp_path / "f", {"a": noise}))


def test_nothing_that_can_be_used_is_refused_in_one_sentence(tmp_path):
    _folder(tmp_path, {"a": CODES})
    (tmp_path / "labels" / "a.png").rename(tmp_path / "labels" / "b.png")
    with pytest.raises(ValueError, match="holds no picture with a label map that can be used") as caught:
        open_maps(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="understood are: "):
        open_maps(tmp_path / "labels")
    with pytest.raises(LookupError, match="Did you mean 'camvid'"):
        open_maps("camvit")


def test_camvid_is_read_whole(visus_data):
    found = open_maps("camvid")
    assert [found.splits.count(part) for part in ("train", "validation", "test")] == [367, 101, 233]
    assert (len(found.classes), found.codes[11], found.problems) == (11, IGNORE, [])
    classes, unknown = read_classes(found.maps[0], found.codes)
    assert classes.shape == (180, 240)
    assert not unknown
