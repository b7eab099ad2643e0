"""Parts of a network that do not learn: some never, some not until others are ready.

A module at rest is as if it were in evaluation mode: its batch norm takes no new statistics, and its parameters take no
gradient. What rests follows from the number of improvements alone, so that a resumed run goes on exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, nn

from .anatomy import watching
from .task import evaluating


@dataclass(frozen=True)
class Rest:
    """never: modules that stay as they are. waiting: modules that begin to learn after `until` improvements.

    learners: the parameters of those that wait; others in the same modules were not meant to learn at all.
    """

    never: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    until: int = 0
    learners: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.never or self.waiting)

    def ends_at(self, improvements: int) -> bool:
        """Whether the modules that wait begin to learn now."""
        return bool(self.waiting) and improvements == self.until

    def settle(self, network: nn.Module, improvements: int) -> None:
        """Bring every module of `network` into the state it has after so many improvements, in training mode."""
        asleep = self.never if improvements >= self.until else self.never | self.waiting
        for name in asleep:
            network.get_submodule(name).training = False  # not eval(): what lies inside may be awake
        for name in (self.waiting - asleep) if network.training else ():
            network.get_submodule(name).training = True
        for name in self.learners:
            network.get_parameter(name).requires_grad_(improvements >= self.until)


def rest(network: nn.Module, never: Iterable[str] = (), waiting: Iterable[str] = (), until: int = 0) -> Rest:
    """Put modules of `network` to rest; the optimizer is to be made before those that wait fall asleep (`settle`)."""
    never = frozenset(name for name in never if _owns(network.get_submodule(name)))  # dropout goes on
    for name in never:
        for parameter in network.get_submodule(name).parameters(recurse=False):
            parameter.requires_grad_(False)
    waiting = frozenset(waiting) - never if until else frozenset()
    learners = {
        f"{name}.{own}" if name else own
        for name in waiting
        for own, parameter in network.get_submodule(name).named_parameters(recurse=False)
        if parameter.requires_grad
    }
    return Rest(never, waiting, until, frozenset(learners))


def stages(network: nn.Module, inputs: Tensor) -> list[list[str]]:
    """The modules with weights of their own, in the order of a forward pass, from the input upwards.

    A stage is what answers at one resolution, and each linear layer begins one. Modules that are never called, such as
    heads for training only, are in none. The network is left as it was.
    """
    found: list[list[str]] = []
    before: tuple[int, ...] | None = None
    for name, resolution in passed(network, inputs):
        if not _owns(network.get_submodule(name)):
            continue
        if not found or resolution != before or isinstance(network.get_submodule(name), nn.Linear):
            found.append([])
        found[-1].append(name)
        before = resolution
    return found


def passed(network: nn.Module, inputs: Tensor) -> list[tuple[str, tuple[int, ...]]]:
    """Names of the layers in the order of their first call, and (H, W) of what each puts out, () without pixels."""
    names = {module: name for name, module in network.named_modules() if _owns(module) or not any(module.children())}
    seen: dict[str, tuple[int, ...]] = {}

    def note(module: nn.Module, given: tuple[object, ...], out: object) -> None:
        seen.setdefault(names[module], tuple(out.shape[2:]) if isinstance(out, Tensor) else ())

    with evaluating(network), watching(dict.fromkeys(names, note)):
        network(inputs)
    return list(seen.items())


def _owns(module: nn.Module) -> bool:
    """Whether a module has weights or statistics that do not belong to a module inside it."""
    own = (*module.parameters(recurse=False), *module.buffers(recurse=False))
    return any(True for _ in own)
