"""Atari games as pictures of 84x84 grey pixels, four of them at a time (Mnih et al., 2015, Methods, "Preprocessing").

Played on the Arcade Learning Environment (Bellemare et al., 2013). Differs from the paper: pictures are made smaller by
averaging, actions may be sticky (Machado et al., 2018), and a game that waits for the button gets it.
"""

import random
import re
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..engine.catalogue import nearest
from ..geometry.spaces import Choices, Observed
from ._contract import Step, World

FRAMES_A_SECOND = 60
LIMIT = 27_000  # steps of four frames: half an hour of play (Machado et al., 2018, table 2)
IDS = re.compile(
    r"^(?:ALE/(?P<new>[A-Za-z0-9]+)-v5|(?P<old>[A-Z][A-Za-z0-9]*)(?:NoFrameskip|Deterministic)-v(?P<v>[04]))$"
)
STICKY = {"5": 0.25, "0": 0.25, "4": 0.0}  # chance that the last action is done again, by the version of an id
NOTHING, FIRE = "NOOP", "FIRE"


class Emulator(Protocol):
    """What plays a game, frame by frame. actions: their names, minimal or full."""

    actions: tuple[str, ...]

    def begin(self) -> None:
        """Start the game, always in the same way."""
        ...

    def act(self, action: int) -> float:
        """One frame; what it earned."""
        ...

    def is_over(self) -> bool: ...
    def lives(self) -> int: ...
    def grey(self, into: NDArray[np.uint8]) -> None: ...
    def colours(self) -> NDArray[np.uint8]: ...
    def shape(self) -> tuple[int, int]: ...
    def save(self) -> Any: ...
    def load(self, saved: Any) -> None: ...


class Atari(World):
    """A game; an action is done for `skip` frames, and the brightest of the last two is seen.

    noops: at most so many frames in which nothing is done before an episode begins. sticky: chance, each frame, that
    the action of the frame before is done again. life_ends: a lost life ends the episode for the learner, though the
    game goes on. fire: press the button where a game or a life begins, if the game has one.
    """

    def __init__(
        self,
        emulator: Emulator,
        name: str,
        *,
        skip: int,
        size: int,
        stack: int,
        noops: int,
        sticky: float,
        life_ends: bool,
        fire: bool,
        limit: int,
    ) -> None:
        self.emulator, self.name, self.limit = emulator, name, limit
        self.skip, self.size, self.noops, self.sticky, self.life_ends = skip, size, noops, sticky, life_ends
        self.observed = Observed((stack, size, size), "uint8", stacked=stack)
        self.actions = Choices(len(emulator.actions), tuple(word.lower() for word in emulator.actions))
        self.fps = FRAMES_A_SECOND / skip
        self._button = emulator.actions.index(FIRE) if fire and FIRE in emulator.actions else None
        self._frames = np.zeros((2, *emulator.shape()), np.uint8)  # the last two
        self._stack = np.zeros(self.observed.shape, np.uint8)
        self._dice, self._last, self._steps, self._lives = random.Random(0), 0, 0, 0

    def reset(self, seed: int) -> NDArray[np.uint8]:
        self._dice = random.Random(seed)
        self._last = self._steps = 0
        self.emulator.begin()
        for _ in range(self._dice.randint(0, self.noops)):
            self.emulator.act(0)
            if self.emulator.is_over():
                self.emulator.begin()
        if self._button is not None:
            self._press()
        self._lives = self.emulator.lives()
        self.emulator.grey(self._frames[1])
        self._frames[0] = self._frames[1]
        self._stack = np.repeat(self._small()[None], len(self._stack), 0)
        return self._stack.copy()

    def step(self, action: int) -> Step:
        reward = 0.0
        for frame in range(self.skip):
            if not (self.sticky and self._dice.random() < self.sticky):
                self._last = action
            reward += self.emulator.act(self._last)
            if frame >= self.skip - 2:
                self.emulator.grey(self._frames[frame - self.skip])
            if over := self.emulator.is_over():
                break
        self._steps += 1
        lives = self.emulator.lives()
        lost, self._lives = 0 < lives < self._lives, lives
        if lost and self._button is not None:
            reward += self._press()
            over = self.emulator.is_over()
        self._stack = np.concatenate([self._stack[1:], self._small()[None]])
        ended, late = over or (lost and self.life_ends), self._steps == self.limit
        return Step(self._stack.copy(), reward, ended, late and not ended, over or late)

    def picture(self) -> NDArray[np.uint8]:
        return self.emulator.colours()

    def resemble(self, other: World) -> bool:
        if not isinstance(other, Atari):
            return False
        self.emulator.load(other.emulator.save())
        self._dice.setstate(other._dice.getstate())
        self._frames, self._stack = other._frames.copy(), other._stack.copy()
        self._last, self._steps, self._lives = other._last, other._steps, other._lives
        return True

    def _press(self) -> float:
        assert self._button is not None
        return self.emulator.act(self._button)

    def _small(self) -> NDArray[np.uint8]:
        """The last two frames as one small picture; a sprite that flickers is in one of them."""
        seen = Image.fromarray(np.maximum(self._frames[0], self._frames[1]))
        return np.asarray(seen.resize((self.size, self.size), Image.Resampling.BOX))


class Ale:
    """The Arcade Learning Environment with one game. rom: as `ale_py.roms` names it."""

    def __init__(self, rom: str, full_actions: bool) -> None:
        import ale_py

        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
        self._ale: Any = ale_py.ALEInterface()
        self._ale.setInt("random_seed", 0)
        self._ale.setFloat("repeat_action_probability", 0.0)  # done by the world, whose dice know the seed
        place: Any = ale_py.roms.get_rom_path(rom)
        self._ale.loadROM(place)
        known = self._ale.getLegalActionSet() if full_actions else self._ale.getMinimalActionSet()
        self._codes = list(known)
        self.actions = tuple(action.name for action in known)
        self._ale.reset_game()
        self._first = self._ale.cloneState(include_rng=True)  # a reset draws numbers, and would begin otherwise

    def begin(self) -> None:
        self._ale.reset_game()
        self._ale.restoreState(self._first)

    def act(self, action: int) -> float:
        return float(self._ale.act(self._codes[action]))

    def is_over(self) -> bool:
        return bool(self._ale.game_over())

    def lives(self) -> int:
        return int(self._ale.lives())

    def grey(self, into: NDArray[np.uint8]) -> None:
        self._ale.getScreenGrayscale(into)

    def colours(self) -> NDArray[np.uint8]:
        return np.array(self._ale.getScreenRGB())

    def shape(self) -> tuple[int, int]:
        height, width = self._ale.getScreenDims()
        return int(height), int(width)

    def save(self) -> Any:
        return self._ale.cloneState(include_rng=True)

    def load(self, saved: Any) -> None:
        self._ale.restoreState(saved)


def find(name: str) -> Callable[..., World] | None:
    """What makes that game; None if it is no id of one. Raises ValueError without ale_py, LookupError without game."""
    matched = IDS.match(name)
    if not matched:
        return None
    try:
        known = _roms()
    except ImportError as absent:
        if not matched["new"]:
            return None  # a name of that form may be somebody else's
        raise ValueError(f"{name} needs the Atari games: pip install 'visus[atari]'") from absent
    game, version = matched["new"] or matched["old"], matched["v"] or "5"
    if game not in known:
        raise LookupError(
            f"no Atari game '{game}' for {name}.{nearest(game, known)} `visus worlds` lists the {len(known)} games."
        )
    return _builder(name, known[game], STICKY[version])


def games() -> list[str]:
    """The names of all games, as in their ids; none without ale_py."""
    try:
        return list(_roms())
    except ImportError:
        return []


def _roms() -> dict[str, str]:
    """Games by the name in their id, `Pong` for `pong`. Raises ImportError."""
    import ale_py.roms

    return {rom.title().replace("_", ""): rom for rom in sorted(ale_py.roms.get_all_rom_ids())}


def _builder(name: str, rom: str, usual: float) -> Callable[..., World]:
    def build(
        skip: int = 4,
        size: int = 84,
        stack: int = 4,
        noops: int = 30,
        sticky: float = usual,
        life_ends: bool = False,
        fire: bool = True,
        full_actions: bool = False,
        limit: int = LIMIT,
    ) -> Atari:
        for setting, value, least in (("skip", skip, 1), ("size", size, 8), ("stack", stack, 1), ("noops", noops, 0)):
            if value < least:
                raise ValueError(f"the option {setting} of {name} is at least {least}; got {value}")
        if not 0 <= sticky < 1:
            raise ValueError(f"the option sticky of {name} is a chance from 0 to below 1; got {sticky:g}")
        return Atari(
            Ale(rom, full_actions),
            name,
            skip=skip,
            size=size,
            stack=stack,
            noops=noops,
            sticky=sticky,
            life_ends=life_ends,
            fire=fire,
            limit=limit,
        )

    return build
