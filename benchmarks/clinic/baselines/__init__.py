"""Other doctors on the same runs. Each file is a watcher, written anew from the published definition it names.

Alarms are counted as their authors do; causes are put into our words where a rule names one.
"""

from collections.abc import Callable

from ..watchers import Rival
from .autotrainer import AutoTrainer
from .deepdiagnosis import DeepDiagnosis
from .deeplocalize import DeepLocalize
from .loss_only import LossOnly
from .torchmortem import Torchmortem
from .umlaut import Umlaut

RIVALS: dict[str, Callable[[], Rival]] = {
    "loss NaN or flat": LossOnly,
    "DeepLocalize (rules)": DeepLocalize,
    "DeepDiagnosis (rules)": DeepDiagnosis,
    "AutoTrainer (rules)": AutoTrainer,
    "UMLAUT (rules)": Umlaut,
    "torchmortem 0.1.1": Torchmortem,
}
