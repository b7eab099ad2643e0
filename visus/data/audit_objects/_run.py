"""Ask every check of this folder, and those of pictures that do not speak of classes."""

from .. import audit_objects as checks
from .._folder import modules
from ..annotations import Annotations
from ..audit import animated, exact_duplicates, near_duplicates, split_leak, uniform, unreadable
from ..audit._evidence import Evidence, Verdict
from ..decode import Frame
from ..prepared_objects import PreparedObjects, choose_frame
from ._evidence import look

OF_PICTURES = (animated, exact_duplicates, near_duplicates, split_leak, uniform, unreadable)


def audit_objects(
    found: Annotations | PreparedObjects, pictures: Evidence | None = None, frame: Frame | None = None
) -> list[Verdict]:
    """One verdict of each check, sorted by the checks' names.

    pictures: what `audit._gather.gather` saw of the same pictures; with it, they are checked too. frame: the size that
    will be trained at; None: the one that `prepare_objects` chooses.
    """
    if isinstance(found, PreparedObjects):
        annotations, frame = found.annotations, frame or found.frame
    else:
        annotations = found
    evidence = look(annotations, frame or choose_frame(annotations.sizes), pictures)
    verdicts = [module.check(evidence) for module in modules(checks)]
    if pictures is not None:
        verdicts += [module.check(pictures) for module in OF_PICTURES]
    return sorted(verdicts, key=lambda verdict: verdict.check)
