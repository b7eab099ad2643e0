"""Captions through the command line: a run trained, its report, where it looked; and the figures behind them."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from tests.drawn_captions import draw_captions
from visus.cli._app import run
from visus.data.decode import Frame
from visus.playbook import _caption_evidence as evidence
from visus.playbook import _words
from visus.playbook._caption_scores import MEASURES, people, scored, words_of
from visus.playbook._session import Silent
from visus.report import page
from visus.runs.reader import Run
from visus.ship.kinds.captions import Way
from visus.ship.opened import opened

SMALL = ["hidden=24", "embedding=12", "size=32", "threshold=1", "batch=12", "lr=0.02", "epochs=8"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A captioner's run, and the folder that it learned from."""
    root = tmp_path_factory.mktemp("captions")
    folder = draw_captions(root / "set")
    words = ["train", "caption", f"data={folder}", "model=soft_attention", *SMALL]
    assert run([*words, "--runs", str(root / "runs")]) == 0
    return next(path.parent.parent for path in root.glob("runs/*/model/model.json")), folder


def test_a_training_ends_in_a_report_with_captions_of_validation_pictures(made):
    folder, _ = made
    text = page.render(Run(folder))
    assert "validation pictures, by beam search" in text
    assert "most frequent caption" in text
    assert "Where it looked at each word" in text
    assert "a person" in text


def test_where_it_looked_is_a_page_a_picture_and_numbers(made, tmp_path, capsys):
    folder, data = made
    files = [str(data / "Images" / f"0{i}.png") for i in (0, 1)]
    assert run(["explain", str(folder), *files, "--how", "words", "beam=2", "--out", str(tmp_path)]) == 0
    assert "of the attention moves" in capsys.readouterr().out
    assert {path.name for path in tmp_path.glob("*.png")} == {"words-00.png", "words-01.png"}
    with Image.open(tmp_path / "words-00.png") as drawn:
        assert drawn.size[0] > 300
    kept = json.loads((tmp_path / "explain.json").read_text(encoding="utf-8"))["pictures"]
    for one in kept:
        maps = np.array(one["maps"])
        assert len(maps) == len(one["words"]) == len(one["probabilities"])
        np.testing.assert_allclose(maps.sum((1, 2)), 1, atol=1e-2)
    assert "Word by word" not in (tmp_path / "explain.html").read_text(encoding="utf-8")


def test_without_a_picture_it_is_shown_on_validation_pictures(made, tmp_path):
    assert run(["explain", str(made[0]), "--out", str(tmp_path)]) == 0
    assert len(list(tmp_path.glob("words-*.png"))) == 4


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--how", "saliency"], "no technique 'saliency' for captions"),
        (["--target", "dog"], "--target is for models that name classes"),
        (["--add-to-report"], "--add-to-report is for models that name classes"),
        (["beem=2"], "Did you mean 'beam'"),
        (["beam=0"], "at least 1"),
        (["nothing.jpg"], "nothing.jpg"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_a_sentence(made, capsys, options, complaint):
    assert run(["explain", str(made[0]), *options]) == 1
    assert complaint in capsys.readouterr().err


def test_figures_of_a_part_are_those_of_its_captions(made):
    folder, data = made
    captioner = opened(folder)
    from visus.data.captioned import prepare_captions

    prepared = prepare_captions(data, size=32, threshold=1)
    found = evidence.examine(captioner, prepared, "test", Silent(), Way(beam=1))
    said = [words_of(one.sentence) for one in found.captions]
    again = scored(said, evidence.spoken(prepared, "test"))
    assert dict(found.own.values) == pytest.approx(dict(again.values))
    assert found.lead.mean == pytest.approx(again.each.mean() - found.others[found.rival].each.mean())
    for measure in MEASURES:
        assert found.own.low[measure] <= found.own.values[measure] + 1e-9
        assert found.own.values[measure] <= found.own.high[measure] + 1e-9
    assert json.loads(json.dumps(found.detail))["n"] == len(prepared.rows("test"))
    assert found.line.startswith("CIDEr")
    # what is said of a red square is better of it than of the next picture
    assert found.variety["own"] >= found.variety["shuffled"]


def test_bleu_and_the_rest_are_those_of_the_caption_benchmark():
    bleu = pytest.importorskip("pycocoevalcap.bleu.bleu")
    dice = np.random.default_rng(3)
    words = ["a", "the", "dog", "man", "runs", "on", "grass"]

    def sentence() -> list[str]:
        return list(dice.choice(words, size=dice.integers(4, 10)))

    said, known = [sentence() for _ in range(20)], [[sentence() for _ in range(4)] for _ in range(20)]
    theirs = bleu.Bleu(4).compute_score(
        {i: [" ".join(one) for one in several] for i, several in enumerate(known)},
        {i: [" ".join(one)] for i, one in enumerate(said)},
        verbose=0,
    )[0]
    found = scored(said, known, intervals=True)
    assert [found.values[f"BLEU-{n}"] for n in (1, 2, 3, 4)] == pytest.approx(theirs, rel=1e-6)
    assert all(found.low[name] <= found.values[name] <= found.high[name] for name in MEASURES)


def test_people_are_held_against_the_others():
    spoken = [[["a", "dog"], ["a", "dog"]], [["a", "cat"]], [["red", "sea"], ["red", "boat"]]]
    found = people(spoken)
    assert found is not None
    assert len(found.each) == 2
    assert found.each[0] > found.each[1]
    assert people([[["a"]]]) is None


def test_punctuation_and_capitals_do_not_count():
    assert words_of("A dog's ball, red & round!") == ["a", "dog's", "ball", "red", "round"]


def test_attention_is_drawn_where_it_is():
    image = torch.full((3, 64, 64), 100, dtype=torch.uint8)
    maps = torch.zeros(2, 4, 4)
    maps[0, 0, 0] = maps[1, 3, 3] = 1
    drawn = _words.over_picture(image, maps).astype(int).sum(3)  # (3, h, w)
    h, w = drawn.shape[1:]
    assert np.ptp(drawn[0]) == 0
    assert np.unravel_index(drawn[1].argmax(), (h, w)) < (h // 2, w // 2)
    assert drawn[2, -1, -1] > drawn[2, 0, 0]
    assert len(_words.over_picture(image, torch.zeros(0, 4, 4))) == 1


def test_spread_counts_places_and_moved_compares_words():
    even, one = torch.full((2, 2), 0.25), Tensor([[1.0, 0.0], [0.0, 0.0]])
    assert _words.spread(torch.stack([even, one])).tolist() == pytest.approx([4.0, 1.0])
    assert _words.moved(torch.stack([one, one])) == 0
    assert _words.moved(torch.stack([one, one.flip(0)])) == 1
    assert _words.moved(one[None]) == 0


def test_a_small_frame_is_shown_larger():
    assert _words.larger(Frame(32, 40, "crop")) == Frame(128, 160, "crop")
    assert _words.larger(Frame(400, 300, "pad")) == Frame(400, 300, "pad")
