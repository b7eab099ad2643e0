"""Vocabularies and words: numbers of tokens, and the way back."""

import pytest

from visus.data.vocabulary import Vocabulary
from visus.data.words import joined, tokenise

SENTENCES = [["a", "dog", "runs"], ["a", "cat", "runs"], ["a", "bird"]]


def test_words_stand_behind_the_specials_by_frequency_then_alphabet():
    assert Vocabulary.of_words(SENTENCES).tokens == (
        *("<pad>", "<start>", "<end>", "<unk>"),
        *("a", "runs", "bird", "cat", "dog"),
    )


def test_the_order_of_sentences_does_not_matter():
    assert Vocabulary.of_words(SENTENCES) == Vocabulary.of_words(SENTENCES[::-1])


def test_a_rare_word_is_unknown_and_the_frequent_ones_are_kept():
    vocabulary = Vocabulary.of_words(SENTENCES, threshold=2)
    assert vocabulary.encode(["a", "cat", "runs"]) == [4, vocabulary.unknown, 5]
    assert vocabulary.coverage(SENTENCES) == 5 / 8
    assert len(Vocabulary.of_words(SENTENCES, most=1)) == 5
    assert Vocabulary.of_words(SENTENCES).coverage([]) == 1


def test_decoding_undoes_encoding_up_to_the_end():
    vocabulary = Vocabulary.of_words(SENTENCES)
    ids = [
        vocabulary.start,
        *vocabulary.encode(["a", "dog"]),
        vocabulary.pad,
        vocabulary.end,
        *vocabulary.encode(["a"]),
    ]
    assert vocabulary.decode(ids) == ["a", "dog"]


def test_a_word_that_looks_like_a_special_is_not_counted_twice():
    assert Vocabulary.of_words([["<unk>", "a", "<pad>"]]).tokens[4:] == ("a",)


def test_symbols_are_sorted_and_have_no_specials():
    vocabulary = Vocabulary.of_symbols("hello")
    assert vocabulary.tokens == ("e", "h", "l", "o")
    assert vocabulary.decode(vocabulary.encode("hello")) == list("hello")
    with pytest.raises(ValueError, match="characters has no <end>"):
        _ = vocabulary.end


def test_it_survives_being_written_down():
    vocabulary = Vocabulary.of_symbols("naïve\n")
    assert Vocabulary.from_facts(vocabulary.facts()) == vocabulary


def test_an_unknown_symbol_is_named_with_its_code_point():
    with pytest.raises(ValueError, match=r"'é' \(U\+00E9, latin small letter e with acute\) is not among the 4"):
        Vocabulary.of_symbols("hello").encode("hé")


def test_many_unknown_symbols_are_counted():
    with pytest.raises(ValueError, match="and 3 more are not among"):
        Vocabulary.of_symbols("hello").encode("ABCDFGIJ")


def test_an_index_of_another_vocabulary_is_refused():
    with pytest.raises(ValueError, match="index 4 is outside the vocabulary of 4"):
        Vocabulary.of_symbols("hello").decode([4])


@pytest.mark.parametrize("tokens", [(), ("a", "b", "a")])
def test_a_vocabulary_that_cannot_be_is_refused(tokens):
    with pytest.raises(ValueError, match="came"):
        Vocabulary(tokens)


@pytest.mark.parametrize(
    ("sentence", "tokens"),
    [
        ("Two dogs, one ball.", ["two", "dogs", ",", "one", "ball", "."]),
        ("Ein T-Shirt für Größe 3,50?", ["ein", "t-shirt", "für", "größe", "3,50", "?"]),
        ("didn’t (he)", ["didn't", "(", "he", ")"]),
        ("nai\u0308ve", ["na\u00efve"]),
        ("wait -- what...", ["wait", "-", "-", "what", ".", ".", "."]),
        ("  ", []),
    ],
)
def test_words_and_punctuation_come_apart(sentence, tokens):
    assert tokenise(sentence) == tokens


def test_case_is_kept_if_asked():
    assert tokenise("Ein Mann", lower=False) == ["Ein", "Mann"]


@pytest.mark.parametrize("sentence", ["A man, (he) runs.", 'He said "stop!" twice.', "50% of dogs don't: why?", ""])
def test_joining_makes_a_readable_sentence_again(sentence):
    assert joined(tokenise(sentence, lower=False)) == sentence
    assert tokenise(joined(tokenise(sentence))) == tokenise(sentence)
