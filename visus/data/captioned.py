"""Pictures with sentences, ready to be learned from: opened, looked at, split by picture, sentences as numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import captions as importers
from . import prepare as looking
from ._folder import modules
from .audit._gather import gather
from .batches import Prepared
from .captions._captions import Captions
from .collection import TRAIN, Collection, Files
from .decode import Frame
from .named import cache
from .named_text import place
from .split import Split
from .vocabulary import Vocabulary
from .words import tokenise

SIDE = 64  # pixels that pictures are brought to unless asked otherwise: a grid of 7 x 7 features of `visus-small`
THRESHOLD = 5  # times a word is seen in training to be in the vocabulary (Karpathy and Fei-Fei, 2015)
LONGEST = 25  # words of a sentence that are learned from; of Flickr8k's captions one in a hundred is longer
NAMED = "flickr8k"
FEWEST = 6  # pictures: two of each stratum for each part


@dataclass(frozen=True)
class Captioned:
    """Pictures and what is said of them.

    pictures: decoded or to be decoded, in three parts; its labels are strata of short and long descriptions that the
    split kept alike, nothing to be told. sentences, words: of N pictures, each its sentences, as written and as tokens.
    vocabulary: of the training part's words alone. longest: tokens of a sentence that are learned from. each: sentences
    of a training picture that are learned from, the first ones; 0 for all. problems: what was left out.
    """

    pictures: Prepared
    sentences: Sequence[Sequence[str]] = field(repr=False)
    words: Sequence[Sequence[Sequence[str]]] = field(repr=False)
    vocabulary: Vocabulary = field(repr=False)
    threshold: int = THRESHOLD
    longest: int = LONGEST
    each: int = 0
    problems: Sequence[str] = field(default=())

    def __deepcopy__(self, memo: dict[int, Any]) -> "Captioned":
        return self  # examinations copy tasks; what is never changed is shared

    @property
    def origin(self) -> str:
        """Where it came from: a path, or the name of a set."""
        return self.pictures.collection.origin

    @property
    def split(self) -> Split:
        """Rows of the three parts; `hash` is made of what the pictures show."""
        return self.pictures.split

    @property
    def image(self) -> tuple[int, int, int]:
        return self.pictures.image

    @property
    def frame(self) -> Frame:
        return self.pictures.frame

    def rows(self, part: str) -> NDArray[np.int64]:
        """Rows of the pictures of 'train', 'validation' or 'test'."""
        return self.pictures.rows(part)

    def references(self, part: str) -> list[Sequence[str]]:
        """The sentences, as written, of each picture of a part, in its order."""
        return [self.sentences[row] for row in self.rows(part)]

    def names(self, part: str) -> list[str]:
        """The names of the pictures of a part, in its order."""
        return [self.pictures.collection.names[row] for row in self.rows(part)]

    def pairs(self, part: str) -> NDArray[np.int64]:
        """(P, 2): row of a picture and number of one of its sentences, of a part in its order."""
        most = self.each if part == TRAIN and self.each else None
        found = [(row, number) for row in self.rows(part).tolist() for number in range(len(self.words[row][:most]))]
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    def coded(self, pair: Sequence[int]) -> list[int]:
        """A sentence as indices of the vocabulary, without START and END, at most `longest`."""
        row, number = int(pair[0]), int(pair[1])
        return self.vocabulary.encode(self.words[row][number][: self.longest])

    def limited(self, train: int | None = None, validation: int | None = None) -> "Captioned":
        """The same with at most so many training and validation pictures; the vocabulary stays."""
        return replace(self, pictures=self.pictures.limited(train, validation))

    def with_each(self, each: int) -> "Captioned":
        """The same with at most so many sentences of a training picture, 0 for all."""
        return replace(self, each=each)

    def without_test(self) -> "Captioned":
        """The same without its test pictures: neither these nor their sentences are in what comes back."""
        rows = np.sort(np.concatenate([self.split.train, self.split.validation])).tolist()
        return replace(
            self,
            pictures=self.pictures.without_test(),
            sentences=[self.sentences[row] for row in rows],
            words=[self.words[row] for row in rows],
        )

    def facts(self) -> dict[str, Any]:
        """Figures of the data, by part: pictures, sentences, words, share of words that the vocabulary knows."""
        found: dict[str, Any] = {"vocabulary": len(self.vocabulary), "threshold": self.threshold}
        for part in ("train", "validation", "test"):
            spoken = [words for row in self.rows(part) for words in self.words[row]]
            lengths = [len(words) for words in spoken]
            found[part] = {
                "pictures": len(self.rows(part)),
                "sentences": len(spoken),
                "median_words": median(lengths) if lengths else 0,
                "most_words": max(lengths, default=0),
                "cut_off": sum(length > self.longest for length in lengths),
                "coverage": self.vocabulary.coverage(spoken),
            }
        return found


def open_captions(source: str | Path) -> Captions:
    """The pictures with captions called `source` (flickr8k) or lying there: a caption file, or the folder with one.

    Raises LookupError or FileNotFoundError for what is neither, ValueError for what is there but holds no captions.
    """
    named = isinstance(source, str) and source == NAMED
    path = place(NAMED) if named else Path(source).expanduser()
    if not path.exists():
        if path.name == str(source):
            raise LookupError(f"no captions are called '{source}', nor is there such a path; known by name: {NAMED}")
        raise FileNotFoundError(f"there is no '{source}'; check the path")
    for importer in modules(importers):
        if importer.recognises(path):
            found = importer.read(path)
            assert isinstance(found, Captions)
            return replace(found, origin=NAMED) if named else found
    cards = [(importer.__doc__ or "").partition("\n")[0].partition(":")[0] for importer in modules(importers)]
    raise ValueError(f"{path} holds no captions that can be read here; understood are: {'; '.join(cards)}")


def prepare_captions(
    source: str | Path | Captions,
    size: int = SIDE,
    framing: str = "crop",
    seed: int = 0,
    memory_gib: float = 2.0,
    threshold: int = THRESHOLD,
    longest: int = LONGEST,
) -> Captioned:
    """Open, look at every picture, leave out the unreadable, split by picture, take the training part's vocabulary.

    A split that the set states is kept; else near-duplicate pictures stay on one side. Raises as `open_captions` does,
    and ValueError for too few pictures or a threshold that leaves no word.
    """
    found = source if isinstance(source, Captions) else open_captions(source)
    said = dict(zip(found.names, found.sentences, strict=True))
    words = {name: [tokenise(sentence) for sentence in own] for name, own in said.items()}
    frame = Frame(size, size, framing)
    collection = _collection(found, [float(np.mean([len(s) for s in words[name]])) for name in found.names])
    kept = frame if looking.fits(collection, frame, memory_gib) else None
    gathered = gather(collection, kept, cache=cache())
    unreadable = [seen.error for seen in gathered.evidence.observations if seen.error]
    n_there = len(collection) - len(unreadable)
    if n_there < FEWEST:
        raise ValueError(
            f"{found.origin} describes {n_there} pictures that can be read; at least {FEWEST} are needed for a "
            "training, a validation and a test part"
        )
    try:
        division = looking.divide(gathered, seed)
    except ValueError as error:
        raise ValueError(f"{found.origin} cannot be split into three parts: {error}") from None
    pictures = looking.finish(gathered, frame, division)
    names = pictures.collection.names
    return _with_vocabulary(
        pictures,
        [said[name] for name in names],
        [words[name] for name in names],
        threshold,
        longest,
        [*found.problems, *unreadable],
    )


def _with_vocabulary(
    pictures: Prepared,
    sentences: Sequence[Sequence[str]],
    words: Sequence[Sequence[Sequence[str]]],
    threshold: int,
    longest: int,
    problems: Sequence[str],
) -> Captioned:
    spoken = [sentence[:longest] for row in pictures.rows(TRAIN) for sentence in words[row]]
    vocabulary = Vocabulary.of_words(spoken, threshold)
    if not any(word in vocabulary for sentence in spoken for word in sentence):
        most = max(Counter(word for sentence in spoken for word in sentence).values(), default=0)
        raise ValueError(
            f"no word is seen {threshold} times in the training captions of {pictures.collection.origin}, the most "
            f"frequent one {most} times; set threshold={max(1, most)} or lower"
        )
    return Captioned(pictures, sentences, words, vocabulary, threshold, longest, problems=problems)


def _collection(found: Captions, lengths: Sequence[float]) -> Collection:
    """The pictures with strata of short and long descriptions for classes."""
    middle = median(lengths)
    labels = np.array([length > middle for length in lengths], dtype=np.int64)
    if labels.sum() < 3:  # all alike: any halves will do
        labels = np.arange(len(lengths), dtype=np.int64) % 2
    return Collection(
        found.origin,
        Files(list(found.paths)),
        list(found.names),
        labels,
        ("short descriptions", "long descriptions"),
        splits=found.splits,
        problems=found.problems,
    )
