"""A chart keeps every step of a run in little room, and says the same after it was written and read."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visus.doctor.chart import MOST_EVALUATIONS, MOST_POINTS, MOST_SAMPLES, Chart, Trace
from visus.doctor.instruments import due

LENGTHS = [1, 2, 255, 256, 257, 1000, 5000]


def traced(values):
    trace = Trace()
    for step, value in enumerate(values):
        trace.add(step, value)
    return trace


@pytest.mark.parametrize("n", LENGTHS)
def test_every_step_is_in_a_trace_and_its_size_is_bounded(n):
    trace = traced(np.random.default_rng(n).normal(3, 1, n).tolist())
    assert len(trace.blocks) <= MOST_POINTS
    assert sum(block[1] for block in trace.blocks) == trace.count == n
    firsts = [block[0] for block in trace.blocks]
    assert firsts == sorted(set(firsts))
    assert firsts[0] == 0
    assert {block[1] for block in trace.blocks[:-1]} <= {trace.length}


@pytest.mark.parametrize("n", LENGTHS)
def test_mean_extremes_and_noise_are_numpy_s(n):
    values = np.random.default_rng(n).normal(3, 1, n) - np.linspace(0, 2, n)
    trace = traced(values.tolist())
    assert trace.mean(0, 1) == pytest.approx(values.mean())
    assert min(block[3] for block in trace.blocks) == values.min()
    assert max(block[4] for block in trace.blocks) == values.max()
    if n > 2:
        jumps = math.sqrt(np.square(np.diff(values)).mean() / 2)
        assert trace.noise() == pytest.approx(jumps, rel=1 / n)


def test_a_stretch_of_a_trace_is_that_stretch_of_the_run():
    values = np.linspace(0, 1, 5120)
    trace = traced(values.tolist())
    assert trace.mean(0.9, 1) == pytest.approx(values[-512:].mean(), abs=0.01)
    assert trace.mean(0, 0.1) == pytest.approx(values[:512].mean(), abs=0.01)


def test_a_trend_is_no_noise():
    steady = traced(np.linspace(100, 0, 1000).tolist())
    noisy = traced((5 + np.random.default_rng(0).normal(0, 1, 1000)).tolist())
    assert steady.noise() < 0.1
    assert noisy.noise() == pytest.approx(1, rel=0.1)


def test_what_is_not_finite_is_remembered_and_not_averaged():
    trace = traced([1.0, 3.0, math.nan, 2.0, math.inf])
    assert trace.first_not_finite == 2
    assert trace.count == 3
    assert trace.mean(0, 1) == 2.0
    assert math.isnan(traced([math.nan] * 5).mean(0, 1))
    assert math.isnan(Trace().mean(0, 1))
    assert math.isnan(Trace().noise())


def test_a_loss_however_large_is_taken_in():
    trace = traced([1.0, 1e300, -1e300, 2.0])
    assert trace.count == 4
    assert trace.blocks[1][4] == 1e300


numbers = st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=5)


def nested(leaves):
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    )


anything = nested(numbers | st.none())
samples = st.lists(st.dictionaries(st.text(max_size=5), nested(numbers), max_size=3), max_size=4)
evaluations = st.lists(st.dictionaries(st.text(max_size=5), anything, max_size=3), max_size=4)


@given(losses=st.lists(st.floats(width=32), max_size=40), samples=samples, evaluations=evaluations, facts=anything)
def test_a_chart_is_the_same_after_it_was_written_as_json_and_read(losses, samples, evaluations, facts):
    chart = Chart(facts={"anything": facts}, losses=traced(losses), consultation={"loss": math.nan})
    for sample in samples:
        chart.add_sample(sample)
    for evaluation in evaluations:
        chart.add_evaluation(evaluation)
    chart.count("updates", 2)
    written = json.dumps(chart.to_dict())
    read = Chart.from_dict(json.loads(written))
    assert json.dumps(read.to_dict()) == written
    read.losses.add(100, 1.0)  # and it goes on
    chart.losses.add(100, 1.0)
    assert json.dumps(read.to_dict()) == json.dumps(chart.to_dict())


@pytest.mark.parametrize("odd", [{}, {"losses": 3}, {"losses": {"wrong": 1}}, {"losses": {}, "mood": "good"}])
def test_what_is_no_chart_is_refused_with_a_reason(odd):
    with pytest.raises(ValueError, match=r"no chart of a run .*another version"):
        Chart.from_dict(odd)


def test_a_chart_of_a_hundred_thousand_steps_is_small_and_keeps_its_ends():
    chart = Chart()
    for step in range(100_000):
        chart.losses.add(step, 1.0)
        chart.steps = step + 1
        if due(step):
            chart.add_sample({"step": step, "loss": 1.0})
        if step % 100 == 99:
            chart.add_evaluation({"step": step, "score": 0.5})
    assert len(chart.samples) <= MOST_SAMPLES
    assert len(chart.evaluations) <= MOST_EVALUATIONS
    assert chart.losses.count == 100_000
    steps = [sample["step"] for sample in chart.samples]
    assert steps == sorted(steps)
    assert steps[0] == 0
    assert steps[-1] > 99_900
    assert chart.evaluations[-1]["step"] == 99_999
    assert len(json.dumps(chart.to_dict())) < 100_000
    late = chart.values("loss", begin=0.8)
    assert len(late) >= MOST_SAMPLES // 4, "the end of a run is what it is judged by"


def test_steps_are_measured_often_at_first_and_never_rarely():
    measured = [step for step in range(100_000) if due(step)]
    assert measured[:4] == [0, 1, 2, 3]
    assert sum(step < 100 for step in measured) > 15
    assert max(np.diff(measured)) <= 64
    assert len(measured) < 0.02 * 100_000
    density = [sum(low <= step < 2 * low for step in measured) / low for low in (16, 64, 256, 1024, 4096)]
    assert density == sorted(density, reverse=True)


def test_values_are_found_by_name_and_stretch():
    chart = Chart(steps=100)
    for step in range(0, 100, 10):
        chart.add_sample({"step": step, "update": {"lr": [0.1]}} if step % 20 else {"step": step})
    assert [s["step"] for s, _ in chart.having("update", "lr")] == [10, 30, 50, 70, 90]
    assert chart.values("update", "lr", begin=0.5) == [[0.1]] * 3
    assert chart.values("update", "lr", end=0.3) == [[0.1]] * 2
    assert chart.values("no", "such", "thing") == []


def test_what_is_not_examined_is_said_once():
    chart = Chart()
    for _ in range(3):
        chart.cannot("the loss", "it is a picture")
    assert chart.unexamined == ["the loss: it is a picture"]
