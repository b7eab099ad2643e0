"""Visus: a vision training system that checks its own work.

import visus

fitted = visus.fit("photos/", budget="10m")        # all eight stages; a report and a model are left in runs/
fitted.model.predict(["holiday/1.jpg"])            # -> ["beach"]
model = visus.train(images, labels)                # arrays, the course's two functions
visus.predict(model, images)                       # -> labels
doctor = visus.Doctor(model, optimizer)            # watches any PyTorch loop: doctor.step(loss, ...), doctor.report()
visus.circuit(lambda x, y: x * y, x=-2, y=5).svg() # backpropagation drawn: values above, gradients below each wire
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .circuit import circuit
    from .doctor.anywhere import Doctor
    from .estimators import Classifier, predict, train
    from .playbook.api import Fitted, fit, resume
    from .ship.model import TrainedModel
    from .ship.opened import load

__version__ = "0.1.0"
__all__ = ["Classifier", "Doctor", "Fitted", "TrainedModel", "circuit", "fit", "load", "predict", "resume", "train"]

# Public names are imported when first used: `visus --help` must not wait for torch.
_HOMES = {
    "Classifier": ".estimators",
    "Doctor": ".doctor.anywhere",
    "Fitted": ".playbook.api",
    "TrainedModel": ".ship.model",
    "circuit": ".circuit",
    "fit": ".playbook.api",
    "load": ".ship.opened",
    "predict": ".estimators",
    "resume": ".playbook.api",
    "train": ".estimators",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'visus' has no attribute '{name}'; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
