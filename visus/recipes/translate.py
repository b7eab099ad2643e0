"""Translate sentences: any two files with a sentence a line, an encoder and a decoder with attention."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from ..data.pairs import LONGEST, THRESHOLD, PairBatches, Pairs, prepare_pairs
from ..data.vocabulary import Vocabulary
from ..engine.seed import seed_everything
from ..models.sequence import encoder_decoder
from ..tasks.translate import Translate
from . import _form
from ._form import About, Limits, Range
from ._plan import Course, Plan

SUBJECT = "translation"
ARCHITECTURE = ("embedding", "hidden", "cell", "layers", "attention", "input_feeding", "dropout", "tied")


@_form.like(Plan)
def build(
    data: Annotated[
        str | Pairs, About("multi30k, a folder with train.en and train.de, two files a.en,a.de, or a .tsv or .csv")
    ] = "multi30k",
    languages: Annotated[str, About("from and to, as en-de; needed where the data do not tell")] = "",
    lower: Annotated[bool, About("bring all to lower case; figures are then of lower case")] = False,
    threshold: Annotated[int, Limits(1), About("a word seen fewer times in training is unknown")] = THRESHOLD,
    longest: Annotated[int, Limits(2), About("words; longer training sentences are left out")] = LONGEST,
    attention: Annotated[Literal["none", "dot", "additive"], About("how the decoder looks back")] = "dot",
    input_feeding: Annotated[bool, About("what was read is an input of the next step; slower")] = False,
    cell: Annotated[Literal["rnn", "lstm", "gru"], About("the recurrent cell")] = "lstm",
    hidden: Annotated[
        int, Limits(2, 8192), About("units a decoder layer; half in each direction of the encoder")
    ] = 512,
    layers: Annotated[int, Limits(1, 8), About("recurrent layers of encoder and of decoder")] = 1,
    embedding: Annotated[int, Limits(1, 8192), About("numbers that stand for a word")] = 256,
    dropout: Annotated[float, Limits(0.0, 0.95), Range(0.1, 0.6), About("of embeddings and outputs")] = 0.4,
    tied: Annotated[bool, About("the output layer shares the embedding's table")] = True,
    smoothing: Annotated[float, Limits(0.0, 0.5), About("label smoothing in training")] = 0.1,
    batch: Annotated[int, Limits(1), About("sentences a step")] = 64,
    schedule: Annotated[Course, About("how the rate changes")] = "one_cycle",
    epochs: Annotated[float, Limits(0.001), About("passes over the training part")] = 15,
    **plan: Any,
) -> Translate:
    """A translation task. `data` may also be sentences that were prepared before.

    Raises ValueError for data that do not fit together, and for settings that cannot be together.
    """
    planned = Plan(schedule=schedule, epochs=epochs, **plan)
    if input_feeding and attention == "none":
        raise ValueError("input_feeding feeds what attention read, and attention is none; choose dot or additive")
    pairs = data if isinstance(data, Pairs) else prepare_pairs(data, languages, lower, threshold, longest, planned.seed)
    batches = PairBatches(pairs, batch, planned.seed)
    seed_everything(planned.seed)
    network = encoder_decoder.build(
        len(pairs.source_vocabulary),
        len(pairs.target_vocabulary),
        embedding=embedding,
        hidden=hidden,
        cell=cell,
        layers=layers,
        attention=attention,
        input_feeding=input_feeding,
        dropout=dropout,
        tied=tied,
    )
    task = Translate(
        network,
        batches,
        planned.rule,
        vocabulary=len(pairs.target_vocabulary),
        smoothing=smoothing,
        **planned.descent(batches.steps_per_epoch),
    )
    return planned.ready(task)


def model_facts(pairs: Pairs, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed to rebuild and feed the network of a run with these settings."""
    return {
        "model": "encoder_decoder",
        "tells": SUBJECT,
        "settings": {name: settings[name] for name in ARCHITECTURE if name in settings},
        "languages": list(pairs.languages),
        "lower": pairs.lower,
        "source_vocabulary": pairs.source_vocabulary.facts(),
        "target_vocabulary": pairs.target_vocabulary.facts(),
        "data": pairs.origin,
    }


def rebuild(facts: Mapping[str, Any]) -> tuple[encoder_decoder.EncoderDecoder, Vocabulary, Vocabulary]:
    """A network as `model_facts` describes it, for saved weights to be loaded into, and its vocabularies."""
    source, target = (Vocabulary.from_facts(facts[f"{side}_vocabulary"]) for side in ("source", "target"))
    return encoder_decoder.build(len(source), len(target), **facts["settings"]), source, target
