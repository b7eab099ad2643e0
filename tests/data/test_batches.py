"""Batches are a function of (seed, step), however they are made."""

from itertools import islice

import numpy as np
import pytest
import torch

from visus.data.augment import Augment
from visus.data.batches import Batches
from visus.data.prepare import prepare
from visus.data.source import open_collection

AUGMENT = Augment(flip=True, crop=3, colour=0.2)


def some(batches, n=7, start=0):
    return list(islice(batches.batches(start), n))


def same(a, b):
    return len(a) == len(b) and all(
        torch.equal(x, y) for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True)
    )


@pytest.fixture
def in_memory(stripes):
    return prepare(stripes)


@pytest.fixture
def streamed(stripes):
    return prepare(stripes, memory_gib=0.0)


def test_resuming_at_a_step_gives_what_would_have_come(in_memory):
    batches = Batches(in_memory, 16, seed=1, augment=AUGMENT)
    assert same(some(batches, 9)[4:], some(batches, 5, start=4))


def test_streaming_gives_the_same_batches_as_memory(in_memory, streamed):
    assert streamed.pixels is None
    assert same(some(Batches(in_memory, 16, 1, AUGMENT)), some(Batches(streamed, 16, 1, AUGMENT)))


def test_worker_processes_give_the_same_batches_and_draw_nothing_from_the_run(streamed):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with_workers = some(Batches(streamed, 16, 1, AUGMENT, workers=2), 6, start=3)
    assert torch.equal(before, torch.get_rng_state())
    assert same(with_workers, some(Batches(streamed, 16, 1, AUGMENT), 6, start=3))


def test_an_epoch_shows_each_picture_at_most_once_and_the_next_in_another_order(in_memory):
    batches = Batches(in_memory, 9, seed=0)
    epochs = [
        torch.cat([images for images, _ in some(batches, batches.steps_per_epoch, e * batches.steps_per_epoch)])
        for e in (0, 1)
    ]
    flat = [[picture.numpy().tobytes() for picture in epoch] for epoch in epochs]
    assert len(set(flat[0])) == len(flat[0]) >= len(in_memory.split.train) - 8
    assert flat[0] != flat[1]


def test_labels_belong_to_their_pictures(in_memory):
    by_picture = {
        picture.numpy().tobytes(): int(label)
        for picture, label in zip(in_memory.pixels, torch.from_numpy(in_memory.collection.labels), strict=True)
    }
    for images, labels in some(Batches(in_memory, 16, seed=3)):
        assert [by_picture[picture.numpy().tobytes()] for picture in images] == labels.tolist()


def test_parts_come_whole_unchanged_and_in_order(in_memory):
    batches = Batches(in_memory, 16, seed=0, augment=AUGMENT)
    for name in ("train", "validation", "test"):
        images = torch.cat([x for x, _ in batches.part(name)])
        assert torch.equal(images, in_memory.images(in_memory.rows(name)))
    few = torch.cat([y for _, y in batches.part("train", limit=10)])
    assert len(few) == 10


def test_a_batch_is_never_larger_than_the_training_part(in_memory):
    batches = Batches(in_memory, 10_000, seed=0)
    assert batches.steps_per_epoch == 1
    assert len(some(batches, 1)[0][1]) == len(in_memory.split.train)


def test_statistics_are_those_of_the_training_part_alone(in_memory):
    values = in_memory.images(in_memory.split.train).numpy() / 255
    assert in_memory.mean == pytest.approx(values.mean((0, 2, 3)), abs=1e-6)
    assert in_memory.std == pytest.approx(values.std((0, 2, 3)), abs=1e-6)


def test_the_order_of_files_does_not_matter_to_the_split(stripes):
    collection = open_collection(stripes)
    shuffled = collection.subset(np.random.default_rng(0).permutation(len(collection)))
    a, b = prepare(collection), prepare(shuffled)
    for part in ("train", "validation", "test"):
        assert {a.collection.names[i] for i in a.rows(part)} == {b.collection.names[i] for i in b.rows(part)}
    assert a.split.hash == b.split.hash


def test_a_batch_of_nothing_is_refused(in_memory):
    with pytest.raises(ValueError, match="at least 1 picture; got 0"):
        Batches(in_memory, 0, seed=0)


@pytest.mark.parametrize("times", [1, 2])
def test_a_set_without_its_test_part_gives_the_same_training_batches(in_memory, streamed, times):
    for whole in (in_memory, streamed):
        part = whole
        for _ in range(times):
            part = part.without_test()
        assert len(part.collection) < len(whole.collection)
        assert same(some(Batches(part, 16, 1, AUGMENT)), some(Batches(whole, 16, 1, AUGMENT)))
