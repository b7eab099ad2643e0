"""The section on pictures that were made, from evidence made up; the figures; and the strip by epochs."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from synthetic_run import write_events, write_info

from visus.report import page, sheets
from visus.report import record as records
from visus.report.figures import generation as figures
from visus.report.sections import generation
from visus.runs import sheet
from visus.runs.reader import RUN, Run

SIDE = 6
KINDS = ["train", "validation", "test", "<b>noise</b>"]


def pictures(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 255, (*shape, SIDE, SIDE, 3), dtype=np.uint8))


def evidence(folder, without=(), **changes):
    """A run folder of a model of pictures that was tested, with three sheets from while it learned."""
    folder.mkdir(parents=True, exist_ok=True)
    write_info(folder)
    info = json.loads((folder / RUN).read_text())
    (folder / RUN).write_text(json.dumps({**info, "subject": "generation"}))
    write_events(folder, [{"event": "opened"}, *epochs(folder), the_test(), measured()])
    facts = {
        "family": "autoencoders", "model": "dense_vae", "canvas": "6 x 6 grey pictures of 2 levels", "part": "test",
        "asked": ["one", "two"], "kinds": KINDS, "draws": 20, "latents": 2, "side": 3,
        "copies": {"z": -7.0, "copied": 0.2, "repeated": 0.01, "memorised": True, "n": 60, "training": 500},
        **changes,
    }  # fmt: skip
    tensors = {
        "samples": pictures(36), "real": pictures(36), "neighbours": pictures(6, 5), "completions": pictures(6, 7),
        "restored": pictures(12, 2), "ways": pictures(4, 8), "manifold": pictures(9), "surprise.of": pictures(8),
        "surprise": torch.rand(8, SIDE, SIDE), "kl": torch.tensor([3.0, 0.0]), "near.samples": torch.rand(60),
        "near.held_out": torch.rand(50) + 1, **{f"nats.{kind}": -100 * torch.rand(30) - 1 for kind in KINDS},
    }  # fmt: skip
    kept = {f"{generation.TENSORS}{name}": tensor for name, tensor in tensors.items() if name not in without}
    save_file(kept, folder / "evidence.safetensors", {"facts": json.dumps({generation.FACTS: facts})})
    return folder


def epochs(folder):
    for epoch in (1, 2, 3):
        name = f"{sheet.PICTURES}/samples-{epoch}.png"
        layout = sheet.write(folder / name, pictures(12, seed=epoch).permute(0, 3, 1, 2))
        yield {
            "event": "pictures",
            "step": epoch,
            "epoch": epoch,
            "sheets": {"samples": {"file": name, **vars(layout)}},
        }


def the_test():
    figures_of = {"measure": "nats per picture", "score": 20.5, "low": 20.1, "high": 20.9, "n": 80}
    beside = {"values": {"bits per dimension": 0.8}, "rival": {"name": "pca gaussian", "low": 1.0, "high": 2.0}}
    detail = {**figures_of, **beside, "how": "A bound <i>."}
    return {"event": "verdict", "stage": "test", "severity": "pass", "line": "20.5 nats", "detail": detail}


def measured():
    return {"event": "metrics", "step": 5, "epoch": 1.0, "objective": "variational", "loss": 3.0,
            "terms": {"reconstruction": 2.0, "kl": 1.0}}  # fmt: skip


def test_the_page_shows_all_that_was_made_and_looked_at(tmp_path):
    text = " ".join(page.render(Run(evidence(tmp_path / "run"))).split())
    for wanted in (
        "20.50", "nats per picture on 80 test pictures", "bits per dimension",
        "dense vae that draws 6 x 6 grey pictures",
        "Samples", "row by row: one, two", "While it learned", "epoch 3", "Nearest training pictures", "copies.",
        "What it finds likely", "Where the surprise lies", "Upper halves gone on with", "Pictures brought back",
        "From one to another", "All of the space", "Terms of the loss: variational", "What each latent tells",
        "better than the best simple method, the pca gaussian",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert "<b>noise</b>" not in text, "what people call a set is text and never markup"
    assert "A bound <i>." not in text
    assert text.count('class="sheet') == 8 + 3, "a sheet of each kind, and one of each evaluation"


def test_a_run_about_something_else_has_no_such_section(tmp_path):
    folder = evidence(tmp_path / "run")
    info = json.loads((folder / RUN).read_text())
    (folder / RUN).write_text(json.dumps({**info, "subject": "pictures"}))
    assert 'id="generation"' not in page.render(Run(folder))


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"without": ("samples",)}, "samples"),
        ({"without": ("surprise",)}, "surprise"),
        ({"kinds": ["?", 3]}, "likely"),
        ({"copies": None}, "copies"),
        ({"without": ("completions",)}, "completions"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_missing_is_left_out_and_the_rest_is_shown(tmp_path, changes, missing):
    run = Run(evidence(tmp_path / "run", **changes))
    found = generation.gather(run, records.read(run))
    assert not found[missing]
    assert found["real"]
    assert found["ways"]


def test_the_strip_shows_the_first_and_the_last_evaluation_and_passes_over_what_is_gone(tmp_path):
    run = Run(evidence(tmp_path / "run"))
    shown = [row["when"] for row in generation.gather(run, records.read(run))["strip"]]
    assert shown == ["epoch 1", "epoch 2", "epoch 3"]
    (run.folder / sheet.PICTURES / "samples-2.png").unlink()
    assert [row["when"] for row in generation.gather(run, records.read(run))["strip"]] == ["epoch 1", "epoch 3"]


def test_a_sheet_outside_the_run_is_not_read(tmp_path):
    folder = evidence(tmp_path / "run")
    layout = sheet.write(tmp_path / "secret.png", pictures(2).permute(0, 3, 1, 2))
    for name in ("../secret.png", str(tmp_path / "secret.png")):
        assert sheets.kept(Run(folder), {"file": name, **vars(layout)}) is None


def test_copies_are_called_so_and_honest_samples_are_not():
    about = {"z": -8.0, "copied": 0.3, "repeated": 0.0, "n": 10, "training": 20, "memorised": True}
    assert "copies" in generation.copied(about)[0].split("z =")[0] + generation.copied(about)[0].split(")")[-1]
    assert "no nearer" in generation.copied({**about, "z": 0.3, "memorised": False})[0]
    assert generation.copied({}) == []


def test_how_often_one_is_likelier_is_a_share_of_pairs():
    dice = np.random.default_rng(0)
    own, other = dice.integers(0, 9, 40).astype(float), dice.integers(3, 12, 30).astype(float)
    pairs = (own[:, None] < other).mean() + (own[:, None] == other).mean() / 2
    assert generation.likelier(own, other) == pytest.approx(pairs)
    assert generation.likelier(own, own + 100) == 1
    assert generation.likelier(own, own) == pytest.approx(0.5)


def test_heat_is_dark_where_nothing_surprises_and_has_one_scale():
    maps = np.zeros((2, 5, 5))
    maps[1, 2, 2] = 4.0
    seen = figures.heat(maps).astype(int)
    assert seen[0].sum() < seen[1].sum()
    assert seen[1, 2, 2].sum() > 5 * seen[1, 0, 0].sum()
