"""Models that make pictures: illnesses planted into small ones of each family, and healthy ones left in peace."""

import math

import pytest
import torch
from scipy.stats import mannwhitneyu

from visus.doctor import preflight
from visus.doctor.before import batch_leak, first_loss, head, likelihood, overfits_few, pixel_order
from visus.doctor.chart import Chart
from visus.doctor.diagnosis import diagnose, findings
from visus.doctor.during import evidence, latents, memorisation, opponents, sampler, variety
from visus.doctor.finding import BLOCKER, NOTE, PASS
from visus.doctor.instruments import believed, drawn, generative, opposed
from visus.doctor.instruments.generative import Pictures
from visus.engine.seed import own_randomness

from . import _drawing_tasks as tasks
from ._drawing_tasks import HEALTHY, Coding, InColour, Playing, Telling, trained
from ._patients import HEALTHY as USUAL
from ._patients import run

# -- before ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ill", "kind", "word"),
    [
        (tasks.TellsItself, "likelihood_leak", "mask B in place of A"),
        (tasks.TellsBelow, "likelihood_leak", "not masked, or shifted"),
        (tasks.ColoursTurned, "likelihood_leak", "red, green and blue"),
        (tasks.TellsAverages, "likelihood_miscounted", "sum over"),
        (tasks.TellsTooMuch, "likelihood_miscounted", "normalised"),
    ],
)
def test_a_likelihood_that_is_none_is_found_and_said(ill, kind, word):
    found = [finding for finding in pixel_order.examine(ill()) if not finding.healthy]
    assert [(f.kind, f.severity, f.defect) for f in found] == [(kind, BLOCKER, True)]
    assert word in f"{found[0].what} {found[0].cause} {found[0].remedy}"
    assert found[0].where


@pytest.mark.parametrize("healthy", [Telling, InColour, Coding, Playing])
def test_a_sound_order_is_left_in_peace(healthy):
    assert {finding.severity for finding in pixel_order.examine(healthy())} == {PASS}


def test_a_network_that_looks_at_nothing_is_no_leak_but_said():
    task = Telling()
    task.model.mask = lambda: torch.zeros(task.canvas.values, task.canvas.values)
    (finding,) = pixel_order.examine(task)
    assert finding.kind == "inputs_ignored"


@pytest.mark.parametrize(
    ("ill", "term"),
    [(tasks.MeanOverValues, "reconstruction"), (tasks.MeanOverLatents, "kl")],
    ids=["values", "latents"],
)
def test_a_mean_beside_a_sum_is_found_before_the_run(ill, term):
    (finding,) = likelihood.examine(ill())
    assert (finding.kind, finding.severity) == ("likelihood_misscaled", BLOCKER)
    assert term in finding.where


@pytest.mark.parametrize("healthy", HEALTHY)
def test_terms_in_nats_are_left_in_peace(healthy):
    assert [finding.severity for finding in likelihood.examine(healthy())] == [PASS]


@pytest.mark.parametrize("weight", [0.25, 4.0])
def test_another_weight_of_the_divergence_is_a_choice_and_no_mistake(weight):
    task = Coding()
    task.beta = weight
    assert [finding.severity for finding in likelihood.examine(task)] == [PASS]


@pytest.mark.parametrize("examination", [head, first_loss, batch_leak, overfits_few], ids=lambda e: e.__name__[20:])
@pytest.mark.parametrize("healthy", HEALTHY)
def test_older_examinations_leave_models_of_pictures_in_peace(examination, healthy):
    for finding in examination.examine(healthy()):
        assert finding.severity in (PASS, NOTE), finding


@pytest.mark.parametrize("name", ["pixel_order", "likelihood"])
@pytest.mark.parametrize("healthy", [Telling, Coding])
def test_these_examinations_leave_the_patient_bit_identical(name, healthy):
    task = healthy()
    weights, random = {n: v.clone() for n, v in task.state_dict().items()}, torch.get_rng_state()
    preflight.examine_one(name, task)
    assert all(torch.equal(v, weights[n]) for n, v in task.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
    assert task.training


# -- during ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", HEALTHY)
def test_no_watcher_and_no_diagnosis_alarms_at_a_healthy_training(kind):
    checkup = trained(kind)
    for watcher, finding in findings(checkup.chart):
        assert finding.severity in (PASS, NOTE), (watcher, finding)
        assert not finding.defect, (watcher, finding)
    assert not checkup.diagnosis().alarm, checkup.diagnosis()
    assert not checkup.diagnosis(final=False).alarm


@pytest.mark.parametrize(
    ("ill", "kind"),
    [
        (tasks.Collapsed, "mode_collapse"),
        (tasks.Starving, "generator_starves"),
        (tasks.Overpowered, "critic_too_strong"),
        (tasks.Copies, "samples_are_copies"),
        (tasks.Cold, "sampler_too_cold"),
        (tasks.Hot, "sampler_too_hot"),
        (tasks.Forgets, "sampler_disagrees"),
        (tasks.Vanished, "kl_vanished"),
        (tasks.Deaf, "latents_ignored"),
        (tasks.MeanOverValues, "likelihood_misscaled"),
    ],
)
def test_what_goes_wrong_while_it_trains_is_an_alarm(ill, kind):
    diagnosis = trained(ill).diagnosis()
    assert diagnosis.alarm
    assert kind in [cause.kind for cause in diagnosis.causes], diagnosis
    assert all(cause.remedy for cause in diagnosis.causes)


def test_one_dice_for_all_pictures_is_told():
    found = [cause.kind for cause in trained(tasks.AllAlike).diagnosis().causes]
    assert {"mode_collapse", "sampler_disagrees"} & set(found)


def test_a_few_dead_latents_are_a_note():
    chart = Chart(steps=500)
    for step in (200, 300, 400):
        row = {"latents": 40.0, "latents_alive": 9.0, "latents_nats": 21.0, "latents_heard": 3.0}
        chart.add_evaluation({"step": step, "loss": 90.0, "score": -90.0, **row})
    (finding,) = latents.look(chart)
    assert finding.kind == "posterior_collapse"
    assert finding.change == {"latents": 9.0}
    assert not diagnose(chart).alarm


# -- charts by hand ---------------------------------------------------------------------------------------------------


def charted(*rows, steps=800, **facts):
    chart = Chart(steps=steps, facts=facts)
    for step, row in enumerate(rows):
        chart.add_evaluation({"step": steps * (step + 1) // len(rows), "loss": None, "score": -1.0, **row})
    return chart


def norms(early, late):
    return {"critic": [], "generator": [[s, 1.0, early if s < 400 else late] for s in range(0, 800, 40)]}


GREY = {"variety_spread": 0.05, "variety_nearest": 0.1}


@pytest.mark.parametrize(
    ("rows", "healthy"),
    [
        ([GREY] * 4, False),
        ([GREY] * 2, True),  # too few to tell whether it gets better
        ([{**GREY, "score": score} for score in (-9.0, -7.0, -5.0, -3.0)], True),
        ([{**GREY, "variety_spread": spread} for spread in (0.01, 0.03, 0.06, 0.09)], True),
        ([GREY, GREY, GREY, {"variety_spread": 0.9, "variety_nearest": 0.8}], True),
    ],
    ids=["for good", "few", "scores rise", "spreads", "woken"],
)
def test_a_young_generator_is_not_a_collapsed_one(rows, healthy):
    (finding,) = variety.look(charted(*rows, opponents=norms(1.0, 1.0)))
    assert finding.healthy is healthy


def test_blurred_reconstructions_of_an_autoencoder_are_no_collapse():
    (finding,) = variety.look(charted(*[GREY] * 4))
    assert finding.healthy


SURE = {"critic_tells": 1.0}


@pytest.mark.parametrize(
    ("rows", "early", "late", "kind"),
    [
        ([SURE] * 4, 1.0, 1e-3, "generator_starves"),
        ([SURE] * 4, 1.0, 0.3, ""),  # a Wasserstein critic may well tell all of them apart: it still leads
        ([{"critic_tells": 0.8}] * 4, 1.0, 1e-3, ""),
        ([{**SURE, "critic_fooled": 1e-4}] * 4, 1.0, 2.0, "critic_too_strong"),
        ([{**SURE, "critic_fooled": 0.1}] * 4, 1.0, 2.0, ""),
        ([{**SURE, "critic_fooled": 1e-4, "score": s} for s in (-9.0, -8.0, -6.0, -5.0)], 1.0, 2.0, ""),
    ],
)
def test_a_sure_critic_is_blamed_only_where_nothing_is_left_to_follow(rows, early, late, kind):
    (finding,) = opponents.look(charted(*rows, opponents=norms(early, late)))
    assert finding.kind == kind


def test_a_critic_whose_loss_ends_where_it_began_has_learned_all_the_same():
    """At the end of the game no picture is told from another: ln 4, as at the start."""
    chart = charted(*[{"score": -s} for s in (9.0, 5.0, 2.0, 1.0)], opponents=norms(1.0, 1.0))
    for step in range(200):
        chart.losses.add(step, math.log(4) if step < 20 or step > 150 else 0.5)
    assert not diagnose(chart).alarm
    assert diagnose(Chart(steps=800, losses=chart.losses)).alarm  # of any other run this is nothing learned


@pytest.mark.parametrize("patient", ["plain", "Adam"])
def test_these_questions_do_not_arise_elsewhere(patient):
    chart = run(USUAL[patient]).chart
    assert not any(watcher.look(chart) for watcher in (evidence, latents, memorisation, opponents, sampler, variety))


# -- instruments ------------------------------------------------------------------------------------------------------


def test_pairs_told_apart_by_hand():
    assert opposed.tells(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 2.0, 3.0])) == pytest.approx((1 + 2.5) / 6)


def test_ranks_against_scipy():
    dice = torch.Generator().manual_seed(0)
    a, b = torch.randn(60, generator=dice), torch.randn(200, generator=dice) + 0.3
    told = mannwhitneyu(a, b, method="asymptotic", use_continuity=False, alternative="two-sided")
    expected = (float(told.statistic) - 60 * 200 / 2) / math.sqrt(60 * 200 * 261 / 12)
    assert drawn._rank_z(a, b) == pytest.approx(expected, abs=1e-6)
    assert drawn._rank_z(a, b) < 0


def test_copies_are_counted_and_blurred_pictures_are_none():
    known, new, more = tasks.bumps(400, 1)[0], tasks.bumps(100, 2)[0], tasks.bumps(64, 3)[0]
    assert drawn.copies(more, known, new)["copied"] <= drawn.copies(more, known, new)["copied_usual"] + 0.1
    half = torch.cat([known[:32], more[:32]])
    assert drawn.copies(half, known, new)["copied"] >= 0.5
    blurred = torch.nn.functional.avg_pool2d(more.float(), 3, 1, 1, count_include_pad=False).to(torch.uint8)
    assert drawn.copies(blurred, known, new)["copied"] < 0.2


def test_one_picture_of_each_class_is_no_variety():
    levels, labels = torch.randint(256, (64, 1, 4, 4), dtype=torch.uint8), torch.arange(64) % 8
    alike = levels[:8].repeat(8, 1, 1, 1)
    found = drawn.variety(Pictures(alike, labels), Pictures(levels, labels))
    assert found["variety_spread"] == found["variety_nearest"] == 0
    assert drawn.variety(Pictures(alike), Pictures(levels))["variety_spread"] > 0.5  # as long as no class is known


def sharp(kind):
    """An untrained model that is sure of some values: whether its sampler is right does not depend on learning."""
    task = kind()
    with torch.no_grad():
        task.model.weight.mul_(4)
    return task


def test_draws_of_the_model_leave_a_standard_normal_figure():
    task, told = sharp(Telling), []
    with generative.looked_at(task):
        for seed in range(20):
            levels = task.model.sample(64, torch.Generator().manual_seed(seed))
            told.append(drawn.followed(task, Pictures(levels))["sampler_z"])
    z = torch.tensor(told)
    assert abs(float(z.mean())) < 3 / math.sqrt(20)
    assert 0.5 < float(z.std()) < 1.6


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_the_temperature_of_samples_is_told(temperature):
    task = sharp(Telling)
    with generative.looked_at(task):
        levels = task.model.sample(64, torch.Generator().manual_seed(0), temperature=temperature)
        found = drawn.followed(task, Pictures(levels))
    assert found["sampler_temperature"] == pytest.approx(temperature, rel=0.3)
    assert found["sampler_left"] < sampler.EXPLAINED


def test_a_sampler_that_takes_too_long_is_stopped():
    progress = generative._within(0.0)
    with pytest.raises(generative.TooLongError, match="seconds"):
        progress(1, 4)
    progress(4, 4)


def test_looking_changes_nothing():
    for kind in HEALTHY:
        task = kind()
        state, random = {n: v.clone() for n, v in task.state_dict().items()}, torch.get_rng_state()
        found = drawn.figures(task) | believed.figures(task) | opposed.figures(task)
        assert found
        assert found == drawn.figures(task) | believed.figures(task) | opposed.figures(task)
        assert all(torch.equal(v, state[n]) for n, v in task.state_dict().items())
        assert torch.equal(random, torch.get_rng_state())
        assert task.training


def test_what_fails_leaves_no_figures_and_no_crash():
    task = Playing()
    task.model.sample = task.odds = task.model.paint.forward = lambda *_, **__: 1 / 0
    with own_randomness(0):
        assert variety.measure(task) == opponents.measure(task) == latents.measure(task) == {}
