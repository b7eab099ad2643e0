"""tiny-shakespeare: nats of the recipe against n-grams, and its speed against a bare torch.nn.LSTM loop.

`char_lstm.py quality [SEED ...] [SETTING=VALUE ...]`: `visus train char_lstm`, recorder and doctor on, one process a
seed, timed from the command's start to its end. Scored are the last 10 % of the text, on which the best pass was also
chosen; n-grams of order 1 to 6, counted on the same first 90 %, stand beside it. Every seed measured is kept.

`char_lstm.py throughput [ROUNDS] [SETTING=VALUE ...]`: the same network written out by hand (torch.nn.Embedding, LSTM,
Linear, state carried and detached, gradients clipped, AdamW), same sizes, precision, threads and batches. Blocks of
steps take turns, A B B A; ours goes through the loop with recorder and doctor. The doctor looks closely at the first
steps: they are counted as often as a whole run of the recipe has them. Neither evaluates: a run's evaluations are a
share of their own, which `quality` has in its seconds.
"""

import itertools
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from _claim import RESULTS, keep, spread, state
from _command import trained
from torch import nn
from torch.nn import functional as F

from visus.data.text import prepare_text
from visus.doctor.checkup import Checkup, StopNotFinite
from visus.engine.loop import Evaluate, fit
from visus.engine.objective import Batch
from visus.models.sequence import ngram
from visus.recipes import _form, char_lstm
from visus.runs.recorder import Recorder
from visus.tasks.language import Language

SEEDS = (0, 1, 2)
ASKED_NATS = 1.50
BLOCK, ROUNDS, SLOWER_MOST = 10, 20, 0.10
FIRST_BLOCKS = 10  # in which the doctor measures often
MEASURED = RESULTS / "char_lstm_seeds.json"


def learned(seed: int, settings: Sequence[str]) -> dict[str, float]:
    """Train once, by the command; nats of the best pass on the last 10 %."""
    with trained("char_lstm", f"seed={seed}", *settings) as (folder, seconds):
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    scores = [event for event in events if event["event"] == "scores"]
    best = min(scores, key=lambda event: event["scores"]["validation_nats"])
    return {"nats": best["scores"]["validation_nats"], "epoch": best["epoch"], "seconds": seconds}


def quality(words: Sequence[str]) -> None:
    seeds = [int(word) for word in words if word.isdigit()] or list(SEEDS)
    settings = [word for word in words if "=" in word]
    kept = json.loads(MEASURED.read_text()) if MEASURED.is_file() else {}
    done = kept.setdefault(" ".join(settings) or "as it is", {})
    for seed in seeds:
        done[str(seed)] = learned(seed, settings)
        print(f"seed {seed}: {done[str(seed)]}", flush=True)
        keep(MEASURED, kept)
    text = prepare_text("tiny-shakespeare")
    orders = ngram.baselines(text.part("train").numpy(), text.part("validation").numpy(), len(text.vocabulary))
    worst = max(row["nats"] for row in done.values())
    state(
        "_".join(["char_lstm", *settings]).replace("=", "-"),
        f"at most {ASKED_NATS:.2f} nats per character on the last 10 % of tiny-shakespeare, below the 5-gram",
        worst <= ASKED_NATS and worst < orders["5-gram"],
        nats=spread([row["nats"] for row in done.values()], 4),
        seconds=spread([row["seconds"] for row in done.values()], 0),
        seeds=done,
        settings=settings,
        n_grams={name: round(nats, 4) for name, nats in orders.items()},
        threads=torch.get_num_threads(),
    )


class Bare:
    """The same network and the same step, written out as in a tutorial."""

    def __init__(self, like: Language, settings: dict[str, Any]) -> None:
        model: Any = like.model
        vocabulary, hidden = model.vocabulary, settings["hidden"]
        self.embed = nn.Embedding(vocabulary, settings["embedding"])
        between = settings["dropout"] if settings["layers"] > 1 else 0.0
        self.lstm = nn.LSTM(settings["embedding"], hidden, settings["layers"], batch_first=True, dropout=between)
        self.drop, self.head = nn.Dropout(settings["dropout"]), nn.Linear(hidden, vocabulary)
        self.parameters = [p for module in (self.embed, self.lstm, self.head) for p in module.parameters()]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=1e-3, weight_decay=0.01, foreach=True)
        self.dtype, self.max_norm = like.precision.dtype, settings["max_norm"]
        self.state: tuple[torch.Tensor, torch.Tensor] | None = None

    def block(self, batches: Sequence[Batch]) -> float:
        """Seconds of one step a batch."""
        began = time.perf_counter()
        for inputs, targets, *_ in batches:
            with torch.autocast("cpu", dtype=self.dtype, enabled=self.dtype != torch.float32):
                outputs, (h, c) = self.lstm(self.embed(inputs), self.state)
                scores = self.head(self.drop(outputs))
            self.state = (h.detach(), c.detach())
            loss = F.cross_entropy(scores.float().flatten(0, 1), targets.flatten())
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters, self.max_norm)
            self.optimizer.step()
        return time.perf_counter() - began


class Ours:
    """The recipe's task through the loop, with recorder and doctor."""

    def __init__(self, task: Language, folder: Path) -> None:
        self.task, self.done = task, 0
        checkup = Checkup()
        recorder = Recorder(folder, [checkup], log_every=max(1, task.steps_per_epoch // 10))
        checkup.before_fit(task, 0)
        # A run's start and end are once a run, not once a block: only the moments inside the loop count here.
        for observer in (recorder, checkup):
            observer.before_fit = lambda task, start: None  # type: ignore[method-assign]
            observer.after_fit = lambda steps, task, why: None  # type: ignore[method-assign]
        self.observers = [checkup, StopNotFinite(), Evaluate(10**9, [recorder, checkup]), recorder]

    def block(self, steps: int) -> float:
        began = time.perf_counter()
        fit(self.task, self.done + steps, self.observers, self.done)
        self.done += steps
        return time.perf_counter() - began


def throughput(words: Sequence[str]) -> None:
    rounds = next((int(word) for word in words if word.isdigit()), ROUNDS)
    named = _form.read(char_lstm.build, _form.words([word for word in words if "=" in word]))
    settings = _form.resolved(char_lstm.build, named)
    task = char_lstm.build(**settings)
    # The same batches for both; the recipe's own are as cheap to make.
    batches = list(itertools.islice(task.data.batches(), BLOCK))
    seconds: dict[str, list[float]] = {"bare": [], "visus": []}
    with tempfile.TemporaryDirectory() as folder:
        bare, ours = Bare(task, settings), Ours(task, Path(folder))
        bare.block(batches)  # the first block allocates memory
        for turn in range(max(rounds, FIRST_BLOCKS + 1)):
            for who in ("bare", "visus") if turn % 2 else ("visus", "bare"):
                seconds[who].append(bare.block(batches) if who == "bare" else ours.block(BLOCK))
    ratios = [b / a for a, b in zip(seconds["bare"], seconds["visus"], strict=True)]
    first, settled = median(ratios[:FIRST_BLOCKS]), median(ratios[FIRST_BLOCKS:])
    share = min(1.0, FIRST_BLOCKS * BLOCK / task.steps)
    ratio = share * first + (1 - share) * settled
    symbols = settings["batch"] * settings["window"]
    state(
        "char_lstm_throughput",
        f"at most {SLOWER_MOST:.0%} slower than a bare torch.nn.LSTM loop",
        ratio <= 1 + SLOWER_MOST,
        ratio=round(ratio, 4),
        first_steps=round(first, 4),
        later_steps=round(settled, 4),
        ratios=[round(ratio, 3) for ratio in ratios],
        bare_s_per_step=round(median(seconds["bare"]) / BLOCK, 4),
        visus_s_per_step=round(median(seconds["visus"]) / BLOCK, 4),
        characters_per_second=round(symbols * BLOCK / median(seconds["visus"])),
        precision=str(task.precision),
        settings=named,
        threads=torch.get_num_threads(),
    )


def main(words: Sequence[str]) -> None:
    what, *rest = words
    if what == "quality":
        quality(rest)
    elif what == "throughput":
        throughput(rest)
    else:
        sys.exit(f"say what to measure: quality or throughput; got '{what}'")


if __name__ == "__main__":
    main(sys.argv[1:] or ["throughput"])
