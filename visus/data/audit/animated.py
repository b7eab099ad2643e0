"""Do some files hold more than one picture?"""

from ._evidence import NOTE, PASS, Evidence, Verdict
from ._phrases import named, readable, share


def check(evidence: Evidence) -> Verdict:
    """A note: of animations and files of several pages only the first picture is used."""
    rows = readable(evidence)
    several = [row for row in rows if evidence.observations[row].frames > 1]
    if not several:
        return Verdict("animated", PASS, "no file holds more than one picture")
    most = max(several, key=lambda row: evidence.observations[row].frames)
    what = (
        f"{share(len(several), len(rows), 'files')} hold several pictures, up to "
        f"{evidence.observations[most].frames:,} in {evidence.collection.names[most]}; only the first is used"
    )
    return Verdict(
        "animated", NOTE, what, "save the other pictures as files of their own if they matter", named(evidence, several)
    )
