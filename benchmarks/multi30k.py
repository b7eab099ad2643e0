"""Multi30k, English to German: BLEU on test2016 without attention, with dot and with additive attention.

`multi30k.py [SEED ...] [attention=none,dot,additive] [SETTING=VALUE ...]`: `visus train multi30k`, recorder and doctor
on, one process a run, timed from the command's start to its end. The weights are those of the best validation nats; the
test sentences are translated greedily and with a beam of 5, and scored by sacrebleu on text as people write it, upper
and lower case told apart. Word by word, a lexicon found without a network, stands beside them. Every run is kept.
"""

import json
import sys
from collections.abc import Sequence
from statistics import mean
from typing import Any

from _claim import RESULTS, keep, spread, state
from _command import named, trained

from visus.data.pairs import Pairs, prepare_pairs
from visus.playbook import _translation_scores as scores
from visus.ship.kinds import translation

KINDS = ("none", "dot", "additive")
BEAM, ALPHA = translation.BEAM, translation.ALPHA
ASKED_BLEU = 28.0
MEASURED = RESULTS / "multi30k_runs.json"


def tested(attention: str, seed: int, settings: Sequence[str], pairs: Pairs) -> dict[str, Any]:
    """Train once, by the command; BLEU of its greedy and its beam's translations of the test part."""
    with trained("multi30k", f"attention={attention}", f"seed={seed}", *settings) as (folder, seconds):
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        nats = min(event["scores"]["validation_nats"] for event in events if event["event"] == "scores")
        model = translation.load(folder)
    found: dict[str, Any] = {"attention": attention, "seed": seed, "settings": list(settings), "seconds": seconds}
    rows = pairs.rows("test")
    references = [pairs.target_text[row] for row in rows]
    for name, width in (("greedy", 1), ("beam", BEAM)):
        made = model.translate([pairs.source_text[row] for row in rows], width, ALPHA)
        found[name] = scores.score(made, references).facts()
    return found | {"nats": nats}


def main(words: Sequence[str]) -> None:
    seeds, chosen, settings = named(words, "attention", KINDS)
    pairs = prepare_pairs("multi30k")
    lexical = scores.baselines(pairs, "test")[scores.WORD_BY_WORD]
    print(f"word by word, without a network: BLEU {lexical:.1f}")
    reached: dict[str, float] = {}
    for attention in chosen:
        runs = []
        for seed in seeds:
            run = tested(attention, seed, settings, pairs)
            runs.append(run)
            earlier = json.loads(MEASURED.read_text()) if MEASURED.is_file() else []  # another process may have written
            keep(MEASURED, [*earlier, run])
            print(f"{attention}, seed {seed}: {run['nats']:.3f} nats a word, {run['seconds'] / 60:.0f} minutes; "
                  f"BLEU greedy {run['greedy']['bleu']:.1f}, beam of {BEAM} {run['beam']['bleu']:.1f} "
                  f"({run['beam']['low']:.1f} to {run['beam']['high']:.1f}) {run['beam']['signature']}")  # fmt: skip
        values = [run["beam"]["bleu"] for run in runs]
        reached[attention] = mean(values)
        print(f"{attention}: BLEU {spread(values)}")
    best, without = max(reached.values()), reached.get("none")
    held = best >= ASKED_BLEU and (without is None or best > without)
    claim = f"Multi30k en-de, test2016: BLEU of at least {ASKED_BLEU:g}, and attention above none"
    state("multi30k", claim, held, bleu=reached, word_by_word=lexical, seeds=seeds, settings=settings)


if __name__ == "__main__":
    main(sys.argv[1:])
