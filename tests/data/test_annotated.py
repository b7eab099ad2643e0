"""Formats of marked objects: what each says is read as it is meant, and what is bad is named and left out."""

import json

import numpy as np
import pytest
from drawn_objects import coco_file, save_picture, voc_file, voc_object, yolo_folder
from PIL import Image

from visus.data import annotated, decode
from visus.data._folder import modules
from visus.data.annotated import coco, voc, yolo
from visus.data.open_annotations import OBJECT_SETS, format_of, open_annotations

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{"&lol" + str(n - 1) + ";" if n > 1 else "&lol;"}{"&lol;" * 9}">' for n in range(1, 9))
    + "]><annotation>&lol8;</annotation>"
)


@pytest.mark.parametrize("module", modules(annotated), ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_format_introduces_itself_and_passes_by_what_is_another(module, tmp_path):
    assert (module.__doc__ or "").partition("\n")[0].endswith((".", ","))
    assert not module.recognises(tmp_path)
    save_picture(tmp_path / "cats" / "a.png", 8, 8)
    (tmp_path / "a.txt").write_text("hello")
    assert not module.recognises(tmp_path)
    assert not module.recognises(tmp_path / "a.txt")


# ---- COCO


def test_coco_categories_with_gaps_become_classes_in_the_order_of_their_ids(tmp_path):
    found = coco.read(coco_file(tmp_path))
    assert found.classes == ["car", "dog"]
    assert [one.labels.tolist() for one in found.objects] == [[1, 0], [0]]
    assert found.objects[0].boxes.tolist() == [[1, 2, 11, 22], [20.5, 5.25, 33, 14.25]]
    assert found.sizes.tolist() == [[40, 60], [40, 60]]
    assert (found.kind, found.problems, found.splits) == ("masks", [], None)


def test_coco_crowds_run_lengths_and_polygons_stay_what_they_are(tmp_path):
    first, second = coco.read(coco_file(tmp_path)).objects
    assert first.outlines == [[[1, 2, 11, 2, 11, 22, 1, 22]], None]
    assert second.crowd.tolist() == [True]
    assert (second.outlines[0].height, list(second.outlines[0].counts)) == (40, [0, 80, 2320])
    assert first.facts[0] == {"id": 1, "bbox": [1, 2, 10, 20], "area": 200}


def test_coco_run_lengths_may_be_a_string(tmp_path):
    def as_string(content):
        content["annotations"][2]["segmentation"]["counts"] = "0`2`X2"  # by COCO's own library

    found = coco.read(coco_file(tmp_path, as_string))
    assert list(found.objects[1].outlines[0].counts) == [0, 80, 2320]


def test_coco_keypoints_and_their_mirror_images_are_read(tmp_path):
    def points(content):
        content["categories"][0] |= {"keypoints": ["nose", "left_eye", "right_eye"], "skeleton": [[1, 2], [1, 3]]}
        content["annotations"][0]["keypoints"] = [5, 6, 2, 7.5, 8, 1, 0, 0, 0]

    found = coco.read(coco_file(tmp_path, points))
    assert found.kind == "keypoints"
    assert found.keypoint_names == ("nose", "left_eye", "right_eye")
    assert (found.skeleton, found.mirrored) == ([(0, 1), (0, 2)], [0, 2, 1])
    assert found.objects[0].keypoints[0].tolist() == [[5, 6, 2], [7.5, 8, 1], [0, 0, 0]]
    assert not found.objects[0].keypoints[1].any()  # a car has none


def _annotation(place, **changes):
    return lambda content: content["annotations"][place].update(changes)


def _polygons(*polygons):
    return _annotation(0, segmentation=list(polygons))


BAD_ANNOTATIONS = {
    "no area": (_annotation(0, bbox=[1, 2, 0, 20]), "boxes without area (1), left out: annotation 1 of a.png"),
    "negative": (_annotation(0, bbox=[1, 2, 10, -20]), "boxes without area"),
    "not a number": (_annotation(0, bbox=[1, 2, float("nan"), 20]), "boxes that are not four numbers"),
    "three numbers": (_annotation(0, bbox=[1, 2, 3]), "boxes that are not four numbers"),
    "no box": (lambda content: content["annotations"][0].pop("bbox"), "boxes that are not four numbers"),
    "outside": (_annotation(0, bbox=[60, 2, 10, 20]), "boxes outside their picture"),
    "two points": (_polygons([1, 2, 11, 2]), "outlines without a polygon of three points"),
    "odd": (_polygons([1, 2, 11, 2, 5, 5, 5]), "outlines without a polygon of three points"),
    "rle length": (
        _annotation(0, segmentation={"size": [40, 60], "counts": [10, 20]}),
        "run lengths of the wrong length (1), left out: annotation 1 of a.png: 30 pixels, expected 2400",
    ),
    "rle size": (_annotation(0, segmentation={"size": [60, 40], "counts": [2400]}), "run lengths of another size"),
    "rle string": (_annotation(0, segmentation={"size": [40, 60], "counts": "~~"}), "run lengths that cannot be read"),
    "rle negative": (_annotation(0, segmentation={"size": [40, 60], "counts": [2401, -1]}), "not whole numbers"),
    "rle empty": (_annotation(0, segmentation={}), "run lengths without counts or size"),
    "outline": (_annotation(0, segmentation="x"), "neither polygons nor run lengths"),
    "class": (_annotation(0, category_id=99), "annotations of a category that is not listed"),
    "no class": (lambda content: content["annotations"][0].pop("category_id"), "category that is not listed"),
    "picture": (_annotation(0, image_id=99), "annotations of pictures that are not listed"),
    "list as id": (_annotation(0, image_id=[7]), "annotations of pictures that are not listed"),
    "no image_id": (lambda content: content["annotations"][0].pop("image_id"), "annotations without image_id"),
    "text": (lambda content: content["annotations"].__setitem__(0, "x"), "annotations that are no objects"),
}


@pytest.mark.parametrize("case", BAD_ANNOTATIONS)
def test_a_bad_coco_annotation_is_left_out_and_named_with_its_file(case, tmp_path):
    spoil, sentence = BAD_ANNOTATIONS[case]
    found = coco.read(coco_file(tmp_path, spoil))
    assert sum(map(len, found.objects)) == 2
    (problem,) = found.problems
    assert problem.startswith("instances_train2017.json: ")
    assert sentence in problem
    assert "(1), left out" in problem


def test_a_bad_polygon_of_an_object_with_others_goes_alone(tmp_path):
    found = coco.read(coco_file(tmp_path, _polygons([1, 2, 3, 4], [1, 2, 11, 2, 11, 22])))
    assert found.objects[0].outlines[0] == [[1, 2, 11, 2, 11, 22]]
    assert "4 numbers, expected x, y of three points or more" in found.problems[0]


def test_coco_pictures_that_are_missing_broken_doubled_or_resized_are_named(tmp_path):
    def spoil(content):
        content["images"] += [
            {"id": 10, "file_name": "gone.png"},
            {"id": 7, "file_name": "b.png"},
            {"id": 12, "file_name": "../images/a.png"},
            {"id": 13, "file_name": "broken.png"},
            {"id": 14, "file_name": "large.png", "height": 80, "width": 120},
            {"file_name": "c.png"},
        ]

    file = coco_file(tmp_path, spoil)
    (tmp_path / "images" / "broken.png").write_bytes(b"no picture")
    save_picture(tmp_path / "images" / "large.png", 40, 60)
    said = "\n".join(coco.read(file).problems)
    assert "that are not there" in said
    assert "gone.png" in said
    assert "listed twice (2)" in said
    assert "broken.png is no picture" in said
    assert "large.png is 60 x 40, not 120 x 80" in said
    assert "pictures without id or file_name (1)" in said


def test_a_picture_too_large_to_decode_is_named_from_its_header(tmp_path, monkeypatch):
    file = coco_file(tmp_path)
    Image.new("L", (300, 300)).save(tmp_path / "images" / "b.png")
    monkeypatch.setattr(decode, "MAX_PIXELS", 60_000)
    (problem,) = [line for line in coco.read(file).problems if "b.png" in line]
    assert "too large" in problem


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda c: c.pop("images"), "has no list called images"),
        (lambda c: c.pop("categories"), "has no list called categories"),
        (lambda c: c.update(annotations={}), "has no list called annotations"),
        (lambda c: c.update(categories=[{"name": "dog"}]), "entry 0 of categories has no id or no name"),
        (lambda c: c.update(categories=[]), "has no categories"),
        (lambda c: c["categories"][0].update(name="car"), "two categories are called 'car'"),
        (lambda c: c["categories"][0].update(id=3), "category 3 is 'car' here and 'dog' before"),
        (lambda c: c.update(images=[]), "names no picture that can be used"),
        (lambda c: c.update(annotations=[]), "marks no object that can be used"),
        (lambda c: [a.update(bbox=[1, 1, 0, 0]) for a in c["annotations"]], "marks no object that can be used"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_coco_file_of_which_nothing_is_left_is_refused_in_one_sentence(spoil, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence) as caught:
        coco.read(coco_file(tmp_path, spoil))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(("content", "why"), [("[]", "holds a list"), ("{", "is no JSON"), ("[" * 100_000, "no JSON")])
def test_what_is_no_coco_object_is_refused(content, why, tmp_path):
    file = tmp_path / "instances_val.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=why):
        open_annotations(file)


def test_a_folder_with_files_for_each_part_states_the_parts_and_takes_instances_first(tmp_path):
    coco_file(tmp_path)
    other = tmp_path / "annotations" / "instances_val2017.json"
    content = json.loads((tmp_path / "annotations" / "instances_train2017.json").read_text())
    for image in content["images"]:
        image["file_name"] = "v" + image["file_name"]
        save_picture(tmp_path / "val2017" / image["file_name"], 40, 60)
    other.write_text(json.dumps(content))
    (tmp_path / "annotations" / "person_keypoints_train2017.json").write_text(json.dumps(content))
    (tmp_path / "annotations" / "captions_train2017.json").write_text("{}")
    found = open_annotations(tmp_path)
    assert found.splits == ["train", "train", "validation", "validation"]
    assert found.names == ["a.png", "b.png", "va.png", "vb.png"]


def test_a_folder_per_part_with_its_own_json_is_understood(tmp_path):
    content = coco_file(tmp_path / "draft").read_text()
    for part in ("train", "valid"):
        save_picture(tmp_path / "set" / part / "a.png", 40, 60)
        save_picture(tmp_path / "set" / part / "b.png", 40, 60)
        (tmp_path / "set" / part / "_annotations.coco.json").write_text(content)
    found = open_annotations(tmp_path / "set")
    assert found.names == ["train/a.png", "train/b.png", "validation/a.png", "validation/b.png"]
    assert len(set(found.paths)) == 4


# ---- Pascal VOC


def test_voc_boxes_are_counted_from_one_and_their_facts_are_kept(tmp_path):
    voc_file(
        tmp_path, "a", voc_object(more="<difficult>1</difficult><truncated>0</truncated>") + voc_object(name="cat")
    )
    found = open_annotations(tmp_path)
    assert found.objects[0].boxes[0].tolist() == [10, 20, 30, 35]
    assert found.classes == ["cat", "dog"]
    assert found.objects[0].facts[0] == {"difficult": "1", "truncated": "0"}
    assert found.facts["pictures"][0]["source"] == {"database": "own"}


def test_voc_lists_state_the_parts_and_who_is_in_none_is_left_out(tmp_path):
    for name in "abcd":
        voc_file(tmp_path, name, voc_object())
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for part, names in (("train", "a\n"), ("val", "b 1\n"), ("test", "c\nghost\n"), ("trainval", "a\nb\n")):
        (lists / f"{part}.txt").write_text(names)
    found = open_annotations(tmp_path)
    assert dict(zip(found.names, found.splits, strict=True)) == {
        "a.png": "train",
        "b.png": "validation",
        "c.png": "test",
    }
    assert any("in none of the lists" in line and "d" in line for line in found.problems)
    assert any("ghost" in line for line in found.problems)


def test_voc_files_beside_their_pictures_and_one_folder_down_are_understood(tmp_path):
    voc_file(tmp_path / "VOCdevkit" / "VOC2007", "a", voc_object())
    assert open_annotations(tmp_path / "VOCdevkit").names == ["a.png"]
    beside = tmp_path / "beside"
    for part in ("train", "test"):
        voc_file(tmp_path / "draft", "b", voc_object())
        (beside / part).mkdir(parents=True)
        (tmp_path / "draft" / "Annotations" / "b.xml").rename(beside / part / f"{part}.xml")
        (tmp_path / "draft" / "JPEGImages" / "b.png").rename(beside / part / f"{part}.png")
    assert sorted(open_annotations(beside).splits) == ["test", "train"]


BAD_VOC = {
    "no area": (voc_object((5, 6, 5, 20)), "boxes without area"),
    "swapped": (voc_object((30, 6, 5, 20)), "boxes without area"),
    "not a number": (voc_object(("x", 6, 25, 20)), "boxes that are not four numbers"),
    "nan": (voc_object(("nan", 6, 25, 20)), "boxes that are not four numbers"),
    "no box": ("<object><name>dog</name></object>", "boxes that are not four numbers"),
    "outside": (voc_object((70, 6, 90, 20)), "boxes outside their picture"),
}


@pytest.mark.parametrize("case", BAD_VOC)
def test_a_bad_voc_object_is_left_out_and_named_with_its_file(case, tmp_path):
    body, sentence = BAD_VOC[case]
    voc_file(tmp_path, "a", voc_object() + body)
    found = voc.read(tmp_path)
    assert len(found.objects[0]) == 1
    (problem,) = found.problems
    assert sentence in problem
    assert "object 1 ('dog') of a.xml" in problem


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (BOMB, "define entities, as attacks do"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>', "define entities"),
        ("<annotation><object>", "XML files that are broken"),
        ("<html></html><annotation/>", "XML files that are broken"),
        ("<labels><annotation/></labels>", "XML files of another kind"),
        ("", "XML files that are broken"),
        ('<?xml version="1.0" encoding="nonsense"?><annotation/>', "XML files that are broken"),
    ],
)
def test_hostile_and_broken_xml_is_named_and_left_out_or_refused_in_one_sentence(content, sentence, tmp_path):
    bad = voc_file(tmp_path, "bad")
    bad.write_text(content)
    with pytest.raises(ValueError, match=sentence) as caught:
        open_annotations(tmp_path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    voc_file(tmp_path, "good", voc_object())
    found = open_annotations(tmp_path)
    assert found.names == ["good.png"]
    assert sentence in found.problems[0]
    assert "bad.xml" in found.problems[0]


def test_voc_pictures_of_another_size_than_said_are_left_out_and_a_size_of_zero_says_nothing(tmp_path):
    voc_file(tmp_path, "a", voc_object(), size=(60, 40))
    voc_file(tmp_path, "b", voc_object(), size=(0, 0))
    voc_file(tmp_path, "c", voc_object(), picture="/home/me/other.png")
    (voc_file(tmp_path, "d", voc_object()).parent.parent / "JPEGImages" / "d.png").unlink()
    found = open_annotations(tmp_path)
    assert found.names == ["b.png", "c.png"]
    assert any("a.png is 60 x 40, not 40 x 60" in line for line in found.problems)
    assert any("d.png of d.xml" in line for line in found.problems)


def test_a_class_that_the_voc_list_does_not_have_is_named(tmp_path):
    voc_file(tmp_path, "a", voc_object() + voc_object(name="hamster"))
    (tmp_path / "classes.txt").write_text("wolf\ndog\n")
    found = open_annotations(tmp_path)
    assert (found.classes, found.objects[0].labels.tolist()) == (["wolf", "dog"], [1])
    assert "'hamster'" in found.problems[0]


# ---- YOLO


def test_yolo_shares_become_pixels_and_pictures_without_a_file_are_ground(tmp_path):
    yolo_folder(tmp_path, {"a": "1 0.5 0.5 0.5 0.25\n\n0 0.1 0.2 0.2 0.4\n", "b": "", "c": None})
    found = open_annotations(tmp_path)
    assert found.classes == ["cat", "dog"]
    assert [len(one) for one in found.objects] == [2, 0, 0]
    assert np.allclose(found.objects[0].boxes, [[15, 15, 45, 25], [0, 0, 12, 16]])
    assert (found.problems, found.kind) == ([], "boxes")


def test_yolo_polygons_bring_their_boxes(tmp_path):
    found = open_annotations(yolo_folder(tmp_path, {"a": "0 0.1 0.1 0.5 0.1 0.5 0.75\n"}))
    assert found.kind == "masks"
    assert np.allclose(found.objects[0].boxes, [[6, 4, 30, 30]])
    assert np.allclose(found.objects[0].outlines[0], [[6, 4, 30, 4, 30, 30]])


def test_yolo_poses_are_read_with_two_or_three_values_a_point(tmp_path):
    three = "names: [man]\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\n"
    found = open_annotations(yolo_folder(tmp_path / "x", {"a": "0 .5 .5 1 1 .25 .5 2 0 0 0"}, three))
    assert found.kind == "keypoints"
    assert found.mirrored == [1, 0]
    assert found.objects[0].keypoints[0].tolist() == [[15, 20, 2], [0, 0, 0]]
    two = open_annotations(yolo_folder(tmp_path / "y", {"a": "0 .5 .5 1 1 .25 .5 0 0"}, three.replace("3]", "2]")))
    assert two.objects[0].keypoints[0].tolist() == [[15, 20, 2], [0, 0, 0]]


DESCRIPTIONS = {
    "list": "path: .\ntrain: images\nnames: ['cat', \"dog\"]  # two\nnc: 2\n",
    "lines": "# mine\ntrain: images\nnames:\n- cat\n- dog\n",
    "table": "train: images\nval: images\nnames:\n  0: cat\n  1: 'dog'\n",
    "braces": "train: [images]\nnames: {0: cat, 1: dog}\n",
    "several lines": "train: ../images\nnames: [\n  cat,\n  dog,\n]\n",
    "class list": None,
}


@pytest.mark.parametrize("case", DESCRIPTIONS)
def test_every_way_to_write_the_classes_says_the_same(case, tmp_path):
    yolo_folder(tmp_path, {"a": "1 0.5 0.5 0.5 0.25"}, DESCRIPTIONS[case] or "")
    if DESCRIPTIONS[case] is None:
        (tmp_path / "data.yaml").unlink()
        (tmp_path / "classes.txt").write_text("cat\ndog\n")
    found = open_annotations(tmp_path)
    assert found.classes == ["cat", "dog"]
    assert found.names == ["a.png"]
    assert found.objects[0].labels.tolist() == [1]


def test_yolo_parts_come_from_the_description_or_the_folders(tmp_path):
    for part in ("train", "val"):
        save_picture(tmp_path / "images" / part / f"{part}.png", 40, 60)
        (tmp_path / "labels" / part).mkdir(parents=True)
        (tmp_path / "labels" / part / f"{part}.txt").write_text("0 .5 .5 .5 .5")
    (tmp_path / "classes.txt").write_text("cat")
    assert open_annotations(tmp_path).splits == ["train", "validation"]
    (tmp_path / "val.txt").write_text("./images/train/train.png\nimages/gone.png\n")
    (tmp_path / "data.yaml").write_text("train: images/val\nval: val.txt\nnames: [cat]\n")
    found = open_annotations(tmp_path / "data.yaml")
    assert dict(zip(found.names, found.splits, strict=True)) == {
        "val/val.png": "train",
        "train/train.png": "validation",
    }
    assert "gone.png of val.txt" in found.problems[0]


BAD_LINES = {
    "0 0.5 0.5 0 0.25": "boxes without area",
    "0 0.5 0.5 -0.1 0.25": "outside 0 to 1",
    "0 0.5 0.5 nan 0.25": "lines that are not numbers",
    "0 a b c d": "lines that are not numbers",
    "2 0.5 0.5 0.5 0.25": "class 2, known are 0 to 1",
    "0.5 0.5 0.5 0.5 0.25": "not in the list of classes",
    "-1 0.5 0.5 0.5 0.25": "not in the list of classes",
    "0 30 20 12 8": "pixels where shares of the picture belong?",
    "0 0.1 0.1 0.5": "fewer than three points",
    "0 0.1 0.1 0.5 0.5 0.9": "fewer than three points",
    "0 0.1 0.1 0.5 0.5 0.9 0.1 0.5": "lines of another length",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_yolo_line_is_left_out_and_named_with_its_file(line, tmp_path):
    found = open_annotations(yolo_folder(tmp_path, {"a": f"1 0.5 0.5 0.5 0.25\n{line}\n"}))
    assert len(found.objects[0]) == 1
    (problem,) = found.problems
    assert BAD_LINES[line] in problem
    assert "line 2 of a.txt" in problem


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        ("train: images\n", "no list called names"),
        ("names: [a, b]\nnc: 3\n", "says nc: 3 and lists 2 names"),
        ("names: [a, a]\n", "lists the class 'a' twice"),
        ("names:\n  1: a\n  2: b\n", "expected 0 to 1 without gaps"),
        ("names: [a, b]\ntrain: gone\n", "there is nothing at"),
        ("names: [a, b\n", "is never closed"),
        ("names: &x [a]\n", "goes beyond plain lists"),
        ("just text\n", "line 1: 'just text' is not understood"),
        ("names: [a]\nkpt_shape: 5\n", "expected \\[number of keypoints, 2 or 3\\]"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused_in_one_sentence(description, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence) as caught:
        yolo.read(yolo_folder(tmp_path, {"a": "0 .5 .5 .5 .5"}, description))
    assert "data.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_labels_without_pictures_and_sets_of_bad_lines_alone_are_named(tmp_path):
    yolo_folder(tmp_path, {"a": "0 .5 .5 .5 .5"})
    (tmp_path / "labels" / "alone.txt").write_text("0 .5 .5 .5 .5")
    assert "alone.txt" in open_annotations(tmp_path).problems[0]
    (tmp_path / "labels" / "a.txt").write_text("0 200 100 50 50")
    with pytest.raises(ValueError, match=r"marks no object that can be used: .*shares of the picture"):
        open_annotations(tmp_path)


# ---- by name


def test_an_unknown_name_or_path_says_what_there_is(tmp_path):
    with pytest.raises(LookupError, match="Did you mean 'bccd'"):
        open_annotations("bcd")
    with pytest.raises(FileNotFoundError, match="check the path"):
        open_annotations(tmp_path / "gone")
    with pytest.raises(ValueError, match="understood are: COCO JSON; Pascal VOC XML; YOLO text"):
        open_annotations(tmp_path)


def test_a_named_set_that_is_not_here_says_where_to_put_it(monkeypatch):
    monkeypatch.delenv("VISUS_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=r"put its Annotations/.* into \$VISUS_DATA/bccd"):
        open_annotations("bccd")


def test_annotations_are_taken_as_they_are_and_formats_are_told_apart(tmp_path):
    found = coco.read(coco_file(tmp_path / "c"))
    assert open_annotations(found) is found
    voc_file(tmp_path / "v", "a", voc_object())
    yolo_folder(tmp_path / "y", {"a": "0 .5 .5 .5 .5"})
    assert [format_of(tmp_path / name) for name in "cvy"] == ["coco", "voc", "yolo"]
    assert format_of(tmp_path / "c" / "images") == ""


@pytest.mark.parametrize(
    ("name", "n_pictures", "n_objects"),
    [("bccd", 364, 4886), ("coco-mini44", 44, 405), ("coco-mini44-keypoints", 44, 90)],
)
def test_a_set_that_is_here_is_read_whole(name, n_pictures, n_objects, visus_data):
    assert name in OBJECT_SETS
    found = open_annotations(name)
    assert (len(found), sum(map(len, found.objects)), found.origin) == (n_pictures, n_objects, name)


def test_the_two_boxes_without_area_of_bccd_are_named(visus_data):
    (problem,) = open_annotations("bccd").problems
    assert "boxes without area (2)" in problem
    assert "BloodImage_00338.xml" in problem
    assert "BloodImage_00343.xml" in problem
