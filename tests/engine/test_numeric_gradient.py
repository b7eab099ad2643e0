"""The definition of the gradient, against backpropagation."""

import pytest
import torch

from visus.engine.numeric_gradient import numeric_gradient


def bumps(x):
    return (x.sin() * torch.arange(1.0, 7.0, dtype=x.dtype).reshape(2, 3)).sum() + x.prod()


POINT = torch.linspace(-1, 2, 6).reshape(2, 3)


def test_it_agrees_with_backpropagation_and_leaves_the_point_alone():
    x = POINT.double().requires_grad_()
    (exact,) = torch.autograd.grad(bumps(x), x)
    before = POINT.clone()
    torch.testing.assert_close(numeric_gradient(bumps, POINT), exact, rtol=1e-9, atol=1e-9)
    assert torch.equal(before, POINT)


def test_centred_is_wrong_by_the_square_of_the_step_forward_by_the_step():
    x = POINT.double().requires_grad_()
    (exact,) = torch.autograd.grad(bumps(x), x)
    errors = {
        centred: [float((numeric_gradient(bumps, POINT, h, centred) - exact).abs().max()) for h in (1e-2, 1e-3)]
        for centred in (True, False)
    }
    assert errors[True][0] / errors[True][1] == pytest.approx(100, rel=0.1)
    assert errors[False][0] / errors[False][1] == pytest.approx(10, rel=0.1)


def test_a_step_of_nothing_is_refused():
    with pytest.raises(ValueError, match="h must be above 0"):
        numeric_gradient(bumps, POINT, 0.0)
