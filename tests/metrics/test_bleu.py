"""BLEU against numbers by hand and against sacrebleu."""

import math

import numpy as np
import pytest

from visus.metrics.bleu import bleu, of_sentence


def words(sentence):
    return sentence.split()


CAT = words("the cat is on the mat")


def test_the_papers_example_of_clipping():
    found = bleu([words("the the the the the the the")], [[CAT, words("there is a cat on the mat")]])
    assert found.precisions[0] == pytest.approx(100 * 2 / 7)
    assert found.score == 0


def test_equal_is_100_and_too_short_is_penalised():
    assert bleu([CAT], [[CAT]]).score == pytest.approx(100)
    short = bleu([CAT[:5]], [[CAT]])
    assert short.precisions == pytest.approx((100,) * 4)
    assert short.score == pytest.approx(100 * math.exp(1 - 6 / 5))
    assert short.brevity == pytest.approx(math.exp(-0.2))


def test_the_nearest_reference_gives_the_length():
    assert bleu([CAT], [[CAT * 2, CAT[:5], [*CAT, "x"]]]).reference_length == 5


def test_fewer_words_are_easier():
    found = bleu([words("a cat is on the red mat")], [[CAT]])
    assert found.up_to(1) > found.up_to(2) > found.up_to(3) > found.up_to(4) == found.score


@pytest.mark.parametrize("n_references", [1, 3])
def test_sacrebleu_says_the_same(n_references):
    sacrebleu = pytest.importorskip("sacrebleu")
    dice = np.random.default_rng(0)
    letters = list("abcdefg")
    draw = lambda: [str(w) for w in dice.choice(letters, dice.integers(5, 12))]  # noqa: E731
    references = [[draw() for _ in range(n_references)] for _ in range(60)]
    made = [[w for w in several[0] if dice.random() > 0.15] or ["a"] for several in references]
    columns = [[" ".join(several[i]) for several in references] for i in range(n_references)]
    theirs = sacrebleu.corpus_bleu([" ".join(m) for m in made], columns, tokenize="none", force=True)
    ours = bleu(made, references)
    assert ours.score == pytest.approx(theirs.score)
    assert ours.precisions == pytest.approx(theirs.precisions)
    assert ours.brevity == pytest.approx(theirs.bp)
    assert (ours.length, ours.reference_length) == (theirs.sys_len, theirs.ref_len)


def test_one_sentence_is_ranked_without_four_words_in_a_row():
    assert of_sentence(CAT, CAT) == pytest.approx(100)
    assert 0 < of_sentence(words("a cat on a mat"), CAT) < of_sentence(words("the cat is on a mat"), CAT) < 100
    assert of_sentence([], CAT) == 0
    assert of_sentence(["dog"], CAT) == 0


@pytest.mark.parametrize(("made", "references"), [([], []), ([CAT], []), ([CAT], [[]])])
def test_what_cannot_be_scored_is_refused(made, references):
    with pytest.raises(ValueError, match="reference"):
        bleu(made, references)


def test_an_empty_translation_scores_nothing():
    assert bleu([[]], [[CAT]]).score == 0
