"""Average precision of objects: COCO's own program, matches by hand, and what must hold of any answers."""

import contextlib
import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visus import metrics
from visus.geometry.objects import CROWD, NOTHING, Detections, Targets
from visus.metrics import detection_errors as wrong
from visus.metrics.detection import Found, Truth, average_precisions, found, marked
from visus.metrics.detection_matches import MOST, best_threshold, bootstrap_map, flat, match

pytest.importorskip("faster_coco_eval")

SIZE = (120, 160)
BOX = [10.0, 10, 50, 50]


def scene(dice, n_classes=3, most=6):
    """One picture's marks, and answers that move, rename, repeat and invent some of them."""
    n = int(dice.integers(0, most))
    corner = dice.uniform(0, 80, (n, 2))
    boxes = np.concatenate([corner, corner + dice.uniform(3, 70, (n, 2))], 1)
    labels, crowd = dice.integers(0, n_classes, n), dice.random(n) < 0.15
    points = np.concatenate([dice.uniform(0, 120, (n, 4, 2)), dice.integers(0, 3, (n, 4, 1))], 2)
    truth = Truth(boxes, labels, crowd, [filled(box) for box in boxes], points)
    rows = dice.integers(0, n, dice.integers(0, 2 * most)) if n else np.zeros(0, int)
    moved = boxes[rows] + dice.normal(0, 3, (len(rows), 4))
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
    named = np.where(dice.random(len(rows)) < 0.2, dice.integers(0, n_classes, len(rows)), labels[rows])
    scores = dice.random(len(rows)).round(1)  # many are equal
    guesses = points[rows] + dice.normal(0, 4, (len(rows), 4, 3))
    return truth, Found(moved, scores, named, [filled(box) for box in moved], guesses)


def filled(box):
    mask = np.zeros(SIZE, dtype=bool)
    x1, y1, x2, y2 = np.clip(np.round(box), 0, [160, 120, 160, 120]).astype(int)
    mask[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)] = True
    return mask


def second_opinion(found, truth, n_classes, kind, areas=None):
    """COCO's stats and its precisions at .5 (R, K), by pycocotools."""
    mask, coco = pytest.importorskip("pycocotools.mask"), pytest.importorskip("pycocotools.coco")
    judge = pytest.importorskip("pycocotools.cocoeval")

    def rows(pictures, scored):
        listed = []
        for at, one in enumerate(pictures):
            for row, box in enumerate(np.asarray(one.boxes)):
                x1, y1, x2, y2 = map(float, box)
                entry = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "iscrowd": 0}
                entry |= {"id": len(listed) + 1, "image_id": at + 1, "category_id": int(one.labels[row]) + 1}
                outlines = one.masks if scored else one.outlines
                if kind == "masks":
                    entry["segmentation"] = mask.encode(np.asfortranarray(outlines[row], dtype=np.uint8))
                    entry["area"] = float(mask.area(entry["segmentation"]))
                if kind == "keypoints":
                    entry["keypoints"] = one.keypoints[row].ravel().tolist()
                    entry["num_keypoints"] = int((one.keypoints[row][:, 2] > 0).sum())
                    x, y = one.keypoints[row][:, :2].T
                    if scored:
                        entry["area"] = float((x.max() - x.min()) * (y.max() - y.min()))
                    else:
                        entry["area"] = float(outlines[row].sum())
                if scored:
                    entry["score"] = float(one.scores[row])
                else:
                    entry["iscrowd"] = int(one.crowd[row])
                listed.append(entry)
        made = coco.COCO()
        pictures = [{"id": at + 1, "height": SIZE[0], "width": SIZE[1]} for at in range(len(pictures))]
        classes = [{"id": at + 1, "name": str(at)} for at in range(n_classes)]
        made.dataset = {"images": pictures, "annotations": listed, "categories": classes}
        made.createIndex()
        return made

    with contextlib.redirect_stdout(io.StringIO()):
        names = {"boxes": "bbox", "masks": "segm", "keypoints": "keypoints"}
        asked = judge.COCOeval(rows(truth, False), rows(found, True), names[kind])
        if kind == "keypoints":
            asked.params.kpt_oks_sigmas = np.full(4, 0.05)
        asked.evaluate()
        asked.accumulate()
        asked.summarize()
    return asked.stats, asked.eval["precision"][0, :, :, 0, -1]


@pytest.mark.parametrize("kind", ["boxes", "masks", "keypoints"])
def test_scores_are_those_of_cocos_own_program(kind):
    dice = np.random.default_rng(4)
    truth, answers = zip(*(scene(dice) for _ in range(25)), strict=True)
    ours = average_precisions(answers, truth, 4, kind)
    stats, precision = second_opinion(answers, truth, 4, kind)
    names = ["map", "map50", "map75", *(["small"] if kind != "keypoints" else []), "medium", "large"]
    theirs = [np.nan if value < 0 else value for value in stats[: len(names)]]
    assert [getattr(ours, name) for name in names] == pytest.approx(theirs, abs=1e-9, nan_ok=True)
    assert ours.recall == pytest.approx(stats[5 if kind == "keypoints" else 8], abs=1e-9)
    np.testing.assert_allclose(ours.precision_curves.T, np.where(precision < 0, np.nan, precision), atol=1e-9)
    assert np.isnan(ours.per_class[3])  # a class without examples is not in the mean
    assert ours.map == pytest.approx(np.nanmean(ours.per_class))


@pytest.mark.parametrize("kind", ["boxes", "masks", "keypoints"])
def test_real_marks_moved_a_little_score_as_cocos_own_program_says(visus_data, kind):
    name = "person_keypoints_val2017" if kind == "keypoints" else "instances_val2017"
    file = visus_data / "coco-mini44/annotations" / f"{name}.json"
    if not file.exists():
        pytest.skip("coco-mini44 is not in VISUS_DATA")
    coco = pytest.importorskip("pycocotools.coco")
    judge = pytest.importorskip("pycocotools.cocoeval")
    dice, given = np.random.default_rng(1), json.loads(file.read_text(encoding="utf-8"))
    number = {category["id"]: at for at, category in enumerate(given["categories"])}
    truth, answers, listed, sizes = [], [], [], []
    for picture in sorted(given["images"], key=lambda picture: picture["id"]):  # equal scores go by picture
        mine = [a for a in given["annotations"] if a["image_id"] == picture["id"]]
        boxes = np.array([a["bbox"] for a in mine]).reshape(-1, 4)
        moved = boxes * dice.uniform(0.9, 1.1, boxes.shape)
        scores = dice.random(len(mine)).round(2)
        labels, sizes = [number[a["category_id"]] for a in mine], [*sizes, (picture["height"], picture["width"])]
        points = np.array([a.get("keypoints", [0] * 51) for a in mine], dtype=float).reshape(-1, 17, 3)
        guessed = points + dice.normal(0, 3, points.shape)
        shifted = [shift(a["segmentation"], picture) for a in mine] if kind == "masks" else None
        outlines = [a["segmentation"] for a in mine]
        truth.append(Truth(corners(boxes), labels, [a["iscrowd"] for a in mine], outlines, points, areas(mine)))
        answers.append(Found(corners(moved), scores, labels, shifted, guessed))
        for row, a in enumerate(mine):
            one = {"image_id": picture["id"], "category_id": a["category_id"], "score": float(scores[row])}
            one |= {"keypoints": guessed[row].ravel().tolist()} if kind == "keypoints" else {}
            one |= {"segmentation": shifted[row]} if kind == "masks" else {}
            listed.append(one | ({"bbox": moved[row].tolist()} if kind == "boxes" else {}))
    ours = average_precisions(answers, truth, len(number), kind, sizes)
    with contextlib.redirect_stdout(io.StringIO()):
        marks = coco.COCO(str(file))
        names = {"boxes": "bbox", "masks": "segm", "keypoints": "keypoints"}
        asked = judge.COCOeval(marks, marks.loadRes(listed), names[kind])
        asked.evaluate()
        asked.accumulate()
        asked.summarize()
    assert [ours.map, ours.map50, ours.map75] == pytest.approx(asked.stats[:3], abs=1e-9)
    assert 0.2 < ours.map < 1
    assert ours.large == pytest.approx(asked.stats[4 if kind == "keypoints" else 5], abs=1e-9)
    if kind == "boxes":
        mean = np.nanmean(flat(match(answers, truth), len(number)).average_precisions())
        assert mean == pytest.approx(asked.stats[1], abs=1e-9)


def corners(boxes):
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)


def areas(marks):
    return [a["area"] for a in marks]


def shift(outline, picture):
    """A mask two pixels to the right of the marked one, as run lengths."""
    mask = pytest.importorskip("faster_coco_eval.core.mask")
    size = picture["height"], picture["width"]
    parts = mask.frPyObjects(outline, *size)
    bits = mask.decode(mask.merge(parts) if isinstance(outline, list) else parts)
    return mask.encode(np.asfortranarray(np.roll(bits, 2, axis=1)))


def test_our_own_matches_give_the_same_average_precision_as_the_library():
    dice = np.random.default_rng(5)
    truth, answers = zip(*(scene(dice) for _ in range(40)), strict=True)
    for kind in ("boxes", "masks"):
        answered = flat(match(answers, truth, kind), 3)
        theirs = average_precisions(answers, truth, 3, kind)
        np.testing.assert_allclose(answered.average_precisions(), theirs.per_class50, atol=1e-12)
        assert answered.examples.sum(0).tolist() == theirs.examples.tolist()


def test_drawing_a_picture_twice_counts_as_having_it_twice():
    dice = np.random.default_rng(6)
    truth, answers = zip(*(scene(dice) for _ in range(8)), strict=True)
    pictures = match(answers, truth)
    times = dice.integers(0, 4, 8)
    repeated = flat([one for one, n in zip(pictures, times, strict=True) for _ in range(n)], 3)
    drawn = flat(pictures, 3).average_precisions(times[None].astype(float))[0]
    np.testing.assert_allclose(drawn, repeated.average_precisions(), atol=1e-12)


def test_the_interval_holds_the_score_and_narrows_with_pictures():
    dice = np.random.default_rng(7)
    truth, answers = zip(*(scene(dice) for _ in range(160)), strict=True)
    wide, narrow = flat(match(answers[:20], truth[:20]), 3), flat(match(answers, truth), 3)
    low, high = bootstrap_map(wide)
    assert low < np.nanmean(wide.average_precisions()) < high
    assert (low, high) == bootstrap_map(wide)
    closer = bootstrap_map(narrow)
    assert closer[1] - closer[0] < 0.6 * (high - low)
    assert np.isnan(bootstrap_map(flat([], 3))).all()


def one(boxes, labels=None, scores=None, crowd=None):
    """Answers, or marks if there are no scores."""
    labels = [0] * len(boxes) if labels is None else labels
    if scores is not None:
        return Found(boxes, scores, labels)
    return Truth(boxes, labels, [False] * len(boxes) if crowd is None else crowd)


@pytest.mark.parametrize(
    ("box", "label", "score", "kind"),
    [
        ([10, 10, 50, 50], 1, 0.9, wrong.CLASS),
        ([10, 10, 50, 25], 0, 0.9, wrong.PLACE),  # overlap 0.375
        ([10, 10, 50, 25], 1, 0.9, wrong.BOTH),
        ([11, 10, 51, 50], 0, 0.1, wrong.DUPLICATE),
        ([100, 100, 120, 120], 0, 0.9, wrong.BACKGROUND),
    ],
    ids=["class", "place", "both", "duplicate", "background"],
)
def test_each_mistake_has_its_name(box, label, score, kind):
    answer = one([BOX, box], [0, label], [0.5, score])
    found = wrong.errors(match([answer], [one([BOX])]), 2)
    assert [mistake.kind for mistake in found.mistakes] == [kind]
    assert found.counts == {name: int(name == kind) for name in wrong.KINDS}
    surer = score > 0.5 and label == 0  # only a wrong answer of the same class that comes first costs anything
    assert found.costs[kind] == pytest.approx(0.5 if surer else 0)
    assert found.map50 == pytest.approx(0.5 if surer else 1)


def test_costs_worked_by_hand():
    """Four objects of one class: one found, one misplaced, one misnamed, one overlooked; an answer that is nothing."""
    boxes = [[0, 0, 40, 40], [100, 0, 140, 40], [0, 100, 40, 140], [100, 100, 140, 140]]
    answer = one([boxes[0], [100, 0, 140, 16], boxes[2], [60, 60, 70, 70]], [0, 0, 1, 0], [0.6, 0.9, 0.8, 0.7])
    found = wrong.errors(match([answer], [one(boxes)]), 1 + 1)
    # answers of class 0 by score: misplaced, nothing, right: precision 1/3 up to a recall of 1/4, which is 26 of 101
    assert found.map50 == pytest.approx(26 / 101 / 3)
    assert found.counts == {"class": 1, "place": 1, "both": 0, "duplicate": 0, "background": 1, "missed": 1}
    # misplaced put right: hits at ranks 1 and 3: 1 up to a quarter, then 2/3 up to a half (recalls .26 to .50: 25)
    assert found.costs["place"] == pytest.approx((26 + 25 * 2 / 3) / 101 - found.map50)
    # misnamed put right: wrong, right, wrong, right: 1/2 throughout, to a recall of a half
    assert found.costs["class"] == pytest.approx(51 / 2 / 101 - found.map50)
    assert found.costs["background"] == pytest.approx(26 / 2 / 101 - found.map50)
    assert found.costs["missed"] == pytest.approx(34 / 3 / 101 - found.map50)  # one of three: recalls up to .33
    assert [mistake.score for mistake in found.mistakes] == [0.9, 0.8, 0.7]
    assert wrong.confusion_of_objects(match([answer], [one(boxes)]), 2, 0.5).tolist() == [
        [1, 1, 2],
        [0, 0, 0],
        [2, 0, 0],
    ]


def test_a_crowd_is_neither_found_nor_wrong():
    truth = one([BOX, [60, 10, 160, 110]], crowd=[False, True])
    answer = one([BOX, [70, 20, 80, 30], [90, 20, 99, 30]], scores=[0.5, 0.9, 0.8])
    assert average_precisions([answer], [truth], 1).map50 == pytest.approx(1)
    found = wrong.errors(match([answer], [truth]), 1)
    assert not found.mistakes
    assert not any(found.counts.values())
    of_no_class = Truth(truth.boxes, [0, -1], truth.crowd)
    assert average_precisions([answer], [of_no_class], 1).map50 == pytest.approx(1)


def test_only_so_many_answers_of_a_class_count():
    truth = one([BOX])
    answer = one([[60, 60, 70, 70]] * MOST + [BOX], scores=np.linspace(1, 0.1, MOST + 1))
    assert average_precisions([answer], [truth], 1).map50 == 0
    assert average_precisions([answer], [truth], 1, most=MOST + 1).map50 == pytest.approx(1 / (MOST + 1))
    assert flat(match([answer], [truth]), 1).average_precisions().tolist() == [0]


def test_the_best_threshold_parts_right_from_wrong():
    answer = one([BOX, [60, 60, 99, 99], [100, 60, 119, 99]], scores=[0.9, 0.4, 0.3])
    assert best_threshold(flat(match([answer], [one([BOX])]), 1)) == pytest.approx(0.65)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.25, 4), st.floats(-50, 50))
def test_scores_do_not_change_with_the_unit_of_length_or_the_order_of_pictures(seed, scale, shift):
    dice = np.random.default_rng(seed)
    truth, answers = zip(*(scene(dice) for _ in range(6)), strict=True)
    surely = [Found(a.boxes, np.arange(len(a.scores)) + 100.0 * at, a.labels) for at, a in enumerate(answers)]
    before = flat(match(surely, truth), 3).average_precisions()
    moved = [Found(a.boxes * scale + shift, a.scores, a.labels) for a in reversed(surely)]
    marks = [Truth(t.boxes * scale + shift, t.labels, t.crowd) for t in reversed(truth)]
    np.testing.assert_allclose(before, flat(match(moved, marks), 3).average_precisions(), atol=1e-9)


def test_a_detectors_answer_and_a_batchs_marks_become_what_is_scored():
    boxes = torch.tensor([[2.0, 2, 12, 12], [20, 20, 30, 30], [1, 1, 5, 5], [0, 0, 0, 0]])
    labels = torch.tensor([[1, 0, CROWD, NOTHING]])
    masks = torch.zeros(1, 4, 32, 32, dtype=torch.uint8)
    masks[0, 0, 2:12, 2:12] = 1
    masks[0, 1, 20:30, 20:30] = 1
    points = torch.rand(1, 4, 2, 3) + 1
    truth = marked(Targets(labels, boxes[None], masks, points), 0)
    assert truth.labels.tolist() == [1, 0, -1]
    assert truth.crowd.tolist() == [False, False, True]
    answer = Detections(boxes[:2], torch.tensor([0.9, 0.8]), torch.tensor([1, 0]), torch.ones(2, 28, 28), points[0, :2])
    answered = found(answer, 32, 32)
    for kind in ("boxes", "masks", "keypoints"):
        assert average_precisions([answered], [truth], 2, kind).map == pytest.approx(1)


def test_what_cannot_be_scored_is_said():
    truth, answer = one([BOX]), one([BOX], scores=[0.5])
    with pytest.raises(ValueError, match="answers to 2 pictures but marks of 1"):
        average_precisions([answer, answer], [truth], 1)
    with pytest.raises(ValueError, match=r"class 3 is found, outside 0\.\.1"):
        average_precisions([one([BOX], [3], [0.5])], [truth], 2)
    with pytest.raises(ValueError, match=r"class 3 is marked, outside 0\.\.1"):
        average_precisions([answer], [one([BOX], [3])], 2)
    with pytest.raises(ValueError, match="NaN; did the network diverge"):
        average_precisions([one([BOX], scores=[float("nan")])], [truth], 1)
    with pytest.raises(ValueError, match="boxes, masks, keypoints"):
        average_precisions([answer], [truth], 1, "segm")
    with pytest.raises(ValueError, match="no masks were found"):
        average_precisions([answer], [Truth([BOX], [0], [0], [filled(BOX)])], 1, "masks")
    with pytest.raises(ValueError, match="no keypoints are marked"):
        average_precisions([answer], [truth], 1, "keypoints")
    with pytest.raises(ValueError, match="give `sizes`"):
        average_precisions(
            [one([BOX], scores=[0.5])],
            [SimpleNamespace(**vars(truth) | {"outlines": [[[0, 0, 5, 0, 5, 5]]]})],
            1,
            "masks",
        )


def test_without_the_library_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.delattr(metrics, "_coco", raising=False)
    monkeypatch.setitem(sys.modules, "visus.metrics._coco", None)
    with pytest.raises(LookupError, match=r"pip install 'visus\[detect\]'"):
        average_precisions([one([BOX], scores=[0.5])], [one([BOX])], 1)
