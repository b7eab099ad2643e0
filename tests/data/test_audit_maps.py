"""The audit of label maps: for each check an illness that is planted and found, and the healthy twin that passes."""

import inspect
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from visus.data import audit_maps as checks
from visus.data._folder import modules
from visus.data.audit._evidence import BLOCKER, NOTE, PASS, WARNING, Verdict
from visus.data.audit_maps._evidence import look
from visus.data.audit_maps._run import audit_maps
from visus.data.label_maps import IGNORE, LabelMaps
from visus.data.shapes import shape_maps

N, H, W = 16, 64, 80


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return shape_maps(N, H, W, folder=tmp_path_factory.mktemp("shapes") / "drawn")


@pytest.fixture
def healthy(drawn, tmp_path) -> LabelMaps:
    """Maps of their own, to make ill."""
    maps = [shutil.copy(path, tmp_path / path.name) for path in drawn.maps]
    return replace(drawn, maps=maps)


def verdict_of(name: str, found: LabelMaps) -> Verdict:
    (verdict,) = (verdict for verdict in audit_maps(found) if verdict.check == name)
    return verdict


def repaint(found: LabelMaps, change, rows=None) -> LabelMaps:
    for row in range(len(found)) if rows is None else rows:
        classes = np.asarray(Image.open(found.maps[row]))
        Image.fromarray(change(classes.copy())).save(found.maps[row])
    return found


@pytest.mark.parametrize("module", modules(checks), ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_check_of_maps_asks_a_question_and_answers_it(module, drawn, tmp_path):
    assert (module.__doc__ or "").partition("\n")[0].endswith("?")
    assert list(inspect.signature(module.check).parameters) == ["evidence"]
    missing = replace(drawn, maps=[tmp_path / "nothing.png"] * N)
    for found in (drawn, drawn.subset(np.arange(1)), missing, replace(drawn, codes={7: 0})):
        verdict = module.check(look(found))
        assert verdict.check == module.__name__.rpartition(".")[2]
        assert verdict.what
        assert not verdict.what.endswith(".")
        assert bool(verdict.remedy) == (verdict.severity != PASS)


def test_healthy_maps_pass_every_check(healthy):
    assert not [verdict for verdict in audit_maps(healthy) if verdict.severity != PASS]


@pytest.mark.parametrize(("n", "severity"), [(2, WARNING), (N, BLOCKER)])
def test_broken_maps_are_named(healthy, n, severity):
    for path in healthy.maps[:n]:
        path.write_bytes(b"no picture")
    verdict = verdict_of("unreadable_maps", healthy)
    assert verdict.severity == severity
    assert len(verdict.names) == n


def test_unknown_codes_are_named_with_count_and_file(healthy):
    def odd(classes):
        classes[:10, :20] = 77
        return classes

    verdict = verdict_of("unknown_ids", repaint(healthy, odd, [3, 5]))
    assert verdict.severity == WARNING
    assert "77 (2 maps)" in verdict.what
    assert list(verdict.names) == [f"{healthy.maps[row].name}: 77" for row in (3, 5)]


@pytest.mark.parametrize(
    ("change", "rows", "severity", "said"),
    [
        (lambda classes: classes[:-10], [4], WARNING, "proportions"),
        (lambda classes: classes[:-10], None, BLOCKER, "proportions"),
        (lambda classes: np.ascontiguousarray(classes.T), [4], WARNING, "lie on their side"),
        (lambda classes: np.ascontiguousarray(classes[::2, ::2]), None, NOTE, "another size"),
    ],
    ids=["cut", "all cut", "turned", "halved"],
)
def test_maps_of_another_size_are_named(healthy, change, rows, severity, said):
    verdict = verdict_of("size_mismatch", repaint(healthy, change, rows))
    assert verdict.severity == severity
    assert said in verdict.what
    assert len(verdict.names) == (len(rows) if rows else N)


def test_maps_kept_as_photographs_are_smeared(healthy):
    maps = [path.with_suffix(".jpg") for path in healthy.maps]
    for old, new in zip(healthy.maps, maps, strict=True):
        Image.open(old).point(lambda value: 60 * value).save(new, quality=70)
    jpegs = replace(healthy, maps=maps, codes={0: 0, 60: 1, 120: 2, 180: 3})
    verdict = verdict_of("smeared", jpegs)
    assert verdict.severity == BLOCKER
    assert "PNG" in verdict.remedy
    assert "values that no class has" in verdict.what


def test_maps_scaled_with_blended_borders_are_smeared(healthy):
    codes = {0: 0, 60: 1, 120: 2, 180: 3, 255: IGNORE}
    for path in healthy.maps[:3]:
        image = (
            Image.open(path).point(lambda value: min(255, 60 * value)).resize((2 * W, 2 * H), Image.Resampling.BICUBIC)
        )
        image.save(path)
    for path in healthy.maps[3:]:
        Image.open(path).point(lambda value: min(255, 60 * value)).save(path)
    verdict = verdict_of("smeared", replace(healthy, codes=codes))
    assert verdict.severity == WARNING
    assert set(verdict.names) <= {path.name for path in healthy.maps[:3]}


def test_unlabelled_pixels_are_measured(healthy):
    def hidden(classes):
        classes[:, : 3 * W // 4] = IGNORE
        return classes

    assert verdict_of("unlabelled", repaint(healthy, hidden)).severity == WARNING


def test_a_map_without_any_class_is_named(healthy):
    verdict = verdict_of("unlabelled", repaint(healthy, lambda classes: np.full_like(classes, IGNORE), [6]))
    assert verdict.severity == NOTE
    assert verdict.names == [healthy.maps[6].name]
    everything = verdict_of("unlabelled", repaint(healthy, lambda classes: np.full_like(classes, IGNORE)))
    assert everything.severity == BLOCKER


def test_a_class_that_is_never_painted_is_named(healthy):
    more = replace(healthy, classes=[*healthy.classes, "star"], codes={**healthy.codes, 4: 4})
    verdict = verdict_of("absent_classes", more)
    assert verdict.severity == WARNING
    assert verdict.names == ["star"]


def test_a_list_that_begins_one_too_early_is_noticed(healthy):
    classes = ["something else", *healthy.classes]
    shifted = replace(healthy, classes=classes, codes={**{k: k for k in range(5)}, IGNORE: IGNORE})
    repaint(shifted, lambda painted: np.where(painted == IGNORE, painted, painted + 1).astype(np.uint8))
    verdict = verdict_of("absent_classes", shifted)
    assert verdict.severity == WARNING
    assert "begin at 1" in verdict.remedy


def test_a_part_without_a_class_is_named(healthy):
    splits = ["train"] * (N - 2) + ["test"] * 2
    repaint(healthy, lambda classes: np.where(classes == 2, 0, classes).astype(np.uint8), [N - 2, N - 1])
    verdict = verdict_of("absent_classes", replace(healthy, splits=splits))
    assert verdict.severity == WARNING
    assert "test part" in verdict.what
    assert "square" in verdict.names


def test_a_class_that_covers_nearly_everything_is_a_warning(healthy):
    def bare(classes):
        classes[:-6] = 0
        return classes

    verdict = verdict_of("pixel_balance", repaint(healthy, bare))
    assert verdict.severity == WARNING
    assert "ground covers" in verdict.what


def test_what_the_importer_left_out_is_passed_on(healthy):
    verdict = verdict_of("left_out", replace(healthy, problems=["train/7.png has no map"]))
    assert verdict.severity == WARNING
    assert verdict.names == ["train/7.png has no map"]
