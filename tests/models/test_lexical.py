"""Word by word: the table that expectation maximisation finds."""

import numpy as np
import pytest

from visus.models.sequence import lexical


def test_words_that_always_meet_are_translations():
    # the house / das haus, the book / das buch, a book / ein buch: the textbook's example
    source, target = [[0, 1], [0, 2], [3, 2]], [[0, 1], [0, 2], [3, 2]]
    lexicon = lexical.learn(source, target, 4, 4, rounds=20)
    assert lexicon.best.tolist() == [0, 1, 2, 3]
    assert lexicon.translate([3, 1]) == [3, 1]
    assert (lexicon.probability > 0.5).all()


def test_one_round_by_hand():
    lexicon = lexical.learn([[0]], [[0, 0]], 1, 1, rounds=1)  # the word and the empty word share the blame
    assert lexicon.probability[0] == pytest.approx(1.0)


def test_a_word_that_never_came_has_no_translation():
    lexicon = lexical.learn([[0]], [[1]], 3, 2)
    assert lexicon.best.tolist() == [1, -1, -1]
    assert lexicon.translate([2, 0, 1]) == [1]


def test_a_permuted_language_is_found_in_noise():
    dice = np.random.default_rng(0)
    other = dice.permutation(30)
    source = [dice.integers(0, 30, 8).tolist() for _ in range(500)]
    target = [dice.permutation(other[words]).tolist() for words in source]
    assert (lexical.learn(source, target, 30, 30).best == other).all()


def test_unequal_sides_are_refused():
    with pytest.raises(ValueError, match="1 sentences and 0 translations"):
        lexical.learn([[0]], [], 1, 1)
