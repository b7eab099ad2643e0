"""The commands of models that make pictures: what lands on the sheet, and what is refused in one sentence."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from visus.cli import complete
from visus.cli._app import run as visus
from visus.data.canvas import Canvas
from visus.ship import model as ship
from visus.ship.kinds import generation

SIDE = 4
UNKNOWN = int(np.asarray(Image.new("RGB", (1, 1), complete.UNKNOWN).convert("L"))[0, 0])
TIMES = 18  # what each pixel is enlarged to on a sheet, where nothing is asked: 72 pixels a picture
KNOWN = {"tells": "generation", "family": "gans", "settings": {}, "framing": "crop", "data": "digits"}


class Light(nn.Module):
    """A space of two numbers: light, and what is added on the right; it also finds points and goes on with pictures."""

    exact = True

    def __init__(self, canvas, n_classes):
        super().__init__()
        self.canvas, self.n_classes, self.latents = canvas, n_classes, 2
        self.weight = nn.Parameter(torch.zeros(1))

    def draw(self, n, dice):
        return torch.randn(n, 2, generator=dice)

    def decode(self, z, labels=None):
        c, h, w = self.canvas.image
        light = (0.5 + z[:, :1] / 10).expand(-1, w).clone()
        light[:, w // 2 :] += z[:, 1:] / 10
        return light[:, None, None].expand(-1, c, h, -1).clamp(0, 1)

    def encode(self, levels, labels=None):
        light = self.canvas.brightness(levels).mean((1, 2))[:, [0, -1]]
        return torch.stack([light[:, 0] - 0.5, light[:, 1] - light[:, 0]], 1) * 10

    def sample(self, n, dice, *, labels=None, temperature=1.0, progress=None):
        if progress:
            progress(1, 1)
        drawn = (self.decode(temperature * self.draw(n, dice)) * 255).round().to(torch.uint8)
        if labels is not None:
            drawn[:, :, 0, 0] = labels[:, None].to(torch.uint8)
        return drawn

    def complete(self, levels, known, dice, *, labels=None, temperature=1.0, progress=None):
        return torch.where(known, levels, self.sample(len(levels), dice, labels=labels, progress=progress))


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A function that makes a run folder with a stand-in."""

    def make(classes=(), channels=1):
        canvas = Canvas(channels, SIDE, SIDE)
        known = {**KNOWN, "model": "light", "canvas": canvas.facts(), "n_classes": len(classes), "classes": classes}
        (tmp_path / "run").mkdir()
        ship.save(tmp_path / "run", Light(canvas, len(classes)), known, "card")
        return str(tmp_path / "run")

    monkeypatch.setattr(
        generation.recipe, "rebuild", lambda known: Light(Canvas.from_facts(known["canvas"]), known["n_classes"])
    )
    monkeypatch.chdir(tmp_path)
    return make


def grey(path, *shape, value=200, mode=None):
    Image.fromarray(np.full(shape, value, np.uint8), mode).save(path)
    return str(path)


def pictures(path, columns, times=TIMES):
    """The pictures of a sheet, (rows, columns, SIDE, SIDE), by the middle of each enlarged pixel."""
    sheet = np.asarray(Image.open(path).convert("L"))[times // 2 :: times, times // 2 :: times]
    rows = (len(sheet) + 1) // (SIDE + 1)
    assert sheet.shape == (rows * (SIDE + 1) - 1, columns * (SIDE + 1) - 1)
    return np.stack([
        [sheet[y * 5 : y * 5 + SIDE, x * 5 : x * 5 + SIDE] for x in range(columns)] for y in range(rows)
    ])  # fmt: skip


def sentence(capsys, code, *words):
    """What is said of a mistake, which is one line."""
    assert visus(list(words)) == code
    said = capsys.readouterr()
    assert not said.out
    assert said.err.count("\n") == 1
    return said.err


def test_a_sheet_of_64_is_drawn_where_nothing_is_asked(made, tmp_path, capsys):
    assert visus(["sample", made()]) == 0
    assert pictures(tmp_path / "run" / "samples.png", 8).shape == (8, 8, SIDE, SIDE)
    assert "64 pictures of 4 x 4 pixels, each pixel as 18 x 18" in capsys.readouterr().out


def test_a_sheet_shows_what_the_library_draws(made, tmp_path):
    folder = made()
    assert visus(["sample", folder, "-n", "5", "--grid", "new/out.png", "--seed", "3", "--temperature", "0.5"]) == 0
    drawn = generation.load(folder).sample(5, seed=3, temperature=0.5)
    sheet = pictures(tmp_path / "new" / "out.png", 3).reshape(6, SIDE, SIDE)
    assert (sheet[:5] == drawn[..., 0]).all()


def test_a_folder_gets_a_file_of_each_in_order(made, tmp_path):
    folder = made(["cat", "dog"])
    assert visus(["sample", folder, "-n", "11", "--folder", "each", "--label", "dog"]) == 0
    files = sorted((tmp_path / "each").iterdir())
    assert [file.name for file in files[:2]] == ["00.png", "01.png"]
    drawn = generation.load(folder).sample(11, label="dog")
    assert all((np.asarray(Image.open(file)) == one).all() for file, one in zip(files, drawn, strict=True))
    assert drawn[:, 0, 0, 0].tolist() == [1] * 11
    assert not (tmp_path / "run" / "samples.png").exists()


def test_points_are_drawn_as_they_are_named(made, tmp_path):
    assert visus(["sample", made(), "--latent", "-5,0", "--latent", "0.0,5", "--grid", "p.png", "--enlarge", "1"]) == 0
    left, right = pictures(tmp_path / "p.png", 2, 1)[0]
    assert (left == 0).all()
    assert right[0].tolist() == [128, 128, 255, 255]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-n", "0"], 1, "at least 1 picture is to be made; got 0"),
        (["--temperature", "0"], 1, "temperature must be above 0"),
        (["--latent", "1,2,3"], 1, "has 3 numbers, and a point of the model has 2"),
        (["--label", "cot"], 1, "knows no class 'cot'. Did you mean 'cat'?"),
        (["--prompt", "Once"], 2, "makes pictures, for which --prompt means nothing"),
        (["--top-k", "3"], 2, "--top-k means nothing"),
        (["--latent", "1,2", "-n", "4"], 2, "--latent says which points are drawn"),
        (["--grid", "out.jpg"], 2, "call it out.png"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_what_cannot_be_drawn_is_one_sentence(made, capsys, words, code, said):
    assert said in sentence(capsys, code, "sample", made(["cat", "dog"]), *words)


def test_no_class_is_asked_of_a_model_without_classes(made, capsys):
    assert "trained without classes" in sentence(capsys, 1, "sample", made(), "--label", "cat")


def test_pictures_are_drawn_anew_after_ctrl_c_and_nothing_half_is_left(made, tmp_path, monkeypatch, capsys):
    folder = made()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Light, "sample", interrupted)
    assert "stopped" in sentence(capsys, 1, "sample", folder, "--grid", "out.png")
    assert not list(tmp_path.glob("*.png"))


def test_a_half_is_kept_beside_what_is_made_of_it(made, tmp_path):
    half = grey(tmp_path / "half.png", 2, SIDE)
    assert visus(["complete", made(), half, "-n", "3"]) == 0
    (row,) = pictures(tmp_path / "completed.png", 4)
    assert (row[:, :2] == 200).all()
    assert (row[0, 2:] == UNKNOWN).all()
    assert len({int(one[3, 0]) for one in row[1:]}) == 3


def test_of_whole_pictures_the_upper_half_the_rows_or_the_mask_is_kept(made, tmp_path):
    folder, whole = made(), grey(tmp_path / "whole.png", SIDE, SIDE)
    assert visus(["complete", folder, whole, "-n", "1"]) == 0
    ((kept, drawn, last),) = pictures(tmp_path / "completed.png", 3)
    assert (kept[:2] == 200).all()
    assert (kept[2:] == UNKNOWN).all()
    assert (drawn[2:] != 200).all()
    assert (last == 200).all()
    assert visus(["complete", folder, whole, "-n", "1", "--rows", "1", "--out", "rows.png"]) == 0
    assert (pictures(tmp_path / "rows.png", 3)[0, 0, 1:] == UNKNOWN).all()
    Image.fromarray(np.eye(SIDE, dtype=np.uint8) * 255).save(tmp_path / "mask.png")
    assert visus(["complete", folder, whole, "-n", "1", "--mask", "mask.png", "--out", "mask_out.png"]) == 0
    shown = pictures(tmp_path / "mask_out.png", 3)[0]
    assert (shown[1][np.eye(SIDE, dtype=bool)] == 200).all()
    assert (shown[0][~np.eye(SIDE, dtype=bool)] == UNKNOWN).all()


def test_several_pictures_are_a_row_each(made, tmp_path):
    half, whole = grey(tmp_path / "half.png", 1, SIDE), grey(tmp_path / "whole.png", SIDE, SIDE, value=90)
    assert visus(["complete", made(), half, whole, "-n", "2", "--out", "both.png"]) == 0
    rows = pictures(tmp_path / "both.png", 4)
    assert len(rows) == 2
    assert (rows[0, 3] == complete.PAPER).all()
    assert (rows[1, 3] == 90).all()


def test_a_half_picture_that_does_not_fit_is_one_sentence(made, tmp_path, capsys):
    folder = made(channels=3)
    colour = [grey(tmp_path / "large.png", 5, SIDE, 3), grey(tmp_path / "thin.png", 2, 2, 3)]
    assert "5 x 4 pixels, more than the 4 x 4" in sentence(capsys, 1, "complete", folder, colour[0])
    assert "2 pixels wide" in sentence(capsys, 1, "complete", folder, colour[1])
    flat = grey(tmp_path / "flat.png", 2, SIDE)
    assert "flat.png is grey, and the model draws 4 x 4 colour" in sentence(capsys, 1, "complete", folder, flat)
    good = grey(tmp_path / "good.png", 2, SIDE, 3)
    assert "at least 1 picture" in sentence(capsys, 1, "complete", folder, good, "-n", "0")
    assert "lost.png" in sentence(capsys, 1, "complete", folder, "lost.png")
    assert "between 1 and 3 rows" in sentence(capsys, 1, "complete", folder, good, "--rows", "4")
    assert "give one of them" in sentence(capsys, 2, "complete", folder, good, "--rows", "1", "--mask", good)
    assert "the mask has 2 x 4" in sentence(capsys, 1, "complete", folder, good, "--mask", good)
    assert not (tmp_path / "completed.png").exists()


def test_the_map_the_way_and_the_sum_are_pictures_of_points(made, tmp_path, capsys):
    folder = made()
    assert visus(["latent", folder, "--side", "3"]) == 0
    assert (np.diff(pictures(tmp_path / "run" / "latent.png", 3)[0, :, 0, 0].astype(int)) > 0).all()
    assert visus(["latent", folder, "z=-5,0", "5,0", "0,0", "--steps", "3", "--out", "way.png"]) == 0
    assert pictures(tmp_path / "way.png", 3)[:, :, 0, 0].tolist() == [[0, 128, 255], [255, 191, 128]]
    assert visus(["latent", folder, "--arithmetic", "5,0 3,0 - 1,0 + 0,1", "--out", "sum.png"]) == 0
    row = pictures(tmp_path / "sum.png", 4)[0, :, 0]
    assert row[-1].tolist() == pytest.approx([0.8 * 255] * 2 + [0.9 * 255] * 2, abs=1)
    capsys.readouterr()
    assert visus(["latent", folder, grey(tmp_path / "white.png", SIDE, SIDE, value=255), "--out", "one.png"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "5,0"
    assert (pictures(tmp_path / "one.png", 2) == 255).all()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["1,2,3", "4"], 1, "has 3 numbers, and a point of the model has 2"),
        (["lost.png"], 1, "'lost.png' is no point"),
        (["1", "2", "--steps", "1"], 1, "at least 2 steps"),
        (["1", "--arithmetic", "1 + 2"], 2, "--arithmetic names its points itself"),
        (["--arithmetic", "1 +"], 1, "ends with a point"),
        (["--label", "cat"], 1, "trained without classes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_no_walk_is_one_sentence(made, capsys, words, code, said):
    assert said in sentence(capsys, code, "latent", made(), *words)


@pytest.mark.parametrize("command", ["predict", "explain", "attack"])
def test_commands_of_classifiers_say_what_such_a_run_is_for(made, tmp_path, capsys, command):
    picture = grey(tmp_path / "one.png", SIDE, SIDE)
    assert "visus sample" in sentence(capsys, 1, command, made(), picture)


@pytest.mark.parametrize("command", ["complete", "latent", "sample"])
def test_other_models_make_no_pictures(made, tmp_path, monkeypatch, capsys, command):
    folder = made()
    monkeypatch.setattr("visus.ship.opened.told_by", lambda _: "classes")
    assert "holds no" in sentence(
        capsys, 1, command, folder, *[grey(tmp_path / "a.png", 2, 4)] * (command == "complete")
    )


def test_a_folder_without_a_model_is_one_sentence(tmp_path, capsys):
    for words in (["sample", str(tmp_path)], ["complete", str(tmp_path), "x.png"], ["latent", str(tmp_path)]):
        assert "holds no trained model" in sentence(capsys, 1, *words)
