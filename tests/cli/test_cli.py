"""The command line: help at once, one line for a mistake, exit codes 0, 1 and 2."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from visus import cli
from visus.cli._app import run
from visus.engine import catalogue

from ..conftest import draw_folder

QUICK = ["width=16", "epochs=30", "arithmetic=float32", "lr=0.05", "weight_decay=1e-4"]
FAST = ["--skip", "search", "--skip", "checks", "--skip", "baselines"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on stripes, made by the command line itself, and its pictures."""
    root = tmp_path_factory.mktemp("cli")
    pictures = draw_folder(root)
    assert run(["fit", str(pictures), *QUICK, *FAST, "--yes", "--runs", str(root / "runs")]) == 0
    return root / "runs" / "stripes-1", pictures


def test_help_does_not_import_torch_nor_what_draws():
    code = (
        "import sys; from visus.cli._app import run; code = run(['--help']); "
        "print(code, [m for m in ('torch', 'matplotlib', 'sklearn', 'numpy', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize("name", catalogue.names(cli))
def test_every_command_explains_itself_with_an_example(name, capsys):
    assert run([name, "--help"]) == 0
    assert f"visus {name}" in capsys.readouterr().out
    assert "Example" in catalogue.find(cli, name).command.__doc__


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["fitt"], 2, "No such command 'fitt'"),
        (["fit", "digits", "lr=fast"], 2, "lr must be a number, for example 0.1; got 'fast'"),
        (["fit", "digits", "epoch=3"], 2, "no setting 'epoch'. Did you mean 'epochs'?"),
        (["fit", "digits", "model=resnet81"], 2, "no 'resnet81' in classifiers. Did you mean 'resnet18'?"),
        (["fit", "digits", "budget=soon"], 2, "budget must be a time such as 90s, 10m or 1.5h; got 'soon'"),
        (["fit", "digits", "--skip", "train"], 2, "cannot skip 'train'"),
        (["fit", "digits", "lr"], 2, "a setting is written name=value"),
        (["fit", "digit"], 1, "Did you mean 'digits'?"),
        (["fit", "no/such/folder"], 1, "there is no 'no/such/folder'"),
        (["train"], 2, "Missing argument"),
        (["train", "cifar11"], 2, "no 'cifar11' in recipes. Did you mean 'cifar10'?"),
        (["recipes", "cifar11"], 2, "Did you mean 'cifar10'?"),
        (["resume", "nowhere"], 1, "nowhere holds no run"),
        (["report", "nowhere"], 1, "nowhere holds no run"),
        (["predict", "nowhere", "x.jpg"], 1, "nowhere holds no trained model"),
        (["evaluate", "nowhere", "digits"], 1, "nowhere holds no trained model"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(arguments, code, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == code
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_where(capsys):
    assert run(["--debug", "resume", "nowhere"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("visus 0.")


def test_recipes_are_listed_with_their_cards_and_settings(capsys):
    assert run(["recipes"]) == 0
    assert "cifar10_resnet18" in capsys.readouterr().out
    assert run(["recipes", "digits_knn"]) == 0
    out = capsys.readouterr().out
    assert "metric" in out
    assert "weight_decay" in out


def test_predict_names_a_bad_file_and_goes_on(trained, tmp_path, capsys):
    folder, pictures = trained
    (tmp_path / "bad.jpg").write_text("no picture")
    good = [str(path) for path in sorted((pictures / "down").iterdir())[:3]]
    assert run(["predict", str(folder), *good, str(tmp_path / "bad.jpg")]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 3
    assert all(line.split()[0] in ("across", "down", "diagonal") for line in captured.out.splitlines())
    assert "bad.jpg" in captured.err


def test_predict_as_json_gives_all_probabilities(trained, capsys):
    folder, pictures = trained
    assert run(["predict", str(folder), str(pictures / "across"), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 30
    for line in lines:
        assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert max(line["probabilities"], key=line["probabilities"].get) == line["label"]


def test_predict_of_an_empty_folder_says_so(trained, tmp_path, capsys):
    assert run(["predict", str(trained[0]), str(tmp_path)]) == 1
    assert "no pictures in" in capsys.readouterr().err


def test_evaluate_runs_and_report_tell_of_the_run(trained, capsys):
    folder, pictures = trained
    assert run(["evaluate", str(folder), str(pictures)]) == 0
    assert "training or validation part" in " ".join(capsys.readouterr().out.split())
    assert run(["runs", "--runs", str(folder.parent)]) == 0
    out = capsys.readouterr().out
    assert "stripes-1" in out
    assert "done" in out
    assert run(["report", str(folder)]) == 0
    assert "report.html" in capsys.readouterr().out


def test_no_runs_yet(tmp_path, capsys):
    assert run(["runs", "--runs", str(tmp_path)]) == 0
    assert "no runs in" in capsys.readouterr().out


def test_audit_names_culprits_and_changes_nothing(trained, tmp_path, capsys):
    folder = tmp_path / "sick"
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for file in list((trained[1] / "down").iterdir())[:5]:
            (folder / name / file.name).write_bytes(file.read_bytes())
    (folder / "a" / "empty.png").write_bytes(b"")
    before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    assert run(["audit", str(folder)]) in (0, 1)
    out = capsys.readouterr().out
    assert "empty.png" in out
    assert before == sorted((path.name, path.stat().st_mtime_ns) for path in folder.rglob("*"))


def test_a_recipe_is_trained_from_the_command_line(trained, tmp_path, capsys):
    settings = [f"data={trained[1]}", *QUICK, "epochs=2"]
    assert run(["train", "classify", *[s for s in settings if s != "epochs=30"], "--runs", str(tmp_path)]) == 0
    assert (tmp_path / "classify-1" / "model" / "model.json").is_file()
    assert "report.html" in capsys.readouterr().out
    assert run(["resume", str(tmp_path / "classify-1")]) == 0


def bad_folders(root):
    """What people point at by mistake, with the words that must come back."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8))
    (root / "empty").mkdir()
    (root / "one_class" / "cats").mkdir(parents=True)
    for i in range(10):
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(
            root / "one_class" / "cats" / f"{i}.png"
        )
    (root / "one_image" / "cats").mkdir(parents=True)
    picture.save(root / "one_image" / "cats" / "1.png")
    for i, name in enumerate(("cats", "dogs")):
        (root / "two_singles" / name).mkdir(parents=True)
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(
            root / "two_singles" / name / "1.png"
        )
        (root / "texts" / name).mkdir(parents=True)
        (root / "texts" / name / "1.txt").write_text("words")
        (root / "fakes" / name).mkdir(parents=True)
        for number in range(4):
            (root / "fakes" / name / f"{number}.jpg").write_text("words")
    (root / "no_labels.csv").write_text("path,colour\na.png,red\n")
    (root / "outside").mkdir()
    (root / "outside" / "table.csv").write_text("path,label\n../one_image/cats/1.png,cat\n")
    return {
        "empty": "empty",
        "one_class": "class",
        "one_image": "class",
        "two_singles": "class",
        "texts": "",
        "fakes": "",
        "no_labels.csv": "label",
        "outside/table.csv": "outside",
    }


def test_each_bad_source_ends_in_a_sentence_that_names_it(tmp_path, capsys):
    for name, word in bad_folders(tmp_path).items():
        assert run(["fit", str(tmp_path / name), *QUICK, "--yes", "--runs", str(tmp_path / "runs")]) == 1, name
        captured = capsys.readouterr()
        said = " ".join((captured.out + captured.err).split())
        assert word in said, f"{name}: {said}"
        assert "Traceback" not in said
        assert not list((tmp_path / "runs").glob("*/model")), name


def test_a_decompression_bomb_among_pictures_is_named_and_left_out(trained, tmp_path, capsys):
    import struct
    import zlib

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    folder = tmp_path / "photos"
    for name in ("down", "across"):
        (folder / name).mkdir(parents=True)
        for file in list((trained[1] / name).iterdir())[:12]:
            (folder / name / file.name).write_bytes(file.read_bytes())
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (folder / "down" / "bomb.png").write_bytes(bomb)
    assert run(["audit", str(folder)]) == 0
    assert "down/bomb.png" in " ".join(capsys.readouterr().out.split())


def test_no_command_shows_the_help_and_nothing_else(capsys):
    assert run([]) == 0
    captured = capsys.readouterr()
    assert "fit" in captured.out
    assert captured.err == ""


def test_ctrl_c_in_a_command_that_does_not_expect_it_ends_in_one_word(monkeypatch, capsys):
    from visus.lab import step_size

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(step_size, "run", interrupted)
    assert run(["lab", "step_size"]) == 1
    assert capsys.readouterr().err.strip() == "visus: stopped"
