"""Generation as a subject: recognised, taken through every stage, tested once, resumed, evaluated; simple methods."""

import json
import math
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import visus
from visus.cli._app import run as visus_command
from visus.data.canvas import Canvas
from visus.data.drawings import prepare_drawings
from visus.doctor import preflight
from visus.engine import catalogue
from visus.playbook import _generation_evidence, _generation_strangers, api, search
from visus.playbook._session import Silent
from visus.playbook.evaluate import evaluate
from visus.playbook.subjects import _subject, generation
from visus.playbook.subjects._generation import aims
from visus.playbook.subjects._generation.aims import _aimed, _tested, distance, likelihood, likeness
from visus.recipes import _drawing, _form, autoencoder, gated_pixelcnn
from visus.runs.reader import EVIDENCE, Run
from visus.ship.opened import opened

from .shows import STAGES, Lines

QUICK = {"epochs": 1, "batch": 32, "arithmetic": "float32"}
TELLER = {"task": "gated_pixelcnn", "levels": 2, "features": 8, "layers": 1, "shown": 4, **QUICK}
GAN = {"task": "dcgan", "judge": "pixels", "width": 4, "latents": 4, "judged": 30, "shown": 4, **QUICK}
CODER = {"task": "autoencoder", "hidden": 16, "latents": 4, **QUICK}
VAE = {"task": "conditional_vae", "levels": 2, "hidden": 16, "latents": 2, **QUICK}
UNCHECKED = ["checks", "search"]


@pytest.fixture(scope="module", autouse=True)
def _short():
    """What is tested here is the sequence of stages, not how well a model learns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preflight, "names", lambda: ["gradient"])
        patch.setattr(likelihood, "MOST_DRAWN", 2_000)
        for name, value in {"MANY": 60, "LIKELY": 20, "DRAWS": 2}.items():
            patch.setattr(_generation_evidence, name, value)
        for name, value in {"TRIALS": 2, "EPOCHS": 0.3, "REPEATS": 0, "FEWER_TRIALS": 2, "FEWEST_STEPS": 1}.items():
            patch.setattr(search, name, value)
        yield


def digits_folder(folder, n=120, side=8, classes=False):
    """PNG files of scikit-learn's digits, flat or a folder a class."""
    known = load_digits()
    for row in range(n):
        place = folder / str(known.target[row]) if classes else folder
        place.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray((known.images[row] * 255 / 16).astype(np.uint8))
        picture.resize((side, side)).save(place / f"{row:04d}.png")
    return folder


@pytest.fixture(scope="module")
def loose(tmp_path_factory):
    return digits_folder(tmp_path_factory.mktemp("loose"))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    return digits_folder(tmp_path_factory.mktemp("labelled"), classes=True)


@pytest.fixture(scope="module")
def fitted(loose, tmp_path_factory):
    """A run through all eight stages, and what it said."""
    show = Lines()
    return visus.fit(loose, runs=tmp_path_factory.mktemp("runs"), show=show, **TELLER), show


# ---- what a source and a task mean


def test_a_folder_of_pictures_without_classes_is_recognised_and_one_with_classes_is_not(loose, tmp_path):
    assert _subject.recognised(str(loose)) == "generation"
    assert _subject.recognised(str(digits_folder(tmp_path, 4, classes=True))) == "pictures"
    assert _subject.recognised("digits") == "pictures"


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (["digits", "task=vae"], "generation"),
        (["generation", "digits"], "generation"),
        (["digits", "task=classify"], "pictures"),
        (["digits"], "pictures"),
    ],
    ids=["by-task", "by-word", "told-apart", "alone"],
)
def test_a_task_or_a_word_says_what_a_named_set_is_for(words, about):
    assert api.understood(words)[:2] == (about, "digits")


# ---- the whole sequence


def test_every_stage_is_gone_through_and_says_its_figure(fitted):
    run, show = fitted
    assert run.healthy
    assert [stage for stage, _, _ in show.verdicts] == STAGES
    told = {stage: line for stage, line, _ in show.verdicts}
    assert "120 pictures, drawn as 8 x 8 grey pictures of 2 levels" in told["audit"]
    assert "84 train / 18 validation / 18 test pictures" in told["split"]
    assert "mixture of gaussians" in told["baselines"]
    assert "nats per picture" in told["test"]
    assert "first use of this test split" in told["test"]
    assert "is read as generation" in show.said[0]


def test_the_test_is_that_of_the_model_on_disk_and_its_bits_are_its_nats(fitted):
    run, _ = fitted
    test = Run(run.folder).verdict("test")["detail"]
    painter = opened(run.folder)
    levels = torch.cat([levels for levels, _ in prepare_drawings(source_of(run), levels=2).part("test")])
    nats = -painter.log_likelihood(levels)
    assert test["score"] == pytest.approx(nats.mean(), abs=1e-4)
    assert test["low"] < test["score"] < test["high"]
    assert test["values"]["bits per dimension"] == pytest.approx(nats.mean() / (64 * math.log(2)), abs=1e-5)
    assert test["rival"]["name"] == "mixture of gaussians"
    assert f"{test['score']:.3f} nats per picture" in (run.folder / "model" / "card.md").read_text()


def source_of(run):
    return Run(run.folder).info["source"]


def test_the_page_shows_what_was_drawn_and_what_is_likely(fitted):
    page = " ".join(fitted[0].report.read_text().split())
    for words in (
        'id="generation"', "nats per picture on 18 test pictures", "Samples", "While it learned",
        "Nearest training pictures", "What it finds likely", "pixels shuffled", "Where the surprise lies",
        "Upper halves gone on with", "Against simple methods",
    ):  # fmt: skip
        assert words in page, words
    assert "Test: not made" not in page


def test_a_second_run_says_that_the_test_part_was_used_before(fitted, loose):
    show = Lines()
    again = visus.fit(loose, runs=fitted[0].folder.parent, skip=[*UNCHECKED, "baselines"], show=show, **TELLER)
    test = next(line for stage, line, _ in show.verdicts if stage == "test")
    assert "use 2 of this test split" in test
    assert Run(again.folder).verdict("test")["detail"]["use"] == 2


@pytest.mark.parametrize(
    ("settings", "source", "words"),
    [
        (GAN, "loose", ("FID", "KID", "precision", "pca gaussian")),
        (CODER, "loose", ("squared error", "4 principal components")),
        (VAE, "labelled", ("nats per picture", "a bound by")),
    ],
    ids=["gan", "autoencoder", "conditional-vae"],
)
def test_each_kind_of_model_is_tested_by_its_own_measure(settings, source, words, request, tmp_path):
    show = Lines()
    run = visus.fit(
        request.getfixturevalue(source), subject="generation", runs=tmp_path, skip=UNCHECKED, show=show, **settings
    )
    test = next(line for stage, line, _ in show.verdicts if stage == "test")
    for word in words:
        assert word in test, word
    page = run.report.read_text()
    assert "From one to another" in page
    assert "Not measured" not in (run.folder / "model" / "card.md").read_text()


def test_training_alone_leaves_evidence_of_validation_pictures(loose, tmp_path):
    words = [f"{name}={value}" for name, value in {**CODER, "data": loose}.items() if name != "task"]
    assert visus_command(["train", "autoencoder", *words, "--runs", str(tmp_path)]) == 0
    (folder,) = tmp_path.glob("autoencoder-*")
    with safe_open(folder / EVIDENCE, "pt") as file:
        facts = json.loads(file.metadata()["facts"])["generation"]
        assert file.get_tensor("generation.restored").shape == (12, 2, 8, 8, 3)
    assert facts["part"] == "validation"
    assert "squared error" in (folder / "report.html").read_text()


def test_stopped_after_the_split_and_resumed_it_ends_as_if_never_stopped(fitted, loose, tmp_path):
    shutil.copytree(fitted[0].folder, tmp_path / "cut")
    lines = (tmp_path / "cut" / "events.jsonl").read_text().splitlines(keepends=True)
    until = next(number for number, line in enumerate(lines) if '"stage": "test"' in line)
    (tmp_path / "cut" / "events.jsonl").write_text("".join(lines[:until]))
    again = api.resume(tmp_path / "cut")
    scores = [Run(folder).verdict("test")["detail"]["score"] for folder in (again.folder, fitted[0].folder)]
    assert scores[0] == scores[1]


def test_evaluating_other_pictures_is_counted_and_its_own_are_recognised(fitted, loose, tmp_path):
    shutil.copytree(fitted[0].folder, tmp_path / "runs" / "one")
    found = evaluate(tmp_path / "runs" / "one", str(loose), Silent())
    assert (found.n, found.use) == (120, 1)
    assert found.seen == pytest.approx(102 / 120)
    assert found.rows
    assert "nats per picture" in found.line


# ---- refusals


def test_what_cannot_be_is_one_sentence_before_anything_is_written(loose, tmp_path):
    runs = tmp_path / "runs"
    with pytest.raises(LookupError, match=r"no task 'pixelcn' for generation\. Did you mean 'pixelcnn'"):
        visus.fit(loose, runs=runs, task="pixelcn")
    with pytest.raises(ValueError, match=r"no setting 'levls'\. Did you mean 'levels'"):
        visus.fit(loose, runs=runs, levls=2)
    with pytest.raises((LookupError, FileNotFoundError, ValueError), match="nowhere"):
        visus.fit(str(tmp_path / "nowhere"), subject="generation", runs=runs)
    assert not runs.exists()


def test_grey_pictures_where_colour_is_asked_block_the_run_in_a_sentence(loose, tmp_path):
    show = Lines()
    run = visus.fit(loose, runs=tmp_path, show=show, channels=3, **TELLER)
    assert not run.healthy
    assert "are grey, and channels=3 asks for colour" in show.verdicts[0][1]


def test_pictures_of_several_sizes_are_brought_to_one_and_that_is_said(tmp_path):
    folder = digits_folder(tmp_path / "sizes", 30, 8)
    for row, path in enumerate(sorted(folder.iterdir())[:10]):
        Image.fromarray(np.full((12, 12), 20 * row, np.uint8)).save(path)
    show = Lines()
    visus.fit(folder, runs=tmp_path / "runs", skip=[*UNCHECKED, "baselines", "test", "report"], show=show, **TELLER)
    assert "they have 2 different sizes, brought to 8 x 8" in show.verdicts[0][1]


def test_a_model_of_colour_refuses_to_be_measured_on_grey_pictures(loose, tmp_path):
    colours = tmp_path / "colours"
    colours.mkdir()
    dice = np.random.default_rng(0)
    for row in range(30):
        Image.fromarray(dice.integers(0, 255, (8, 8, 3)).astype(np.uint8)).save(colours / f"{row}.png")
    skip = [*UNCHECKED, "baselines", "test", "report"]
    run = visus.fit(colours, runs=tmp_path / "runs", skip=skip, **CODER)
    with pytest.raises(ValueError, match="are grey, and the model draws colour"):
        evaluate(run.folder, str(loose), Silent())


# ---- measures


@pytest.mark.parametrize("family", sorted(_drawing.FAMILIES))
def test_every_model_is_served_by_one_measure(family):
    for name in catalogue.names(_drawing.FAMILIES[family]):
        network = catalogue.find(_drawing.FAMILIES[family], name).build(Canvas(1, 8, 8, 2))
        assert sum(catalogue.find(aims, aim).serves(network) for aim in catalogue.names(aims)) == 1, name


def test_a_measure_is_found_from_settings_and_disturbs_no_draw(loose):
    drawings = prepare_drawings(loose, levels=2)
    torch.manual_seed(3)
    settings = _form.resolved(gated_pixelcnn.build, {})
    aimed = generation.trial_data(_aimed.aimed(drawings, settings))
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(1))
    assert aimed.measure is likelihood
    assert len(aimed.rows("test")) == 0
    assert generation.blind_score(aimed) < 0
    assert generation.said(aimed, -3.0) == "3.000 nats"
    assert _aimed.aimed(drawings, _form.resolved(autoencoder.build, {})).measure is likeness


def test_principal_components_lose_what_scikit_learn_says(loose):
    drawings = prepare_drawings(loose)
    rows = {
        part: torch.cat([levels for levels, _ in drawings.part(part)]).flatten(1) / 255
        for part in ("train", "validation")
    }
    known = PCA(5).fit(rows["train"].numpy())
    back = known.inverse_transform(known.transform(rows["validation"].numpy()))
    error = float(((back - rows["validation"].numpy()) ** 2).mean())
    found = likeness.simple(drawings, {"latents": 5}, 0, lambda share, what: None)
    assert found["principal_components"] == pytest.approx(-error, rel=1e-4)
    spread = float(((rows["validation"] - rows["train"].mean(0)) ** 2).mean())
    assert found["mean_picture"] == pytest.approx(-spread, rel=1e-4) == likeness.blind(drawings)


def test_a_lead_is_told_with_its_interval():
    ours = np.linspace(1, 2, 50)
    for shift, words in ((1.0, "better than the x"), (-1.0, "the x is better"), (0.0, "not to be told from the x")):
        assert words in _tested.lead("x", ours + shift, ours).line


def test_a_bound_takes_fewer_draws_of_more_pictures():
    class Bounded:
        exact = False

    assert likelihood.draws(Bounded(), 1) == likelihood.MOST_DRAWS
    assert likelihood.draws(Bounded(), 10**9) == likelihood.FEWEST_DRAWS


def test_noise_is_blind_to_distances_of_samples():
    assert distance.blind(None) == -math.inf


# ---- pictures of other kinds


def test_strangers_keep_the_shape_and_change_what_their_name_says(loose):
    drawings = prepare_drawings(loose, levels=4)
    levels, _ = next(iter(drawings.part("validation")))
    found = _generation_strangers.strangers(levels, drawings, 0)
    assert {tuple(some.shape) for some in found.values()} == {tuple(levels.shape)}
    assert all(some.dtype == torch.uint8 and int(some.max()) < 4 for some in found.values())
    assert torch.equal(found["inverted"], 3 - levels)
    assert torch.equal(found["mirrored"].flip(3), levels)
    assert torch.equal(found["pixels shuffled"].flatten(1).sort(1).values, levels.flatten(1).sort(1).values)
    assert (found["one level everywhere"].flatten(1).float().var(1) == 0).all()
    again = _generation_strangers.strangers(levels, drawings, 0)
    assert all(torch.equal(some, again[name]) for name, some in found.items())
