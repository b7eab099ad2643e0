"""Ask every check of this folder, and those of pictures that do not speak of classes."""

from .. import audit_maps as checks
from .._folder import modules
from ..audit import animated, exact_duplicates, near_duplicates, split_leak, uniform, unreadable
from ..audit._evidence import Evidence, Verdict
from ..label_maps import LabelMaps
from ..prepared_maps import PreparedMaps
from ._evidence import look

OF_PICTURES = (animated, exact_duplicates, near_duplicates, split_leak, uniform, unreadable)


def audit_maps(found: LabelMaps | PreparedMaps, pictures: Evidence | None = None) -> list[Verdict]:
    """One verdict of each check, sorted by the checks' names; every map is read once.

    pictures: what `audit._gather.gather` saw of the same pictures; with it, they are checked too.
    """
    evidence = look(found.source if isinstance(found, PreparedMaps) else found, pictures)
    verdicts = [module.check(evidence) for module in modules(checks)]
    if pictures is not None:
        verdicts += [module.check(pictures) for module in OF_PICTURES]
    return sorted(verdicts, key=lambda verdict: verdict.check)
