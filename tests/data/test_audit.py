"""The audit: for each check an illness that is planted and found, and the healthy twin that passes."""

import inspect
import json
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from visus.data import audit as checks
from visus.data._folder import modules
from visus.data.audit import _gather, _memory
from visus.data.audit._evidence import BLOCKER, NOTE, PASS, WARNING, Evidence, Verdict
from visus.data.audit._gather import gather
from visus.data.audit._run import audit, table, worst
from visus.data.collection import Arrays, Collection, Files
from visus.data.decode import Frame, UnreadablePictureError, read

CLASSES = ("bark", "moss", "sand")
EACH = 22


def photograph(seed: int, height: int = 48, width: int = 60) -> Image.Image:
    """Colours whose amplitude falls with frequency as in photographs of the world."""
    dice = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None] * width)
    waves = np.fft.rfft2(dice.normal(size=(3, height, width))) / np.maximum(frequency, 1) ** 1.3
    channels = np.fft.irfft2(waves, s=(height, width))
    channels = (channels - channels.mean()) / channels.std()
    return Image.fromarray((120 + 50 * channels).clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


@pytest.fixture(scope="module")
def healthy_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("healthy")
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir()
        for number in range(EACH):
            photograph(100 * label + number).save(folder / name / f"{number:02d}.jpg", quality=90)
    return folder


@pytest.fixture
def folder(healthy_folder, tmp_path) -> Path:
    """A copy to make ill."""
    return Path(shutil.copytree(healthy_folder, tmp_path / "pictures"))


def collection_in(folder: Path, **more) -> Collection:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    classes = sorted(path.name for path in folder.iterdir())
    labels = np.array([classes.index(path.parent.name) for path in paths], dtype=np.int64)
    return Collection(
        str(folder), Files(paths), [str(path.relative_to(folder)) for path in paths], labels, classes, **more
    )


def look(folder: Path, **more) -> Evidence:
    return gather(collection_in(folder, **more)).evidence


def verdict_of(name: str, evidence: Evidence) -> Verdict:
    (verdict,) = (verdict for verdict in audit(evidence) if verdict.check == name)
    return verdict


# ---- every check


def test_a_healthy_folder_passes_every_check(healthy_folder):
    assert {verdict.severity for verdict in audit(look(healthy_folder))} == {PASS}


def test_digits_pass_every_check():
    digits = load_digits()
    pictures = Arrays((digits.images * 15).astype(np.uint8))
    names = [f"digit {row}" for row in range(len(digits.target))]
    collection = Collection("digits", pictures, names, digits.target.astype(np.int64), list("0123456789"))
    assert [verdict for verdict in audit(gather(collection).evidence) if verdict.severity != PASS] == []


def everything_wrong(folder: Path) -> Evidence:
    (folder / "bark" / "00.jpg").write_bytes(b"")
    (folder / "moss" / "00.jpg").write_bytes((folder / "moss" / "00.jpg").read_bytes()[:900])
    shutil.copy(folder / "moss" / "01.jpg", folder / "bark" / "copy.jpg")
    photograph(101).save(folder / "moss" / "again.jpg", quality=60)
    Image.new("L", (60, 48), 90).save(folder / "sand" / "plain.png")
    Image.fromarray(np.asarray(photograph(900)) // 8).save(folder / "sand" / "night.png")
    photograph(901).save(folder / "sand" / "moving.gif", save_all=True, append_images=[photograph(902)])
    for number in range(2, EACH):
        (folder / "bark" / f"{number:02d}.jpg").unlink()
    (folder / "empty").mkdir()
    splits = ["test" if path.parent.name == "bark" else "train" for path in sorted(folder.rglob("*.*"))]
    return look(folder, splits=splits, problems=["notes.txt is no picture"])


@pytest.fixture(params=["healthy", "everything wrong", "nothing readable", "empty"])
def any_evidence(request, folder) -> Evidence:
    if request.param == "empty":
        values = np.zeros((0, 8, 8), dtype=np.uint8)
        return gather(Collection("empty", Arrays(values), [], np.zeros(0, dtype=np.int64), [])).evidence
    if request.param == "nothing readable":
        for path in folder.rglob("*.jpg"):
            path.write_bytes(b"")
    return everything_wrong(folder) if request.param == "everything wrong" else look(folder)


@pytest.mark.parametrize("module", modules(checks), ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_check_asks_a_question_and_answers_it(module, any_evidence):
    before = repr(any_evidence), any_evidence.thumbnails.tobytes()
    verdict = module.check(any_evidence)
    assert (repr(any_evidence), any_evidence.thumbnails.tobytes()) == before
    assert (inspect.getdoc(module) or "").partition("\n")[0].endswith("?")
    assert verdict.check == module.__name__.rpartition(".")[2]
    assert verdict.severity in (PASS, NOTE, WARNING, BLOCKER)
    assert verdict.what
    assert not verdict.what.endswith(".")
    if verdict.severity == PASS:
        assert not verdict.names
    else:
        assert verdict.remedy
        assert any(figure.isdigit() for figure in verdict.what)
    collection = any_evidence.collection
    assert set(verdict.names) <= {*collection.names, *collection.classes, *collection.problems}
    json.dumps(asdict(verdict))


def test_a_sick_folder_alarms_all_the_checks_that_concern_it(folder):
    verdicts = audit(everything_wrong(folder))
    assert [verdict.check for verdict in verdicts if verdict.severity == PASS] == ["shortcut", "targets"]
    assert worst(verdicts) == WARNING


def test_the_gravest_severity_is_the_worst():
    assert worst([]) == PASS
    assert worst(Verdict("", severity, "") for severity in (NOTE, BLOCKER, WARNING, PASS)) == BLOCKER


# ---- planted illnesses


def test_broken_and_empty_files_are_named(folder):
    (folder / "moss" / "03.jpg").write_bytes((folder / "moss" / "03.jpg").read_bytes()[:-300])
    (folder / "sand" / "04.jpg").write_bytes(b"")
    (folder / "sand" / "05.jpg").write_text("this is no picture")
    verdict = verdict_of("unreadable", look(folder))
    assert verdict.severity == WARNING
    assert verdict.names == ["moss/03.jpg", "sand/04.jpg", "sand/05.jpg"]
    assert "3 of 66 pictures (4.5 %) cannot be read, 1 of them empty" in verdict.what


def test_a_folder_that_is_mostly_broken_blocks(folder):
    for path in sorted(folder.rglob("*.jpg"))[:40]:
        path.write_bytes(b"")
    assert verdict_of("unreadable", look(folder)).severity == BLOCKER


def test_what_the_importer_left_out_is_passed_on(healthy_folder):
    verdict = verdict_of("left_out", look(healthy_folder, problems=["a.txt is no picture", "b.txt is no picture"]))
    assert (verdict.severity, len(verdict.names)) == (NOTE, 2)


def test_the_same_picture_in_two_formats_is_an_exact_duplicate(folder):
    with Image.open(folder / "moss" / "07.jpg") as picture:
        for suffix in ("png", "bmp"):
            picture.save(folder / "moss" / f"same.{suffix}")
    evidence = look(folder)
    verdict = verdict_of("exact_duplicates", evidence)
    assert verdict.severity == WARNING
    assert {"moss/same.bmp", "moss/same.png"} <= set(verdict.names)
    assert verdict_of("conflicting_labels", evidence).severity == PASS


def test_a_reencoded_picture_is_a_near_duplicate_and_no_exact_one(folder):
    photograph(105).save(folder / "moss" / "again.jpg", quality=60)
    evidence = look(folder)
    verdict = verdict_of("near_duplicates", evidence)
    assert (verdict.severity, sorted(verdict.names)) == (WARNING, ["moss/05.jpg", "moss/again.jpg"])
    assert verdict_of("exact_duplicates", evidence).severity == PASS


@pytest.mark.parametrize(("quality", "severity"), [(90, WARNING), (60, NOTE)], ids=["equal", "nearly equal"])
def test_one_picture_under_two_labels_is_a_conflict(folder, quality, severity):
    photograph(105).save(folder / "sand" / "also.jpg", quality=quality)
    verdict = verdict_of("conflicting_labels", look(folder))
    assert (verdict.severity, sorted(verdict.names)) == (severity, ["moss/05.jpg", "sand/also.jpg"])
    assert "moss/05.jpg (moss) and sand/also.jpg (sand)" in verdict.what


@pytest.mark.parametrize(("kept", "severity"), [(2, WARNING), (5, NOTE), (10, PASS)])
def test_classes_of_very_different_size_are_unbalanced(folder, kept, severity):
    for path in sorted((folder / "bark").iterdir())[kept:]:
        path.unlink()
    verdict = verdict_of("class_balance", look(folder))
    assert (verdict.severity, list(verdict.names)) == (severity, [] if severity == PASS else ["bark"])


@pytest.mark.parametrize(("kept", "severity"), [(0, WARNING), (2, WARNING), (3, NOTE), (20, PASS)])
def test_small_and_empty_classes_are_named(folder, kept, severity):
    for path in sorted((folder / "bark").iterdir())[kept:]:
        path.unlink()
    verdict = verdict_of("class_size", look(folder))
    assert (verdict.severity, list(verdict.names)) == (severity, [] if severity == PASS else ["bark"])


def test_two_classes_of_one_picture_block(folder):
    for path in sorted(folder.rglob("*.jpg")):
        if path.name != "00.jpg":
            path.unlink()
    assert verdict_of("class_size", look(folder)).severity == BLOCKER


def test_one_class_blocks(folder):
    for name in CLASSES[1:]:
        shutil.rmtree(folder / name)
    assert verdict_of("class_size", look(folder)).severity == BLOCKER


def test_copies_and_pictures_of_one_patient_count_once_for_the_size_of_a_class(folder):
    for path in (folder / "bark").iterdir():
        path.write_bytes((folder / "bark" / "00.jpg").read_bytes())
    groups = ["one patient" if path.parent.name == "moss" else "" for path in sorted(folder.rglob("*.jpg"))]
    verdict = verdict_of("class_size", look(folder, groups=groups))
    assert (verdict.severity, sorted(verdict.names)) == (BLOCKER, ["bark", "moss"])


def test_mixed_kinds_of_pictures_are_a_note(folder):
    for name in CLASSES:
        with Image.open(folder / name / "00.jpg") as picture:
            picture.convert("L").save(folder / name / "00.png")
        (folder / name / "00.jpg").unlink()
        exif = Image.Exif()
        exif[0x0112] = 6
        photograph(ord(name[0])).save(folder / name / "01.jpg", exif=exif)
    evidence = look(folder)
    verdict = verdict_of("picture_table", evidence)
    assert (verdict.severity, len(verdict.names)) == (NOTE, 6)
    assert table(evidence) == {
        "format": {"JPEG": 63, "PNG": 3},
        "mode": {"RGB": 63, "L": 3},
        "size": {"60x48": 63, "48x60": 3},
        "orientation": {"1": 63, "6": 3},
    }


def test_sizes_beyond_the_most_frequent_are_added_up(folder):
    for number in range(30):
        photograph(number, 40, 41 + number).save(folder / "moss" / f"size {number}.png")
    sizes = table(look(folder))["size"]
    assert next(iter(sizes.items())) == ("60x48", 66)
    assert len(sizes) == 21
    assert sum(sizes.values()) == 96


@pytest.mark.parametrize("kind", ["dark", "bright"])
def test_a_picture_that_is_far_too_dark_or_bright_is_named(folder, kind):
    levels = np.asarray(photograph(500)) // 8
    if kind == "bright":
        levels = np.full_like(levels, 254)
        levels[20:26, 20:26] = 0  # a speck on a white page
    Image.fromarray(levels).save(folder / "moss" / "odd.png")
    verdict = verdict_of("exposure", look(folder))
    assert (verdict.severity, verdict.names) == (WARNING, ["moss/odd.png"])


def test_a_collection_that_is_dark_by_nature_is_not_too_dark(folder):
    for path in sorted(folder.rglob("*.jpg")):
        with Image.open(path) as picture:
            dimmed = np.asarray(picture) // 8
        Image.fromarray(dimmed).save(path, quality=95)
    assert verdict_of("exposure", look(folder)).severity == PASS


def test_a_picture_of_one_colour_is_named(folder):
    Image.new("RGB", (60, 48), (10, 90, 30)).save(folder / "moss" / "lens cap.png")
    evidence = look(folder)
    verdict = verdict_of("uniform", evidence)
    assert (verdict.severity, verdict.names) == (WARNING, ["moss/lens cap.png"])
    assert verdict_of("exposure", evidence).severity == PASS


def splits_of(folder: Path, **parts: str) -> list[str]:
    names = [str(path.relative_to(folder)) for path in sorted(path for path in folder.rglob("*") if path.is_file())]
    return [parts.get(Path(name).stem, "test" if Path(name).stem > "18" else "train") for name in names]


def test_a_copy_across_a_stated_split_is_a_leak(folder):
    assert verdict_of("split_leak", look(folder, splits=splits_of(folder))).severity == PASS
    photograph(105).save(folder / "moss" / "again.jpg", quality=60)
    splits = splits_of(folder, again="test")
    verdict = verdict_of("split_leak", look(folder, splits=splits))
    assert (verdict.severity, verdict.names) == (WARNING, ["moss/again.jpg", "moss/05.jpg"])
    assert "1 of 10 held-out pictures" in verdict.what
    assert verdict_of("split_leak", look(folder, splits=splits_of(folder, again="train"))).severity == PASS


def test_a_copy_in_test_of_a_validation_picture_is_a_leak(folder):
    photograph(105).save(folder / "moss" / "again.jpg", quality=90)
    splits = splits_of(folder, again="test", **{"05": "validation"})
    verdict = verdict_of("split_leak", look(folder, splits=splits))
    assert (verdict.severity, verdict.names) == (WARNING, ["moss/again.jpg", "moss/05.jpg"])


def test_a_patient_on_both_sides_of_a_stated_split_is_a_leak(folder):
    splits = splits_of(folder)
    whole = ["patient 1" if split == "train" else "" for split in splits]
    assert verdict_of("split_leak", look(folder, splits=splits, groups=whole)).severity == PASS
    verdict = verdict_of("split_leak", look(folder, splits=splits, groups=["patient 1"] * len(splits)))
    assert verdict.severity == WARNING
    assert "patient 1" in verdict.what


def test_animations_are_noted(folder):
    photograph(1).save(folder / "moss" / "moving.gif", save_all=True, append_images=[photograph(2), photograph(3)])
    verdict = verdict_of("animated", look(folder))
    assert (verdict.severity, verdict.names) == (NOTE, ["moss/moving.gif"])


def test_a_class_that_alone_is_grey_can_be_told_without_looking(folder):
    for path in (folder / "moss").iterdir():
        with Image.open(path) as picture:
            grey = picture.convert("L")
        grey.save(path)
    verdict = verdict_of("shortcut", look(folder))
    assert (verdict.severity, len(verdict.names)) == (WARNING, EACH)
    for path in folder.rglob("1?.jpg"):  # grey pictures in every class, if not as many
        with Image.open(path) as picture:
            grey = picture.convert("L")
        grey.save(path)
    assert verdict_of("shortcut", look(folder)).severity == PASS


# ---- gathering


def state(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns, path.stat().st_mode)
        for path in [folder, *folder.rglob("*")]
    }


def test_nothing_in_the_folder_changes_and_a_read_only_one_will_do(folder, tmp_path):
    (folder / "moss" / "03.jpg").write_bytes((folder / "moss" / "03.jpg").read_bytes()[:-300])
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = state(folder)
    gathered = gather(collection_in(folder), Frame(16, 16), cache=tmp_path / "cache")
    audit(gathered.evidence)
    assert state(folder) == before
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_the_pixels_are_those_that_training_would_read(folder):
    (folder / "moss" / "03.jpg").write_bytes(b"")
    collection, frame = collection_in(folder), Frame(20, 24, "pad")
    gathered = gather(collection, frame)
    assert gathered.pixels is not None
    for path, pixels in zip(collection.pictures.paths, gathered.pixels):
        expected = np.zeros((20, 24, 3)) if path.name == "03.jpg" and path.parent.name == "moss" else read(path, frame)
        assert (pixels == expected).all()
    assert gather(collection).pixels is None


def test_what_is_seen_does_not_depend_on_the_size_trained_on(healthy_folder):
    collection = collection_in(healthy_folder)
    assert gather(collection, Frame(8, 8)).evidence.observations == gather(collection).evidence.observations


@pytest.mark.parametrize("shape", [(40, 30), (40, 30, 3), (16, 16), (32, 32, 3), (100, 20, 4)])
def test_arrays_and_files_of_the_same_pictures_look_the_same(tmp_path, shape):
    pictures = []
    for seed in range(4):
        picture = photograph(seed, *shape[:2])
        if len(shape) == 2:
            picture = picture.convert("L")
        elif shape[2] == 4:
            picture.putalpha(photograph(9, *shape[:2]).convert("L"))
        picture.save(tmp_path / f"{seed}.png")
        pictures.append(np.asarray(picture))
    labels, names = np.zeros(4, dtype=np.int64), list("abcd")
    files = Collection("files", Files(sorted(tmp_path.glob("*.png"))), names, labels, ["one"])
    arrays = Collection("arrays", Arrays(np.stack(pictures)), names, labels, ["one"])
    of_files, of_arrays = gather(files, Frame(10, 12)), gather(arrays, Frame(10, 12))
    assert (of_files.pixels == of_arrays.pixels).all()
    apart = of_files.evidence.thumbnails.astype(int) - of_arrays.evidence.thumbnails
    assert abs(apart).max() <= 40  # files are scaled in two steps, by way of 64 x 64
    assert abs(apart).mean() < 7
    for file, array in zip(of_files.evidence.observations, of_arrays.evidence.observations):
        assert (array.format, array.mode, array.width, array.height) == ("array", file.mode, file.width, file.height)
        assert (file.brightness, file.contrast) == pytest.approx((array.brightness, array.contrast), abs=0.02)


def test_arrays_that_already_fit_are_not_copied():
    values = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    collection = Collection("arrays", Arrays(values), list("abcdef"), np.zeros(6, dtype=np.int64), ["one"])
    assert gather(collection, Frame(8, 8)).pixels is values
    values.setflags(write=False)
    pixels = gather(collection, Frame(8, 8)).pixels
    assert pixels is not None
    assert pixels.flags.writeable
    assert (pixels == values).all()
    grey = replace(collection, pictures=Arrays(values[..., 0]))
    assert (gather(grey, Frame(8, 8)).pixels == values[..., :1]).all()


def test_progress_counts_up_to_all_pictures(healthy_folder):
    told = []
    gather(collection_in(healthy_folder), progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 66) for done in range(1, 67)]


# ---- memory


@pytest.fixture
def decoded(monkeypatch) -> list[str]:
    """Names of the pictures that are decoded for the audit from now on."""
    names, really = [], _gather.read_framed

    def noted(source, frame, name=""):
        names.append(name)
        return really(source, frame, name)

    monkeypatch.setattr(_gather, "read_framed", noted)
    return names


def as_seen(evidence: Evidence):
    return evidence.observations, evidence.thumbnails.tobytes(), evidence.near_groups


def test_a_second_look_decodes_only_what_changed(folder, tmp_path, decoded):
    cache = tmp_path / "new" / "cache"
    first = gather(collection_in(folder), cache=cache).evidence
    assert len(decoded) == 66
    decoded.clear()
    assert as_seen(gather(collection_in(folder), cache=cache).evidence) == as_seen(first)
    assert decoded == []
    photograph(700).save(folder / "moss" / "new.jpg")
    photograph(701).save(folder / "moss" / "05.jpg")
    os.utime(folder / "moss" / "06.jpg", ns=(1, 1))
    (folder / "sand" / "01.jpg").unlink()
    changed = gather(collection_in(folder), cache=cache).evidence
    assert sorted(decoded) == ["moss/05.jpg", "moss/06.jpg", "moss/new.jpg"]
    assert as_seen(changed) == as_seen(gather(collection_in(folder)).evidence)


def test_unreadable_files_are_tried_again(folder, tmp_path, decoded):
    content = (folder / "moss" / "03.jpg").read_bytes()
    status = (folder / "moss" / "03.jpg").stat()
    (folder / "moss" / "03.jpg").write_bytes(bytes(len(content)))
    os.utime(folder / "moss" / "03.jpg", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert gather(collection_in(folder), cache=tmp_path / "cache").evidence.observations[EACH + 3].error
    decoded.clear()
    gather(collection_in(folder), cache=tmp_path / "cache")
    assert decoded == ["moss/03.jpg"]


@pytest.mark.parametrize("damage", [b"", b"not a zip file", b"PK\x03\x04 cut off", "half", "layout", "pickle"])
def test_a_memory_that_is_damaged_or_of_another_version_is_ignored(folder, tmp_path, decoded, damage, monkeypatch):
    first = gather(collection_in(folder), cache=tmp_path / "cache").evidence
    (stored,) = (tmp_path / "cache").iterdir()
    if damage == "half":
        stored.write_bytes(stored.read_bytes()[: stored.stat().st_size // 2])
    elif damage == "layout":
        monkeypatch.setattr(_memory, "LAYOUT", -1)
    elif damage == "pickle":
        with stored.open("wb") as file:
            np.savez(file, observations=np.array([object()], dtype=object), thumbnails=np.zeros(1))
    else:
        stored.write_bytes(damage)
    decoded.clear()
    assert as_seen(gather(collection_in(folder), cache=tmp_path / "cache").evidence) == as_seen(first)
    assert len(decoded) == 66
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_what_was_seen_before_an_interruption_is_remembered(folder, tmp_path, decoded):
    def stop(done, total):
        if done == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gather(collection_in(folder), progress=stop, cache=tmp_path / "cache")
    n_seen = len(decoded)
    decoded.clear()
    gather(collection_in(folder), cache=tmp_path / "cache")
    assert n_seen >= 30
    assert len(decoded) == 66 - n_seen


def test_a_cache_that_cannot_be_written_does_not_stop_the_audit(healthy_folder, tmp_path):
    (tmp_path / "in the way").write_text("a file")
    assert len(gather(collection_in(healthy_folder), cache=tmp_path / "in the way").evidence.observations) == 66


def test_a_picture_that_breaks_after_it_was_seen_is_unreadable(folder, tmp_path, monkeypatch):
    gather(collection_in(folder), cache=tmp_path / "cache")

    def torn(source, frame, name=""):
        raise UnreadablePictureError(f"{name} is torn")

    monkeypatch.setattr(_gather, "read", torn)
    gathered = gather(collection_in(folder), Frame(8, 8), cache=tmp_path / "cache")
    assert all(seen.error.endswith("is torn") for seen in gathered.evidence.observations)
    assert not gathered.evidence.thumbnails.any()
