"""A translator on disk, and what it is for: to say a sentence in another language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...data.pairs import padded
from ...data.vocabulary import Vocabulary
from ...data.words import joined, tokenise
from ...decoding import beam
from ...models.sequence.encoder_decoder import NEVER, EncoderDecoder
from ...recipes import translate as recipe
from .. import model as ship

COMMAND = "visus translate"
BEAM, ALPHA = 5, 1.0  # beginnings that are kept, and the strength of the length penalty
MOST = 100  # words of a translation; one limit for all, or the answer would hang on its neighbours in the batch
BATCH = 64  # sentences translated at once
LIMITS = """It always answers, in whole sentences that may be wrong: it makes up what it has not seen, and it does not
know words that were rare in training. Its figures hold for sentences like those it was tested on, and for nothing
longer."""


@dataclass(frozen=True)
class Translation:
    """source, words: as the model reads and writes them. score: nats, the sum of log-probabilities. weights: where it
    looked for each word and for the end, float32 (T + 1, S + 1), or None without attention; the last place of the
    source is its end."""

    source: list[str]
    words: list[str]
    score: float
    weights: Tensor | None

    @property
    def sentence(self) -> str:
        """The translation as people write it."""
        return joined(self.words)


class Translator:
    """A translation model ready to be used. languages: from and to."""

    def __init__(self, network: EncoderDecoder, source: Vocabulary, target: Vocabulary, facts: Mapping[str, Any]):
        self.network, self.source, self.target = network.eval(), source, target
        self.facts, self.languages = dict(facts), tuple(facts["languages"])
        # What is not known cannot be written: the next best word says more than a hole.
        self.network.avoids = [*NEVER, target.unknown]

    def translate(self, sentences: Sequence[str], beam: int = BEAM, alpha: float = ALPHA) -> list[str]:
        """One translation a sentence, in order; an empty sentence stays empty."""
        return [one.sentence for one in self.look(sentences, beam, alpha)]

    @torch.no_grad()
    def look(self, sentences: Sequence[str], width: int = BEAM, alpha: float = ALPHA) -> list[Translation]:
        """The same with words, score and where the model looked.

        width: of the beam, 1 is greedy. Raises ValueError for a beam wider than the vocabulary.
        """
        words = [tokenise(sentence, bool(self.facts["lower"])) for sentence in sentences]
        found: list[Translation] = [Translation([], [], 0.0, None) for _ in words]
        places = sorted((i for i, own in enumerate(words) if own), key=lambda i: len(words[i]))
        for first in range(0, len(places), BATCH):
            some = places[first : first + BATCH]
            source = padded([[*self.source.encode(words[i]), self.source.end] for i in some])
            start = torch.full((len(some),), self.target.start)
            state = self.network.starts(source)
            decoded = beam.decode(self.network.step, state, start, self.target.end, MOST, width=width, alpha=alpha)
            looked = self._weights(source, decoded.tokens)
            for row, (i, ids) in enumerate(zip(some, decoded.rows(self.target.end), strict=True)):
                weights = None if looked is None else looked[row, : len(ids) + 1, : len(words[i]) + 1]
                found[i] = Translation(words[i], self.target.decode(ids), float(decoded.scores[row]), weights)
        return found

    def unknown(self, sentence: str) -> list[str]:
        """The words of a sentence that the model has not learned."""
        return [word for word in tokenise(sentence, bool(self.facts["lower"])) if word not in self.source]

    def _weights(self, source: Tensor, tokens: Tensor) -> Tensor | None:
        """Where the decoder looked for each of these words, (B, T, S), found by giving it its own words."""
        before = torch.cat([tokens.new_full((len(tokens), 1), self.target.start), tokens], 1)
        weights = self.network.scores_and_weights(source, before)[1]
        return None if weights is None else weights.float()


def save(folder: Path, task: Any, settings: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write the model folder of a trained Translate task; see the folder's own docstring."""
    facts = recipe.model_facts(task.data.prepared, settings)
    return ship.save(folder, task.model, facts, card(folder.name, facts, stages))


def load(folder: str | Path) -> Translator:
    """The translator in a run folder or a model folder. Raises FileNotFoundError or ValueError, with the next step."""
    facts, weights = ship.contents(folder)
    if facts.get("tells") != recipe.SUBJECT:
        raise ValueError(f"{folder} holds no translator but a model of something else; its card.md says what it tells")
    with ship.whole(folder):
        network, source, target = recipe.rebuild(facts)
        network.load_state_dict(weights)
    return Translator(network, source, target, facts)


def card(name: str, facts: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown from what the run knows. facts: of the model; stages: details of the playbook's verdicts."""
    settings = facts["settings"]
    train, test, baselines = (stages.get(stage, {}) for stage in ("train", "test", "baselines"))
    known = [len(facts[f"{side}_vocabulary"]["tokens"]) for side in ("source", "target")]
    looking = {"none": "no attention"}.get(settings["attention"], f"{settings['attention']} attention")
    what = (
        f"Translates from {facts['languages'][0]} to {facts['languages'][1]}: an encoder and a decoder of "
        f"{settings['hidden']} {settings['cell']} units with {looking}, {known[0]:,} and {known[1]:,} words"
        f"{', all in lower case' if facts['lower'] else ''}."
    )
    lines = [
        f"# {name}",
        "",
        what,
        "",
        "## Trained on",
        "",
        f"{facts['data']}{_sizes(stages.get('split', {}))}.",
        "",
        "## How good it is",
        "",
    ]
    if "bleu" in test:
        interval = f" (95 % interval {test['low']:.1f} to {test['high']:.1f})" if "low" in test else ""
        signature = f", sacrebleu {test['signature']}" if test.get("signature") else ""
        lines.append(f"Test: BLEU {test['bleu']:.1f}{interval}{signature}.")
    elif "best" in train:
        lines.append(f"Validation: {-train['best']:.3f} nats per word; not tested.")
    else:
        lines.append("Not measured yet.")
    shown = [f"{name} {value:.1f}" for name, value in baselines.items() if isinstance(value, float)]
    lines += [f"Without learning, BLEU on validation: {', '.join(shown)}."] if shown else []
    return "\n".join([*lines, "", "## What it is not for", "", LIMITS, ""])


def _sizes(split: Mapping[str, Any]) -> str:
    parts = [f"{split[part]:,} for {part}" for part in ("train", "validation", "test") if split.get(part)]
    return f": {', '.join(parts)} sentences" if parts else ""
