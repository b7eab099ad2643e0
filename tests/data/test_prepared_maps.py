"""Label maps in a frame: where every pixel lies, what is left out and named, and how the parts come about."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from visus.data.decode import Frame, read_array
from visus.data.label_maps import IGNORE, LabelMaps
from visus.data.map_batches import MapBatches
from visus.data.map_framing import framed, unframed
from visus.data.object_augment import ObjectAugment
from visus.data.prepared_maps import prepare_maps
from visus.data.shapes import shape_maps

GREYS = np.array([20, 120, 220], dtype=np.uint8)  # of classes 0 to 2, in pictures that show their own map


def blocks(height, width, seed=0, side=13):
    """A map of large blocks of three classes."""
    coarse = np.random.default_rng(seed).integers(0, 3, (-(-height // side), -(-width // side)), dtype=np.uint8)
    return np.repeat(np.repeat(coarse, side, 0), side, 1)[:height, :width]


def shown(classes):
    """The picture in which every pixel says of which class it is."""
    return np.repeat(GREYS[classes][..., None], 3, axis=2)


def agree(picture, classes):
    """Whether every pixel whose grey is purely one class's has that class."""
    grey = picture[..., 0] if picture.ndim == 3 else picture
    around = np.lib.stride_tricks.sliding_window_view(np.pad(grey, 1, mode="edge"), (3, 3))
    pure = (around == grey[..., None, None]).all((2, 3)) & (grey[..., None] == GREYS).any(-1)  # no mixture of two
    there = pure & (classes != IGNORE)
    return bool((GREYS[classes[there]] == grey[there]).all()), there.mean()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(30, 90), st.integers(30, 90), st.integers(30, 120), st.integers(30, 120),
    st.sampled_from(["pad", "stretch", "crop"]), st.integers(0, 99),
)  # fmt: skip
def test_a_map_lies_exactly_over_its_picture(height, width, frame_height, frame_width, framing, seed):
    classes, frame = blocks(height, width, seed), Frame(frame_height, frame_width, framing)
    picture, painted = read_array(shown(classes), frame), framed(classes, frame, height, width)
    assert painted.shape == (frame_height, frame_width)
    right, share = agree(picture, painted)
    assert right
    assert share > 0.02
    black = (picture == 0).all(-1)
    assert (painted[black] == IGNORE).all()
    assert (painted != IGNORE)[~black].all()


@given(st.integers(20, 60), st.integers(20, 60), st.sampled_from(["pad", "stretch"]))
def test_enlarged_and_brought_back_a_map_is_the_same(height, width, framing):
    classes, frame = blocks(height, width, side=5), Frame(100, 130, framing)
    assert (unframed(framed(classes, frame, height, width), frame, height, width) == classes).all()


def test_what_a_crop_cut_off_is_not_known():
    classes, frame = blocks(40, 80), Frame(40, 40, "crop")
    back = unframed(framed(classes, frame, 40, 80), frame, 40, 80)
    assert (back[:, 20:60] == classes[:, 20:60]).all()
    assert (back[:, :19] == IGNORE).all()


def test_a_map_of_half_the_size_is_laid_over_the_whole_picture():
    classes = blocks(60, 80)
    assert (framed(classes[::2, ::2], Frame(30, 40), 60, 80) == classes[::2, ::2]).all()


@pytest.fixture
def painted(tmp_path):
    """Makes label maps: a list of (picture or None, map) -> LabelMaps of three classes; 9 stands for 'not counted'."""

    def made(pairs, **changes):
        paths, maps = [], []
        for number, (picture, classes) in enumerate(pairs):
            paths.append(tmp_path / f"p{number}.png")
            maps.append(tmp_path / f"m{number}.png")
            Image.fromarray(shown(np.minimum(classes, 2)) if picture is None else picture).save(paths[-1])
            Image.fromarray(classes).save(maps[-1])
        names = [path.name for path in paths]
        colours = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
        codes = {0: 0, 1: 1, 2: 2, 9: IGNORE}
        return LabelMaps("drawn", paths, maps, names, ("a", "b", "c"), colours, codes, **changes)

    return made


def different(n, height=40, width=56):
    return [(None, blocks(height, width, seed=k, side=7)) for k in range(n)]


def test_maps_are_counted_and_kept_beside_their_pictures(painted):
    found = prepare_maps(painted(different(12)))
    assert found.image == (3, 40, 56)
    assert sorted(len(found.rows(part)) for part in ("train", "validation", "test")) == [2, 2, 8]
    rows = np.arange(12)
    for picture, classes in zip(found.pictures.images(rows)[:, 0], found.maps(rows), strict=True):
        assert agree(picture.numpy(), classes.numpy())[0]
    assert (found.counts.sum(1) == 40 * 56).all()
    assert found.shares("train").sum() == pytest.approx(1)
    assert found.facts()["train"]["uncounted"] == 0


def test_streamed_maps_are_the_same_as_kept_ones(painted):
    source = painted(different(12))
    kept, streamed = prepare_maps(source, size=48), prepare_maps(source, size=48, memory_gib=0)
    assert kept.painted is not None
    assert streamed.painted is None
    rows = np.array([3, 0, 7])
    assert torch.equal(kept.maps(rows), streamed.maps(rows))
    assert torch.equal(kept.pictures.images(rows), streamed.pictures.images(rows))


def test_what_cannot_be_used_is_left_out_and_named(painted):
    pairs = different(12)
    pairs[2] = (shown(blocks(40, 56)), blocks(40, 40))
    source = painted(pairs)
    source.maps[5].write_bytes(b"no picture")
    found = prepare_maps(source)
    assert len(found.counts) == 10
    assert any("m2.png is 40 x 40 pixels and its picture p2.png is 40 x 56" in problem for problem in found.problems)
    assert any("m5.png" in problem for problem in found.problems)
    assert "p2.png" not in found.pictures.collection.names


def test_codes_of_no_class_do_not_count_and_are_named(painted):
    pairs = different(12)
    pairs[4] = (None, np.where(pairs[4][1] == 2, 77, pairs[4][1]).astype(np.uint8))
    found = prepare_maps(painted(pairs))
    row = found.pictures.collection.names.index("p4.png")
    assert found.counts[row, 2] == 0
    assert (found.original(row) == IGNORE).sum() == (pairs[4][1] == 77).sum()
    assert any("m4.png has codes that no class has: 77 (" in problem for problem in found.problems)


def test_too_few_pictures_and_wrong_settings_are_one_sentence(painted):
    with pytest.raises(ValueError, match="drawn has 3 pictures with a label map that can be read; at least 6"):
        prepare_maps(painted(different(3)))
    with pytest.raises(ValueError, match="framing is one of pad, stretch, crop; got 'cut'"):
        prepare_maps(painted(different(12)), framing="cut")
    with pytest.raises(ValueError, match="size is the frame's long side"):
        prepare_maps(painted(different(12)), size=-1)


def test_stated_parts_are_kept(painted):
    splits = ["train"] * 6 + ["validation"] * 3 + ["test"] * 3
    found = prepare_maps(painted(different(12), splits=splits))
    assert set(found.names("test")) == {"p9.png", "p10.png", "p11.png"}


def test_without_test_holds_neither_test_pictures_nor_their_maps(painted):
    found = prepare_maps(painted(different(12)))
    bare = found.without_test()
    assert not set(bare.pictures.collection.names) & set(found.names("test"))
    assert len(bare.painted) == len(bare.counts) == len(bare.source) == 10
    assert torch.equal(bare.maps(bare.rows("train")), found.maps(found.rows("train")))


def test_a_batch_is_a_function_of_seed_and_step(painted):
    found = prepare_maps(painted(different(12)))
    augment = ObjectAugment(flip=True, scale=0.5, shift=0.1, colour=0.3)
    first, second = MapBatches(found, 3, 7, augment), MapBatches(found, 3, 7, augment)
    for (images, labels), (again, same) in zip(
        [batch for _, batch in zip(range(5), first.batches(2), strict=False)],
        [second.batch(step) for step in range(2, 7)],
        strict=True,
    ):
        assert torch.equal(images, again)
        assert torch.equal(labels, same)
        assert labels.dtype == torch.int64
    other = MapBatches(found, 3, 8, augment).batch(2)[0]
    assert not torch.equal(other, first.batch(2)[0])


def test_classes_move_with_the_pixels(painted):
    found = prepare_maps(painted(different(12)))
    batches = MapBatches(found, 8, 0, ObjectAugment(flip=True, scale=0.6, shift=0.2, flip_vertical=True))
    for step in range(6):
        images, labels = batches.batch(step)
        assert [name[0] for name in batches.sources(step)] == ["p"] * len(images)
        for image, classes in zip(images[:, 0].numpy(), labels.numpy(), strict=True):
            right, _ = agree(image, classes.astype(np.uint8))
            assert right
            assert (classes[image == 0] == IGNORE).mean() > 0.5 if (image == 0).any() else True


def test_parts_are_looked_at_as_they_are_and_evenly(painted):
    found = prepare_maps(painted(different(12)))
    batches = MapBatches(found, 4, 0, ObjectAugment(flip=True, scale=0.5))
    (batch,) = batches.part("train")
    assert torch.equal(batch[1], found.maps(found.rows("train")).long())
    assert len(next(batches.part("train", 3))[0]) == 3
    assert batches.part_steps("train") == 1
    with pytest.raises(ValueError, match="at least 1 picture"):
        MapBatches(found, 0, 0)


def test_drawn_shapes_are_ready_at_once(tmp_path):
    found = prepare_maps(shape_maps(30, 32, 48, folder=tmp_path / "shapes"))
    assert found.n_classes == len(found.colours) == 4
    assert found.problems == []
    assert 0.4 < found.shares()[0] < 1


def test_camvid_is_read_as_its_authors_split_it(visus_data):
    found = prepare_maps("camvid")
    assert [len(found.rows(part)) for part in ("train", "validation", "test")] == [367, 101, 233]
    assert found.image == (3, 180, 240)
    assert found.n_classes == 11
    assert found.shares()[list(found.classes).index("Road")] == pytest.approx(0.328, abs=0.001)
