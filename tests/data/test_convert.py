"""From one format into another and back: what a format can hold comes back as it was, the rest is counted."""

import json
import re

import numpy as np
import pytest
from drawn_objects import CLASSES, SIZES, by_name, coco_file, drawn, voc_file, voc_object

from visus.cli._app import run
from visus.data import convert as converting
from visus.data.annotated import coco
from visus.data.annotations import Rle
from visus.data.convert import convert, formats
from visus.data.open_annotations import open_annotations
from visus.geometry.masks import mask_iou, polygon_mask, rle_decode


def _mask(outline, size):
    height, width = (int(side) for side in size)
    if isinstance(outline, Rle):
        return rle_decode(outline.counts, outline.height, outline.width)
    return polygon_mask(outline, height, width)


def _same_outline(a, b):
    if isinstance(a, Rle):
        return isinstance(b, Rle) and (a.height, a.width, list(a.counts)) == (b.height, b.width, list(b.counts))
    return a == b


def _assert_same(found, again, facts=True):
    assert again.classes == list(found.classes)
    theirs = by_name(again)
    assert len(theirs) == len(found)
    for path, own in zip(found.paths, found.objects, strict=True):
        other = theirs[path.name]
        assert (other.boxes == own.boxes).all()
        assert (other.labels == own.labels).all()
        assert (other.crowd == own.crowd).all()
        assert all(map(_same_outline, own.outlines, other.outlines))
        assert own.keypoints is None or (other.keypoints == own.keypoints).all()
        assert not facts or list(other.facts) == list(own.facts)


def _parts(annotations):
    return {path.name: part for path, part in zip(annotations.paths, annotations.splits, strict=True)}


@pytest.mark.parametrize("keypoints", [False, True])
def test_coco_holds_everything(keypoints, tmp_path):
    found = drawn(tmp_path / "in", keypoints)
    written = convert(found, tmp_path / "out", "coco")
    again = open_annotations(tmp_path / "out")
    assert list(written.lost) == []
    _assert_same(found, again, facts=False)
    assert _parts(again) == _parts(found)
    assert dict(zip(again.names, map(tuple, again.sizes.tolist()), strict=True)) == dict(
        zip(found.names, SIZES, strict=True)
    )
    assert again.kind == found.kind
    assert (list(again.keypoint_names), list(again.skeleton)) == (list(found.keypoint_names), list(found.skeleton))
    assert list(again.mirrored) == list(found.mirrored)


def test_coco_is_written_with_ids_areas_and_counts_that_fit(tmp_path):
    convert(drawn(tmp_path / "in", splits=False), tmp_path / "out", "coco")
    content = json.loads((tmp_path / "out" / "annotations" / "instances.json").read_text())
    assert [image["file_name"] for image in content["images"]] == ["p0.png", "p1.png", "p2.png", "p3.png"]
    assert [entry["id"] for entry in content["annotations"]] == [1, 2, 3, 4, 5]
    assert [entry["name"] for entry in content["categories"]] == list(CLASSES)
    first, _, crowd, bare, _ = content["annotations"]
    assert (first["bbox"], first["iscrowd"]) == ([10.5, 8.25, 20, 12.5], 0)
    assert first["area"] == polygon_mask(first["segmentation"], 40, 60).sum()
    assert crowd["area"] == sum(crowd["segmentation"]["counts"][1::2])
    assert (bare["segmentation"], bare["area"]) == ([], 0.75 * 38.75)


def test_what_a_coco_file_said_is_said_again(tmp_path):
    file = coco_file(tmp_path / "in")
    found = coco.read(file)
    convert(found, tmp_path / "out", "coco")
    again = open_annotations(tmp_path / "out")
    _assert_same(found, again)
    before, after = (json.loads(one.read_text()) for one in (file, tmp_path / "out/annotations/instances.json"))
    by_id = [{entry["id"]: entry for entry in content["annotations"]} for content in (before, after)]
    assert by_id[0] == by_id[1]
    assert sorted(after["categories"], key=str) == sorted(before["categories"], key=str)
    assert after["images"][0] == before["images"][0]
    assert after["info"] == before["info"]


def test_voc_holds_boxes_exactly_and_says_what_it_lost(tmp_path):
    found = drawn(tmp_path / "in", keypoints=True)
    written = convert(found, tmp_path / "voc", "voc")
    assert "VOC holds boxes: 4 outlines are left out" in written.lost
    assert any("keypoints of 3 objects" in line for line in written.lost)
    again = open_annotations(tmp_path / "voc")
    theirs = by_name(again)
    for path, own in zip(found.paths, found.objects, strict=True):
        assert (theirs[path.name].boxes == own.boxes).all()
        assert (theirs[path.name].labels == own.labels).all()
        assert (theirs[path.name].crowd == own.crowd).all()
    assert again.classes == list(CLASSES)
    assert _parts(again) == _parts(found)


def test_voc_facts_of_pictures_and_objects_come_back(tmp_path):
    part = "<part><name>head</name><bndbox><xmin>2</xmin></bndbox></part>"
    more = f"<pose>Left</pose><difficult>1</difficult>{part}{part}"
    voc_file(tmp_path / "in", "a", voc_object(more=more))
    found = open_annotations(tmp_path / "in")
    convert(found, tmp_path / "out", "voc")
    again = open_annotations(tmp_path / "out")
    wanted = dict(found.objects[0].facts[0])
    assert wanted["part"] == [{"name": "head", "bndbox": {"xmin": "2"}}] * 2
    assert {key: again.objects[0].facts[0][key] for key in wanted} == wanted
    assert again.facts["pictures"][0]["source"] == {"database": "own"}
    assert (again.objects[0].boxes == found.objects[0].boxes).all()


@pytest.mark.parametrize("holds", ["boxes", "masks", "keypoints"])
def test_yolo_holds_one_kind_of_mark_to_a_millionth(holds, tmp_path):
    found = drawn(tmp_path / "in", keypoints=True)
    written = convert(found, tmp_path / "out", "yolo", holds)
    assert "YOLO has no regions of many: 1 are left out" in written.lost
    again = open_annotations(tmp_path / "out")
    assert (again.kind, _parts(again)) == (holds, _parts(found))
    assert again.classes == list(CLASSES)
    theirs = by_name(again)
    for path, own, size in zip(found.paths, found.objects, found.sizes, strict=True):
        kept = [k for k in range(len(own)) if not own.crowd[k] and (holds != "masks" or own.outlines[k] is not None)]
        other = theirs[path.name]
        assert np.allclose(other.boxes, own.boxes[kept], rtol=1e-9, atol=1e-9)
        if holds == "keypoints":
            assert np.allclose(other.keypoints, own.keypoints[kept], rtol=1e-9)
            assert list(again.mirrored) == list(found.mirrored)
        for k, outline in zip(kept, other.outlines if holds == "masks" else (), strict=holds == "masks"):
            assert mask_iou([_mask(own.outlines[k], size)], [_mask(outline, size)]) == 1


def test_what_has_no_polygon_is_counted_in_a_set_of_outlines(tmp_path):
    written = convert(drawn(tmp_path / "in"), tmp_path / "out", "yolo", "masks")
    assert "1 objects have no polygon and are left out of this set of outlines" in written.lost


def test_pictures_of_one_name_from_two_folders_are_kept_apart(tmp_path):
    found = drawn(tmp_path / "in")
    for k, path in enumerate(found.paths[:2]):
        (tmp_path / "in" / str(k)).mkdir()
        path.rename(tmp_path / "in" / str(k) / "x.png")
    paths = [tmp_path / "in" / "0" / "x.png", tmp_path / "in" / "1" / "x.png", *found.paths[2:]]
    found = type(found)(**{**vars(found), "paths": paths, "names": ["0/x.png", "1/x.png", *found.names[2:]]})
    for form in formats():
        convert(found, tmp_path / form, form)
        again = open_annotations(tmp_path / form)
        assert len(again) == 4
        assert len({path.read_bytes() for path in again.paths}) == 4


@pytest.mark.parametrize("link", [False, True])
def test_pictures_are_copied_or_linked(link, tmp_path):
    found = drawn(tmp_path / "in")
    steps = []
    written = convert(found, tmp_path / "out", "voc", link=link, progress=lambda done, n: steps.append((done, n)))
    for source, place in zip(found.paths, written.pictures, strict=True):
        assert place.is_symlink() is link
        assert place.read_bytes() == source.read_bytes()
    assert steps == [(k + 1, 4) for k in range(4)]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    found = drawn(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "note.txt").write_text("mine")
    for place in (tmp_path / "out", tmp_path / "out" / "note.txt"):
        with pytest.raises(ValueError, match="not empty; give a new folder"):
            convert(found, place, "coco")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["note.txt"]


def test_unknown_formats_and_marks_say_what_there_is(tmp_path):
    found = drawn(tmp_path / "in")
    with pytest.raises(ValueError, match="there are coco, voc, yolo"):
        convert(found, tmp_path / "out", "tfrecord")
    with pytest.raises(ValueError, match="one of boxes, masks, keypoints; got 'everything'"):
        convert(found, tmp_path / "out", "yolo", "everything")
    with pytest.raises(ValueError, match="left away"):
        convert(found, tmp_path / "out", "voc", "boxes")
    assert not (tmp_path / "out").exists()


def test_the_command_converts_shows_and_names_problems(tmp_path, capsys):
    convert(drawn(tmp_path / "in"), tmp_path / "coco", "coco")
    file = tmp_path / "coco" / "annotations" / "instances_train.json"
    content = json.loads(file.read_text())
    content["annotations"][0]["bbox"][2] = 0
    file.write_text(json.dumps(content))
    capsys.readouterr()
    assert run(["data", "convert", str(tmp_path / "coco"), str(tmp_path / "voc"), "--format", "voc", "--link"]) == 0
    said = capsys.readouterr().out
    assert "boxes without area (1)" in said
    assert "outlines are left out" in said
    assert run(["data", "show", str(tmp_path / "voc")]) == 0
    said = capsys.readouterr().out
    assert "4 pictures (Pascal VOC XML)" in said
    assert "parts: 2 train, 1 validation, 1 test" in said
    assert re.search(r"dog +2", said)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (
            ["convert", "shapes", "here", "--format", "tfrecord"],
            2,
            "--format is one of coco, voc, yolo; got 'tfrecord'",
        ),
        (["convert", "shapez", "here", "--format", "coco"], 1, "Did you mean 'shapes'?"),
        (["convert", "shapes"], 2, "Missing"),
        (["show", "no/such"], 1, "there is no 'no/such'"),
        (["turn"], 2, "No such command 'turn'"),
    ],
)
def test_a_slip_of_the_hand_is_one_line(arguments, code, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["data", *arguments]) == code
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "here").exists()


def test_formats_are_those_that_can_be_written():
    assert formats() == ["coco", "voc", "yolo"]
    assert converting.__doc__


# ---- real sets


@pytest.fixture(params=["coco-mini44", "coco-mini44-keypoints"])
def mini(request, visus_data):
    return open_annotations(request.param)


def test_every_annotation_of_coco_survives_coco_unchanged(mini, tmp_path, visus_data):
    convert(mini, tmp_path / "out", "coco", link=True)
    again = open_annotations(tmp_path / "out")
    assert (again.problems, again.kind) == ([], mini.kind)
    _assert_same(mini, again)
    family = "instances" if mini.kind == "masks" else "person_keypoints"
    for part, year in (("train", "train2017"), ("val", "val2017")):
        before = json.loads((visus_data / "coco-mini44" / "annotations" / f"{family}_{year}.json").read_text())
        after = json.loads((tmp_path / "out" / "annotations" / f"{family}_{part}.json").read_text())
        for name in ("info", "licenses", "images", "categories"):
            assert after[name] == before[name]
        by_id = [{entry["id"]: entry for entry in content["annotations"]} for content in (before, after)]
        assert by_id[0] == by_id[1]


def test_boxes_of_coco_survive_voc_exactly_and_yolo_within_a_millionth(mini, tmp_path):
    for form in ("voc", "yolo"):
        convert(mini, tmp_path / form, form, link=True)
        between = open_annotations(tmp_path / form)
        convert(between, tmp_path / f"{form}-coco", "coco", link=True)
        again = open_annotations(tmp_path / f"{form}-coco")
        assert again.problems == []
        theirs = by_name(again)
        for path, own in zip(mini.paths, mini.objects, strict=True):
            rows = np.ones(len(own), bool) if form == "voc" else ~own.crowd
            sides = np.tile(own.boxes[rows, 2:] - own.boxes[rows, :2], 2)
            away = np.abs(theirs[path.name].boxes - own.boxes[rows])
            assert (away <= (0 if form == "voc" else 1e-6) * sides).all()
            assert (theirs[path.name].labels == own.labels[rows]).all()
        assert again.classes == list(mini.classes)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_every_mask_of_coco_is_the_one_its_library_paints(visus_data):
    library = pytest.importorskip("pycocotools.mask")
    seen = 0
    for year in ("train2017", "val2017"):
        found = coco.read(visus_data / "coco-mini44" / "annotations" / f"instances_{year}.json")
        content = json.loads((visus_data / "coco-mini44" / "annotations" / f"instances_{year}.json").read_text())
        said = {entry["id"]: entry["segmentation"] for entry in content["annotations"]}
        for objects, size in zip(found.objects, found.sizes.tolist(), strict=True):
            for outline, facts in zip(objects.outlines, objects.facts, strict=True):
                runs = library.frPyObjects(said[facts["id"]], *size)
                painted = library.decode(library.merge(runs) if isinstance(runs, list) else runs)
                assert (_mask(outline, size) == painted).all()
                seen += 1
    assert seen == 405
