"""Let a language model write."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a model folder.")],
    prompt: Annotated[str, typer.Option(help=r"What to go on from; \n is a new line. Without: a new text.")] = "",
    length: Annotated[int, typer.Option(help="Characters to write.")] = 500,
    temperature: Annotated[float, typer.Option(help="Above 0; below 1 likelier characters win more often.")] = 0.8,
    top_k: Annotated[int, typer.Option(help="Only so many of the likeliest characters; 0: all.")] = 0,
    nucleus: Annotated[float, typer.Option(help="Only the likeliest that have this probability together.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed writes the same text.")] = 0,
    n: Annotated[int, typer.Option("-n", help="How many texts.")] = 1,
) -> None:
    r"""Text in the manner of what the model was trained on, drawn character by character.

    Examples:

    - visus sample runs/char-lstm-1 --prompt "ROMEO:" --temperature 0.5
    - visus sample runs/char-lstm-1 --length 200 -n 3
    """
    from ..ship.kinds.text import TextModel
    from ..ship.opened import opened
    from ._app import UsageError

    if n < 1:
        raise UsageError(f"-n is how many texts to write, at least 1; got {n}")
    model = opened(run)
    if not isinstance(model, TextModel):
        raise ValueError(f"{run} holds no language model, so it cannot write; try `visus predict {run}`")
    prompt = prompt.replace("\\n", "\n")
    for number in range(n):
        # complains, if at all, before anything is shown
        characters = model.stream(
            prompt, length, temperature=temperature, top_k=top_k, nucleus=nucleus, seed=seed + number
        )
        if number:
            print("\n---")  # noqa: T201
        print(prompt, end="", flush=True)  # noqa: T201
        for character in characters:
            print(character, end="", flush=True)  # noqa: T201
        print()  # noqa: T201
