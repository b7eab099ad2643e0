"""Every watcher is tried on a planted illness in a small real training, and on its healthy twin."""

import json
import tempfile
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from torch import nn

import visus
from visus.doctor import during, examiner
from visus.doctor.chart import Chart
from visus.doctor.diagnosis import diagnose, watchers
from visus.doctor.during import free_running, robustness
from visus.doctor.finding import PASS
from visus.doctor.instruments import filters
from visus.engine import catalogue
from visus.runs.recorder import plain

from . import _acting_tasks as acting
from . import _dense_tasks as dense
from . import _drawing_tasks as drawing
from ._loops import digits, improve, mlp, sgd, trained
from ._patients import (
    HEALTHY,
    ILL,
    far_too_low,
    logistic,
    run,
    tags_with_chance,
    to_three,
    waves,
    wide_filters,
)
from ._readers import anywhere, both_ways, mostly_unknown, not_moved, padded, read, recall, without_padding

# -- illnesses of the machine, not of the training --------------------------------------------------------------------


class Clock:
    """In place of the module `time`: a loader that takes `loading` seconds a batch, a step that takes 0.1 s."""

    def __init__(self, loading):
        self.now, self.loading = 0.0, loading

    def perf_counter(self):
        return self.now

    def load(self, x, y, dice):
        self.now += self.loading
        return x, y

    def improve(self, model, optimizer, loss, step):
        improve(model, optimizer, loss, step)


class SlowLinear(nn.Linear):
    clock = None

    def forward(self, x):
        if torch.is_grad_enabled():
            self.clock.now += 0.1
        return super().forward(x)


@cache
def waiting(seconds):
    """A training whose loader needs so many seconds for a batch, told by a clock that we turn."""
    clock = Clock(seconds)

    def model():
        net = mlp()
        net[0].__class__, net[0].clock = SlowLinear, clock
        return net

    with patch.object(examiner, "time", clock):
        return trained(model=model, augment=clock.load, evaluations=0).chart


@cache
def in_memory(growth_mib):
    """A training in a process that grows by so much at each step."""
    size = [500]

    def keep(*_):
        size[0] += growth_mib

    with patch.object(examiner, "_memory", lambda: size[0]):
        return trained(steps=260, evaluations=0, each=keep).chart


def _process(rank, folder, averaged):
    """One of two processes, each with half of the data."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", rank=rank, world_size=2, store=torch.distributed.FileStore(f"{folder}/store", 2)
    )
    torch.manual_seed(0)
    model = mlp()
    wrapped = nn.parallel.DistributedDataParallel(model)
    optimizer = sgd(model)
    x, y, *_ = digits()
    with visus.Doctor(wrapped, optimizer, live=False) as doctor:
        for step in range(12):
            rows = slice(32 * (2 * step + rank), 32 * (2 * step + rank + 1))
            outputs = (wrapped if averaged else model)(x[rows])
            loss = nn.functional.cross_entropy(outputs, y[rows])
            improve(model, optimizer, loss, step)
            doctor.step(loss, inputs=x[rows], targets=y[rows], outputs=outputs)
        doctor.compare_ranks()
    torch.distributed.destroy_process_group()
    if rank == 0:
        Path(folder, "chart.json").write_text(json.dumps(doctor.chart.to_dict()))


@cache
def on_two_processes(averaged):
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.start_processes(_process, (folder, averaged), nprocs=2, start_method="fork")
        return Chart.from_dict(json.loads(Path(folder, "chart.json").read_text()))


@cache
def filtered(rule):
    """Filters of five by five on waves."""
    seen = []
    chart = trained(
        data=waves, model=wide_filters, optimizer=rule, each=lambda model, *_: seen.append(filters.measure(model))
    ).chart
    first, last = seen[0], seen[-1]
    chart.consultation["filters"] = {"layer": first["layer"], "start": first["rough"], "now": last["rough"]}
    return chart


@cache
def tagged():
    """A run in which one attribute cannot be told from the pictures."""
    given = {"data": tags_with_chance, "model": to_three, "loss": logistic, "evaluations": 0, "batch": 64}
    return trained(**given).chart


def attacked(*scores):
    """A run that was scored under the attack of its training and under a stronger one, after each epoch."""
    chart = Chart(steps=40 * len(scores))
    for epoch, (own, stronger) in enumerate(scores, 1):
        names = {robustness.ATTACKED: own, robustness.ROBUST: stronger}
        chart.add_evaluation({"step": 40 * epoch, "score": 0.9, "loss": 0.3, **names})
    return chart


def carried():
    """A language model whose state goes on with its text: healthy."""
    return read(carried=True).chart


def beside_padding():
    return read(batches=padded, more=2, loss=without_padding).chart


def kept_in_mind():
    return recall(nn.RNN, scale=1.0, lr=3e-3).chart


SAID = [[5, 6, 7, 8, 9, 5, 10], [8, 6, 11, 12, 7], [13, 6, 7, 14, 15, 8]]


def written(how):
    """What a network wrote alone, against what was to be written, which it guesses well step by step."""
    chart = Chart(steps=100)
    for step in (50, 100):
        guesses = [[*row[:-1], 0] for row in SAID]
        found = free_running.figures({"written": [how(row) for row in SAID], "expected": SAID, "forced": guesses})
        chart.add_evaluation({"step": step, "loss": 1.0, "score": -1.0, **found})
    return chart


def well(row):
    return row[:-1]


def circling(row):
    return [5, 6] * (len(row) // 2)


def lost(row):
    return list(range(20, 20 + len(row)))


def stopping(row):
    return row[:1]


def endless(row):
    return row * 4


def marked():
    return dense.trained(dense.Marked).chart


def moved(far, clipped):
    """A run whose policy moved by so many nats in each round, in evaluation after evaluation."""
    chart = Chart(steps=500, facts={"acting": {"looks": []}})
    for step in range(100, 501, 100):
        chart.add_evaluation({"step": step, "loss": None, "score": 1.0, "approx_kl": far, "clip_fraction": clipped})
    return chart


def acted(name):
    return lambda: acting.trained(name).chart


def made(kind):
    return lambda: drawing.trained(kind).chart


# -- the table ---------------------------------------------------------------------------------------------------------

# watcher -> (kind it must find, ill patient, healthy twin); a patient is a name in _patients or something that runs
PLANTED = {
    "attributes": [("attribute_never_named", tagged, "attributes")],
    "batch": [
        ("batch_norm_single", "batches of one with norms", "convolutions"),
        ("batch_too_small", "batches of two", "batches of eight"),
    ],
    "bookkeeping": [
        ("gradients_not_cleared", "gradients not cleared", "accumulation"),
        ("gradients_cleared_before_step", "gradients cleared too late", "plain"),
        ("clipping_too_tight", "clipped to 1e-4", "clipping at 1"),
        ("clipped_always", lambda: read(max_norm=0.02).chart, carried),
    ],
    "capacity": [
        ("capacity_too_small", "one unit wide", "plain"),
        ("missing_nonlinearity", "nothing but linear", "tanh"),
    ],
    "class_collapse": [
        ("class_imbalance", "classes without weight", "imbalance 1:5"),
        ("class_collapse", "nll of raw scores", "plain"),
    ],
    "depth": [("depth_without_shortcuts", "fifty layers without shortcuts", "fifty layers with shortcuts")],
    "forgetting": [("forgetting", "pretrained and torn down", "fine-tuned")],
    "dead_units": [("dead_units", "half the units dead", "dropout 0.5")],
    "filters": [("noisy_filters", lambda: filtered(far_too_low), lambda: filtered(sgd))],
    "gradient_flow": [
        ("vanishing_gradients", "deep sigmoids", "tanh"),
        ("exploding_gradients", "gradients explode", "SGD at 0.1 without"),
    ],
    "head": [
        ("activation_before_loss", "softmax before the loss", "plain"),
        ("activation_before_loss", "sigmoid before the loss", "plain"),
        ("activation_before_loss", "ReLU on the scores", "plain"),
        ("loss_maximised", "minus the loss", "plain"),
        ("wrong_reduction", "loss summed", "plain"),
        ("label_smoothing_too_high", "labels smoothed away", "label smoothing 0.1"),
        ("wrong_loss", "nll of raw scores", "plain"),
    ],
    "initialisation": [
        ("initialisation", "all weights zero", "plain"),
        ("initialisation", "weights start huge", "convolutions"),
    ],
    "input_use": [
        ("batch_leak", "neighbours mixed in", "convolutions"),
        ("inputs_ignored", "input multiplied away", "plain"),
    ],
    "inputs": [
        ("inputs_not_normalised", "raw pixels", "plain"),
        ("inputs_constant", "inputs all the same", "plain"),
        ("wrong_layout", "channels last", "colours"),
    ],
    "labels": [
        ("labels_unrelated", "labels unrelated", "plain"),
        ("label_noise", "most labels wrong", "5 % wrong labels"),
        ("class_imbalance", "classes 1:25", "imbalance 1:5"),
        ("class_missing", "a class missing", "plain"),
        ("unshuffled_data", "sorted by class", "convolutions"),
        ("few_distinct_examples", "twenty examples", "plain"),
    ],
    "learning_rate": [
        ("learning_rate_too_high", "rate far too high", "SGD at 0.1 without"),
        ("learning_rate_too_low", "rate far too low", "plain"),
        ("learning_rate_too_low", "rate zero", "cosine to zero"),
    ],
    "loader": [("loader_bound", lambda: waiting(0.9), lambda: waiting(0.01))],
    "memory": [("memory_creep", lambda: in_memory(5), lambda: in_memory(0))],
    "not_finite": [
        ("inputs_not_finite", "a broken example", "plain"),
        ("not_finite", "logarithm of nothing", "plain"),
    ],
    "optimizer_settings": [
        ("momentum_too_high", "momentum 0.999", "SGD at 0.1 with momentum"),
        ("epsilon_too_high", "eps 10", "Adam"),
        ("loss_maximised", "maximised", "plain"),
    ],
    "oscillation": [("learning_rate_too_high", "steps too large for their noise", "plain")],
    "overfitting": [("overfitting", "learned by heart", "5 % wrong labels")],
    "overwritten": [("weights_overwritten", "weights drawn anew", "plain")],
    "ownership": [
        ("optimizer_of_another_model", "optimizer of another model", "plain"),
        ("parameters_not_in_optimizer", "optimizer without the last layer", "plain"),
        ("parameters_not_updated", "no step", "accumulation"),
        ("parameters_frozen", "last layer frozen", "plain"),
        ("no_gradient", "cut in the middle", "plain"),
        ("optimizer_restarted", "optimizer anew at each step", "Adam"),
    ],
    "ranks": [("ranks_drift", lambda: on_two_processes(False), lambda: on_two_processes(True))],
    "background_only": [("background_only", lambda: dense.trained(dense.SeesNothing).chart, marked)],
    "class_shift": [("classes_shifted", lambda: dense.trained(dense.NamesOneTooHigh).chart, marked)],
    "term_balance": [("terms_unbalanced", lambda: dense.trained(dense.BoxDrowns).chart, marked)],
    "carried_state": [("state_leaks", lambda: read(batches=anywhere, carried=True).chart, carried)],
    "free_running": [
        ("repeated_tokens", lambda: written(circling), lambda: written(well)),
        ("exposure_bias", lambda: written(lost), lambda: written(well)),
        ("ends_too_early", lambda: written(stopping), lambda: written(well)),
        ("never_ends", lambda: written(endless), lambda: written(well)),
    ],
    "moved_targets": [
        ("targets_not_moved", lambda: read(batches=not_moved).chart, carried),
        ("sees_the_future", lambda: read(batches=anywhere, model=both_ways).chart, carried),
    ],
    "padding": [("padding_in_loss", lambda: read(batches=padded, more=2).chart, beside_padding)],
    "through_time": [
        ("vanishing_through_time", lambda: recall(nn.RNN, scale=0.3, lr=3e-3).chart, kept_in_mind),
        ("exploding_through_time", lambda: recall(nn.RNN, scale=8.0).chart, kept_in_mind),
    ],
    "vocabulary": [
        ("vocabulary_holes", lambda: read(batches=mostly_unknown).chart, carried),
        ("vocabulary_unused", lambda: read(batches=mostly_unknown).chart, carried),
    ],
    "regression": [("predicts_the_mean", "a regression that sees nothing", "a regression")],
    "robustness": [
        (
            "catastrophic_overfitting",
            lambda: attacked((0.5, 0.4), (0.9, 0.02)),
            lambda: attacked((0.5, 0.4), (0.55, 0.45)),
        ),
        ("catastrophic_overfitting", lambda: attacked((0.8, 0.0)), lambda: attacked((0.1, 0.08))),
    ],
    "regularisation": [
        ("weight_decay_too_high", "decay 1", "SGD at 0.1 with momentum"),
        ("dropout_too_high", "dropout 0.95", "dropout 0.5"),
        ("dropout_too_high", "dropout on the answers", "dropout 0.5"),
    ],
    "saturation": [("saturation", "tanh saturated", "tanh")],
    "scaler": [
        ("steps_skipped", "weights in float16", "plain"),
        ("steps_skipped", "every fifth update skipped", "accumulation"),
    ],
    "schedule": [
        ("schedule_ends_early", "rate gone at once", "cosine to zero"),
        ("learning_rate_too_low", "warm-up without end", "warm-up"),
    ],
    "too_short": [("too_short", "a tenth of the run", "convolutions")],
    "train_eval": [
        ("norm_statistics", "norms that never learn", "convolutions"),
        ("norm_in_eval_mode", "norms in evaluation mode", "convolutions"),
    ],
    "update_size": [
        ("learning_rate_too_high", "nll of raw scores", "plain"),
        ("learning_rate_too_low", "rate far too low", "Adam"),
    ],
    "evidence": [("likelihood_misscaled", made(drawing.MeanOverValues), made(drawing.Coding))],
    "latents": [
        ("kl_vanished", made(drawing.Vanished), made(drawing.Coding)),
        ("latents_ignored", made(drawing.Deaf), made(drawing.Coding)),
    ],
    "memorisation": [("samples_are_copies", made(drawing.Copies), made(drawing.Playing))],
    "opponents": [
        ("generator_starves", made(drawing.Starving), made(drawing.Playing)),
        ("critic_too_strong", made(drawing.Overpowered), made(drawing.Wasserstein)),
    ],
    "sampler": [
        ("sampler_too_cold", made(drawing.Cold), made(drawing.Telling)),
        ("sampler_too_hot", made(drawing.Hot), made(drawing.Telling)),
        ("sampler_disagrees", made(drawing.Forgets), made(drawing.Telling)),
    ],
    "variety": [("mode_collapse", made(drawing.Collapsed), made(drawing.Playing))],
    "advantages": [
        ("advantages_constant", acted("advantages alike"), acted("a2c")),
        ("advantages_not_normalised", acted("rewards of a hundred"), acted("ppo")),
    ],
    "baseline": [("values_explain_nothing", acted("no values"), acted("values of luck"))],
    "exploration": [
        ("epsilon_stuck", acted("always at random"), acted("dqn")),
        ("never_explores", acted("never at random"), acted("dqn")),
        ("no_reward_met", acted("no reward"), acted("dqn")),
    ],
    "policy_drowned": [("policy_drowned", acted("values a thousand times"), acted("a2c, shared"))],
    "policy_steps": [
        ("policy_steps_too_large", lambda: moved(0.4, 0.3), acted("ppo")),
        ("policy_steps_too_large", lambda: moved(0.05, 0.7), lambda: moved(0.015, 0.2)),
    ],
    "replay": [("replay_too_small", acted("memory of a few steps"), acted("dqn"))],
    "sureness": [("entropy_collapse", acted("the wrong way"), acted("a2c"))],
    "target_network": [
        ("target_never_synced", acted("target never copied"), acted("dqn")),
        ("target_is_online", acted("target is the network"), acted("dqn")),
    ],
    "time_limit": [
        ("time_limit_as_end", acted("time is an end"), acted("dqn")),
        ("time_limit_as_end", acted("time is an end"), acted("dqn, ends")),
    ],
    "values": [("values_overestimated", acted("values run away"), acted("dqn, ends"))],
    "validation": [
        ("evaluated_in_training_mode", "scored in training mode", "dropout 0.5"),
        ("trained_in_eval_mode", "trained in evaluation mode", "convolutions"),
        ("validation_inputs_differ", "validation prepared otherwise", "noise on inputs"),
        ("validation_labels_differ", "validation renumbered", "plain"),
        ("stale_validation", "an old copy scored", "plain"),
    ],
}
ROWS = [(watcher, *row) for watcher, rows in PLANTED.items() for row in rows]


def chart_of(patient):
    return patient() if callable(patient) else run((ILL | HEALTHY)[patient]).chart


def name_of(row):
    return f"{row[0]}-{row[2] if isinstance(row[2], str) else row[1]}"


@pytest.mark.parametrize(("watcher", "kind", "ill", "twin"), ROWS, ids=map(name_of, ROWS))
def test_the_planted_illness_is_found_and_its_twin_has_none_of_it(watcher, kind, ill, twin):
    look = watchers()[watcher].look
    found = [f for f in look(chart_of(ill)) if f.severity != PASS]
    assert kind in [f.kind for f in found], found
    (finding,) = [f for f in found if f.kind == kind][:1]
    assert finding.what
    assert finding.cause
    assert finding.remedy
    assert finding.where
    assert 0 <= finding.weight <= 1
    assert kind not in [f.kind for f in look(chart_of(twin)) if f.severity != PASS]


@pytest.mark.parametrize("name", catalogue.names(during))
def test_every_watcher_keeps_the_folder_s_contract(name):
    watcher = watchers()[name]
    first = watcher.__doc__.splitlines()[0]
    assert first.endswith("?") or "? " in first
    assert len(watcher.COST.split()) >= 3
    assert watcher.look(Chart()) == []
    assert name in PLANTED, "plant its illness in the table above"


def asked(chart):
    """What every watcher finds, and whether one stumbled."""
    found = {}
    for name, watcher in watchers().items():
        try:
            found[name] = watcher.look(chart)
        except Exception as error:
            found[name] = [repr(error)]
    return found


@pytest.mark.parametrize("patient", [*ILL, *HEALTHY])
def test_watchers_only_read_and_say_the_same_of_a_chart_that_was_written_and_read(patient):
    chart = chart_of(patient)
    before = json.dumps(chart.to_dict())
    found = asked(chart)
    assert all(not isinstance(f, str) for rows in found.values() for f in rows), found
    assert asked(chart) == found
    assert json.dumps(chart.to_dict()) == before
    assert asked(Chart.from_dict(json.loads(before))) == found


@pytest.mark.parametrize("patient", [*ILL, *HEALTHY])
def test_a_chart_kept_beside_a_record_is_judged_as_the_live_one_was(patient):
    """In a record, what is not a finite number is null."""
    kept = json.dumps(plain(chart_of(patient).to_dict()), allow_nan=False)
    chart, live = Chart.from_dict(json.loads(kept)), chart_of(patient)
    found = asked(chart)
    assert all(not isinstance(f, str) for rows in found.values() for f in rows), found
    then, now = diagnose(live), diagnose(chart)
    assert now.alarm is then.alarm
    assert [f.kind for f in now.causes[:1]] == [f.kind for f in then.causes[:1]]


@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("evaluations", [0, 1])
def test_a_run_of_a_few_steps_is_judged_without_a_crash_or_an_alarm(steps, evaluations):
    run_ = trained(steps=steps, evaluations=evaluations, planned=steps or 1)
    found = asked(run_.chart)
    assert all(not isinstance(f, str) for rows in found.values() for f in rows), found
    assert not run_.diagnosis.alarm, str(run_)
    assert not any(said.startswith("the question of") for said in run_.diagnosis.unexamined)


def test_later_pieces_of_a_batch_wait_for_the_ones_before_and_not_for_data():
    clock = Clock(0.0)
    x, y, *_ = digits()
    with patch.object(examiner, "time", clock):
        model = mlp()
        optimizer = sgd(model)
        with visus.Doctor(model, optimizer, live=False) as doctor:
            for _ in range(5):
                for rows in (slice(0, 16), slice(16, 32)):
                    loss = nn.functional.cross_entropy(model(x[rows]), y[rows]) / 2
                    loss.backward()
                    clock.now += 1.0  # backward takes its time
                optimizer.step()
                optimizer.zero_grad()
                doctor.step(loss)
    assert doctor.chart.counts.get("waited_s", 0.0) == 0
