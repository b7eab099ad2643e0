"""Measure how pretrained weights are best used on your pictures."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    source: Annotated[str, typer.Argument(metavar="DATA", help="A folder, a CSV table, or a named set.")],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[SETTING=VALUE]...", help="As model=resnet18 for imagenet, or size=.")
    ] = None,
    pretrained: Annotated[
        str, typer.Option(help="visus-small, imagenet, a run's or model's folder, or a .safetensors file.")
    ] = "visus-small",
    seed: Annotated[int, typer.Option(help="Of the split, and of what is held out.")] = 0,
    runs: Annotated[Path, typer.Option(help="The folder for the page and its numbers.")] = Path("runs"),
) -> int:
    """Linear classifiers on the features of each stage tell how similar your pictures are to those of the weights.

    With how many there are of each class that names one of four cases (freeze all, fine-tune some, keep the lower
    layers, fine-tune all), explained with the numbers, and what to type.

    Examples:

    - visus transfer photos/
    - visus transfer photos/ --pretrained imagenet model=resnet18 size=128
    """
    from ..playbook import transfer
    from ..recipes import _form, classify
    from ._app import UsageError
    from ._show import terminal

    try:
        typed = _form.words(settings or [])
        if "pretrained" in typed or "data" in typed:
            raise ValueError("write visus transfer DATA --pretrained WEIGHTS; data= and pretrained= are left out")
        values = _form.read(classify.build, {**typed, "pretrained": pretrained})
    except (ValueError, LookupError) as error:
        raise UsageError(str(error)) from error
    values.pop("pretrained")
    with terminal() as show:
        found = transfer.measure(source, pretrained, values, seed, show)
        for sentence in transfer.sentences(found):
            show.say(sentence)
        show.say(transfer.command(source, pretrained, values, found))
        show.say(str(transfer.write_page(source, pretrained, values, found, runs)))
    return 0
