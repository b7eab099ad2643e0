"""A training loop in plain PyTorch: no engine of ours, one thread, the same result for the same plan and seed."""

import hashlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor, nn

from . import data
from .plan import Examples, Plan, Run
from .watchers import Evaluation, Watcher

EVALUATION_BATCH = 100


@dataclass(frozen=True)
class Result:
    """How a run turned out. truth: accuracy on the test part. scores: on the validation part, as the script saw them.

    fingerprint: of the trained weights, to see that a watcher changed nothing. seconds: of processor time, in training.
    """

    truth: float
    scores: list[float]
    steps: int
    fingerprint: str
    seconds: float
    losses: list[float] = field(default_factory=list)


def train(plan: Plan, seed: int, watchers: Sequence[Watcher] = (), seen: bool = False) -> Result:
    """Train as the plan says. seen: the truth is the score that the script's own evaluation gives on the test part."""
    generator = Generator().manual_seed(seed)
    parts = data.load(plan, generator)
    training = plan.training_set(parts.training, generator)
    validation = plan.validation_set(parts.validation, generator)
    inputs, labels = plan.prepare(training.pictures), training.labels
    torch.manual_seed(seed)
    run = _start(plan, len(labels), generator)
    losses, scores = [], []
    began = time.process_time()
    for watcher in watchers:
        watcher.begin(run)
    while run.step < run.steps:
        for x, y in _batches(plan, inputs, labels, generator):
            if run.step >= run.steps:
                break
            loss, outputs = _step(run, x, y)
            for watcher in watchers:
                watcher.step(run, loss, x, y, outputs)
            losses.append(float(loss.detach()))
            if _due(run):
                found = evaluate(run, validation)
                scores.append(found.score)
                for watcher in watchers:
                    watcher.validate(run, found)
            run.step += 1
        run.epoch += 1
        plan.after_epoch(run)
    for watcher in watchers:
        watcher.finish(run)
    seconds = time.process_time() - began
    fingerprint = hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in run.model.parameters())).hexdigest()
    truth = evaluate(run, plan.validation_set(parts.test, generator) if seen else parts.test, seen).score
    return Result(truth, scores, run.step, fingerprint[:16], seconds, _thinned(losses))


def evaluate(run: Run, examples: Examples, as_the_script_does: bool = True) -> Evaluation:
    """Loss and accuracy. Otherwise in evaluation mode, whatever the script does."""
    plan, model = run.plan, run.plan.validated(run)
    prepare = plan.prepare_validation or plan.prepare
    (plan.validation_mode if as_the_script_does else nn.Module.eval)(model)
    loss, right, n = 0.0, 0, len(examples.labels)
    with torch.no_grad():
        for x, y in zip(
            prepare(examples.pictures).split(EVALUATION_BATCH), examples.labels.split(EVALUATION_BATCH), strict=True
        ):
            outputs = model(x)
            loss += float(plan.loss(outputs, y, plan)) * len(y) / n
            right += int((outputs.argmax(1) == y).sum())
    return Evaluation(loss, right / n)


def steps_of(plan: Plan, n: int) -> int:
    """How many steps the script plans for n training examples."""
    return max(1, round(plan.limit * plan.epochs * math.ceil(n / plan.batch)))


def _start(plan: Plan, n: int, generator: Generator) -> Run:
    model: Any = plan.build(plan)
    plan.pretrained(model)
    plan.start(model)
    if plan.final:
        model.head = nn.Sequential(model.head, plan.final())
    model = plan.wire(model)
    plan.freeze(model)
    return Run(plan, model, plan.optimizer(plan.owned(model, plan), plan), steps_of(plan, n), generator)


def _batches(plan: Plan, inputs: Tensor, labels: Tensor, generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for rows in plan.order(labels, generator).split(plan.batch):
        yield plan.augment(inputs[rows], labels[rows], generator)


def _step(run: Run, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    plan, share = run.plan, run.step / run.steps
    for group in run.optimizer.param_groups:
        rising = min(1.0, (run.step + 1) / (plan.warmup * run.steps)) if plan.warmup else 1.0
        group.setdefault("initial_lr", group["lr"])
        group["lr"] = group["initial_lr"] * plan.schedule(share) * rising
    plan.mode(run.model)
    loss, outputs = plan.improve(run, x, y)
    plan.after_step(run)
    return loss, outputs


def _due(run: Run) -> bool:
    """`plan.evaluations` times, evenly, the last after the last step."""
    now, before = ((run.step + done) * run.plan.evaluations // run.steps for done in (1, 0))
    return now > before


def _thinned(losses: list[float], n: int = 50) -> list[float]:
    """At most n means of neighbouring values."""
    size = math.ceil(len(losses) / n)
    parts = [losses[i : i + size] for i in range(0, len(losses), size)]
    return [round(sum(part) / len(part), 5) for part in parts]
