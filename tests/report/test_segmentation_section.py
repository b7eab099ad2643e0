"""The section on label maps, from evidence made up; and the pictures of maps."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from synthetic_run import write_events, write_info

from visus.report import page
from visus.report import record as records
from visus.report.figures import maps
from visus.report.sections import segmentation
from visus.runs.reader import Run

CLASSES = ["<b>road</b>", "sky", "$\\frac{"]
COLOURS = [(128, 64, 128), (70, 130, 180), (0, 0, 0)]


def evidence(folder, **changes):
    """A segmenter's run folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_info(folder)
    write_events(folder, [{"event": "opened"}])
    dice = np.random.default_rng(0)
    facts = {
        "measure": "mean IoU",
        "score": 0.57,
        "low": 0.55,
        "high": 0.61,
        "values": {"mean IoU": 0.57, "pixel accuracy": 0.88, "boundary F": 0.43},
        "n": 233,
        "part": "test",
        "names": CLASSES,
        "classes": [
            {
                "name": name,
                "label": k,
                "colour": COLOURS[k],
                "iou": 0.2 + 0.3 * k,
                "low": 0.1,
                "high": 0.9,
                "accuracy": 0.7,
                "boundary": 0.5,
                "share": 0.31,
            }
            for k, name in enumerate(CLASSES)
        ],
        "examples": [
            {"kind": kind, "name": f"{kind}<i>.png", "iou": 0.5, "accuracy": 0.8} for kind in segmentation.KINDS
        ],
        **changes,
    }
    tensors = {
        segmentation.CONFUSION: 1000 * torch.arange(9).reshape(3, 3),
        **{
            f"{segmentation.PAIRS}{k}": torch.from_numpy(dice.integers(0, 255, (4, 24, 32, 3), dtype=np.uint8))
            for k in range(4)
        },
    }
    save_file(tensors, folder / "evidence.safetensors", {"facts": json.dumps({"segmentation": facts})})
    return folder


def test_the_page_shows_figures_classes_and_pictures(tmp_path):
    text = " ".join(page.render(Run(evidence(tmp_path / "run"))).split())
    for wanted in (
        "233 test pictures", "57.0 %", "95 % interval 55.0 % to 61.0 %", "boundary F", "IoU of each class",
        "What is taken for what", "Worst pictures", "Pictures in the middle", "Best pictures", "rgb(128, 64, 128)",
        "mean IoU 50.0 %, 80.0 % of the pixels right",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert text.count("data:image/jpeg") == 16
    assert "<b>road</b>" not in text, "what people call a class is text and never markup"
    assert "Test: not made" not in text


def test_a_run_without_maps_has_no_such_section(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    write_info(folder)
    write_events(folder, [{"event": "opened"}])
    assert 'id="segmentation"' not in page.render(Run(folder))
    assert segmentation.gather(records.read(Run(evidence(tmp_path / "empty", classes=[])))) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": [{"name": 3, "iou": "?", "colour": "red"}, None]},
        {"examples": [{"kind": "worst"}, None, 7]},
        {"names": ["one"]},
        {"low": None, "values": {"mean IoU": None}},
        {"values": []},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_damaged_evidence_is_left_out_and_the_rest_is_shown(tmp_path, changes):
    found = segmentation.gather(records.read(Run(evidence(tmp_path / "run", **changes))))
    assert found is not None
    assert len(found["charts"]) == 2 - ("names" in changes)
    assert len(found["galleries"]) == (1 if "examples" in changes else 4)


def test_an_overlay_is_bare_where_nothing_counts_and_marks_outlines():
    picture = np.full((20, 30, 3), 100, dtype=np.uint8)
    classes = np.zeros((20, 30), dtype=np.uint8)
    classes[:, 15:] = 1
    classes[:5] = maps.IGNORE
    shown = maps.overlay(picture, classes, COLOURS)
    assert (shown[:4] == 100).all()
    assert (shown[10, 2] == np.round(0.4 * 100 + 0.6 * np.array(COLOURS[0]))).all()
    assert shown[10, 14].sum() < shown[10, 2].sum()


def test_mistakes_are_red_and_what_does_not_count_is_white():
    picture = np.full((4, 6, 3), 50, dtype=np.uint8)
    truth = np.zeros((4, 6), dtype=np.uint8)
    said = truth.copy()
    said[0, 0] = said[1, 1] = 1
    truth[1, 1] = maps.IGNORE
    shown = maps.mistakes(picture, truth, said)
    assert tuple(shown[0, 0]) == maps.WRONG
    assert (shown[1, 1] == 255).all()
    assert len(np.unique(shown[2:])) == 1


@pytest.mark.parametrize("width", [60, 200, 500])
def test_a_legend_names_every_class_in_its_colour_below_the_picture(width):
    picture = np.zeros((10, width, 3), dtype=np.uint8)
    sheet = maps.with_legend(picture, ["sky", "a long name of a class", "car"], [(1, 2, 3), (40, 50, 60), (7, 8, 9)])
    assert sheet.shape[1] == width
    assert (sheet[:10] == 0).all()
    for colour in ((1, 2, 3), (40, 50, 60), (7, 8, 9)):
        assert (sheet[10:] == colour).all(-1).any()
