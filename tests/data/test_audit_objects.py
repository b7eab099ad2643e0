"""The audit of marked objects: for each check an illness planted and found, and the healthy twin that passes."""

import inspect
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from visus.data import audit_objects as checks
from visus.data._folder import modules
from visus.data.annotations import Annotations, Objects
from visus.data.audit._evidence import BLOCKER, NOTE, PASS, WARNING, Verdict
from visus.data.audit._gather import gather
from visus.data.audit_objects._evidence import look
from visus.data.audit_objects._run import audit_objects
from visus.data.collection import Collection, Files
from visus.data.decode import Frame
from visus.data.prepared_objects import prepare_objects
from visus.data.shapes import shapes

N, H, W = 40, 96, 128
SEVERITIES = (PASS, NOTE, WARNING, BLOCKER)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory) -> Annotations:
    """Drawn shapes, those pictures that are not bare, with keypoints."""
    drawn = shapes(N, H, W, marked="keypoints", folder=tmp_path_factory.mktemp("shapes") / "drawn")
    return drawn.subset(np.array([row for row, one in enumerate(drawn.objects) if len(one)]))


def verdict_of(name: str, found: Annotations, **more) -> Verdict:
    (verdict,) = (verdict for verdict in audit_objects(found, **more) if verdict.check == name)
    return verdict


def changed(found: Annotations, change, rows=None) -> Annotations:
    """The annotations with `change` made to the objects of some rows, or of all."""
    rows = range(len(found)) if rows is None else rows
    objects = [change(one) if row in rows else one for row, one in enumerate(found.objects)]
    return replace(found, objects=objects)


def with_boxes(change):
    return lambda one: replace(one, boxes=change(one.boxes.copy()))


def added(one: Objects, box, label: int) -> Objects:
    """One more object, marked by a box alone."""
    return Objects(
        np.concatenate([one.boxes, [box]]),
        np.append(one.labels, label),
        np.append(one.crowd, False),
        [*one.outlines, None],
        None if one.keypoints is None else np.concatenate([one.keypoints, np.zeros((1, 3, 3))]),
        [*one.facts, {}],
    )


def seen(found: Annotations):
    """What the audit of pictures sees of them."""
    labels = np.zeros(len(found), dtype=np.int64)
    return gather(
        Collection(found.origin, Files(found.paths), found.names, labels, ("x",), splits=found.splits)
    ).evidence


@pytest.mark.parametrize("module", modules(checks), ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_check_of_objects_asks_a_question_and_answers_it(module, healthy):
    assert (module.__doc__ or "").partition("\n")[0].endswith("?")
    assert list(inspect.signature(module.check).parameters) == ["evidence"]
    for found in (healthy, healthy.subset(np.arange(1)), replace(healthy, objects=[_nothing()] * len(healthy))):
        verdict = module.check(look(found, Frame(H, W, "pad")))
        assert verdict.check == module.__name__.rpartition(".")[2]
        assert verdict.severity in SEVERITIES
        assert verdict.what
        assert not verdict.what.endswith(".")
        assert bool(verdict.remedy) == (verdict.severity != PASS)


def _nothing() -> Objects:
    return Objects(np.empty((0, 4)), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool), [], np.empty((0, 3, 3)))


def test_healthy_marks_pass_every_check(healthy):
    ill = [verdict for verdict in audit_objects(healthy, seen(healthy)) if verdict.severity != PASS]
    assert not ill


def test_prepared_objects_are_audited_at_their_own_size(healthy):
    prepared = prepare_objects(healthy, size=32)
    (tiny,) = (verdict for verdict in audit_objects(prepared) if verdict.check == "tiny")
    assert tiny.severity == WARNING
    assert "32 x 32" in tiny.what
    assert "size=" in tiny.remedy


def test_a_box_without_area_is_named(healthy):
    def squashed(boxes):
        boxes[0, 2] = boxes[0, 0]
        return boxes

    verdict = verdict_of("no_area", changed(healthy, with_boxes(squashed), [3]))
    assert verdict.severity == WARNING
    assert verdict.names[0].startswith(f"{healthy.names[3]}: box 1 (")


@pytest.mark.parametrize(("share", "severity"), [(1, BLOCKER), (0.1, WARNING)])
def test_boxes_of_larger_pictures_are_outside(healthy, share, severity):
    rows = range(int(share * len(healthy)))
    verdict = verdict_of("outside", changed(healthy, with_boxes(lambda boxes: 3 * boxes), rows))
    assert verdict.severity == severity
    assert len(verdict.names) > 0


def test_a_border_counted_from_one_is_not_outside(healthy):
    assert verdict_of("outside", changed(healthy, with_boxes(lambda boxes: boxes + 1))).severity == PASS


@pytest.mark.parametrize(("other", "said"), [(0, "repeat another one"), (1, "another class")])
def test_an_object_marked_twice_is_found(healthy, other, said):
    def twice(one):
        return added(one, one.boxes[0] + 0.2, (one.labels[0] + other) % 3)

    verdict = verdict_of("duplicates", changed(healthy, twice))
    assert verdict.severity == WARNING
    assert said in verdict.what
    assert len(verdict.names) == len(healthy)
    assert (
        verdict_of(
            "duplicates", changed(healthy, lambda one: replace(twice(one), crowd=np.ones(len(one) + 1, bool)))
        ).severity
        == PASS
    )


def test_a_class_number_outside_the_table_blocks(healthy):
    verdict = verdict_of("class_table", changed(healthy, lambda one: replace(one, labels=one.labels + 1)))
    assert verdict.severity == BLOCKER
    assert "Subtract 1" in verdict.remedy


@pytest.mark.parametrize(
    ("problems", "severity"),
    [
        ((), NOTE),
        (["labels/3.txt: objects of a class that is not in the list of classes (4), left out: line 2"], WARNING),
    ],
)
def test_a_table_that_begins_one_too_early_is_noticed(healthy, problems, severity):
    shifted = changed(healthy, lambda one: replace(one, labels=one.labels + 1))
    shifted = replace(shifted, classes=["none of it", *healthy.classes], problems=problems)
    assert verdict_of("class_table", shifted).severity == severity


@pytest.mark.parametrize(
    ("names", "severity", "said"),
    [
        (["disc", "background", "triangle"], WARNING, "'background' is a class"),
        (["disc", "square", "disc"], WARNING, "more than one class"),
        (["class_0", "class_1", "class_2"], NOTE, "class_0"),
        (["disc", "square", "triangle"], PASS, "3 classes"),
    ],
)
def test_odd_names_of_classes_are_noticed(healthy, names, severity, said):
    verdict = verdict_of("class_table", replace(healthy, classes=names))
    assert verdict.severity == severity
    assert said in verdict.what


def test_a_class_that_next_to_no_picture_has_is_named(healthy):
    verdict = verdict_of("class_balance", replace(healthy, classes=[*healthy.classes, "star"]))
    assert verdict.severity == WARNING
    assert verdict.names == ["star (0)"]


def test_a_class_with_many_more_objects_is_noted(healthy):
    def of_class(label):
        return lambda one: replace(one, labels=np.full_like(one.labels, label))

    few = sorted(range(len(healthy)), key=lambda row: len(healthy.objects[row]))
    lopsided = changed(healthy, of_class(0))
    for label, rows in ((1, few[:3]), (2, few[3:6])):
        lopsided = changed(lopsided, lambda one, label=label: replace(of_class(label)(one)), rows)
    verdict = verdict_of("class_balance", lopsided)
    assert verdict.severity == NOTE
    assert verdict.what.startswith("disc has")
    assert set(verdict.names) <= {"square", "triangle"}


@pytest.mark.parametrize(("n_bare", "severity"), [(2, NOTE), (30, WARNING), (None, BLOCKER)])
def test_pictures_without_objects_are_counted(healthy, n_bare, severity):
    verdict = verdict_of("bare_pictures", changed(healthy, lambda one: _nothing(), range(n_bare or len(healthy))))
    assert verdict.severity == severity


def test_tiny_objects_are_noted_with_a_size_that_would_do(healthy):
    small = changed(healthy, with_boxes(lambda b: np.concatenate([b[:, :2], b[:, :2] + 12], 1)))
    large = replace(small, sizes=np.array(small.sizes) * 10)
    verdict = verdict_of("tiny", small, frame=Frame(H, W, "pad"))
    assert verdict.severity == WARNING
    assert "size=192" in verdict.remedy
    assert "tiles" in verdict.remedy
    shrunk = verdict_of("tiny", changed(large, with_boxes(lambda b: 10 * b)), frame=Frame(H, W, "pad"))
    assert "train at size=192" in shrunk.remedy


def test_long_boxes_are_noted(healthy):
    verdict = verdict_of("elongated", changed(healthy, with_boxes(lambda b: np.c_[b[:, :2], b[:, :2] + [60, 8]])))
    assert verdict.severity == NOTE
    assert "anchors" in verdict.remedy


@pytest.mark.parametrize(("n", "severity"), [(8, NOTE), (None, WARNING)])
def test_boxes_on_whole_pictures_are_no_detection(healthy, n, severity):
    def whole(one):
        return Objects(np.array([[0.0, 0, W, H]]), one.labels[:1], one.crowd[:1], [None])

    assert verdict_of("full_extent", changed(healthy, whole, range(n or len(healthy)))).severity == severity


def test_boxes_in_shares_of_the_picture_block(healthy):
    verdict = verdict_of("not_scaled", changed(healthy, with_boxes(lambda boxes: boxes / [W, H, W, H])))
    assert verdict.severity == BLOCKER
    assert "multiply x by its width" in verdict.remedy


def test_boxes_of_smaller_pictures_all_lie_in_the_upper_left(healthy):
    verdict = verdict_of("not_scaled", changed(healthy, with_boxes(lambda boxes: boxes / 2)))
    assert verdict.severity == WARNING
    assert "by about 2" in verdict.remedy


def test_outlines_of_other_objects_are_noticed(healthy):
    def mixed(one):
        return replace(one, boxes=np.concatenate([one.boxes[:, :2] / 4, one.boxes[:, :2] / 4 + 9], 1))

    verdict = verdict_of("outlines", changed(healthy, mixed))
    assert verdict.severity == WARNING
    assert "lie elsewhere" in verdict.what


def test_objects_without_an_outline_are_noted(healthy):
    verdict = verdict_of("outlines", changed(healthy, lambda one: added(one, [2, 2, 30, 30], 0), range(4)))
    assert verdict.severity == NOTE
    assert len(verdict.names) == 4


def test_left_and_right_without_a_mirror_are_noticed(healthy):
    verdict = verdict_of("keypoints", replace(healthy, mirrored=()))
    assert verdict.severity == WARNING
    assert "without flip" in verdict.remedy
    assert list(verdict.names) == ["left", "right"]


def test_keypoints_that_are_not_scaled_are_noticed(healthy):
    def moved(one):
        keypoints = one.keypoints.copy()
        keypoints[..., :2] *= 2
        return replace(one, keypoints=keypoints)

    assert verdict_of("keypoints", changed(healthy, moved)).severity == WARNING


def test_a_keypoint_that_is_never_marked_is_named(healthy):
    def without_tip(one):
        return replace(one, keypoints=one.keypoints * [[1], [1], [0]])

    verdict = verdict_of("keypoints", changed(healthy, without_tip))
    assert verdict.severity == WARNING
    assert list(verdict.names) == ["right"]


def test_more_objects_than_are_answered_are_noted(healthy):
    def crowd(one):
        places = np.random.default_rng(0).uniform(0, 60, (120, 2))
        return Objects(np.c_[places, places + 20], np.zeros(120, np.int64), np.zeros(120, bool), [None] * 120)

    verdict = verdict_of("crowded", changed(healthy, crowd, [5]))
    assert verdict.severity == NOTE
    assert verdict.names == [healthy.names[5]]


def test_what_the_importer_left_out_is_told_with_its_number(healthy):
    many = ["a.json: boxes without area (40), left out: box 3"]
    assert verdict_of("left_out", replace(healthy, problems=many)).severity == WARNING
    one = verdict_of("left_out", replace(healthy, problems=["b.xml: a box without area, left out"]))
    assert one.severity == NOTE
    assert one.what.startswith("1 thing left out")


def test_pictures_of_another_size_than_stated_are_named(healthy):
    stated = replace(healthy, sizes=np.array(healthy.sizes) * [1, 2])
    verdict = verdict_of("picture_size", stated, pictures=seen(healthy))
    assert verdict.severity == WARNING
    assert f"{W} x {H}, stated {2 * W} x {H}" in verdict.what


def test_a_copy_in_another_part_is_a_leak(healthy, tmp_path):
    copy = tmp_path / "copy.png"
    Image.open(healthy.paths[0]).save(copy)
    splits = ["train"] * (len(healthy) - 1) + ["test"]
    leaking = replace(healthy, paths=[*healthy.paths[:-1], copy], splits=splits)
    assert verdict_of("split_leak", leaking, pictures=seen(leaking)).severity == WARNING
