"""The section on objects, from evidence made up."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from synthetic_run import write_events, write_info

from visus.report import page
from visus.report import record as records
from visus.report.sections import detection
from visus.runs.reader import Run

CLASSES = ["<b>cell</b>", "disc", "$\\frac{"]


def evidence(folder, **changes):
    """A detector's run folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_info(folder)
    write_events(folder, [{"event": "opened"}])
    dice = np.random.default_rng(0)
    examples = [
        {"kind": kind, "name": f"{kind}<i>.png", "right": 3, "wrong": 1, "missed": 2}
        for kind in ("worst", "random", "best")
    ]
    examples.append({"kind": "mistake", "name": "m.png", "said": "<b>cell</b>", "score": 0.97, "why": "nothing there"})
    facts = {
        "measure": "mAP@.5",
        "score": 0.66,
        "low": 0.6,
        "high": 0.73,
        "values": {"mAP@.5": 0.66, "COCO's mAP": 0.35},
        "n": 72,
        "n_objects": 945,
        "threshold": 0.4,
        "part": "test",
        "names": CLASSES,
        "classes": [
            {"name": name, "label": k, "n": 5 * k + 1, "ap50": 0.5, "ap": 0.3, "recall": 0.8, "low": 0.4, "high": 0.6}
            for k, name in enumerate(CLASSES)
        ],
        "said": {"place": "right class, wrong place", "missed": "missed"},
        "errors": {"place": {"count": 12, "cost": 0.08}, "missed": {"count": 3, "cost": 0.0}},
        "examples": examples,
        **changes,
    }
    tensors = {
        detection.CURVES: torch.rand(len(CLASSES), 101),
        detection.CONFUSION: torch.arange(16).reshape(4, 4),
        **{
            f"{detection.PAIRS}{k}": torch.from_numpy(dice.integers(0, 255, (2, 24, 32, 3), dtype=np.uint8))
            for k in range(3)
        },
        f"{detection.PAIRS}3": torch.from_numpy(dice.integers(0, 255, (24, 24, 3), dtype=np.uint8)),
    }
    save_file(tensors, folder / "evidence.safetensors", {"facts": json.dumps({"detection": facts})})
    return folder


def test_the_page_shows_figures_classes_mistakes_and_pictures(tmp_path):
    text = page.render(Run(evidence(tmp_path / "run")))
    for wanted in (
        "72 test pictures", "945 objects", "66.0 %", "95 % interval 60.0 % to 73.0 %", "8.0 points, 12 times",
        "right class, wrong place", "3 right, 1 wrong, 2 missed", "Worst pictures", "Pictures drawn at random",
        "Best pictures", "Surest mistakes", "nothing there", "score of 0.40", "Precision over recall",
    ):  # fmt: skip
        assert wanted in " ".join(text.split()), wanted
    assert text.count("data:image/jpeg") == 7
    assert "<b>cell</b>" not in text, "what people call a class is text and never markup"
    assert "Test: not made" not in text


def test_a_run_without_objects_has_no_such_section(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    write_info(folder)
    write_events(folder, [{"event": "opened"}])
    assert 'id="detection"' not in page.render(Run(folder))
    assert detection.gather(records.read(Run(evidence(tmp_path / "empty", classes=[])))) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": [{"name": 3, "ap50": "?"}, None]},
        {"examples": [{"kind": "worst"}, None, 7]},
        {"errors": {"place": None, "missed": {"count": "x"}}},
        {"names": ["one"]},
        {"threshold": None, "low": None, "values": {"mAP@.5": None}},
        {"values": [], "said": None, "errors": []},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_damaged_evidence_is_left_out_and_the_rest_is_shown(tmp_path, changes):
    found = detection.gather(records.read(Run(evidence(tmp_path / "run", **changes))))
    assert found is not None
    # curves need the numbers of the classes, the matrix all their names
    lost = ("classes" in changes) + ("names" in changes) + ("errors" in changes)
    assert len(found["charts"]) == 4 - lost
    assert len(found["galleries"]) == (1 if "examples" in changes else 3)


def test_of_many_classes_the_best_and_the_worst_are_drawn(tmp_path):
    classes = [{"name": f"class {k}", "label": 0, "n": k + 1, "ap50": k / 100, "low": 0, "high": 1} for k in range(80)]
    found = detection.gather(records.read(Run(evidence(tmp_path / "run", classes=classes))))
    assert "The best and the worst 12 of 80 classes" in found["charts"][0].reading
    assert len(found["classes"]) == 80
