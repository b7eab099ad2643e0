"""The captions section, from evidence made up."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from synthetic_run import write_events, write_info

from visus.report import page
from visus.report.figures.attended import sheet
from visus.report.sections import captions
from visus.runs.reader import Run

MEASURES = ["CIDEr", "BLEU-1", "BLEU-4", "ROUGE-L"]


def evidence(folder, n=6, side=24, words=("a", "dog", "<b>runs</b>")):
    """A captioner's run folder: n examples, the first two with maps."""
    folder.mkdir(parents=True, exist_ok=True)
    write_info(folder)
    write_events(folder, [{"event": "opened"}])
    random = np.random.default_rng(0)

    def row(name, kind, value):
        values = {"CIDEr": value, "BLEU-1": 0.55, "BLEU-4": 0.12, "ROUGE-L": 0.4}
        ends = {"low": {m: 0.9 * v for m, v in values.items()}, "high": {m: 1.1 * v for m, v in values.items()}}
        return {"name": name, "kind": kind, "values": values, **(ends if kind == "ours" else {})}

    kinds = ["best", "best", "random", "random", "worst", "worst"]
    examples = [
        {
            "kind": kinds[i % len(kinds)],
            "name": f"{i}.jpg",
            "said": "A dog <b>runs</b>.",
            "references": ["A dog runs on grass .", "Somebody's dog & ball ."],
            "cider": 0.4,
            "picture": i,
            "words": list(words) if i < 2 else [],
        }
        for i in range(n)
    ]
    facts = {
        "captions": {
            "measures": MEASURES,
            "rows": [
                row("this model", "ours", 0.31),
                row("most frequent caption", "simple", 0.09),
                row("a person", "people", 0.93),
            ],
            "n": 77,
            "part": "test",
            "way": "beam search of width 5",
            "examples": examples,
            "variety": {
                "distinct": 0.8,
                "novel": 0.9,
                "repeated": 0.04,
                "unknown": 0.12,
                "words_said": 95,
                "words_known": 700,
                "own": 0.31,
                "shuffled": 0.08,
            },
        }
    }
    tensors = {
        "captions.pictures": torch.from_numpy(random.integers(0, 255, (n, side, side, 3), dtype=np.uint8)),
        "captions.maps": torch.from_numpy(
            random.integers(0, 255, (2 * (1 + len(words)), side, side, 3), dtype=np.uint8)
        ),
    }
    save_file(tensors, folder / "evidence.safetensors", {"facts": json.dumps(facts)})
    return folder


def test_the_page_shows_figures_examples_and_maps(tmp_path):
    text = page.render(Run(evidence(tmp_path / "run")))
    for wanted in ("this model", "most frequent caption", "a person", "0.31", "55.0", "Best captions", "beam search"):
        assert wanted in text
    assert text.count('class="gallery small"') == 2
    assert "<b>runs</b>" not in text, "what a model says is text and never markup"
    assert "Test: not made" not in text


def test_a_run_without_captions_has_no_such_section(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    write_info(folder)
    write_events(folder, [{"event": "opened"}])
    assert 'id="captions"' not in page.render(Run(folder))


@pytest.mark.parametrize("broken", ["picture", "maps", "rows"])
def test_evidence_that_does_not_fit_together_is_left_out(tmp_path, broken):
    from visus.report import record as records

    record = records.read(Run(evidence(tmp_path / "run")))
    facts = record.facts["captions"]
    if broken == "picture":
        facts["examples"][0]["picture"] = 99
    elif broken == "maps":
        facts["examples"][0]["words"] = ["a"]
    else:
        facts["rows"] = [None, {"name": 3, "values": "?"}]
    found = captions.gather(record)
    assert found is not None
    assert len(found["looks"]) == (0 if broken == "maps" else 2)
    assert (found["chart"] is None) is (broken == "rows")
    assert len(found["galleries"][0]["cards"]) == (1 if broken == "picture" else 2)


def test_a_sheet_is_a_picture_and_needs_a_word_for_each(tmp_path):
    pictures = np.zeros((8, 16, 16, 3), np.uint8)
    assert (
        sheet(pictures, ["the picture", "a", "$dog", "runs", "on", "the", "grass", "."], "A $dog {runs}.")[:4]
        == b"\x89PNG"
    )
    with pytest.raises(ValueError, match="8 pictures came with 2 words"):
        sheet(pictures, ["a", "b"], "")
