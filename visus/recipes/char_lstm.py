"""Write like a text: a language model of its characters, an LSTM unless another cell is asked for."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from ..data.lanes import Lanes
from ..data.text import SHARES, Text, prepare_text
from ..data.vocabulary import Vocabulary
from ..engine.seed import seed_everything
from ..models.sequence import language
from ..tasks.language import Language
from . import _form
from ._form import About, Limits, Range
from ._plan import Plan

SUBJECT = "text"
ARCHITECTURE = ("cell", "hidden", "layers", "embedding", "dropout", "tied")  # settings a saved model is rebuilt from


@_form.like(Plan)
def build(
    data: Annotated[str | Text, About("a text file in UTF-8, a folder of .txt files, or tiny-shakespeare")] = (
        "tiny-shakespeare"
    ),
    validation: Annotated[float, Limits(0.001, 0.9), About("last share of the text, kept to validate")] = SHARES[1],
    cell: Annotated[Literal["rnn", "lstm", "gru"], About("the recurrent cell")] = "lstm",
    hidden: Annotated[int, Limits(1, 8192), About("units a layer")] = 512,
    layers: Annotated[int, Limits(1, 16), About("recurrent layers, one above the other")] = 2,
    embedding: Annotated[int, Limits(1, 8192), About("numbers that stand for a character")] = 512,
    dropout: Annotated[float, Limits(0.0, 0.95), Range(0.0, 0.6), About("between layers and into the head")] = 0.5,
    tied: Annotated[bool, About("one table for embeddings and head; needs embedding = hidden")] = False,
    window: Annotated[int, Limits(1, 10_000), About("characters the gradient goes back through")] = 100,
    batch: Annotated[int, Limits(1), About("streams of text read side by side")] = 64,
    shown: Annotated[int, Limits(0, 100_000), About("characters written as a sample at each evaluation")] = 300,
    temperature: Annotated[float, Limits(1e-6), About("of that sample; below 1 bolder guesses are rarer")] = 0.8,
    **plan: Any,
) -> Language:
    """A language task. `data` may also be a text that was prepared before; then `validation` is not asked.

    Raises ValueError for a text too short for a batch of windows, and for settings that cannot be together.
    """
    planned = Plan(**plan)
    text = data if isinstance(data, Text) else prepare_text(data, (1 - validation, validation, 0.0))
    lanes = Lanes(text, batch, window, planned.seed)
    seed_everything(planned.seed)
    network = language.build(len(text.vocabulary), cell, hidden, layers, embedding, dropout, tied)
    task = Language(
        network,
        lanes,
        planned.rule,
        vocabulary=len(text.vocabulary),
        written=lambda ids: "".join(text.vocabulary.decode(ids)),
        shown=shown,
        temperature=temperature,
        **planned.descent(lanes.steps_per_epoch),
    )
    return planned.ready(task)


def model_facts(text: Text, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed to rebuild and feed the network of a run with these settings."""
    return {
        "model": "language",
        "tells": SUBJECT,
        "settings": {name: settings[name] for name in ARCHITECTURE if name in settings},
        "vocabulary": text.vocabulary.facts(),
        "data": text.origin,
    }


def rebuild(facts: Mapping[str, Any]) -> tuple[language.LanguageModel, Vocabulary]:
    """A network as `model_facts` describes it, for saved weights to be loaded into, and its vocabulary."""
    vocabulary = Vocabulary.from_facts(facts["vocabulary"])
    return language.build(len(vocabulary), **facts["settings"]), vocabulary
