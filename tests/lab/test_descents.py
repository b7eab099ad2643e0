"""What the experiments on descent say is what mathematics says."""

import numpy as np
import pytest
import torch

from visus.data.prepare import prepare
from visus.lab import adam_first_step, mini_batches, second_order, surfaces, zig_zag


@pytest.mark.parametrize("condition", [3, 10, 100])
def test_the_best_rate_of_plain_descent_is_two_over_the_sum_of_the_curvatures(condition):
    best = zig_zag.plain(condition)[0]
    steps = {factor: len(zig_zag.descend(condition, best * factor, 0.0, 5000)) for factor in (0.9, 1.0, 1.03)}
    assert steps[1.0] < steps[0.9]
    assert steps[1.0] < steps[1.03]


def test_momentum_needs_about_the_root_of_the_steps():
    plain = [len(zig_zag.descend(k, *zig_zag.plain(k))) for k in (10, 1000)]
    pushed = [len(zig_zag.descend(k, *zig_zag.with_momentum(k))) for k in (10, 1000)]
    assert plain[1] / plain[0] == pytest.approx(100, rel=0.05)
    assert pushed[1] / pushed[0] == pytest.approx(10, rel=0.4)


def test_newton_is_at_the_bottom_of_a_parabola_in_one_step_without_a_rate():
    before, after = second_order.newton_on_a_parabola(20)
    assert before > 1
    assert after < 1e-10


def test_newton_doubles_the_right_digits():
    norms = [n for n in second_order.newton_on_a_curve(10) if n > 1e-14]
    digits = -np.log10(norms[-3:])
    assert digits[2] / digits[1] == pytest.approx(2, rel=0.35)


def test_the_hessian_of_a_million_weights_needs_3725_gib():
    assert round(second_order.hessian_gib(1e6)) == 3725


def test_adams_correction_makes_every_step_one_rate_long():
    corrected = adam_first_step.step_lengths("adam", 50, 0.9, 0.999)
    assert corrected == pytest.approx([1.0] * 50, rel=1e-6)
    wrong = adam_first_step.step_lengths("adam_without_correction", 3, 0.0, 0.999)
    assert wrong[0] == pytest.approx(1 / 0.001**0.5, rel=1e-4)  # without a first moment the first step is 32 rates long


def test_the_lowest_points_of_the_surfaces_are_where_they_are_said_to_be():
    for surface in surfaces.SURFACES:
        if surface.goal:
            place = torch.tensor(surface.goal, dtype=torch.float64)
            assert float(surface.height(place)) == pytest.approx(surface.lowest, abs=1e-12)
            around = place + 0.01 * torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
            assert bool((surface.height(around) >= surface.lowest).all())


def test_a_walk_arrives_only_where_it_stays_and_strides_no_further_than_allowed():
    for surface in surfaces.SURFACES[:1]:
        for rule in surfaces.COLOURS:
            found = surfaces.walk(surface, rule, 200)
            assert found.arrived is None or (found.heights[found.arrived :] <= surface.lowest + surface.close).all()
            left, right, low, high = surface.extent
            strides = np.linalg.norm(np.diff(found.places, axis=0), axis=1)
            assert strides.max() <= surfaces.LONGEST * np.hypot(right - left, high - low)


def test_the_noise_of_a_gradient_falls_with_the_root_of_the_batch():
    noise = mini_batches.gradient_noise(prepare("digits").limited(300), [1, 4, 16], 60, 0)
    assert noise[1] / noise[4] == pytest.approx(2, rel=0.35)
    assert noise[4] / noise[16] == pytest.approx(2, rel=0.35)
