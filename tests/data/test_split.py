"""The split's promises: a partition, stratified, groups whole, the same whatever the order of the files."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visus.data.split import fingerprint, folds, merge_groups, rows_by_key, split


@st.composite
def collections(draw, fewest_groups=3):
    """Labels, content hashes and groups: each class has some groups of one to four pictures."""
    labels, groups = [], []
    for label in range(draw(st.integers(2, 4))):
        for size in draw(st.lists(st.integers(1, 4), min_size=fewest_groups, max_size=25)):
            group = max(groups, default=-1) + 1
            labels += [label] * size
            groups += [group] * size
    keys = [f"{number:04x}" for number in draw(st.permutations(range(len(labels))))]
    return np.array(labels), keys, np.array(groups)


def parts(division):
    return division.train, division.validation, division.test


@settings(max_examples=60, deadline=None)
@given(collections(), st.integers(0, 5))
def test_a_split_is_a_partition_that_keeps_groups_whole_and_gives_every_part_every_class(data, seed):
    labels, keys, groups = data
    division = split(labels, keys, groups, seed=seed)
    assert sorted(np.concatenate(parts(division)).tolist()) == list(range(len(labels)))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not set(groups[parts(division)[one]]) & set(groups[parts(division)[other]])
    for rows in parts(division):
        assert set(labels[rows]) == set(labels)


@settings(max_examples=60, deadline=None)
@given(collections(fewest_groups=10), st.integers(0, 5))
def test_each_class_is_divided_as_asked_within_one_group(data, seed):
    labels, keys, groups = data
    division = split(labels, keys, groups, seed=seed)
    for label in np.unique(labels):
        largest = max(np.bincount(groups[labels == label]))
        for rows, share in zip(parts(division), (0.7, 0.15, 0.15)):
            assert abs((labels[rows] == label).sum() - share * (labels == label).sum()) <= largest


@settings(max_examples=40, deadline=None)
@given(collections(), st.data())
def test_the_order_of_the_files_does_not_matter(data, more):
    labels, keys, groups = data
    shuffled = np.array(more.draw(st.permutations(range(len(labels)))))
    one = split(labels, keys, groups)
    other = split(labels[shuffled], [keys[row] for row in shuffled], groups[shuffled] + 7)
    assert one.hash == other.hash
    for rows, again in zip(parts(one), parts(other)):
        assert [keys[row] for row in rows] == [keys[shuffled[row]] for row in again]


@settings(max_examples=40, deadline=None)
@given(collections(), st.integers(2, 5))
def test_folds_validate_every_row_once_and_cut_no_group(data, k):
    labels, keys, groups = data
    made = folds(labels, keys, groups, k)
    assert sorted(np.concatenate([rows for _, rows in made]).tolist()) == list(range(len(labels)))
    for train, validation in made:
        assert sorted([*train, *validation]) == list(range(len(labels)))
        assert not set(groups[train]) & set(groups[validation])
        assert len(validation)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 19), max_size=4), max_size=8), st.lists(st.lists(st.integers(0, 19), max_size=4))
)
def test_merged_groups_are_what_a_loop_over_chains_finds(some, others):
    member = list(range(20))
    for _ in range(20):
        for group in some + others:
            lowest = min((member[row] for row in group), default=0)
            member = [lowest if member[row] in {member[g] for g in group} else member[row] for row in range(20)]
    ids = merge_groups(20, some, others)
    assert [ids[a] == ids[b] for a in range(20) for b in range(20)] == [x == y for x in member for y in member]
    assert list(dict.fromkeys(ids.tolist())) == list(range(ids.max() + 1))


def simple(n_classes=3, n_each=20):
    labels = np.repeat(np.arange(n_classes), n_each)
    return labels, [f"{row:04x}" for row in range(len(labels))], np.arange(len(labels))


def test_70_15_15_of_twenty_a_class_is_14_3_3():
    labels, keys, groups = simple()
    division = split(labels, keys, groups)
    assert [np.bincount(labels[rows]).tolist() for rows in parts(division)] == [[14] * 3, [3] * 3, [3] * 3]
    assert "70 / 15 / 15 %" in division.how
    assert "seed 0" in division.how


def test_another_seed_is_another_split_and_the_same_seed_the_same():
    hashes = {seed: split(*simple(), seed=seed).hash for seed in (0, 1, 2)}
    assert len(set(hashes.values())) == 3
    assert hashes[1] == split(*simple(), seed=1).hash


def test_a_class_of_two_pictures_stays_in_training_and_the_others_are_divided():
    labels, keys, groups = simple()
    labels[-18:] = 1
    division = split(labels, keys, groups)
    assert (labels[division.train] == 2).sum() == 2
    assert set(labels[division.test]) == {0, 1}


def test_a_group_of_several_classes_stays_whole_and_classes_stay_in_every_part():
    labels, keys, _ = simple(2, 30)
    patients = np.tile(np.arange(10), 6)  # each with three pictures of either class
    division = split(labels, keys, patients)
    for rows in parts(division):
        assert set(labels[rows]) == {0, 1}
        assert (np.bincount(patients[rows], minlength=10) % 6 == 0).all()


@pytest.mark.parametrize("n_each", [1, 2])
def test_classes_too_small_to_divide_are_refused_with_their_sizes(n_each):
    with pytest.raises(ValueError, match=rf"at least two classes need 3 .*class 0: {n_each}, class 1: {n_each}"):
        split(*simple(2, n_each))


def test_copies_of_one_picture_do_not_make_a_class_large_enough():
    labels, keys, groups = simple(2, 9)
    groups[:9] = 0
    with pytest.raises(ValueError, match="class 0: 1"):
        split(labels, keys, groups)


def test_a_stated_split_is_kept_as_it_is():
    labels, keys, groups = simple()
    stated = np.resize(["train", "validation", "test", "train"], 60).tolist()
    division = split(labels, keys, groups, stated)
    for rows, name in zip(parts(division), ("train", "validation", "test")):
        assert [stated[row] for row in rows] == [name] * stated.count(name)


@pytest.mark.parametrize(("given_part", "made"), [("test", "validation"), ("validation", "test")])
def test_the_part_that_a_stated_split_lacks_is_carved_out_of_training(given_part, made):
    labels, keys, _ = simple(3, 40)
    groups = np.arange(120) // 2
    stated = np.resize(["train"] * 30 + [given_part] * 10, 120).tolist()
    division = split(labels, keys, groups, stated)
    new = getattr(division, made)
    assert len(new) == pytest.approx(9, abs=3)
    assert all(stated[row] == "train" for row in [*new, *division.train])
    assert not set(groups[new]) & set(groups[division.train])
    assert set(labels[new]) == {0, 1, 2}
    assert f"has no {made} part" in division.how
    assert sorted(getattr(division, given_part)) == [row for row in range(120) if stated[row] == given_part]


def test_the_carved_part_is_at_most_5000_pictures():
    labels, keys, groups = simple(2, 30_000)
    division = split(labels, keys, groups, ["train"] * 59_990 + ["test"] * 10)
    assert len(division.validation) == 5000


def test_unstated_rows_of_a_stated_split_are_training():
    division = split(*simple(), np.resize(["", "", "", "", "test", "validation"], 60).tolist())
    assert [len(rows) for rows in parts(division)] == [40, 10, 10]


def test_a_split_stated_nowhere_is_drawn():
    assert split(*simple(), [""] * 60).hash == split(*simple()).hash == split(*simple(), ["train"] * 60).hash


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"stated": ["trian"] * 60}, "got 'trian'"),
        ({"stated": ["test", "validation"] * 30}, "no training pictures"),
        ({"stated": ["train"]}, "60 labels, 60 keys, 60 groups, 1 stated"),
        ({"fractions": (0.5, 0.5, 0.0)}, "three positive shares"),
    ],
)
def test_mistakes_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        split(*simple(), **wrong)


def test_no_pictures_and_too_many_folds_are_refused():
    with pytest.raises(ValueError, match="no pictures"):
        split(np.array([], dtype=np.int64), [], np.array([], dtype=np.int64))
    with pytest.raises(ValueError, match="between 2 and the number of independent groups, 60; got 61"):
        folds(*simple(), 61)
    with pytest.raises(ValueError, match=r"outside 0\.\.4"):
        merge_groups(5, [[3, 5]])


def test_the_hash_of_a_split_changes_when_a_picture_changes_sides():
    labels, keys, groups = simple()
    stated = np.resize(["train", "train", "validation", "test"], 60).tolist()
    moved = ["validation", *stated[1:]]
    assert split(labels, keys, groups, stated).hash != split(labels, keys, groups, moved).hash


def test_the_fingerprint_knows_pictures_and_classes_but_no_order():
    whole = fingerprint(["a", "b", "c"], np.array([0, 0, 1]), ["cat", "dog"])
    assert whole == fingerprint(["c", "a", "b"], np.array([0, 1, 1]), ["dog", "cat"])
    assert whole != fingerprint(["a", "b", "c"], np.array([0, 1, 1]), ["cat", "dog"])
    assert whole != fingerprint(["a", "b"], np.array([0, 0]), ["cat", "dog"])


def test_rows_without_a_key_belong_to_no_group():
    assert rows_by_key(["p1", "", "p2", "p1", ""]) == {"p1": [0, 3], "p2": [2]}
    assert rows_by_key(None) == {}
