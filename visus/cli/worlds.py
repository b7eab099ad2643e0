"""List the worlds to act in, or look at one."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ..worlds._contract import World
    from ..worlds._episodes import Make


def command(
    world: Annotated[
        str, typer.Argument(help="A file of visus/worlds, a Gymnasium id, or a file of yours. Nothing: list them.")
    ] = "",
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[SETTING=VALUE]...", help="Of the world, as slip=0.1.")
    ] = None,
    n: Annotated[int, typer.Option("-n", help="Episodes of random play.", min=1)] = 100,
) -> int:
    """Every world, one line each; with a name, what is seen and done in it, what random play earns, and what is wrong.

    A file of yours has `build(**settings)`, which returns a World or an environment of Gymnasium.

    Examples:

    - visus worlds
    - visus worlds grid_world map=cliff slip=0.1
    - visus worlds LunarLander-v3 continuous=yes
    - visus worlds my_world.py

    Exit code: 0 if nothing is wrong with the world, 1 if something is, 2 if there is none of that name.
    """
    from rich.console import Console

    console = Console(highlight=False)
    if not world:
        _list(console)
        return 0
    return _describe(console, world, ",".join(settings or []), n)


def _list(console: "Console") -> None:
    from rich.table import Table

    from .. import worlds
    from ..engine import catalogue
    from ..worlds import _atari, _gymnasium

    table = Table.grid(padding=(0, 2))
    for name in catalogue.names(worlds):
        table.add_row(name, catalogue.card(worlds, name))
    try:
        for family, ids in _gymnasium.ids().items():
            table.add_row(f"[dim]{family}[/]", ", ".join(ids))
    except ImportError:
        table.add_row("[dim]gymnasium[/]", "CartPole-v1, LunarLander-v3 and more: pip install 'visus\\[rl]'")
    games = _atari.games()
    without = "ALE/Pong-v5 and more: pip install 'visus\\[atari]'"
    table.add_row("[dim]atari[/]", f"as ALE/Pong-v5: {', '.join(games)}" if games else without)
    console.print(table)
    console.print("\n`visus worlds NAME` looks at one, `visus train dqn world=NAME` learns in it", style="dim")


def _describe(console: "Console", name: str, options: str, n: int) -> int:
    from rich.table import Table
    from rich.text import Text

    from ..worlds import _open
    from ..worlds._examine import examine
    from ._app import UsageError

    try:
        make = _open.opener(name, options)
    except LookupError as unknown:
        raise UsageError(str(unknown)) from unknown
    wrong = examine(make)
    world = make()
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    for title, text in [*_facts(world), *_options_of(name), *_random_play(world, make, n)]:
        table.add_row(title, Text(text))
    console.print(table)
    world.close()
    for sentence in wrong:
        console.print(Text(f"! {sentence}", style="yellow"))
    return 1 if wrong else 0


def _facts(world: "World") -> list[tuple[str, str]]:
    from ..geometry.spaces import Choices

    seen, actions, tables = world.observed, world.actions, world.tables()
    shape = " x ".join(map(str, seen.shape))
    if seen.states:
        shown = f"one of {seen.states} states"
    elif seen.dtype == "uint8":
        shown = f"pictures, {shape} bytes" + (f", the last {seen.stacked} frames" if seen.stacked > 1 else "")
    else:
        shown = f"{shape} numbers"
    if isinstance(actions, Choices):
        named = f": {', '.join(actions.names)}" if actions.names else ""
        done = f"{actions.n} to choose from{named}"
    else:
        done = ", ".join(f"{low:g} to {high:g}" for low, high in zip(actions.low, actions.high, strict=True))
    known = f"; all its chances are known, {int(tables.ends.sum())} states are ends" if tables else ""
    return [
        ("world", world.name),
        ("seen", shown + known),
        ("actions", done),
        ("an episode", f"is cut after {world.limit:,} steps" if world.limit else "has no limit of steps"),
        *([("solved", f"by a mean return of {world.solved:g}")] if world.solved is not None else []),
    ]


def _options_of(name: str) -> list[tuple[str, str]]:
    from ..worlds import _open, _options

    found = _options.settings(_open.found(name)).items()
    told = [f"{setting}={'' if p.default in (None, p.empty) else _word(p.default)}" for setting, p in found]
    return [("options", ", ".join(told) or "none")]


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _random_play(world: "World", make: "Make", n: int) -> list[tuple[str, str]]:
    import numpy as np

    from ..worlds import _episodes
    from ._show import terminal

    with terminal() as show:
        try:
            played = _episodes.play(
                make,
                _episodes.at_random(world.actions),
                n,
                progress=lambda done, of, steps: show.progress("random", done, of, f"episodes, {steps:,} steps"),
            )
        except ValueError as wrong:  # told once more by the examination
            return [("random play", f"stopped: {wrong}")]
    returns, lengths = (np.array([getattr(told, what) for told in played]) for what in ("total", "length"))
    earned = f"return {returns.mean():.4g} ± {returns.std():.4g} ({returns.min():.4g} to {returns.max():.4g})"
    return [("random play", f"{earned}, {lengths.mean():.4g} steps, of {n} episode{'s' * (n > 1)}")]
