"""Detection and segmentation as subjects: recognised, taken through every stage, tested once, resumed, evaluated."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

import visus
from visus.cli._app import run as visus_command
from visus.data import shapes
from visus.data.annotations import BOXES, KEYPOINTS, MASKS, Objects
from visus.data.convert import convert
from visus.data.open_annotations import open_annotations
from visus.doctor import preflight
from visus.playbook import api, search
from visus.playbook._session import BlockedError, InterruptedRunError, Silent
from visus.playbook.evaluate import evaluate
from visus.playbook.subjects import _shared, _subject, detection, segmentation
from visus.playbook.subjects._detection import _places, _windows, baselines
from visus.playbook.subjects._segmentation import _simple
from visus.runs import checkpoint
from visus.runs.reader import Run, summaries
from visus.ship.opened import told_by

from .shows import STAGES, Lines, StopAt

QUICK = {"epochs": 1, "batch": 8, "arithmetic": "float32", "lr": 0.003}
FINDER = {"model": "one_stage", "width": 8, "backbone": "compact:width=8", **QUICK}
PAINTER = {"model": "unet", "backbone": "own", "width": 4, "depth": 2, **QUICK}
SIZE = 48, 64
UNCHECKED = ["checks", "search"]  # made for one of the two: they take longest


@pytest.fixture(scope="module", autouse=True)
def _short():
    """What is tested here is the sequence of stages, not how well a model learns."""
    with pytest.MonkeyPatch.context() as patch:
        for subject in (detection, segmentation):
            patch.setattr(subject, "FEWEST_STEPS", 4)
        patch.setattr(_simple, "TREES", 5)
        patch.setattr(preflight, "names", lambda: ["head", "object_classes"])  # all of them take a minute
        for name, value in {"TRIALS": 3, "EPOCHS": 0.3, "REPEATS": 0, "FEWER_TRIALS": 3, "FEWEST_STEPS": 2}.items():
            patch.setattr(search, name, value)
        yield


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """A folder in COCO's format with boxes of drawn shapes."""
    root = tmp_path_factory.mktemp("marked")
    convert(shapes.shapes(24, *SIZE, folder=root / "drawn", marked=BOXES), root / "set", "coco")
    return root / "set"


@pytest.fixture(scope="module")
def painted(tmp_path_factory):
    """A folder with images/ and masks/ of drawn shapes."""
    root = tmp_path_factory.mktemp("painted")
    maps = shapes.shape_maps(24, *SIZE, folder=root / "drawn")
    for folder, files in (("images", maps.paths), ("masks", maps.maps)):
        (root / "set" / folder).mkdir(parents=True)
        for file in files:
            shutil.copy(file, root / "set" / folder)
    (root / "set" / "classes.txt").write_text("".join(f"{k} {name}\n" for k, name in enumerate(maps.classes)))
    return root / "set"


@pytest.fixture(scope="module")
def found(marked, tmp_path_factory):
    show = Lines()
    return visus.fit(marked, runs=tmp_path_factory.mktemp("runs"), show=show, **FINDER), show


@pytest.fixture(scope="module")
def mapped(painted, tmp_path_factory):
    show = Lines()
    runs = tmp_path_factory.mktemp("runs")
    return visus.fit(painted, runs=runs, show=show, skip=UNCHECKED, **PAINTER), show


# ---- recognised


def test_marks_and_maps_are_recognised_and_said(found, mapped, marked, painted):
    assert _subject.recognised(str(marked)) == _subject.recognised("bccd") == "detection"
    assert _subject.recognised(str(painted)) == _subject.recognised("camvid") == "segmentation"
    assert f"{marked} is read as detection (COCO, 24 pictures with boxes: recipe detect)" in found[1].said
    assert f"{painted} is read as segmentation (24 pictures with label maps of 4 classes)" in mapped[1].said


@pytest.mark.parametrize("form", ["voc", "yolo"])
def test_other_formats_are_recognised_too(tmp_path, form):
    convert(shapes.shapes(7, *SIZE, folder=tmp_path / "drawn", marked=BOXES), tmp_path / "set", form)
    assert _subject.recognised(str(tmp_path / "set")) == "detection"
    assert detection.read_as(str(tmp_path / "set"), open_annotations(tmp_path / "set"), "faster_rcnn") == (
        f"detection ({form.upper()}, 7 pictures with boxes: Faster R-CNN)"
    )


@pytest.mark.parametrize(
    ("kind", "recipe"), [(BOXES, "faster_rcnn"), (MASKS, "mask_rcnn"), (KEYPOINTS, "keypoint_rcnn")]
)
def test_what_is_trained_follows_from_what_is_marked(tmp_path, kind, recipe):
    drawn = shapes.shapes(8, *SIZE, folder=tmp_path, marked=kind)
    assert detection.usual(drawn) == recipe
    one = [
        Objects(np.array([[1.0, 2, 9, 8]]), np.array([0]), np.array([False]), [None]) for _ in range(len(drawn.paths))
    ]
    alone = replace(drawn, objects=one, keypoint_names=())
    assert detection.usual(alone) == "localise"
    assert detection.learned("shapes", {"model": "one_stage"}, "") == "detect"
    assert detection.learned("shapes", {}, "faster_rcnn") == "faster_rcnn"


def test_a_file_of_boxes_is_no_file_of_captions(marked):
    (file,) = (marked / "annotations").glob("*.json")
    assert list(_subject.claims(str(file))) == ["detection"]


def test_a_folder_with_sentences_and_boxes_says_what_else_it_could_be(marked, tmp_path, capsys):
    both = tmp_path / "both"
    shutil.copytree(marked, both)
    (both / "annotations" / "captions_train2017.json").write_text(
        '{"images": [{"id": 1, "file_name": "00000.png"}], "annotations": [{"image_id": 1, "caption": "a disc"}]}'
    )
    assert list(_subject.claims(str(both))) == ["captions", "detection"]
    show = Lines()
    api._say_how(show, str(both), "captions")
    assert show.said == [f"{both} is read as captions; `visus fit detection {both}` reads it as detection"]


# ---- every stage


@pytest.mark.parametrize("name", ["found", "mapped"])
def test_it_goes_through_every_stage(name, request):
    run, show = request.getfixturevalue(name)
    assert [stage for stage, _, _ in show.verdicts] == STAGES
    assert run.healthy
    assert run.report.is_file()
    assert Run(run.folder).info["subject"] == {"found": "detection", "mapped": "segmentation"}[name]


@pytest.mark.parametrize(("name", "measure"), [("found", "mAP@.5"), ("mapped", "mean IoU")])
def test_the_test_states_its_measure_with_an_interval_and_is_counted(name, measure, request):
    run, _ = request.getfixturevalue(name)
    detail = Run(run.folder).verdict("test")["detail"]
    assert detail["measure"] == measure
    assert 0 <= detail["low"] <= detail["score"] <= detail["high"] <= 1
    assert detail["use"] == 1
    page = run.report.read_text()
    assert measure in page
    assert "accuracy on" not in page


@pytest.mark.parametrize(("name", "words"), [("found", "mAP@.5"), ("mapped", "mean IoU")])
def test_the_table_of_runs_and_the_card_say_the_measure(name, words, request, capsys):
    from visus.cli.runs import command

    run, _ = request.getfixturevalue(name)
    (line,) = summaries(run.folder.parent)
    assert line.state == "done"
    command(run.folder.parent)
    assert words in capsys.readouterr().out
    assert "95 % interval" in (run.folder / "model" / "card.md").read_text()


def test_settings_of_a_detector_are_searched_on_validation_map(found):
    run = Run(found[0].folder)
    assert {trial["score"] is None or 0 <= trial["score"] <= 1 for trial in run.events("trial")} <= {True}
    assert "validation mAP@.5" in found[0].report.read_text()


@pytest.mark.parametrize(("name", "source"), [("found", "marked"), ("mapped", "painted")])
def test_evaluating_is_counted_and_own_pictures_are_recognised(name, source, request, tmp_path):
    run, _ = request.getfixturevalue(name)
    folder = tmp_path / "runs" / run.folder.name
    shutil.copytree(run.folder.parent, tmp_path / "runs")
    whole = evaluate(folder, str(request.getfixturevalue(source)), Silent())
    assert (whole.n, whole.use, whole.severity) == (24, 2, "warning")
    assert whole.seen > 0.5
    assert whole.rows


def test_a_class_that_a_detector_does_not_know_is_named(found, tmp_path):
    drawn = shapes.shapes(8, *SIZE, folder=tmp_path / "drawn", marked=BOXES)
    convert(replace(drawn, classes=("disc", "square", "star")), tmp_path / "set", "coco")
    with pytest.raises(ValueError, match="has the class 'star', which the model does not know; it knows disc, square"):
        evaluate(found[0].folder, str(tmp_path / "set"), Silent())
    with pytest.raises(ValueError, match="views=six are for models that tell classes"):
        evaluate(found[0].folder, str(tmp_path / "set"), Silent(), "six")


def test_predictions_can_be_asked_for(found, mapped, marked, painted, capsys):
    assert told_by(found[0].folder) == "detection"
    assert visus_command(["predict", str(found[0].folder), str(marked / "images" / "00000.png")]) == 0
    assert visus_command(["predict", str(mapped[0].folder), str(painted / "images" / "00000.png")]) == 0
    assert capsys.readouterr().out.count("00000.png") >= 2


@pytest.mark.parametrize(("source", "settings"), [("marked", FINDER), ("painted", PAINTER)])
def test_stopped_in_training_and_resumed_it_ends_as_if_never_stopped(source, settings, request, tmp_path):
    folder, settings = request.getfixturevalue(source), {**settings, "epochs": 2}
    skip = ["baselines", "checks", "search", "test", "report"]
    whole = visus.fit(folder, runs=tmp_path / "whole", skip=skip, **settings).folder
    with pytest.raises(InterruptedRunError):
        visus.fit(folder, runs=tmp_path / "cut", skip=skip, show=StopAt("train", 0.5), **settings)
    (cut,) = [path.parent for path in (tmp_path / "cut").glob("*/run.json")]
    api.resume(cut)
    first, second = (checkpoint.load(f / "checkpoints" / "last.safetensors")["task"] for f in (whole, cut))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


# ---- refusals


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"width": 8, "model": "one_stag"}, "no 'one_stag' in detectors. Did you mean 'one_stage'"),
        ({"task": "mask_rcn"}, "no task 'mask_rcn' for detection. Did you mean 'mask_rcnn'"),
        ({"lrr": 0.1}, "no setting 'lrr'. Did you mean 'lr'"),
        ({"skip": ["train"]}, "cannot skip 'train'"),
    ],
)
def test_impossible_wishes_are_refused_before_anything_is_written(marked, tmp_path, settings, sentence):
    with pytest.raises((ValueError, LookupError), match=sentence):
        visus.fit(marked, runs=tmp_path / "runs", **settings)
    assert not (tmp_path / "runs").exists()


def test_marks_without_a_single_object_are_refused(tmp_path):
    drawn = shapes.shapes(8, *SIZE, folder=tmp_path / "drawn", marked=BOXES)
    none = Objects(np.empty((0, 4)), np.empty(0, np.int64), np.empty(0, bool), [])
    convert(replace(drawn, objects=[none] * 8), tmp_path / "set", "coco")
    with pytest.raises((ValueError, BlockedError), match="no object"):
        visus.fit(tmp_path / "set", runs=tmp_path / "runs", skip=UNCHECKED, **FINDER)


def test_a_subject_named_for_what_it_is_not_is_refused_in_a_sentence(painted, marked, tmp_path):
    with pytest.raises(ValueError, match="holds no marked objects that can be read here"):
        visus.fit(painted, subject="detection", runs=tmp_path / "runs")
    with pytest.raises(ValueError, match="holds no label maps that can be read here"):
        visus.fit(marked, subject="segmentation", runs=tmp_path / "runs")


def test_resuming_after_the_marks_changed_their_pictures_is_refused(tmp_path):
    drawn = shapes.shapes(24, *SIZE, folder=tmp_path / "drawn", marked=BOXES)
    convert(drawn, tmp_path / "set", "coco")
    with pytest.raises(InterruptedRunError):
        visus.fit(tmp_path / "set", runs=tmp_path / "runs", skip=UNCHECKED, show=StopAt("baselines", 0.0), **FINDER)
    (folder,) = [path.parent for path in (tmp_path / "runs").glob("*/run.json")]
    shutil.rmtree(tmp_path / "set")
    convert(shapes.shapes(20, *SIZE, folder=tmp_path / "other", marked=BOXES), tmp_path / "set", "coco")
    with pytest.raises(BlockedError, match="have changed since this run began"):
        api.resume(folder)


# ---- simple methods


def marks(*rows):
    """Objects from (label, box)."""
    boxes = np.array([box for _, box in rows], dtype=float).reshape(-1, 4)
    return Objects(boxes, np.array([k for k, _ in rows], dtype=np.int64), np.zeros(len(rows), bool), [None] * len(rows))


def test_mean_boxes_lie_at_the_mean_and_are_as_sure_as_the_class_is_frequent():
    seen = [marks((0, (0, 0, 10, 10)), (1, (4, 4, 8, 8))), marks((0, (2, 2, 12, 12)))]
    told = _places.mean_boxes(seen, 3)
    assert told.labels.tolist() == [0, 1]
    assert told.boxes.tolist() == [[1, 1, 11, 11], [4, 4, 8, 8]]
    assert told.scores.tolist() == [1.0, 0.5]
    assert len(_places.mean_boxes([marks()], 2)) == len(_places.usual_places([marks()], 2)) == 0


def test_usual_places_find_what_is_always_in_the_same_places():
    left, right = (0, 0, 10, 10), (50, 0, 60, 10)
    told = _places.usual_places([marks((0, left), (0, right))] * 5, 1)
    assert sorted(told.boxes.tolist()) == [list(left), list(right)]
    assert told.scores.tolist() == [1.0, 1.0]


def test_a_linear_classifier_of_windows_finds_what_differs_by_colour():
    dice = np.random.default_rng(0)
    images, seen = [], []
    for _ in range(16):
        picture = dice.integers(90, 120, (3, 48, 64)).astype(np.uint8)
        x, y, k = int(dice.integers(0, 48)), int(dice.integers(0, 32)), int(dice.integers(2))
        picture[2 * k, y : y + 16, x : x + 16] = 250
        images.append(torch.from_numpy(picture))
        seen.append(marks((k, (x, y, x + 16, y + 16))))
    finder = _windows.fit(torch.stack(images[:12]), seen[:12], 2)
    told = [finder.find(image) for image in images[12:]]
    from visus.metrics.detection import average_precisions

    assert average_precisions(told, seen[12:], 2).map50 > 0.5


def test_windows_of_a_size_leave_no_place_uncovered():
    boxes = _windows.grid(np.array([[16.0, 16.0], [40.0, 20.0]]), 48, 64)
    assert boxes[:, :2].min() == 0
    assert boxes[:, 2].max() == pytest.approx(64)
    assert boxes[:, 3].max() == pytest.approx(48)
    many = _windows.grid(np.array([[4.0, 4.0]]), 480, 640)
    assert len(many) < 2 * _windows.MOST


def test_the_description_of_a_window_is_that_of_its_cells():
    image = torch.zeros(3, 24, 24, dtype=torch.uint8)
    image[0, :12, :] = 255
    (row,) = _windows.described(image, np.array([[0, 0, 24, 24]], dtype=np.float32))
    colours = row[-3 * 36 :].reshape(6, 6, 3)
    assert np.allclose(colours[:3, :, 0], 1)
    assert np.allclose(colours[3:], 0)


def test_baselines_of_maps_know_the_commonest_class_and_the_usual_places(tmp_path):
    from visus.data.prepared_maps import prepare_maps

    prepared = prepare_maps(shapes.shape_maps(24, *SIZE, folder=tmp_path))
    usual = _simple.usual_map(prepared)
    maps = prepared.maps(prepared.rows("train")).numpy()
    counts = np.stack([(maps == k).sum(0) for k in range(4)])
    assert (usual == counts.argmax(0)).all()
    truth = prepared.maps(prepared.rows("validation")).numpy()
    ground = (truth[truth != 255] == 0).mean()
    here = len(np.unique(truth[truth != 255]))
    assert _simple.commonest(prepared) == pytest.approx(ground / here)
    seen = _simple.described(prepared.pictures.images(prepared.rows("test")[:1]))
    assert seen.shape == (1, *SIZE, 13)


def test_a_blind_score_is_that_of_the_same_boxes_everywhere(tmp_path):
    from visus.data.prepared_objects import prepare_objects

    prepared = prepare_objects(shapes.shapes(24, *SIZE, folder=tmp_path, marked=BOXES))
    assert detection.blind_score(prepared) == baselines.blind(prepared)
    assert 0 <= detection.blind_score(prepared) < 0.5
    assert len(detection.trial_data(prepared).rows("test")) == 0
    assert detection.beaten({"windows": 0.2, "mean_boxes": 0.1, "note": "x"}) == 0.2


def test_missing_classes_are_named_by_part():
    told, missing = _shared.missing(["a", "b", "c", "d", "e"], {"train": [1, 1, 1, 1, 1], "test": [0, 1, 0, 0, 0]})
    assert told == "; no a, c, d and 1 more classes in the test part"
    assert missing == {"train": [], "test": ["a", "c", "d", "e"]}
