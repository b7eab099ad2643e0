"""Write like a text: a language model of its characters, an LSTM unless another cell is asked for."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from ..data.lanes import Lanes
from ..data.text import SHARES, Text, prepare_text
from ..data.vocabulary import Vocabulary
from ..engine import optimizers, precision
from ..engine.device import choose as choose_device
from ..engine.probe import fastest_precision
from ..engine.seed import seed_everything
from ..models.sequence import language
from ..tasks.language import Language
from . import _descent
from ._form import About, Limits, Range

SUBJECT = "text"
ARCHITECTURE = ("cell", "hidden", "layers", "embedding", "dropout", "tied")  # settings a saved model is rebuilt from
Rule = Literal["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "muon"]
Course = Literal["one_cycle", "cosine", "linear", "constant", "step", "exponential", "inverse", "cyclic"]


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
    optimizer: Annotated[Rule, About("update rule")] = "adamw",
    lr: Annotated[float, Limits(1e-12), Range(3e-4, 1e-2, log=True), About("highest learning rate")] = 2e-3,
    weight_decay: Annotated[float, Limits(0.0), Range(1e-5, 1e-1, log=True), About("strength of L2")] = 1e-2,
    schedule: Annotated[Course, About("how the rate changes")] = "cosine",
    decay: Annotated[float, Limits(1e-6, 1.0), About("rate left at the end of step, exponential, inverse")] = 0.01,
    cycles: Annotated[int, Limits(1), About("equal parts of the run, for step and cyclic")] = 3,
    epochs: Annotated[float, Limits(0.001), About("passes over the training part")] = 12,
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 1.0,
    accumulate: Annotated[int, Limits(1), About("pieces a batch is cut into to save memory")] = 1,
    average: Annotated[float, Limits(0.0, 0.99999), About("decay of averaged weights; 0: no averaging")] = 0.0,
    swa: Annotated[float, Limits(0.0, 0.9), About("last share of the run to average equally; 0: none")] = 0.0,
    shown: Annotated[int, Limits(0, 100_000), About("characters written as a sample at each evaluation")] = 300,
    temperature: Annotated[float, Limits(1e-6), About("of that sample; below 1 bolder guesses are rarer")] = 0.8,
    arithmetic: Annotated[
        Literal["auto", "float32", "bfloat16"], About("number format; auto: the fastest, measured")
    ] = "auto",
    device: Annotated[str, About("auto, cpu or cuda")] = "auto",
    seed: Annotated[int, Limits(0), About("of weights, dropout and where windows begin")] = 0,
) -> Language:
    """A language task. `data` may also be a text that was prepared before; then `validation` is not asked.

    Raises ValueError for a text too short for a batch of windows, and for settings that cannot be together.
    """
    text = data if isinstance(data, Text) else prepare_text(data, (1 - validation, validation, 0.0))
    if average and swa:
        raise ValueError(f"average={average:g} and swa={swa:g} are two averages of the weights; set one of them to 0")
    lanes = Lanes(text, batch, window, seed)
    seed_everything(seed)
    network = language.build(len(text.vocabulary), cell, hidden, layers, embedding, dropout, tied)
    steps = max(1, round(epochs * lanes.steps_per_epoch))
    task = Language(
        network,
        lanes,
        optimizers.NAMED[optimizer],
        lr=lr,
        vocabulary=len(text.vocabulary),
        schedule=_descent.schedule(schedule, steps, decay, cycles),
        weight_decay=weight_decay,
        max_norm=max_norm or math.inf,
        accumulate=accumulate,
        written=lambda ids: "".join(text.vocabulary.decode(ids)),
        shown=shown,
        temperature=temperature,
    )
    task.to(choose_device(device))
    task.steps, task.average, task.swa = steps, average, swa
    task.run_at(fastest_precision(task) if arithmetic == "auto" else precision.named(arithmetic))
    return task


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
