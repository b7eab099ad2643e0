"""A captioner on disk: what it says of pictures after it was loaded, how it is asked, what it refuses."""

import json
import math

import numpy as np
import pytest
import torch

from tests.drawn_captions import draw_captions
from visus.cli._app import run
from visus.data.captioned import prepare_captions
from visus.data.decode import UnreadablePictureError
from visus.decoding import greedy
from visus.engine.loop import fit
from visus.recipes import caption
from visus.ship import looking, model
from visus.ship.kinds import captions
from visus.ship.kinds.captions import Way
from visus.ship.opened import opened, told_by

SMALL = {"hidden": 24, "embedding": 12, "size": 32, "threshold": 1, "batch": 12, "lr": 2e-2, "epochs": 8.0}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return draw_captions(tmp_path_factory.mktemp("drawn") / "set")


@pytest.fixture(scope="module")
def runs(tmp_path_factory, pictures):
    """By the captioner's name: its run folder and its task, trained for seconds."""
    prepared = prepare_captions(pictures, size=32, threshold=1)
    made = {}
    for name in ("every_step", "soft_attention"):
        settings = {**SMALL, "model": name}
        task = caption.build(prepared, **settings)
        fit(task, task.steps)
        folder = tmp_path_factory.mktemp(name)
        captions.save(folder, task, settings, {"train": {"best": -1.5}, "split": {"train": 24, "test": 6}})
        made[name] = folder, task
    return made


def test_what_was_saved_says_what_the_task_says(runs):
    for folder, task in runs.values():
        captioner = opened(folder)
        assert told_by(folder) == "captions"
        prepared = task.data.prepared
        images = prepared.pictures.images(prepared.rows("validation"))
        made, _ = task.said("validation")
        assert [one.words for one in captioner.captions(images, Way(beam=1))] == made


def test_each_word_comes_with_its_probability_and_where_it_looked(runs):
    folder, task = runs["soft_attention"]
    captioner = opened(folder)
    images = task.data.prepared.pictures.images(task.data.prepared.rows("test"))
    network, vocabulary = captioner.network, captioner.vocabulary
    for image, one in zip(images, captioner.captions(images), strict=True):
        # a second way to the same numbers: the model read word by word, alone
        with torch.no_grad():
            state, nats = network.begin(network.see(image[None])), []
            word = torch.tensor([vocabulary.start])
            for number in [*vocabulary.encode(one.words), vocabulary.end]:
                log_probabilities, state = network.step(word, state)
                nats.append(float(log_probabilities[0, number]))
                word = torch.tensor([number])
        assert one.chances == pytest.approx([math.exp(n) for n in nats[:-1]], rel=1e-4)
        assert one.probability == pytest.approx(math.exp(sum(nats) / len(nats)), rel=1e-4)
        assert one.maps.shape[0] == len(one.words)
        torch.testing.assert_close(one.maps.sum((1, 2)), torch.ones(len(one.words)))
    assert opened(runs["every_step"][0]).captions(images)[0].maps is None
    assert captioner.attends
    assert not opened(runs["every_step"][0]).attends


def test_a_wider_beam_finds_sentences_at_least_as_likely(runs):
    folder, task = runs["every_step"]
    captioner = opened(folder)
    images = task.data.prepared.pictures.images(task.data.prepared.rows("train"))

    def likelihood(way):
        return sum(math.log(one.end) + sum(map(math.log, one.chances)) for one in captioner.captions(images, way))

    assert likelihood(Way(beam=6)) >= likelihood(Way(beam=1)) - 1e-6


def test_samples_are_the_same_for_the_same_seed(runs, pictures):
    captioner = opened(runs["every_step"][0])
    files = sorted((pictures / "Images").iterdir())[:8]
    bold = Way(drawn=True, temperature=3.0, seed=1)
    assert captioner.predict(files, bold) == captioner.predict(files, bold)
    assert captioner.predict(files, bold) != captioner.predict(files, Way(drawn=True, temperature=3.0, seed=2))
    arrays = np.stack([np.zeros((40, 50, 3), np.uint8)] * 3)
    assert len(captioner.predict(arrays)) == 3


def test_a_file_that_cannot_be_read_is_named_and_passed_over(runs, pictures, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 no more")
    captioner = opened(runs["every_step"][0])
    good = pictures / "Images" / "00.png"
    bad, fine = captioner.look([broken, good])
    assert "broken.jpg" in bad.error
    assert fine.label
    assert fine.label[0].isupper()
    with pytest.raises(UnreadablePictureError, match="broken"):
        captioner.predict([good, broken])


def test_the_command_line_answers_with_a_sentence(runs, pictures, capsys):
    folder, picture = runs["every_step"][0], str(pictures / "Images" / "00.png")
    assert run(["predict", str(folder), picture]) == 0
    assert "00.png" in capsys.readouterr().out
    assert run(["predict", str(folder), picture, "--json", "--beam", "4"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"name", "label", "probability", "words"}
    assert told["words"]
    assert all(0 <= chance <= 1 for _, chance in told["words"])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--views", "six"], "averages answers about classes"),
        (["--beam", "1000"], "wider than the vocabulary"),
        (["--sample", "--beam", "3"], "give one of them"),
        (["--temperature", "2"], "belong to --sample"),
        (["--sample", "--temperature", "0"], "temperature must be above 0"),
    ],
)
def test_options_that_mean_nothing_are_refused_in_a_sentence(runs, pictures, capsys, options, complaint):
    folder, picture = runs["every_step"][0], str(pictures / "Images" / "00.png")
    assert run(["predict", str(folder), picture, *options]) == 1
    assert complaint in capsys.readouterr().err


def test_a_captioner_is_no_classifier_and_a_classifier_has_no_beam(runs, tmp_path):
    folder, _ = runs["every_step"]
    with pytest.raises(ValueError, match="visus predict"):
        model.load(folder)
    with pytest.raises(FileNotFoundError, match="holds no trained model"):
        looking.looker(tmp_path)
    facts = json.loads((folder / "model" / "model.json").read_text())
    other = tmp_path / "model"
    other.mkdir()
    (other / "model.json").write_text(json.dumps({**facts, "tells": "text"}))
    (other / "weights.safetensors").write_bytes((folder / "model" / "weights.safetensors").read_bytes())
    with pytest.raises(ValueError, match="no captioner"):
        captions.load(tmp_path)


def test_a_damaged_model_says_so(runs, tmp_path):
    folder, _ = runs["every_step"]
    (tmp_path / "model").mkdir()
    for file in (folder / "model").iterdir():
        (tmp_path / "model" / file.name).write_bytes(file.read_bytes()[:5000])
    with pytest.raises(ValueError, match="is damaged"):
        opened(tmp_path)


def test_the_card_says_what_it_is_and_what_it_is_not_for(runs):
    text = (runs["soft_attention"][0] / "model" / "card.md").read_text()
    assert "`soft_attention` captioner" in text
    assert "1.500 nats per word; not tested" in text
    assert "What it is not for" in text
    tested = {
        "test": {"values": {"CIDEr": 0.5, "BLEU-4": 0.2}, "low": 0.4, "high": 0.6, "n": 7, "way": "beam search"},
        "baselines": {"most frequent caption": 0.1},
    }
    facts = opened(runs["soft_attention"][0]).facts
    assert "CIDEr 0.50, BLEU-4 20.0" in captions.card("x", facts, tested)
    assert "most frequent caption 0.10" in captions.card("x", facts, tested)


def test_greedy_is_what_decoding_calls_greedy(runs):
    folder, task = runs["every_step"]
    captioner = opened(folder)
    images = task.data.prepared.pictures.images(task.data.prepared.rows("test"))
    start = torch.full((len(images),), captioner.vocabulary.start)
    with torch.no_grad():
        state = captioner.network.begin(captioner.network.see(images))
        found = greedy.decode(captioner.network.step, state, start, captioner.vocabulary.end, task.longest)
    said = [captioner.vocabulary.decode(row) for row in found.tokens.tolist()]
    assert [one.words for one in captioner.captions(images, Way(beam=1))] == said
