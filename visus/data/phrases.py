"""English phrases and their German translations, drawn from a small grammar: a set that needs no file.

The translation is no copy: German nouns have genders that articles and adjectives follow, and a sentence that begins
with a time puts the verb before its subject.
"""

import numpy as np

from .parallel import Parallel

NOUNS = {  # English: German, article, indefinite article, ending of the adjective behind it
    "dog": ("Hund", "der", "ein", "er"),
    "cat": ("Katze", "die", "eine", "e"),
    "child": ("Kind", "das", "ein", "es"),
    "man": ("Mann", "der", "ein", "er"),
    "woman": ("Frau", "die", "eine", "e"),
    "horse": ("Pferd", "das", "ein", "es"),
}
ADJECTIVES = {"small": "klein", "big": "groß", "old": "alt", "young": "jung", "quiet": "still"}
VERBS = {"runs": "läuft", "sleeps": "schläft", "waits": "wartet", "plays": "spielt", "sits": "sitzt"}
PLACES = {
    "in the garden": "im Garten",
    "on the beach": "am Strand",
    "in front of the house": "vor dem Haus",
    "at home": "zu Hause",
}
TIMES = {"": "", "today": "heute", "in the evening": "am Abend", "now": "jetzt"}


def phrases(n: int, seed: int = 0) -> Parallel:
    """n pairs of sentences, drawn from `seed`; some are drawn more than once."""
    dice = np.random.default_rng(seed)
    pairs = [_phrase(dice) for _ in range(n)]
    source, target = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return Parallel("phrases", ("en", "de"), source, target, [""] * n)


def _phrase(dice: np.random.Generator) -> tuple[str, str]:
    noun, adjective, verb, place, time = (
        str(dice.choice(list(words))) for words in (NOUNS, ADJECTIVES, VERBS, PLACES, TIMES)
    )
    name, _, article, ending = NOUNS[noun]
    plain, subject = f"a {adjective} {noun}", f"{article} {ADJECTIVES[adjective]}{ending} {name}"
    if bool(dice.integers(2)):
        name, article, _, _ = NOUNS[noun]
        plain, subject = f"the {adjective} {noun}", f"{article} {ADJECTIVES[adjective]}e {name}"
    english = " ".join(filter(None, [time and f"{time} ,", plain, verb, place])).replace(" ,", ",")
    order = [TIMES[time], VERBS[verb], subject] if time else [subject, VERBS[verb]]
    german = " ".join([*order, PLACES[place]])
    return f"{english[:1].upper()}{english[1:]}.", f"{german[:1].upper()}{german[1:]}."
