"""Find out how little a picture must change before a model is wrong about it."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    pictures: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders to change. None: measure the run on its pictures.")
    ] = None,
    how: Annotated[
        list[str] | None,
        typer.Option(help="fgsm, pgd, iterative, one_pixel, fooling, noise; with settings: pgd:steps=50:aim=margin."),
    ] = None,
    epsilon: Annotated[
        str, typer.Option(help="Largest change, pixels running from 0 to 1: 8/255 is 8 grey levels.")
    ] = "",
    norm: Annotated[str, typer.Option(help="linf: of every value; l2: of the picture as a whole.")] = "",
    target: Annotated[str, typer.Option(help="The class to be named instead. Nothing: any wrong one.")] = "",
    transfer_from: Annotated[
        Path | None, typer.Option(help="A run of the same classes that the attacker has instead of this one.")
    ] = None,
    data: Annotated[str, typer.Option(help="Labelled pictures. Nothing: the run's validation pictures.")] = "",
    most: Annotated[int, typer.Option("--pictures", help="At most so many of them.", min=1)] = 200,
    out: Annotated[Path | None, typer.Option(help="Where changed pictures go. Nothing: RUN/attacked.")] = None,
) -> int:
    """Accuracy under attack, with a page; or, with pictures, the changed pictures themselves.

    Examples:

    - visus attack runs/photos-1
    - visus attack runs/photos-1 cat.jpg --how pgd --epsilon 8/255 --target dog
    - visus attack runs/photos-1 --transfer-from runs/photos-2
    - visus attack runs/photos-1 --how fooling
    """
    from ..attacks._contract import read_epsilon
    from ._app import UsageError

    try:
        reach = read_epsilon(epsilon) if epsilon else None
    except ValueError as error:
        raise UsageError(str(error)) from error
    if pictures:
        if how and len(how) > 1:
            raise UsageError(f"one attack at a time changes pictures; got {', '.join(how)}: take one of them")
        return _pictures(run, pictures, (how or ["pgd"])[0], reach, norm, target, transfer_from, out)
    if how and len(how) == 1 and how[0].partition(":")[0] == "fooling":
        return _noise(run, how[0], target, out)
    if target:
        raise UsageError("--target needs pictures to bring there: visus attack RUN cat.jpg --target dog")
    return _run(run, data, how or [], reach, norm, transfer_from, most)


def _pictures(
    run: Path, pictures: list[Path], how: str, epsilon: float | None, norm: str, target: str, other: Path | None,
    out: Path | None,
) -> int:  # fmt: skip
    from rich.console import Console
    from rich.table import Table

    from ..playbook.attack_pictures import attack_pictures
    from ._show import terminal

    with terminal() as show:
        found = attack_pictures(
            run, pictures, show, how=how, epsilon=epsilon, norm=norm, target=target, transfer_from=other, out=out
        )
    for error in found.errors:
        print(f"visus: {error}", file=sys.stderr)  # noqa: T201
    table = Table("picture", "before", "as saved", "grey levels", "file", box=None, header_style="dim")
    for one in found.pictures:
        before, after = (f"{label} {100 * p:.1f} %" for label, p in (one.before, one.after))
        table.add_row(one.name, before, after + ("" if one.fooled else ", it stands"), str(one.change), str(one.file))
    console = Console(highlight=False)
    console.print(table)
    console.print(str(found.page), soft_wrap=True)
    return 1 if found.errors else 0


def _noise(run: Path, how: str, target: str, out: Path | None) -> int:
    from ..playbook.attack_pictures import from_noise
    from ._show import terminal

    with terminal() as show:
        page = from_noise(run, show, target=target, out=out, settings=how)
    print(page)  # noqa: T201
    return 0


def _run(run: Path, data: str, how: list[str], epsilon: float | None, norm: str, other: Path | None, most: int) -> int:
    from rich.console import Console
    from rich.table import Table

    from ..attacks._contract import said
    from ..playbook.attack import findings, robustness
    from ._show import terminal

    with terminal() as show:
        found = robustness(
            run, data, show, hows=how, epsilon=epsilon, norm=norm or "linf", transfer_from=other, most=most
        )
    table = Table("epsilon", *(said(e) for e in found.epsilons), box=None, header_style="dim")
    for name in found.standing:
        table.add_row(name, *(f"{100 * found.share(name, i):.1f} %" for i in range(len(found.epsilons))))
    console = Console(highlight=False)
    console.print(table)
    for sentence in findings(found):
        console.print(f"- {sentence}", soft_wrap=True)
    console.print(str(found.page), soft_wrap=True)
    return 0
