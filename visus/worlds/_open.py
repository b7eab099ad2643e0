"""Open a world by its name: a file of this folder, a Gymnasium id, or a file of the user's."""

from collections.abc import Callable

from ._contract import World


def opener(name: str, options: str = "") -> Callable[[], World]:
    """What makes copies of a world; it has made one, so that what cannot be is refused now.

    name: a file of this folder (`grid_world`), a Gymnasium id (`CartPole-v1`, `ALE/Pong-v5`), or the path of a Python
    file that has `build`. options: its settings, `slip=0.1,map=cliff`. Raises LookupError for a name that nobody knows,
    with the nearest; ValueError for a world that Visus cannot take, and for a missing extra, with the command.
    """
    raise NotImplementedError  # owner A
