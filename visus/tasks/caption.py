"""Caption: say in a sentence what a picture shows."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..decoding import greedy
from ..decoding._walk import Decoded, State
from ..engine.objective import Batch, OptimizerFactory, Terms
from ..engine.task import evaluating
from ..losses.sequence import temporal_cross_entropy
from ..metrics.bleu import bleu
from ._telling import Telling


class Told(Protocol):
    """What a captioner answers: see models.captioners."""

    @property
    def scores(self) -> Tensor: ...
    @property
    def weights(self) -> Tensor | None: ...
    @property
    def chosen(self) -> Tensor | None: ...


class Describer(Protocol):
    """What the model offers: see models.captioning."""

    def see(self, images: Tensor) -> Tensor: ...
    def begin(self, features: Tensor) -> State: ...
    def step(self, words: Tensor, state: State) -> tuple[Tensor, State]: ...
    def captioner(self, features: Tensor, words: Tensor) -> Told: ...


class Spoken(Protocol):
    """The words: see data.vocabulary. What is asked of it here."""

    def __len__(self) -> int: ...
    @property
    def pad(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    def encode(self, tokens: Sequence[str]) -> list[int]: ...
    def decode(self, ids: Sequence[int]) -> list[str]: ...


class Described(Protocol):
    """Pictures with sentences in three parts: see data.caption_batches."""

    steps_per_epoch: int
    sees_pictures: bool

    def batches(self, start: int = 0) -> Iterator[Batch]: ...
    def sources(self, step: int) -> list[str]: ...
    def names(self, name: str, limit: int | None = None) -> list[str]: ...
    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]: ...
    def tokenised(self, name: str, limit: int | None = None) -> Iterator[tuple[Tensor, list[Sequence[Sequence[str]]]]]:
        """One pass over the pictures of a part: what is seen of them (B, ...), and the sentences of each, in words."""
        ...


class Caption(Telling):
    """Descend the nats of each word of a caption given the picture and the words before it (teacher forcing).

    vocabulary: its words; the loss of what stands behind END does not count. smoothing: of the targets. longest: words
    of a sentence that is made. doubly_stochastic: weight of the penalty that has each place looked at about equally
    often over a sentence (Xu et al., 2015, equation 14). reinforce, entropy: weights of the terms that teach where to
    look, for a captioner that draws its places (equation 12). written: words -> a readable sentence.
    """

    NAME = "caption"
    TRAIN_SAMPLE = 500  # captions
    data: Described
    SPOKEN_SAMPLE = 100  # validation pictures described at each evaluation
    COMPARED, SHOWN = 24, 3  # of these, written down for the doctor, and for people
    surrogates = ("reinforce",)

    def __init__(
        self,
        model: nn.Module,
        data: Described,
        vocabulary: Spoken,
        optimizer: OptimizerFactory,
        *,
        longest: int,
        smoothing: float = 0.0,
        doubly_stochastic: float = 0.0,
        reinforce: float = 1.0,
        entropy: float = 0.01,
        written: Callable[[Sequence[str]], str] = " ".join,
        **descent: Any,
    ) -> None:
        super().__init__(model, data, optimizer, len(vocabulary), **descent)
        self.vocabulary, self.longest = vocabulary, longest
        self.smoothing, self.doubly_stochastic = smoothing, doubly_stochastic
        self.reinforce, self.entropy, self.written = reinforce, entropy, written

    @property
    def network(self) -> Describer:
        """The model, as what it offers."""
        return self.model  # type: ignore[return-value]

    def features(self, seen: Tensor) -> Tensor:
        """What the captioner is given, (B, D, h, w): of pictures, or as it was kept."""
        return self.network.see(seen) if self.data.sees_pictures else seen

    def surprise(self, batch: Batch) -> Terms:
        """Nats of a word, PAD not counted, and what attention adds. batch: seen (B, ...), inputs, targets (B, T)."""
        seen, inputs, targets = batch
        told = self.network.captioner(self.features(seen), inputs)
        real = targets != self.vocabulary.pad
        loss = temporal_cross_entropy(told.scores, targets, mask=real, smoothing=self.smoothing)
        terms = {"cross_entropy": loss}
        if told.weights is not None and self.doubly_stochastic:
            terms["doubly_stochastic"] = self.doubly_stochastic * unevenness(told.weights, real)
        if told.weights is not None and told.chosen is not None:
            terms |= self._where_to_look(told.scores, told.weights, told.chosen, targets, real)
        return terms

    def _where_to_look(self, scores: Tensor, weights: Tensor, chosen: Tensor, targets: Tensor, real: Tensor) -> Terms:
        """REINFORCE: draws that made the words from there on likelier than in other captions become likelier.

        Source: Williams, 1992. The baseline is not the running mean of Xu et al., which lags behind a loss that falls
        fast, but the mean of the batch's other captions at the same step, which leaves the gradient unbiased.
        """
        wide = scores.detach().to(torch.promote_types(scores.dtype, torch.float32))
        gained = -nn.functional.cross_entropy(wide.transpose(1, 2), targets, reduction="none") * real  # (B, T)
        left = real.flip(1).cumsum(1).flip(1).clamp_min(1)  # words from each one on
        reward = gained.flip(1).cumsum(1).flip(1) / left  # the mean of their log-likelihoods
        others = real.sum(0, keepdim=True) - 1
        usual = (reward.sum(0, keepdim=True) - reward) / others.clamp_min(1)
        advantage = (reward - usual) * (real & (others > 0))
        chances = weights.clamp_min(1e-8).log()  # (B, T, L)
        drawn = chances.gather(2, chosen[:, :, None])[:, :, 0]
        spread = -(weights * chances).sum(2) * real
        n = real.sum()
        return {
            "reinforce": -self.reinforce * (advantage * drawn).sum() / n,
            "entropy": -self.entropy * spread.sum() / n,
        }

    def evaluate(self) -> dict[str, float]:
        return super().evaluate() | {"validation_bleu4": self.bleu("validation", self.SPOKEN_SAMPLE)}

    def nats(self, name: str, limit: int | None = None) -> float:
        """Mean nats of a word in the captions of a part, teacher-forced; NaN for an empty part."""
        nats, words, _ = self.totals(name, limit)
        return nats / words if words else math.nan

    def totals(self, name: str, limit: int | None = None) -> tuple[float, int, int]:
        """Nats of all words of a part's captions, how many words these are, END among them, and how many captions."""
        nats, words, captions = 0.0, 0, 0
        for seen, inputs, targets in self.data.part(name, limit):
            with evaluating(self), self.precision.autocast(self.device.type):
                told = self.network.captioner(self.features(seen.to(self.device)), inputs.to(self.device))
            count = int((targets != self.vocabulary.pad).sum())
            loss = temporal_cross_entropy(told.scores.float(), targets.to(self.device), ignore=self.vocabulary.pad)
            nats, words, captions = nats + float(loss) * count, words + count, captions + len(targets)
        return nats, words, captions

    @property
    def answering(self) -> nn.Module:
        """The part of the model that is called with what was seen and answers in words: what the doctor listens to."""
        return self.model.get_submodule("captioner")

    def say(self, features: Tensor) -> Decoded:
        """The sentences that greedy decoding makes of features (B, D, h, w)."""
        with evaluating(self), self.precision.autocast(self.device.type):
            start = torch.full((len(features),), self.vocabulary.start, device=self.device)
            network = self.network
            return greedy.decode(network.step, network.begin(features), start, self.vocabulary.end, self.longest)

    def said(self, name: str, limit: int | None = None) -> tuple[list[list[str]], list[Sequence[Sequence[str]]]]:
        """The words said of each picture of a part, by greedy decoding, and those of its own sentences."""
        made: list[list[str]] = []
        known: list[Sequence[Sequence[str]]] = []
        for seen, references in self.data.tokenised(name, limit):
            with evaluating(self), self.precision.autocast(self.device.type):
                features = self.features(seen.to(self.device))
            made += [self.vocabulary.decode(row) for row in self.say(features).tokens.tolist()]
            known += references
        return made, known

    def bleu(self, name: str, limit: int | None = None) -> float:
        """BLEU-4 of a part's pictures, from 0 to 100, in the vocabulary's words; 0 for an empty part."""
        made, known = self.said(name, limit)
        return bleu(made, known).score if made else 0.0

    def illustrate(self) -> dict[str, str]:
        """What is said of the first validation pictures now, by their names."""
        made, _ = self.said("validation", self.SHOWN)
        return dict(zip(self.data.names("validation", self.SHOWN), map(self.written, made), strict=True))

    def free_running(self) -> dict[str, list[list[int]]]:
        """For the doctor: what is written of some validation pictures, of each one's sentences the one most like that,
        and the best guess at each of its words given those before it."""
        found: dict[str, list[list[int]]] = {"written": [], "expected": [], "forced": []}
        for seen, references in self.data.tokenised("validation", self.COMPARED):
            with evaluating(self), self.precision.autocast(self.device.type):
                features = self.features(seen.to(self.device))
            made = self.say(features).rows(self.vocabulary.end)
            known = [
                max((self.vocabulary.encode(words[: self.longest]) for words in own), key=partial(_shared, row))
                for own, row in zip(references, made, strict=True)
            ]
            longest = max(map(len, known))
            fill = [[self.vocabulary.start, *one] + [self.vocabulary.pad] * (longest - len(one)) for one in known]
            with evaluating(self), self.precision.autocast(self.device.type):
                told = self.network.captioner(features, torch.tensor(fill, device=self.device))
            found["forced"] += [row[: len(one)] for row, one in zip(told.scores.argmax(2).tolist(), known, strict=True)]
            found["written"] += made
            found["expected"] += known
        return found


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Words that two sentences have in common."""
    return (Counter(one) & Counter(other)).total()


def unevenness(weights: Tensor, real: Tensor) -> Tensor:
    """Mean of (1 - L/T sum_t p_ti)^2 over places, averaged over the batch: 0 if each place had its share of T words.

    weights: (B, T, L); real: bool (B, T), the words that count. Xu et al., 2015, equation 14, where a place's share is
    1 whatever the sentence's length; here it is T / L, so that short sentences can reach 0.
    """
    looked = (weights * real[:, :, None]).sum(1)  # (B, L)
    share = real.sum(1, keepdim=True).clamp_min(1) / weights.shape[2]
    return (1 - looked / share).square().mean()
