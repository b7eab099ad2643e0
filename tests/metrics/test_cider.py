"""CIDEr-D, ROUGE-L and diversity: against the caption benchmark's own scorers, by hand, and what must hold."""

import math
import random

import numpy as np
import pytest

from visus.metrics.cider import cider, rarity_in
from visus.metrics.diversity import distinct, novel, repeated, used
from visus.metrics.rouge import common, rouge_l

WORDS = ["a", "the", "dog", "man", "runs", "on", "grass", "red", "ball", "with"]


def _captions(n: int, seed: int) -> tuple[list[list[str]], list[list[list[str]]]]:
    """n captions of 1 to 12 words, and 1 to 5 references for each."""
    dice = random.Random(seed)

    def sentence() -> list[str]:
        return dice.choices(WORDS, weights=range(10, 0, -1), k=dice.randint(1, 12))

    return [sentence() for _ in range(n)], [[sentence() for _ in range(dice.randint(1, 5))] for _ in range(n)]


# Means that pycocoevalcap 1.2 gives for these draws: it is 100 MB with Java inside, so it is not always there.
@pytest.mark.parametrize(
    ("seed", "mean_cider", "mean_rouge"),
    [
        (0, 0.6518087198852561, 0.44208406847189713),
        (1, 0.6862508191784921, 0.44211085206156187),
        (2, 0.6133378517087031, 0.4111282666195688),
        (3, 0.6215731956430317, 0.45072907552045866),
    ],
)
def test_scores_are_those_that_the_caption_benchmark_gave(seed, mean_cider, mean_rouge):
    said, references = _captions(30, seed)
    assert cider(said, references).mean() == pytest.approx(mean_cider)
    assert rouge_l(said, references).mean() == pytest.approx(mean_rouge)


@pytest.mark.parametrize("seed", range(4))
def test_cider_is_that_of_the_caption_benchmark(seed):
    scorer = pytest.importorskip("pycocoevalcap.cider.cider")
    said, references = _captions(30, seed)
    true = {i: [" ".join(words) for words in several] for i, several in enumerate(references)}
    mean, each = scorer.Cider().compute_score(true, {i: [" ".join(words)] for i, words in enumerate(said)})
    ours = cider(said, references)
    np.testing.assert_allclose(ours, each, rtol=1e-10, atol=1e-12)
    assert ours.mean() == pytest.approx(mean)


@pytest.mark.parametrize("seed", range(4))
def test_rouge_is_that_of_the_caption_benchmark(seed):
    scorer = pytest.importorskip("pycocoevalcap.rouge.rouge")
    said, references = _captions(30, seed)
    true = {i: [" ".join(words) for words in several] for i, several in enumerate(references)}
    _, each = scorer.Rouge().compute_score(true, {i: [" ".join(words)] for i, words in enumerate(said)})
    np.testing.assert_allclose(rouge_l(said, references), each, rtol=1e-12)


def test_cider_by_hand():
    # two pictures, so a word of one picture weighs ln 2 and a word of both nothing
    references = [[["a", "dog"]], [["a", "cat"]]]
    # of picture 0: 'dog' and 'a dog' are all that weighs, each a cosine of 1; there are no 3- and 4-grams
    assert cider([["a", "dog"], ["a", "dog"]], references).tolist() == pytest.approx([5.0, 0.0])
    # 'dog dog' against 'a dog': one clipped 'dog' of two: ln2 ln2 / (2 ln2 ln2); its pair is not in the reference
    assert cider([["dog", "dog"], ["a"]], references)[0] == pytest.approx(10 / 4 * 0.5)


def test_what_people_said_themselves_scores_ten_and_nothing_scores_nothing():
    references = [[["a", "man", "on", "the", "grass"]], [["the", "red", "ball", "with", "dots"]]]
    assert cider([several[0] for several in references], references).tolist() == pytest.approx([10, 10])
    assert cider([[], ["quite", "other", "words"]], references).tolist() == [0, 0]


def test_padding_with_frequent_words_does_not_pay():
    said, references = [["red", "ball"], ["dog"]], [[["the", "red", "ball"]], [["the", "dog"]]]
    longer = [["red", "ball", *["the"] * 20], ["dog"]]
    assert cider(longer, references)[0] < cider(said, references)[0]


def test_rarity_of_other_pictures_may_be_taken():
    said, references = _captions(8, 5)
    alone = cider(said[:1], references[:1])
    assert alone.tolist() == [0]  # of one picture no word is rarer than another
    assert cider(said[:1], references[:1], rarity_in(references))[0] == pytest.approx(cider(said, references)[0])
    assert rarity_in(references)(("never", "said")) == pytest.approx(math.log(8))


def test_rouge_by_hand():
    assert common(["a", "b", "c", "d"], ["b", "x", "d", "a"]) == 2  # b d
    # precision 2/2, recall 2/4, beta 1.2: (1 + 1.44) * 1 * 0.5 / (0.5 + 1.44)
    assert rouge_l([["b", "d"]], [[["a", "b", "c", "d"]]])[0] == pytest.approx(2.44 * 0.5 / 1.94)
    assert rouge_l([["a"], []], [[["a"]], [["a"]]]).tolist() == pytest.approx([1, 0])


@pytest.mark.parametrize(
    ("said", "references", "complaint"),
    [
        ([["a"]], [], "1 captions came with references for 0"),
        ([], [], "no captions"),
        (["a dog"], [[["a"]]], "split it into words"),
        ([["a"]], [["a dog"]], "split it into words"),
        ([["a"], ["b"]], [[["a"]], []], "caption 1 has no reference"),
    ],
)
@pytest.mark.parametrize("score", [cider, rouge_l])
def test_what_cannot_be_scored_is_refused_in_a_sentence(score, said, references, complaint):
    with pytest.raises(ValueError, match=complaint):
        score(said, references)


def test_diversity_counts_sentences():
    said = [["a", "dog"], ["a", "dog"], ["a", "cat"], ["the", "the", "cat"]]
    assert distinct(said) == 3 / 4
    assert novel(said, [["a", "dog"]]) == 2 / 4
    assert repeated(said) == 1 / 4
    assert repeated([["a", "dog", "a", "dog"], ["a", "dog", "and", "a", "dog"]]) == 1 / 2
    assert repeated([["in", "a", "man", "in", "a", "man"], ["black", "and", "white", "dog"]]) == 1 / 2
    assert used(said) == {"a", "dog", "cat", "the"}
    assert all(math.isnan(none) for none in (distinct([]), novel([], []), repeated([])))
