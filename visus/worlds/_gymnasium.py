"""Any environment of Gymnasium as a world (Towers et al., 2024)."""

import importlib
import inspect
import os
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.catalogue import nearest
from ..geometry.cells import FREE, PIT, Layout
from ..geometry.decisions import Tables
from . import _options, _spaces
from ._contract import Step, World

# What an environment of Gymnasium needs besides, by the module it is made in.
EXTRAS = {
    "gymnasium.envs.mujoco": "gymnasium[mujoco]",
    "gymnasium.envs.toy_text": "gymnasium[toy-text]",
    "ale_py": "visus[atari]",
}
# In words, where an environment only counts them. Sources: the environments' pages at gymnasium.farama.org.
WORDS = {
    "CartPole": ("left", "right"),
    "Acrobot": ("push left", "none", "push right"),
    "MountainCar": ("left", "none", "right"),
    "LunarLander": ("none", "left engine", "main engine", "right engine"),
    "FrozenLake": ("left", "down", "right", "up"),
    "FrozenLake8x8": ("left", "down", "right", "up"),
    "CliffWalking": ("up", "right", "down", "left"),
    "CliffWalkingSlippery": ("up", "right", "down", "left"),
    "Taxi": ("down", "up", "right", "left", "pick up", "drop off"),
    "Blackjack": ("stick", "hit"),
}
HIDDEN = ("phys2d", "tabular", "ale_py")  # need jax; are listed as games
# Pygame greets, and looks for a screen and a sound card though it only draws into arrays.
SILENT = {"PYGAME_HIDE_SUPPORT_PROMPT": "1", "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}
THEIR_LETTERS = {"H": PIT, "F": FREE, "S": "S", "G": "G", "C": "C"}
OURS = (
    inspect.Parameter("limit", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=int | None),
    inspect.Parameter("counted", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=bool),
)


class Adapted(World):
    """An environment of Gymnasium.

    limit: steps after which an episode is cut, besides what the environment does itself; 0 for none. counted: see
    `_spaces.seen`.
    """

    def __init__(self, env: Any, name: str, limit: int = 0, solved: float | None = None, counted: bool = False) -> None:
        self.name, self.limit = name, limit
        self.solved = None if solved is None else float(solved)
        self.env = env
        self.observed, self._see = _spaces.seen(env.observation_space, name, counted)
        self.bounds = _spaces.bounds(env.observation_space)
        self.actions, self._do = _spaces.done(env.action_space, name, _words(env))
        self.fps = float(env.metadata.get("render_fps") or 30.0)
        self._begun, self._steps = False, 0

    def reset(self, seed: int) -> NDArray[Any]:
        self._begun, self._steps = True, 0
        return self._see(self.env.reset(seed=seed)[0])

    def step(self, action: Any) -> Step:
        seen, reward, ended, cut, _ = self.env.step(self._do(action))
        self._steps += 1
        ended = bool(ended)
        cut = not ended and (bool(cut) or self._steps == self.limit)
        return Step(self._see(seen), float(reward), ended, cut, ended or cut)

    def picture(self) -> NDArray[np.uint8]:
        if not self._begun:
            raise ValueError(f"{self.name} has no episode to draw yet; begin one with reset(seed)")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a drawing library says when it is first loaded
            try:
                drawn = self.env.render() if self.env.unwrapped.render_mode == "rgb_array" else None
            except Exception as wrong:
                raise ValueError(f"{self.name} cannot be drawn: {_line(wrong)}") from wrong
        if not isinstance(drawn, np.ndarray) or drawn.ndim != 3:
            raise ValueError(f"{self.name} cannot be drawn; it has no render mode 'rgb_array'")
        return drawn.astype(np.uint8)

    def tables(self) -> Tables | None:
        inner = self.env.unwrapped
        return _spaces.tables(inner.P, inner.initial_state_distrib, self.actions) if self._is_listed() else None

    def layout(self) -> Layout | None:
        inner = self.env.unwrapped
        if not self._is_listed():
            return None
        if hasattr(inner, "desc") and inner.desc.size == self.observed.states:
            letters = [[THEIR_LETTERS.get(letter.decode(), FREE) for letter in row] for row in inner.desc]
        elif hasattr(inner, "_cliff"):  # CliffWalking draws its map from this; the goal is the last cell
            letters = [["C" if cliff else FREE for cliff in row] for row in inner._cliff]
            letters[-1][0], letters[-1][-1] = "S", "G"
        else:
            return None
        return Layout(tuple("".join(row) for row in letters))

    def close(self) -> None:
        self.env.close()

    def _is_listed(self) -> bool:
        """Whether the environment tells its transitions, state by state."""
        inner = self.env.unwrapped
        return bool(self.observed.states) and hasattr(inner, "P") and hasattr(inner, "initial_state_distrib")


def find(name: str, ours: Iterable[str]) -> Callable[..., World]:
    """What makes the environment with that id. ours: other worlds, for the nearest match."""
    try:
        gymnasium = library()
    except ImportError as absent:
        raise LookupError(
            f"no world '{name}'.{nearest(name, ours)} Here are {', '.join(ours)}; an environment of Gymnasium needs: "
            "pip install 'visus[rl]'"
        ) from absent
    registry = gymnasium.registry
    module, colon, inside = name.partition(":")
    if colon:
        try:
            importlib.import_module(module)
        except ImportError as absent:
            raise LookupError(f"no module '{module}' for the world {name}; install what has it") from absent
        name = inside
    if name not in registry:
        raise LookupError(_unknown(name, registry, ours))
    spec = registry[name]
    try:
        creator = spec.entry_point if callable(spec.entry_point) else _creator(gymnasium, spec.entry_point)
    except Exception as wrong:
        raise _missing(name, spec, wrong) from wrong
    return _made(gymnasium, name, spec, creator)


def ids() -> dict[str, list[str]]:
    """The environments that are known, the newest version of each, by the module they are made in.

    Raises ImportError without Gymnasium.
    """
    newest: dict[tuple[str | None, str], Any] = {}
    for spec in library().registry.values():
        kept = newest.get((spec.namespace, spec.name))
        if isinstance(spec.entry_point, str) and (not kept or (kept.version or 0) <= (spec.version or 0)):
            newest[spec.namespace, spec.name] = spec
    found: dict[str, list[str]] = {}
    for spec in newest.values():
        family = spec.entry_point.partition(":")[0].removeprefix("gymnasium.envs.").partition(".")[0]
        if family not in HIDDEN:
            found.setdefault(family, []).append(spec.id)
    return found


def adapted(env: Any, name: str) -> World:
    """An environment that somebody made, its wrappers kept."""
    spec = getattr(env, "spec", None)
    limit = (spec.max_episode_steps or 0) if spec else 0
    return Adapted(env, name, limit, spec.reward_threshold if spec else None)


def is_environment(made: Any) -> bool:
    """Whether it is one of Gymnasium, told without importing Gymnasium."""
    return any(kind.__module__.startswith("gymnasium.") for kind in type(made).__mro__)


def library() -> Any:
    """Gymnasium, and the Atari games if they are there; silent. Raises ImportError."""
    for quiet, value in SILENT.items():
        os.environ.setdefault(quiet, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import gymnasium
    return gymnasium


def _made(gymnasium: Any, name: str, spec: Any, creator: Any) -> Callable[..., World]:
    """What makes copies of an environment, bare of the wrappers that only slow it down."""
    modes = getattr(creator, "metadata", {}).get("render_modes", ())
    drawn = {"render_mode": "rgb_array"} if "rgb_array" in modes else {}  # costs nothing until it is asked

    @_options.like(creator, *OURS)
    def built(limit: int | None = None, counted: bool = False, **settings: Any) -> World:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a newer version exists, that a bound was rounded
            try:
                env = gymnasium.make(spec, max_episode_steps=-1, disable_env_checker=True, **drawn, **settings)
            except (ImportError, gymnasium.error.DependencyNotInstalled) as wrong:
                raise _missing(name, spec, wrong) from wrong
            except Exception as wrong:
                raise ValueError(f"{name} cannot be made: {_line(wrong)}") from wrong
            while isinstance(env, gymnasium.wrappers.OrderEnforcing):
                env = env.env
        steps = (spec.max_episode_steps or 0) if limit is None else limit
        return Adapted(env, name, steps, spec.reward_threshold, counted)

    return built


def _creator(gymnasium: Any, entry_point: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gymnasium.envs.registration.load_env_creator(entry_point)


def _unknown(name: str, registry: Iterable[str], ours: Iterable[str]) -> str:
    near = [known for known in registry if known.partition("/")[0] not in HIDDEN]
    return (
        f"no world '{name}'.{nearest(name, [*ours, *near])} Here are {', '.join(ours)}; `visus worlds` lists the "
        "environments of Gymnasium, and a file of yours, my_world.py, is one too."
    )


def _missing(name: str, spec: Any, wrong: Exception) -> ValueError:
    where = str(spec.entry_point)
    extra = next((extra for module, extra in EXTRAS.items() if where.startswith(module)), "visus[rl]")
    known = where.startswith(("gymnasium.", "ale_py"))
    return ValueError(f"{name} needs more: pip install '{extra}'" if known else f"{name} needs more: {_line(wrong)}")


def _words(env: Any) -> tuple[str, ...]:
    """The names of its actions, where it or its page tells them."""
    spec, inner = getattr(env, "spec", None), env.unwrapped
    if callable(told := getattr(inner, "get_action_meanings", None)):
        return tuple(str(word).lower() for word in told())
    return WORDS.get(spec.name, ()) if spec else ()


def _line(wrong: Exception) -> str:
    return str(wrong).strip().partition("\n")[0] or type(wrong).__name__
