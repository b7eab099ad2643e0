"""A language model on disk, and what it is for: to write on, and to tell how surprising a text is."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...data.text import encoded
from ...data.vocabulary import Vocabulary
from ...decoding.sample import check_settings, draws
from ...models.sequence.language import LanguageModel
from ...recipes import char_lstm
from .. import model as ship

COMMAND = "visus sample"
NO_END = -1  # a text goes on until enough of it was made
NEW_LINE = "\n"  # what a text begins behind where no prompt is given
LIMITS = """It writes what looks like its training text, without knowing what is true. Its figures hold for text like
that it was tested on; measure again for another kind (`visus evaluate`). What it writes may repeat passages of its
training text word for word."""


class TextModel:
    """A language model ready to be used."""

    def __init__(self, network: LanguageModel, vocabulary: Vocabulary, facts: Mapping[str, Any]) -> None:
        self.network, self.vocabulary, self.facts = network.eval(), vocabulary, dict(facts)

    def stream(
        self,
        prompt: str = "",
        length: int = 500,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        nucleus: float = 1.0,
        seed: int = 0,
    ) -> Iterator[str]:
        """`length` characters that go on from the prompt, one by one as they are made; the same seed, the same ones.

        temperature, top_k, nucleus: as in decoding.sample. Raises ValueError, before the first, for symbols in the
        prompt that the model does not know, and for settings that cannot be.
        """
        if length < 1:
            raise ValueError(f"length must be at least 1 character; got {length}")
        check_settings(temperature, top_k, nucleus)
        state, last = self._read(prompt or self.beginning)
        settings: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "nucleus": nucleus, "seed": seed}
        drawn = draws(self.network.step, state, last, NO_END, length, **settings)
        return (self.vocabulary.tokens[int(symbol)] for symbol, _ in drawn)

    def sample(self, prompt: str = "", length: int = 500, **settings: Any) -> str:
        """What `stream` makes, as one text without the prompt."""
        return "".join(self.stream(prompt, length, **settings))

    @torch.no_grad()
    def surprises(self, text: str) -> Tensor:
        """Nats of each character given all before it, float32 (N - 1,): the first has nothing before it.

        Raises ValueError for a text of less than two characters, or with symbols that the model does not know.
        """
        if len(text) < 2:
            raise ValueError(f"a text of {len(text)} characters has none to tell from those before; give a longer one")
        return self.network.surprises(encoded(text, self.vocabulary).long())

    def nats(self, text: str) -> float:
        """How surprising a text is: mean nats per character; less is likelier."""
        return float(self.surprises(text).double().mean())

    @property
    def beginning(self) -> str:
        """What stands before a text that begins from nothing: a new line, where the model knows one."""
        return NEW_LINE if NEW_LINE in self.vocabulary else self.vocabulary.tokens[0]

    def _read(self, prompt: str) -> tuple[tuple[Tensor, ...], Tensor]:
        """The state after all but the prompt's last symbol, and that symbol, (1,)."""
        symbols = encoded(prompt, self.vocabulary).long()[None]
        return self.network.read(symbols[:, :-1]), symbols[:, -1]


def save(folder: Path, task: Any, settings: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write the model folder of a trained Language task; see the folder's own docstring."""
    facts = char_lstm.model_facts(task.data.prepared, settings)
    return ship.save(folder, task.model, facts, card(folder.name, facts, stages))


def load(folder: str | Path) -> TextModel:
    """The language model in a run folder or a model folder. Raises FileNotFoundError or ValueError, with the next
    step."""
    facts, weights = ship.contents(folder)
    if facts.get("tells") != char_lstm.SUBJECT:
        raise ValueError(f"{folder} holds no language model but one of pictures or other sequences; see its card.md")
    with ship.whole(folder):
        network, vocabulary = char_lstm.rebuild(facts)
        network.load_state_dict(weights)
    return TextModel(network, vocabulary, facts)


def card(name: str, facts: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown from what the run knows. facts: of the model; stages: details of the playbook's verdicts."""
    settings, known = facts["settings"], len(facts["vocabulary"]["tokens"])
    train, test, baselines = (stages.get(stage, {}) for stage in ("train", "test", "baselines"))
    layers = f"{settings['layers']} layer{'s' * (settings['layers'] != 1)}"
    lines = [
        f"# {name}",
        "",
        f"A language model of {known} characters: {layers} of {settings['hidden']} {settings['cell']} units.",
        "",
        "## Trained on",
        "",
        f"{facts['data']}{_sizes(stages.get('split', {}))}.",
        "",
        "## How good it is",
        "",
    ]
    if "nats" in test:
        interval = f" (95 % interval {test['low']:.3f} to {test['high']:.3f})" if "low" in test else ""
        lines.append(f"Test: {test['nats']:.3f} nats per character{interval}.")
    elif "best" in train:
        lines.append(f"Validation: {-train['best']:.3f} nats per character; not tested.")
    else:
        lines.append("Not measured yet.")
    shown = [f"{name} {value:.3f}" for name, value in baselines.items() if isinstance(value, float)]
    lines += [f"Baselines on validation, in nats: {', '.join(shown)}."] if shown else []
    return "\n".join([*lines, "", "## What it is not for", "", LIMITS, ""])


def _sizes(split: Mapping[str, Any]) -> str:
    parts = [f"{split[part]:,} for {part}" for part in ("train", "validation", "test") if split.get(part)]
    return f": {', '.join(parts)} characters" if parts else ""
