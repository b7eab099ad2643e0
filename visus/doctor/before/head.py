"""Do the head and the loss belong together: raw scores or chances, number of classes, range of targets, reduction?"""

import time
from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from ...engine.objective import Batch, Objective, sum_of
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, WARNING, Finding
from ..instruments import acting, generative
from ..instruments.sequences import are_tokens
from ._copy import descending, first_batch, patient, unexamined
from ._look import Look, failure, look
from ._loss_call import CHANCES, LOG_CHANCES, VALUES, LossCall, last_activation

SUM_TO_ONE = 1e-3  # rows of chances in half precision are off by about that
BATCHES, SECONDS = 40, 2.0  # looked through for labels
SEEN_PER_CLASS = 10  # examples a class after which one that never came is not just rare
GROWS, SHRINKS = 1.5, 0.67  # factor on the loss when every example comes twice: 1 for a mean, 2 for a sum
NEGATIVE = ("softmax", "sigmoid", "relu")  # activations that no score for a cross-entropy may have passed
BOUNDS = {"softmax": (0.0, 1.0), "sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, float("inf"))}
OUTSIDE = 0.05  # share of regression targets beyond the reach of the last activation that is no outlier


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        batch = first_batch(copy)
        found = []
        for objective in descending(copy):
            copy.train()
            seen = look(copy, objective, batch)
            problems = _problems(copy, objective, batch, seen)
            found += problems or [Finding(PASS, *_healthy(seen))]
        return found


def _problems(task: Task, objective: Objective, batch: Batch, seen: Look) -> list[Finding]:
    calls = [call for call in seen.losses if call.outputs.requires_grad]
    found = [finding for call in calls for finding in _judge_call(call)]
    if seen.error:
        found += [finding for call in calls for finding in _judge_classes(call.labels, call.n_classes)]
        return [finding for finding in found if finding.severity == BLOCKER] or [_failed(seen.error)]
    labels = None if acting.acts(task) else _labels(task, objective, batch, calls)  # actions are no labels
    tokens = any(are_tokens(column) for column in batch[1:])
    found += _judge_classes(labels, calls[0].n_classes if calls else _width(seen, labels), tokens)
    return found + _judge_reduction(task, objective, batch)


def _healthy(seen: Look) -> tuple[str, str]:
    calls = [call for call in seen.losses if call.outputs.requires_grad]
    if not calls:
        return "labels and reduction fit", "the loss is written by hand: what it expects of the scores is not known"
    made = last_activation(calls[0].outputs)
    said = made.replace("_", "-") if made else "raw outputs"
    return f"{said} of shape {tuple(calls[0].outputs.shape)} enter {calls[0].name}", f"it takes {calls[0].expects}"


def _failed(error: Exception) -> Finding:
    return Finding(
        BLOCKER,
        f"the loss cannot be computed: {failure(error)}",
        "a number",
        cause="outputs, targets and loss do not fit in shape or type",
        remedy="print the shapes and types of what enters the loss",
        kind="wrong_loss",
        where="loss",
        weight=1.0,
    )


def _judge_call(call: LossCall) -> list[Finding]:
    """What is wrong with one call of a loss function, by what it was given."""
    if call.expects == VALUES:
        return _judge_values(call)
    if call.name in ("cross_entropy", "nll_loss") and call.n_classes == 1:
        return [
            Finding(
                BLOCKER, f"{call.name} over a single output is the same whatever it says", "at least two outputs",
                "a head for two classes needs two outputs here",
                "use binary_cross_entropy_with_logits, or give the head one output per class",
                kind="class_count", where="head", weight=1.0, defect=True,
            )
        ]  # fmt: skip
    if call.expects == LOG_CHANCES:
        return _judge_log_chances(call)
    return _judge_scores(call) if call.expects != CHANCES else []  # torch itself refuses chances outside 0..1


def _judge_scores(call: LossCall) -> list[Finding]:
    made = last_activation(call.outputs)
    chances = call.n_classes > 1 and _are_chances(call.outputs.detach(), 1 if call.outputs.ndim > 1 else 0)
    if made == "log_softmax":
        return [] if call.name != "cross_entropy" else [
            Finding(NOTE, "log-softmax enters cross_entropy, which takes it once more", "raw scores",
                    "harmless, but done twice", "drop the log-softmax, or use nll_loss", where="head")
        ]  # fmt: skip
    if made not in (*NEGATIVE, "log_sigmoid", "tanh") and not chances:
        return []
    made = made or "softmax"
    return [
        Finding(
            WARNING if made in ("tanh", "relu") else BLOCKER,
            f"the outputs have passed {made} before {call.name}",
            "raw scores, of any sign and size",
            cause=f"{call.name} applies its own normalisation: scores bounded by {made} cannot become sure of anything",
            remedy=f"remove the {made} from the end of the network; apply it only to show chances",
            kind="activation_before_loss",
            where="head",
            weight=0.9 if made in ("softmax", "sigmoid") else 0.6,
            defect=True,
        )
    ]


def _judge_log_chances(call: LossCall) -> list[Finding]:
    """nll_loss and kl_div take logarithms of chances."""
    x, dim = call.outputs.detach(), 1 if call.outputs.ndim > 1 and call.name == "nll_loss" else -1
    if _are_chances(x.exp(), dim):
        return []
    across = x.ndim > 1 and _are_chances(x.exp(), 0)
    bare = _are_chances(x, dim)
    what = (
        "log-softmax was taken across the batch, not across the classes"
        if across
        else f"{call.name} was given chances, not their logarithm"
        if bare
        else f"{call.name} was given raw scores"
    )
    return [
        Finding(
            BLOCKER,
            what,
            "logarithms of chances that sum to one per example",
            cause="the network ends without a log-softmax over the classes",
            remedy=f"end it with log_softmax(dim={dim})"
            + (", or use cross_entropy" if call.name == "nll_loss" else ""),
            kind="wrong_loss" if not bare else "activation_before_loss",
            where="head",
            weight=0.9,
            defect=True,
        )
    ]


def _judge_values(call: LossCall) -> list[Finding]:
    """Regression: shapes that broadcast, targets that the last activation cannot reach, class numbers as values."""
    if call.outputs.shape != call.targets.shape:
        return [
            Finding(
                BLOCKER,
                f"outputs {tuple(call.outputs.shape)} and targets {tuple(call.targets.shape)} are compared by "
                "broadcasting: every output with every target",
                "equal shapes",
                cause="one of them has a dimension of one too many",
                remedy="use outputs.squeeze(1) or targets.unsqueeze(1)",
                kind="wrong_loss",
                where="loss",
                weight=0.9,
                defect=True,
            )
        ]
    low, high = BOUNDS.get(made := last_activation(call.outputs), (float("-inf"), float("inf")))
    targets = call.targets.detach()
    beyond = float(((targets < low - 1e-3) | (targets > high + 1e-3)).float().mean())
    if beyond > OUTSIDE:
        return [
            Finding(
                BLOCKER,
                f"{100 * beyond:.0f} % of the targets lie outside what the last activation, {made}, can say",
                f"targets between {low:g} and {high:g}",
                cause=f"the network ends with {made}",
                remedy=f"remove the {made}, or scale the targets into its range",
                kind="activation_before_loss",
                where="head",
                weight=0.9,
                defect=True,
            )
        ]
    whole = targets.numel() and bool((targets == targets.round()).all())
    width = call.outputs.shape[1:].numel()
    if whole and width == 1 and 2 < len(values := targets.unique()) <= 100 and len(values) == float(values.max()) + 1:
        return [
            Finding(NOTE, f"the targets are the numbers 0 to {len(values) - 1}, as of classes", "values of a quantity",
                    "a regression on class numbers says that class 2 lies between 1 and 3",
                    "if they are classes, use one output per class and cross_entropy", kind="wrong_loss", where="loss")
        ]  # fmt: skip
    return []


def _are_chances(x: Tensor, dim: int) -> bool:
    """Whether rows along `dim` are non-negative and sum to one."""
    if x.ndim == 0 or x.shape[dim] < 2 or x.numel() == 0:
        return False
    return bool((x >= 0).all()) and bool(((x.sum(dim) - 1).abs() < SUM_TO_ONE).all())


def _labels(task: Task, objective: Objective, batch: Batch, calls: list[LossCall]) -> Tensor | None:
    """Labels of many batches, if targets are labels: a column of whole numbers, one for each example."""
    column = len(batch) - 1
    first = batch[column]
    if calls and calls[0].labels is None:
        return None
    if generative.are_drawings(task) or (calls and calls[0].targets.numel() != first.numel()):
        return calls[0].labels if calls else None  # what a picture shows is beside what is asked for
    if len(batch) < 2 or first.ndim != 1 or first.is_floating_point() or first.dtype == torch.bool:
        return calls[0].labels if calls else None
    ignored = int(calls[0].settings.get("ignore_index", -100)) if calls else -100
    labels = torch.cat([more[column].cpu() for more in _batches(task)])
    return labels[labels != ignored]


def _batches(task: Task) -> Iterator[Batch]:
    began = time.monotonic()
    for batch in islice(task.batches(), min(BATCHES, max(1, task.steps_per_epoch))):
        yield batch
        if time.monotonic() - began > SECONDS:
            return


def _width(seen: Look, labels: Tensor | None) -> int:
    """Outputs of the network, when a loss written by hand uses labels."""
    fits = labels is not None and seen.outputs is not None and seen.outputs.ndim == 2 and seen.outputs.shape[1] > 1
    return seen.outputs.shape[1] if fits and seen.outputs is not None else 0


def _judge_classes(labels: Tensor | None, width: int, tokens: bool = False) -> list[Finding]:
    if labels is None or width < 2 or not len(labels):
        return []
    low, high, distinct = int(labels.min()), int(labels.max()), len(labels.unique())
    if low < 0 or high >= width:
        return [
            Finding(
                BLOCKER,
                f"labels run from {low} to {high}, but the head has the outputs 0 to {width - 1}",
                f"labels from 0 to {width - 1}",
                cause="labels that begin at 1" if low == 1 and high == width else "a head of another number of classes",
                remedy="subtract 1 from the labels" if low == 1 else f"give the head {high + 1} outputs",
                kind="labels_out_of_range",
                where="labels",
                weight=1.0,
                defect=True,
            )
        ]
    if distinct == 1 and len(labels) >= 2 * SEEN_PER_CLASS:
        return [
            Finding(NOTE, f"the first {len(labels)} examples are all of class {low}", "several classes in each batch",
                    "the examples come sorted by class, or there is only one class", "shuffle the training examples",
                    kind="unshuffled_data", where="data", change={"shuffle": True}, weight=0.5)
        ]  # fmt: skip
    rare = tokens and width < 2 * (high + 1)  # the last words and letters of a vocabulary are rare by nature
    if high + 1 < width and len(labels) >= SEEN_PER_CLASS * width and not rare:
        return [
            Finding(
                WARNING if width >= 2 * (high + 1) else NOTE,
                f"the head has {width} outputs, but no label above {high} came in {len(labels)} examples",
                f"{high + 1} outputs",
                cause="a head made for other data",
                remedy=f"give the head {high + 1} outputs",
                kind="class_count",
                where="head",
                weight=0.2,
            )
        ]
    return []


@torch.no_grad()
def _judge_reduction(task: Task, objective: Objective, batch: Batch) -> list[Finding]:
    """A mean does not change when every example comes twice; a sum doubles. Without dropout, so in evaluation mode."""
    if generative.are_opponents(task):
        return []  # a difference of two scores, near 0 and of either sign, has no ratio
    task.eval()
    try:
        once = float(sum_of(objective.loss(batch)))
        twice = float(sum_of(objective.loss(tuple(torch.cat([column, column]) for column in batch))))
    except Exception as error:
        return [unexamined(f"whether the loss grows with the batch ({failure(error)})")]
    finally:
        task.train()
    ratio = twice / once if once else 1.0
    if SHRINKS <= ratio <= GROWS:
        return []
    grows = ratio > GROWS
    return [
        Finding(
            WARNING,
            f"the loss becomes {ratio:.3g} times as large when every example comes twice",
            "1: a mean over the examples",
            cause="it sums over the batch" if grows else "it is divided by the number of examples twice",
            remedy="take the mean over the examples; else the step grows with the batch" if grows else "divide once",
            kind="wrong_reduction",
            where="loss",
            change={"lr": {"times": 1 / len(batch[0])}} if grows else {},
            weight=0.6,
            defect=True,
        )
    ]
