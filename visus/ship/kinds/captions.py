"""A captioner on disk, and what it is for: to say in a sentence what a picture shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...data.decode import Frame, UnreadablePictureError, read, read_array
from ...data.vocabulary import Vocabulary
from ...data.words import joined
from ...decoding import beam, greedy, sample
from ...decoding._walk import Decoded
from ...recipes import caption as recipe
from .. import model as ship

COMMAND = "visus predict"
BEAM = 3  # beginnings that are kept unless another number is asked for
LIMITS = """It says what pictures like those it was trained on usually show, in their words, and is just as fluent where
it is wrong: it does not know what it does not see. What people in a picture are, do or feel is a guess. Its figures
hold for pictures and captions like those it was tested on."""


@dataclass(frozen=True)
class Caption:
    """What is said of one picture.

    words: without START and END. chances: the probability of each word given those before it; end: that of the end
    after them. maps: how much each place of the grid was looked at for each word, (T, h, w), or None without attention.
    """

    words: list[str]
    chances: list[float]
    end: float
    maps: Tensor | None

    @property
    def sentence(self) -> str:
        """The words as a readable sentence."""
        return joined(self.words)

    @property
    def probability(self) -> float:
        """The geometric mean of the chances of the words and the end: a sentence's own falls with its length."""
        nats = np.log(np.maximum([*self.chances, self.end], 1e-30))
        return float(np.exp(nats.mean()))


@dataclass(frozen=True)
class Way:
    """How words are chosen.

    beam: beginnings kept, 1 is greedy. drawn: draw each word by its chance instead, with temperature, top_k and nucleus
    as in `decoding.sample`; the same seed draws the same.
    """

    beam: int = BEAM
    drawn: bool = False
    temperature: float = 1.0
    top_k: int = 0
    nucleus: float = 1.0
    seed: int = 0

    def __str__(self) -> str:
        if self.drawn:
            return f"drawing each word (temperature {self.temperature:g}, seed {self.seed})"
        return "the likeliest word at each step" if self.beam == 1 else f"beam search of width {self.beam}"


class Captioner:
    """A captioner ready to be used: the same decoding of files, size and scaling as in training."""

    def __init__(self, network: Any, vocabulary: Vocabulary, facts: Mapping[str, Any]) -> None:
        self.network, self.vocabulary, self.facts = network.eval(), vocabulary, dict(facts)
        self.frame = Frame(facts["image"][1], facts["image"][2], facts["framing"])

    @property
    def attends(self) -> bool:
        """Whether it looks at places of the picture word by word."""
        grid = torch.zeros(1, *self.facts["backbone"]["features"])
        with torch.no_grad():
            return self.network.attention(grid, torch.full((1, 1), self.vocabulary.start)) is not None

    def look(self, pictures: str | Path | Sequence[str | Path], way: Way | None = None) -> Iterator[ship.Prediction]:
        """One prediction a file, in order, its sentence for a label; a file that cannot be read is named in `error`."""
        for paths in _some(ship.files(pictures)):
            readable: dict[Path, NDArray[np.uint8]] = {}
            errors: dict[Path, str] = {}
            for path in paths:
                try:
                    readable[path] = read(path, self.frame)
                except UnreadablePictureError as error:
                    errors[path] = str(error)
            said = dict(zip(readable, self.captions(stacked(readable.values()), way), strict=True)) if readable else {}
            for path in paths:
                yield ship.Prediction(str(path), error=errors[path]) if path in errors else _predicted(path, said[path])

    def predict(self, pictures: ship.Pictures, way: Way | None = None) -> list[str]:
        """A sentence for each picture: files, a folder, one file, or an array uint8 (N, H, W) or (N, H, W, 3).

        Raises UnreadablePictureError at the first picture that cannot be read; `look` names and passes over it.
        """
        if isinstance(pictures, np.ndarray):
            framed = [read_array(image, self.frame) for image in pictures]
            return [said.sentence for some in _some(framed) for said in self.captions(stacked(some), way)]
        found = []
        for prediction in self.look(pictures, way):
            if prediction.error:
                raise UnreadablePictureError(prediction.error)
            found.append(prediction.label)
        return found

    @torch.no_grad()
    def captions(self, images: Tensor, way: Way | None = None) -> list[Caption]:
        """What is said of images uint8 (B, 3, H, W) of the model's size.

        Raises ValueError for a beam wider than the vocabulary and other settings that cannot be.
        """
        features = self.network.see(images)
        tokens = self._say(features, way or Way()).tokens
        before = torch.cat([tokens.new_full((len(tokens), 1), self.vocabulary.start), tokens[:, :-1]], 1)
        chances = self._chances(features, before).gather(2, tokens[:, :, None])[:, :, 0]  # (B, T)
        maps = self.network.attention(features, before)
        return [self._caption(tokens, chances, maps, row) for row in range(len(tokens))]

    def _say(self, features: Tensor, way: Way) -> Decoded:
        start = torch.full((len(features),), self.vocabulary.start, device=features.device)
        asked = (
            self.network.step,
            self.network.begin(features),
            start,
            self.vocabulary.end,
            int(self.facts["longest"]),
        )
        if way.drawn:
            return sample.decode(
                *asked, temperature=way.temperature, top_k=way.top_k, nucleus=way.nucleus, seed=way.seed
            )
        return greedy.decode(*asked) if way.beam == 1 else beam.decode(*asked, width=way.beam)

    def _chances(self, features: Tensor, before: Tensor) -> Tensor:
        """The probability of every word at each step, given those before it: (B, T, V)."""
        state, steps = self.network.begin(features), []
        for words in before.unbind(1):
            log_probabilities, state = self.network.step(words, state)
            steps.append(log_probabilities.exp())
        return torch.stack(steps, 1)

    def _caption(self, tokens: Tensor, chances: Tensor, maps: Tensor | None, row: int) -> Caption:
        ids = tokens[row].tolist()
        n = ids.index(self.vocabulary.end) if self.vocabulary.end in ids else len(ids)
        words = [self.vocabulary.tokens[i] for i in ids[:n]]
        own = chances[row].tolist()
        # a sentence that was cut off at its greatest length has no end whose chance could be told
        return Caption(words, own[:n], own[n] if n < len(ids) else 1.0, None if maps is None else maps[row, :n].cpu())


def stacked(pictures: Any) -> Tensor:
    """Pictures uint8 (H, W, 3) of one size -> (N, 3, H, W)."""
    return torch.from_numpy(np.stack(list(pictures))).permute(0, 3, 1, 2).contiguous()


def _some(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """As many at a time as are described at once."""
    return (items[first : first + ship.BATCH] for first in range(0, len(items), ship.BATCH))


def save(folder: Path, task: Any, settings: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write the model folder of a trained Caption task; see the folder's own docstring."""
    facts = recipe.model_facts(task, settings)
    network: nn.Module = task.model
    return ship.save(folder, network, facts, card(folder.name, facts, stages))


def load(folder: str | Path) -> Captioner:
    """The captioner in a run folder or a model folder. Raises FileNotFoundError or ValueError, with the next step."""
    facts, weights = ship.contents(folder)
    if facts.get("tells") != recipe.SUBJECT:
        raise ValueError(f"{folder} holds no captioner but a model of something else; its card.md says what it tells")
    with ship.whole(folder):
        network, vocabulary = recipe.rebuild(facts)
        network.load_state_dict(weights)
    return Captioner(network, vocabulary, facts)


def card(name: str, facts: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown from what the run knows. facts: of the model; stages: details of the playbook's verdicts."""
    _, height, width = facts["image"]
    backbone = facts["backbone"]
    train, test, baselines = (stages.get(stage, {}) for stage in ("train", "test", "baselines"))
    d, h, w = backbone["features"]
    lines = [
        f"# {name}",
        "",
        f"A `{facts['model']}` captioner of {len(facts['vocabulary']['tokens'])} words.",
        f"It sees {h} x {w} places of a picture, {d} features of each, by a `{backbone['model']}`.",
        f"Pictures are decoded upright to RGB and brought to {height} x {width} pixels ({facts['framing']}).",
        "",
        "## Trained on",
        "",
        f"{facts['data']}{_sizes(stages.get('split', {}))}.",
        "",
        "## How good it is",
        "",
    ]
    if "values" in test:
        figures = ", ".join(f"{name} {_figure(name, value)}" for name, value in test["values"].items())
        low, high = test["low"], test["high"]
        lines.append(
            f"On {test['n']} test pictures: {figures}. The 95 % interval of CIDEr is {low:.2f} to {high:.2f}. "
            f"Captions were made by {test['way']}."
        )
    elif "best" in train:
        lines.append(f"Validation: {-train['best']:.3f} nats per word; not tested.")
    else:
        lines.append("Not measured yet.")
    shown = [f"{name} {value:.2f}" for name, value in baselines.items() if isinstance(value, float)]
    lines += [f"CIDEr without learning, on validation: {', '.join(shown)}."] if shown else []
    return "\n".join([*lines, "", "## What it is not for", "", LIMITS, ""])


def _figure(name: str, value: float) -> str:
    """CIDEr as it is, shares times 100, as papers print both."""
    return f"{value:.2f}" if name == "CIDEr" else f"{100 * value:.1f}"


def _sizes(split: Mapping[str, Any]) -> str:
    parts = [f"{split[part]:,} for {part}" for part in ("train", "validation", "test") if split.get(part)]
    return f": {', '.join(parts)} pictures" if parts else ""


def _predicted(path: Path, said: Caption) -> ship.Prediction:
    words = list(zip(said.words, said.chances, strict=True))
    return ship.Prediction(str(path), said.sentence, said.probability, words=words)
