"""`visus explain`: pages, files, and one sentence for what cannot be meant."""

import numpy as np
import pytest
import safetensors.torch
from PIL import Image

from visus.cli._app import run
from visus.runs.reader import EXPLAINED

from ..conftest import draw_folder

QUICK = ["width=4", "epochs=4", "arithmetic=float32", "lr=0.05", "size=24"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run on stripes, and a picture of them."""
    root = tmp_path_factory.mktemp("explain")
    folder = draw_folder(root)
    assert run(["train", "classify", f"data={folder}", *QUICK, "--runs", str(root)]) == 0
    return next(path.parent.parent for path in root.glob("*/model/model.json")), folder / "across" / "00.png"


def test_maps_of_a_picture_make_a_page_and_files(made, tmp_path, capsys):
    folder, picture = made
    words = [str(folder), str(picture), "--how", "saliency,integrated-gradients", "--target", "down", "steps=4"]
    assert run(["explain", *words, "--out", str(tmp_path)]) == 0
    assert "rank correlation" in capsys.readouterr().out
    assert {path.name for path in tmp_path.glob("*.png")} == {"saliency-00.png", "integrated_gradients-00.png"}
    assert np.asarray(Image.open(tmp_path / "saliency-00.png")).shape == (120, 120, 3)
    page = (tmp_path / "explain.html").read_text(encoding="utf-8")
    assert "00 · down" in page


def test_filters_and_patches_need_no_picture(made, tmp_path):
    assert run(["explain", str(made[0]), "--how", "filters,patches", "units=2", "--out", str(tmp_path)]) == 0
    assert "channel" in (tmp_path / "explain.html").read_text(encoding="utf-8")


def test_the_report_shows_what_it_looks_at(made):
    folder, _ = made
    assert run(["explain", str(folder), "--how", "saliency,grad_cam", "--add-to-report"]) == 0
    kept = safetensors.torch.load_file(folder / EXPLAINED)["explained.pictures"]
    assert kept.shape[1:] == (3, 120, 120, 3)
    assert "What it looks at" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--how", "saliensy"], "Did you mean 'saliency'"),
        (["--how", "grad_cam", "--layer", "network.stagess"], "Did you mean 'network.stages'"),
        (["--how", "saliency", "--layer", "network.stages"], "saliency does not look at a layer; --layer is for"),
        (["--target", "acros"], "Did you mean 'across'"),
        (["--how", "occlusion", "patchs=4"], "no setting 'patchs' in occlusion. Did you mean 'patch'"),
        (["--how", "occlusion", "patch=99"], "patch must be 1 to 24 px"),
        (["--how", "style_transfer"], "style_transfer needs a style picture: --style PICTURE"),
        (["nowhere.png"], "there is no nowhere.png"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(made, words, said, capsys):
    given = words if words[0] == "nowhere.png" else [str(made[1]), *words]
    assert run(["explain", str(made[0]), *given]) == 1
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_an_unreadable_picture_is_named_and_the_others_are_explained(made, tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    words = ["--how", "saliency", "--no-sanity", "--out", str(tmp_path / "out")]
    assert run(["explain", str(made[0]), str(tmp_path / "broken.png"), str(made[1]), *words]) == 1
    assert "broken.png" in capsys.readouterr().err
    assert (tmp_path / "out" / "saliency-00.png").exists()


def test_a_model_without_gradients_still_has_an_occlusion_map(made, tmp_path, capsys):
    data = made[1].parent.parent
    assert run(["train", "classify", f"data={data}", "model=knn", "size=24", "--runs", str(tmp_path)]) == 0
    folder = next(path.parent.parent for path in tmp_path.glob("*/model/model.json"))
    capsys.readouterr()
    assert run(["explain", str(folder), str(made[1])]) == 0
    assert "Left out: saliency" in capsys.readouterr().out
    assert run(["explain", str(folder), str(made[1]), "--how", "saliency"]) == 1
    assert "occlusion works with any model" in capsys.readouterr().err
