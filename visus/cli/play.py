"""Let a trained player act in its world, and watch."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..ship.kinds.acting import Agent
    from ..worlds._contract import World
    from ..worlds._episodes import Make, Progress, Told

FILM = "Film"
MEDIAN, BEST, WORST = "median", "best", "worst"  # episodes that can be asked for besides their number
LISTED = 20  # episodes that are told one by one


def command(
    run: Annotated[
        str | None, typer.Argument(help="A run's folder, or a model folder; none with --random and --world.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[SETTING=VALUE]...", help="Of the world, as slip=0.1.")
    ] = None,
    n: Annotated[int, typer.Option("-n", help="Episodes.", min=1)] = 10,
    seed: Annotated[int, typer.Option(help="The same seed plays the same episodes.", min=0)] = 0,
    drawn: Annotated[bool, typer.Option("--drawn", help="Draw actions from its distribution, as in training.")] = False,
    random: Annotated[bool, typer.Option("--random", help="Do what comes, not what was learned.")] = False,
    world: Annotated[str, typer.Option(help="Another world of the same kind. Nothing: its own.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    video: Annotated[
        Path | None, typer.Option(help="A .gif, .webp or .mp4 file for one of the episodes.", rich_help_panel=FILM)
    ] = None,
    episode: Annotated[
        str, typer.Option(help="Which: median, best or worst by its return, or its number.", rich_help_panel=FILM)
    ] = MEDIAN,
    annotate: Annotated[
        bool,
        typer.Option("--annotate", help="Action and return below, expected and earned.", rich_help_panel=FILM),
    ] = False,
    fps: Annotated[
        float, typer.Option(help="Pictures a second. 0: as one would watch the world.", min=0, rich_help_panel=FILM)
    ] = 0.0,
    scale: Annotated[
        float, typer.Option(help="Of the pictures' size. 0: small ones are enlarged.", min=0, rich_help_panel=FILM)
    ] = 0.0,
) -> None:
    """Returns and lengths of episodes that it was never trained on, beside random play; and one of them as a film.

    A return is the sum of an episode's rewards as the world gives them, without discount.

    Examples:

    - visus play runs/dqn-cartpole-1
    - visus play runs/dqn-cartpole-1 --video out.mp4 --annotate
    - visus play runs/ppo-lunar-lander-1 -n 100 --video crash.gif --episode worst --scale 0.5
    - visus play runs/q-learning-1 slip=0.3                                    _its world, changed_
    - visus play --random --world LunarLander-v3 --video random.webp     _without a player_
    """
    from ..runs import film

    folder, options = _sorted(run, settings or [])
    choose = _choice(episode, n)
    if video:
        film.check(video)
    agent, make = _who(folder, world, options, random, drawn)
    place = _visited(make, drawable=bool(video))
    if random:
        agent = None
    played, blind = _played(agent, make, place, n, seed, drawn)
    if as_json:
        print(json.dumps(_facts(place, played, blind)))  # noqa: T201
    else:
        _print(place, played, blind)
    if video:
        _write(video, make, choose(played), agent, annotate, fps, scale, quiet=as_json)


def _sorted(run: str | None, settings: Sequence[str]) -> tuple[Path | None, str]:
    """Which word is the run, and the others as options of a world."""
    from ._app import UsageError

    folder, words = run, list(settings)
    if run is not None and "=" in run and not Path(run).exists():
        folder, words = None, [run, *words]
    if strange := [word for word in words if "=" not in word]:
        raise UsageError(f"a setting of the world is written name=value, for example limit=200; got '{strange[0]}'")
    return Path(folder) if folder else None, ",".join(words)


def _choice(episode: str, n: int) -> Callable[[Sequence["Told"]], "Told"]:
    """What picks the episode that was asked for."""
    from ._app import UsageError

    places = {WORST: 0, MEDIAN: (n - 1) // 2, BEST: n - 1}
    if episode in places:
        return lambda played: sorted(played, key=lambda told: told.total)[places[episode]]
    if not episode.isdecimal() or int(episode) >= n:
        raise UsageError(
            f"--episode is median, best, worst or the number of one that is played, 0 to {n - 1}; got '{episode}'"
        )
    return lambda played: played[int(episode)]


def _who(run: Path | None, world: str, options: str, random: bool, drawn: bool) -> tuple["Agent | None", "Make"]:
    """Who plays, None for nobody, and what makes copies of the world."""
    from ._app import UsageError

    if random and drawn:
        raise UsageError("--random does what comes and --drawn what the player draws; give one of them")
    if run is not None:
        from ..recipes._acting import SUBJECT
        from ..ship.kinds.acting import load
        from ..ship.opened import command_for, told_by

        if (tells := told_by(run)) != SUBJECT:
            raise ValueError(f"{run} holds no player, but a model of {tells}; use `{command_for(tells)} {run}`")
        agent = load(run)
        return agent, agent.makes(world or None, options)
    if not (random and world):
        raise UsageError(
            "name the run that is to play, runs/dqn-cartpole-1 for example (`visus runs` lists them); to watch random "
            "play without one: visus play --random --world CartPole-v1"
        )
    from ..worlds._open import opener

    return None, opener(world, options)


def _visited(make: "Make", drawable: bool) -> "World":
    """The world, for what it says of itself; drawable: whether it can be drawn is found out before it is played."""
    place = make()
    try:
        if drawable:
            place.reset(0)
            place.picture()
    finally:
        place.close()
    return place


def _played(
    agent: "Agent | None", make: "Make", place: "World", n: int, seed: int, drawn: bool
) -> tuple[list["Told"], list["Told"] | None]:
    """Episodes of the agent, or of nobody, and for an agent those of random play from the same starts."""
    from ..recipes._acting import SHOWN
    from ..worlds import _episodes

    chance = _episodes.at_random(place.actions, seed)
    with _shown("play") as tell:
        played = _episodes.play(make, agent.acts(drawn, seed) if agent else chance, n, seed, SHOWN, tell)
    if not agent:
        return played, None
    with _shown("random") as tell:
        return played, _episodes.play(make, chance, n, seed, SHOWN, tell)


@contextmanager
def _shown(stage: str) -> Iterator["Progress"]:
    """Inside, how far the episodes are is shown to whom they are told."""
    from ._show import terminal

    with terminal() as show:
        yield lambda done, of, steps: show.progress(stage, done, of, f"episodes, {steps:,} steps")


def _facts(place: "World", played: Sequence["Told"], blind: Sequence["Told"] | None) -> dict[str, Any]:
    """For programs. random: the mean of random play from the same starts, None where nothing else was played."""
    import numpy as np

    from ..metrics.intervals import bootstrap_mean

    returns = np.array([told.total for told in played])
    low, high = bootstrap_mean(returns)
    return {
        "world": place.name,
        "episodes": len(played),
        "mean": float(returns.mean()),
        "low": low,
        "high": high,
        "spread": float(returns.std()),
        "length": float(np.mean([told.length for told in played])),
        "returns": returns.tolist(),
        "lengths": [told.length for told in played],
        "cut": [told.cut for told in played],
        "random": None if blind is None else float(np.mean([told.total for told in blind])),
        "solved": place.solved,
    }


def _print(place: "World", played: Sequence["Told"], blind: Sequence["Told"] | None) -> None:
    """For people: the episodes, where they are few, and what they come to."""
    from rich.console import Console
    from rich.table import Table

    found, n = _facts(place, played, blind), len(played)
    console = Console(highlight=False)
    if n <= LISTED:
        table = Table("episode", "return", "length", "", box=None, header_style="dim")
        for told in played:
            ends = "cut by the time limit" if told.cut else ""
            table.add_row(str(told.number), f"{told.total:.5g}", f"{told.length:,}", ends)
        console.print(table)
    sure = f" (95 % interval {found['low']:.5g} to {found['high']:.5g})" if n > 1 else ""
    spread = f", spread {found['spread']:.3g}" if n > 1 else ""
    cut = f", {sum(found['cut'])} cut by the time limit" if n > LISTED and any(found["cut"]) else ""
    mean = f"mean return {found['mean']:.5g}{sure}{spread}, mean length {found['length']:,.5g}"
    lines = [f"{place.name}: {mean}, {n} episode{'s' * (n != 1)}{cut}"]
    if found["random"] is not None:
        lines.append(f"random play from the same starts: mean return {found['random']:.5g}")
    if place.solved is not None:
        lines.append(f"held to be solved from a mean of {place.solved:g} on")
    for line in lines:
        console.print(line, soft_wrap=True, markup=False)


def _write(
    path: Path, make: "Make", told: "Told", agent: "Agent | None", annotate: bool, fps: float, scale: float, quiet: bool
) -> None:
    """The film of an episode, and a line that says so."""
    from ..runs import film
    from ..ship.reel import reel
    from ._show import terminal

    with terminal() as show:
        frames = reel(make, told, agent, scale, annotate, lambda done, of: show.progress("film", done, of, "pictures"))
        size = film.write(path, frames, fps or frames.fps)
    if not quiet:
        seconds = len(frames) / (fps or frames.fps)
        print(  # noqa: T201
            f"{path}: episode {told.number}, return {told.total:.5g}, {seconds:.1f} s, {size / 1000:,.0f} kB"
        )
