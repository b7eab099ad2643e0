"""Let a translator translate."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

END = "(end)"  # how the end of a sentence is shown on the axes of the attention map


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a model folder.")],
    what: Annotated[list[str], typer.Argument(help="Sentences, a text file with one a line, or - for standard input.")],
    beam: Annotated[int, typer.Option(help="Beginnings that are kept; 1: always the likeliest word.")] = 5,
    alpha: Annotated[float, typer.Option(help="Length penalty; 0: none, and short sentences win.")] = 1.0,
    attention: Annotated[Path | None, typer.Option(help="A PNG file: where it looked, for one sentence.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with words and score.")] = False,
) -> None:
    """The translation of each sentence, one a line.

    Examples:

    - visus translate runs/multi30k-1 "Two dogs play in the snow."
    - visus translate runs/multi30k-1 sentences.txt --beam 10
    - visus translate runs/multi30k-1 "A man rides a horse." --attention looked.png
    """
    from ..ship.kinds.translation import Translator
    from ..ship.opened import opened

    model = opened(run)
    if not isinstance(model, Translator):
        raise ValueError(f"{run} holds no translator; its card.md says what it tells")
    sentences = _sentences(what)
    if attention and len(sentences) != 1:
        raise ValueError(f"--attention draws one sentence and {len(sentences)} came; give one")
    for said in model.look(sentences, beam, alpha):
        facts = {"source": said.source, "words": said.words, "score": said.score, "translation": said.sentence}
        print(json.dumps(facts, ensure_ascii=False) if as_json else said.sentence)  # noqa: T201
        if attention:
            if said.weights is None:
                raise ValueError("this model has no attention, so there is no map of it; train with attention=dot")
            from ..report.figures.attention import sheet

            attention.write_bytes(sheet(said.weights.numpy(), [*said.source, END], [*said.words, END]))
    if len(sentences) == 1 and (unknown := model.unknown(sentences[0])):
        print(f"visus: not in its vocabulary: {', '.join(unknown)}", file=sys.stderr)  # noqa: T201


def _sentences(what: list[str]) -> list[str]:
    """The sentences meant: those given, the lines of one file, or the lines of standard input."""
    from ..data.text import read_text

    if what == ["-"]:
        return sys.stdin.read().splitlines()
    if len(what) == 1 and "\n" not in what[0] and len(what[0]) < 250 and Path(what[0]).is_file():
        return read_text(what[0]).removesuffix("\n").split("\n")
    return what
