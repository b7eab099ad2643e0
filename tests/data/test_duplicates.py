"""Copies are found however they were made; pictures that are merely alike are not copies."""

import gzip
import io

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageEnhance
from sklearn.datasets import load_digits

from visus.data.audit import _duplicates
from visus.data.audit._duplicates import copies, exact_groups, lay_over, near_groups, perceptual_hashes
from visus.data.audit._gather import gather
from visus.data.collection import Arrays, Collection, Files


def photograph(seed: int, height: int = 120, width: int = 160) -> Image.Image:
    """Colours whose amplitude falls with frequency as in photographs of the world."""
    dice = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None] * width)
    waves = np.fft.rfft2(dice.normal(size=(3, height, width))) / np.maximum(frequency, 1) ** 1.3
    channels = np.fft.irfft2(waves, s=(height, width))
    channels += 2 * channels.mean(axis=0)  # light is shared by the colours
    channels = (channels - channels.mean()) / channels.std()
    return Image.fromarray((120 + 50 * channels).clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


def collection_of(pictures: np.ndarray) -> Collection:
    n = len(pictures)
    return Collection("test", Arrays(pictures), [str(row) for row in range(n)], np.zeros(n, dtype=np.int64), ["one"])


def groups_of(pictures: np.ndarray) -> list[list[int]]:
    return gather(collection_of(pictures)).evidence.near_groups


def reencoded(picture: Image.Image, quality: int) -> Image.Image:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    return Image.open(content)


def cropped(picture: Image.Image, share: float) -> Image.Image:
    across, down = picture.width * share / 2, picture.height * share / 2
    return picture.crop((round(across), round(down), round(picture.width - across), round(picture.height - down)))


COPIES = {
    "re-encoded": lambda picture: reencoded(picture, 60),
    "half the size": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "twice the size": lambda picture: picture.resize((picture.width * 2, picture.height * 2)),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.1),
    "less contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(0.8),
    "grey": lambda picture: picture.convert("L"),
    "2 % cropped off": lambda picture: cropped(picture, 0.02),
    "cropped and re-encoded": lambda picture: reencoded(cropped(picture, 0.02), 60),
}


def write(folder, pictures) -> Collection:
    paths = []
    for name, picture in pictures.items():
        paths.append(folder / f"{name}.png")
        picture.save(paths[-1])
    return Collection(str(folder), Files(paths), list(pictures), np.zeros(len(paths), dtype=np.int64), ["one"])


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_found_and_joined_with_its_original_only(tmp_path, kind):
    originals = {f"{seed:02d}": photograph(seed) for seed in range(25)}
    planted = {f"{name} again": COPIES[kind](originals[name]) for name in ("03", "07", "11")}
    collection = write(tmp_path, originals | planted)
    found = [{collection.names[row] for row in group} for group in gather(collection).evidence.near_groups]
    assert sorted(found, key=min) == [{name, f"{name} again"} for name in ("03", "07", "11")]


def test_digits_are_alike_but_no_copies():
    assert not groups_of((load_digits().images * 15).astype(np.uint8))


def test_drawn_strokes_that_merge_into_each_other_do_not_collapse_into_one_group():
    dice, (y, x) = np.random.default_rng(0), np.mgrid[:28, :28]
    slope, place = dice.uniform(-0.5, 0.5, (300, 1, 1)), dice.uniform(10, 18, (300, 1, 1))
    strokes = (
        255
        * np.exp(-(((x - place - slope * (y - 14)) / dice.uniform(1.5, 2.5, (300, 1, 1))) ** 2))
        * (abs(y - 14) < 10)
    )
    assert 1 < max(map(len, groups_of(strokes.astype(np.uint8)))) <= 30


def test_the_same_shapes_in_other_colours_are_another_picture():
    picture = np.asarray(photograph(0, 32, 32))
    pictures = np.stack([picture, picture[..., [2, 0, 1]], picture // 2 + 60])
    assert groups_of(pictures) == [[0, 2]]


def test_plain_pictures_are_copies_only_if_equal():
    plain = np.full((6, 16, 16, 3), 200, dtype=np.uint8)
    plain[3:, :8] = 201
    plain[5] = 90
    assert groups_of(plain) == [[0, 1, 2], [3, 4]]


def test_a_chain_of_copies_is_one_group_and_the_order_of_rows_does_not_matter():
    wide = np.asarray(photograph(1, 64, 80))
    others = [np.asarray(photograph(seed, 64, 64)) for seed in range(2, 30)]
    pictures = np.stack([wide[:, 2 * step : 2 * step + 64] for step in range(5)] + others)
    order = np.random.default_rng(0).permutation(len(pictures))
    (group,) = groups_of(pictures)
    (again,) = groups_of(pictures[order])
    assert group == [0, 1, 2, 3, 4]
    assert sorted(order[again].tolist()) == group


def test_hashes_are_those_of_imagehash():
    thumbnails = np.stack([np.asarray(photograph(seed, 32, 32)) for seed in range(50)])
    expected = [int(str(imagehash.phash(Image.fromarray(thumbnail))), 16) for thumbnail in thumbnails]
    assert perceptual_hashes(thumbnails).tolist() == expected


def test_candidates_are_those_of_a_double_loop(monkeypatch):
    monkeypatch.setattr(_duplicates, "BLOCK", (3, 7))
    dice = np.random.default_rng(0)
    flips = dice.integers(0, 64, (40, 6)).astype(np.uint64)
    hashes = np.bitwise_xor.reduce(np.uint64(1) << flips, axis=1)  # each pair differs in at most 12 bits
    loop = {(a, b) for a in range(40) for b in range(a + 1, 40) if bin(int(hashes[a] ^ hashes[b])).count("1") <= 10}
    assert set(map(tuple, _duplicates._candidates(hashes).tolist())) == loop


def test_where_nearly_all_hashes_collide_fewer_bits_may_differ(monkeypatch):
    monkeypatch.setattr(_duplicates, "FEWEST_PAIRS", 0)
    dice = np.random.default_rng(0)
    near = np.uint64(1) << dice.integers(0, 64, 200).astype(np.uint64)
    assert _duplicates._affordable_bits(np.array([0, 1], dtype=np.uint64)) == 10
    assert _duplicates._affordable_bits(near) <= 1
    assert len(_duplicates._candidates(near)) < 200 * 20


def test_a_camera_that_never_moves_gives_one_group_without_comparing_all_with_all(monkeypatch):
    monkeypatch.setattr(_duplicates, "FEWEST_PAIRS", 0)
    noise = np.random.default_rng(0).integers(-2, 3, (25, 32, 32, 3))
    pictures = (np.asarray(photograph(0, 32, 32)) + noise).clip(0, 255).astype(np.uint8)
    assert groups_of(pictures) == [list(range(25))]


def test_laid_over_each_other_a_picture_and_its_shifted_self_differ_in_the_shift_only():
    wide = np.asarray(photograph(4, 320, 330)).astype(float)
    here, there = (wide[:, start : start + 320].reshape(32, 10, 32, 10, 3).mean((1, 3)) for start in (0, 10))
    one, other, unlike = (np.asarray(p)[None].astype(np.uint8) for p in (here, there, photograph(5, 32, 32)))
    left, shift = lay_over(one, other)
    assert left < 0.01
    assert shift == pytest.approx(1, abs=0.2)
    assert lay_over(one, unlike)[0] > 0.2
    assert lay_over(other, one)[0] == pytest.approx(left, rel=1e-3)


def test_equal_contents_are_groups_and_unreadable_ones_equal_nothing():
    assert exact_groups(["a", "", "b", "a", "", "b", "a", "c"]) == [[0, 3, 6], [2, 5]]


def test_nothing_has_no_copies():
    empty = np.zeros((0, 32, 32, 3), dtype=np.uint8)
    assert near_groups([], empty, perceptual_hashes(empty)) == []
    assert len(copies(empty, perceptual_hashes(empty))[0]) == 0


def test_ten_thousand_handwritten_digits_hold_hardly_a_copy(visus_data):
    with gzip.open(visus_data / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        digits = np.frombuffer(file.read(), dtype=np.uint8, offset=16).reshape(-1, 28, 28)
    assert sum(map(len, groups_of(digits))) <= 20


def test_photographs_hold_few_copies_and_planted_ones_are_found(visus_data, tmp_path):
    paths = sorted((visus_data / "caltech101-10" / "101_ObjectCategories").glob("*/*.jpg"))
    planted = []
    for path in paths[::20]:
        with Image.open(path) as picture:
            planted.append(tmp_path / f"{path.parent.name} {path.stem}.jpg")
            cropped(picture, 0.02).save(planted[-1], quality=60)
    files = [*paths, *planted]
    labels = np.zeros(len(files), dtype=np.int64)
    collection = Collection("test", Files(files), list(map(str, files)), labels, ["one"])
    groups = gather(collection).evidence.near_groups
    place = {row: number for number, group in enumerate(groups) for row in group}
    found = sum(place.get(20 * i, -1) == place.get(len(paths) + i, -2) for i in range(len(planted)))
    assert found >= len(planted) - 1
    assert len(groups) <= found + 3
