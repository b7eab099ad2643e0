"""Backpropagation made visible: `visus.circuit(f, x=-2, y=5, z=-4)` traces a small torch expression, gate by gate.

The name `visus.circuit` has to be this folder and is meant to be a function, so the module can be called.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .graph import Circuit


def circuit(f: Any, /, *inputs: Any, fine: bool = False, upstream: Any = None, **named: Any) -> "Circuit":
    """The circuit of a function of tensors or of a module, at these inputs: see `visus.circuit.trace.trace`."""
    from .trace import trace  # here, not above: `import visus.circuit` must not wait for torch

    return trace(f, *inputs, fine=fine, upstream=upstream, **named)


class _Callable(ModuleType):
    __call__ = staticmethod(circuit)


sys.modules[__name__].__class__ = _Callable
