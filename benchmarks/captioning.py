"""Captions: fifty of them by heart, as in the course, and Flickr8k (or the part of it in $VISUS_DATA) described.

`python benchmarks/captioning.py overfit`   summed nats per caption after 120 epochs on 50 captions: RNN, LSTM
`python benchmarks/captioning.py flickr8k`  every captioner, three seeds, against captions without learning; the best by
                                            validation is the only one held against the baselines on the test pictures
"""

import sys
import time
from typing import Any

import torch
from _claim import spread, state

from visus.data.captioned import Captioned, prepare_captions
from visus.decoding import beam
from visus.engine import catalogue
from visus.engine.loop import Evaluate, Observer, fit
from visus.engine.task import Task, evaluating
from visus.models import captioners
from visus.playbook._caption_baselines import answers
from visus.playbook._caption_scores import plain, scored
from visus.recipes import caption, flickr8k
from visus.tasks.caption import Caption

SEEDS = (0, 1, 2)
WIDTH = 3  # of the beam
BY_HEART: dict[str, dict[str, Any]] = {"rnn": {"lr": 4e-3, "below": 0.1}, "lstm": {"lr": 5e-3, "below": 0.5}}
COURSE = {"hidden": 512, "embedding": 256, "train": 50, "each": 1, "batch": 25, "epochs": 120, "weight_decay": 0.0}


class Best(Observer):
    """Keeps the weights of the best evaluation in memory."""

    def __init__(self) -> None:
        self.score, self.weights = float("-inf"), dict[str, torch.Tensor]()

    def after_evaluation(self, step: int, task: Task, scores: Any) -> None:
        if scores["validation_log_likelihood"] > self.score:
            self.score = scores["validation_log_likelihood"]
            self.weights = {name: tensor.clone() for name, tensor in task.state_dict().items()}


def overfit() -> None:
    figures: dict[str, Any] = {}
    held = True
    data = prepare_captions("flickr8k")
    for cell, settings in BY_HEART.items():
        found = []
        for seed in SEEDS:
            task = caption.build(data, model="initial_state", cell=cell, lr=settings["lr"], seed=seed, **COURSE)
            fit(task, task.steps)
            nats, _, captions = task.totals("train")
            assert captions == COURSE["train"]
            found.append(nats / captions)
        figures[f"{cell}: nats of a caption"] = spread(found, 3)
        held = held and max(found) < settings["below"]
    claim = "fifty captions are learned by heart: below 0.1 nats a caption by an RNN, 0.5 by an LSTM"
    state("captioning_overfit", claim, held, **figures, seeds=list(SEEDS))


def described(task: Caption, part: str) -> tuple[list[list[str]], list[list[list[str]]]]:
    """What is said of a part's pictures by beam search, and what people said, without punctuation."""
    made: list[list[str]] = []
    known: list[list[list[str]]] = []
    for seen, references in task.data.tokenised(part):
        with evaluating(task):
            start = torch.full((len(seen),), task.vocabulary.start)
            begun = task.network.begin(task.features(seen))
            found = beam.decode(task.network.step, begun, start, task.vocabulary.end, task.longest, width=WIDTH)
        made += [plain(task.vocabulary.decode(row)) for row in found.tokens.tolist()]
        known += [[plain(words) for words in own] for own in references]
    return made, known


def without_learning(data: Captioned, task: Caption, part: str) -> dict[str, float]:
    """CIDEr of each baseline on a part."""
    pooled = {p: torch.cat([s.mean((2, 3)) for s, _ in task.data.tokenised(p)]) for p in ("train", part)}
    spoken = {p: [[plain(words) for words in data.words[row]] for row in data.rows(p)] for p in ("train", part)}
    found = answers(spoken["train"], pooled["train"], pooled[part])
    return {name: scored(said, spoken[part]).values["CIDEr"] for name, said in found.items()}


def flickr() -> None:
    data = prepare_captions("flickr8k")
    runs: dict[str, list[tuple[float, Caption]]] = {}
    figures: dict[str, Any] = {}
    for model in catalogue.names(captioners):
        began = time.process_time()
        for seed in SEEDS:
            task = flickr8k.build(data=data, model=model, seed=seed)
            fit(task, task.steps, [Evaluate(task.steps_per_epoch, [best := Best()])])
            task.load_state_dict(best.weights)
            runs.setdefault(model, []).append((scored(*described(task, "validation")).values["CIDEr"], task))
        seconds = (time.process_time() - began) / len(SEEDS)
        nats = spread([task.nats("validation") for _, task in runs[model]], 3)
        figures[model] = f"validation CIDEr {spread([v for v, _ in runs[model]], 3)}, nats {nats}, {seconds:.0f} s CPU"
        print(f"  {model}: {figures[model]}", flush=True)
    chosen = max(runs, key=lambda model: sum(value for value, _ in runs[model]))
    tests = [scored(*described(task, "test")).values for _, task in runs[chosen]]
    simple = without_learning(data, runs[chosen][0][1], "test")
    ours = [values["CIDEr"] for values in tests]
    state(
        "captioning",
        "on the test pictures a captioner beats the most frequent caption by CIDEr",
        min(ours) > simple["most frequent caption"],
        **figures,
        chosen=chosen,
        **{f"test {name}": spread([values[name] for values in tests], 3) for name in tests[0]},
        **{f"test CIDEr, {name}": f"{value:.3f}" for name, value in simple.items()},
        seeds=list(SEEDS),
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"overfit": overfit, "flickr8k": flickr}[sys.argv[1] if len(sys.argv) > 1 else "overfit"]()
