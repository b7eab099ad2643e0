"""What the report of a language model shows, measured once and kept in the run folder: see `keep`.

Everything is of the training and the validation part; the test part is not looked at here.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..data.text import Text
from ..engine.task import Task, evaluating
from ..explain.text.surprise import AROUND, expected, worst
from ..models.sequence import ngram
from ..runs.checkpoint import write_whole
from ..runs.reader import EVIDENCE
from ..ship.kinds.text import TextModel

FACTS, IDS, NATS = "language", "language.ids", "language.nats"  # the key of the facts, and the names of the tensors
TEMPERATURES = (0.5, 0.8, 1.0)
SAMPLE = 600  # characters of each sample
ORDER = 5  # of the n-gram model that a sample is drawn from, to be read beside the network's
KEPT = 20_000  # validation symbols kept, with their nats: for the coloured passage and for `visus explain`
SURPRISES = 10  # most surprising places
SEARCHED = 10_000_000  # training characters that copied passages are searched in, the last ones
CONTEXT = 500  # symbols that a guess at a surprising place is made from


def keep(folder: Path, task_or_model: Task | nn.Module, text: Text, seed: int = 0) -> dict[str, Any]:
    """Measure what the report shows of a language model and write it into the run folder; returns the facts.

    task_or_model: a language task, or its model. text: with the parts it was trained and validated on.
    """
    model: Any = getattr(task_or_model, "model", task_or_model)
    device = next(model.parameters()).device
    train, validation = text.part("train"), text.part("validation")
    with evaluating(model):
        nats = model.surprises(validation.to(device)).double().cpu().numpy()  # of validation[1:]
        surprising = _surprising(model, validation.to(device), nats, text.vocabulary.tokens)
    told = text.vocabulary.tokens
    rivals = ngram.learned(train.numpy(), len(text.vocabulary))
    facts = {
        "symbols": list(told),
        "nats": float(nats.mean()),
        "n": len(nats),
        "baselines": ngram.measured(rivals, validation.numpy()),
        "kinds": kinds("".join(told[i] for i in validation.tolist()), nats),
        "surprising": surprising,
        **_samples(model, text, rivals[ORDER], validation, seed),
    }
    tensors = {IDS: validation[:KEPT].int().contiguous(), NATS: torch.from_numpy(nats[: KEPT - 1]).float()}
    write_whole(folder / EVIDENCE, safetensors.torch.save(tensors, {"facts": json.dumps({FACTS: facts})}))
    return facts


def kinds(text: str, nats: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The mean nats of text[1:] by kind of place: a word's first letter, its later letters, white space, the rest.

    Each with its share of the symbols and of the sum of nats; kinds that do not occur are left out.
    """
    before, here = np.array(list(text[:-1])), np.array(list(text[1:]))
    letter = np.array([c.isalpha() for c in here], bool)
    after_letter = np.array([c.isalpha() for c in before], bool)
    space = np.array([c.isspace() for c in here], bool)
    places = {
        "first letter of a word": letter & ~after_letter,
        "later letters of a word": letter & after_letter,
        "white space and line ends": space,
        "punctuation and digits": ~letter & ~space,
    }
    total = max(float(nats.sum()), 1e-12)
    return [
        {
            "name": name,
            "share": float(at.mean()),
            "nats": float(nats[at].mean()),
            "of_sum": float(nats[at].sum() / total),
        }
        for name, at in places.items()
        if at.any()
    ]


def longest_copy(text: str, source: str) -> str:
    """The longest passage of a text that stands word for word in the source; the first of several; '' if none."""
    best = at = 0
    for start in range(len(text)):
        while start + best < len(text) and text[start : start + best + 1] in source:
            best, at = best + 1, start
    return text[at : at + best]


def _samples(model: nn.Module, text: Text, rival: ngram.NGram, validation: Tensor, seed: int) -> dict[str, Any]:
    """Samples of the network and of the n-gram model, and how long a passage each shares with the training text."""
    writer = TextModel(model, text.vocabulary, {})  # type: ignore[arg-type]
    source = text.written("train")[-SEARCHED:]
    begun = text.vocabulary.encode(writer.beginning)

    def sample(by: str, written: str, temperature: float) -> dict[str, Any]:
        copy = longest_copy(written, source)
        return {"by": by, "temperature": temperature, "text": written, "copy": copy}

    def drawn(make: Callable[[float], str], by: str, temperatures: Sequence[float]) -> list[dict[str, Any]]:
        return [sample(by, make(temperature), temperature) for temperature in temperatures]

    def counted(temperature: float) -> str:
        return "".join(text.vocabulary.decode(rival.sample(SAMPLE, begun, temperature, seed)))

    own = drawn(lambda t: writer.sample("", SAMPLE, temperature=t, seed=seed), "network", TEMPERATURES)
    real = "".join(text.vocabulary.decode(validation[:SAMPLE].tolist()))
    return {
        "samples": own + drawn(counted, ngram.name(ORDER), (1.0,)),
        "real": {"text": real, "copy": longest_copy(real, source)},
        "searched": len(source),
    }


def _surprising(
    model: nn.Module, ids: Tensor, nats: NDArray[np.float64], symbols: Sequence[str]
) -> list[dict[str, Any]]:
    """The most surprising places: what stood before and behind, the symbol, its nats, and what was held likelier."""
    text = [symbols[i] for i in ids.tolist()]
    found = []
    for place in worst(nats, text, SURPRISES):
        likelier = expected(model, ids[max(0, place - CONTEXT) : place], symbols)
        found.append(
            {
                "before": "".join(text[max(0, place - AROUND) : place]),
                "symbol": text[place],
                "after": "".join(text[place + 1 : place + 1 + AROUND // 2]),
                "nats": float(nats[place - 1]),
                "expected": likelier,
            }
        )
    return found
