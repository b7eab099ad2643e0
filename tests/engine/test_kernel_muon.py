"""Muon for kernels: steps along orthogonal matrices, kernels of constant length, resumable like any optimizer."""

import copy

import pytest
import torch
from torch import nn

from visus.engine import optimizers
from visus.engine.kernel_muon import KernelMuon, orthogonal
from visus.engine.objective import Objective


@pytest.mark.parametrize("shape", [(8, 30), (30, 8), (12, 12)], ids=str)
def test_a_matrix_is_made_orthogonal_within_a_third(shape):
    torch.manual_seed(0)
    singular = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
    assert singular.max() < 1.35
    assert singular.median() > 0.6


def test_the_direction_is_that_of_the_singular_vectors():
    u, _, v = torch.linalg.svd(torch.randn(6, 10, generator=torch.Generator().manual_seed(1)), full_matrices=False)
    given = u @ torch.diag(torch.linspace(1, 2, 6)) @ v
    assert torch.nn.functional.cosine_similarity(orthogonal(given).flatten(), (u @ v).flatten(), dim=0) > 0.98


def test_a_kernels_length_is_held_before_each_step():
    kernel = nn.Parameter(7 * torch.randn(4, 3, 3, 3))
    optimizer = KernelMuon([{"params": [kernel]}], lr=0.0)
    kernel.grad = torch.randn_like(kernel)
    optimizer.step()
    assert kernel.detach().norm() == pytest.approx(2.0, rel=1e-5)  # sqrt(n_out)


def test_a_kernel_of_zeros_does_not_divide_by_zero():
    kernel = nn.Parameter(torch.zeros(4, 3, 3, 3))
    kernel.grad = torch.zeros_like(kernel)
    KernelMuon([{"params": [kernel]}]).step()
    assert kernel.isfinite().all()


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 16, 4))


def objective(net):
    def loss(batch):
        return {"cross_entropy": nn.functional.cross_entropy(net(batch[0]), batch[1])}

    return Objective("o", loss, net.parameters(), optimizers.kernel_muon, lr=0.1, weight_decay=0.1)


BATCHES = [(torch.randn(8, 3, 6, 6), torch.randint(4, (8,))) for _ in range(6)]


def test_each_parameter_follows_one_rule_at_its_own_rate():
    trained = objective(network())
    trained.improve(BATCHES[0])
    groups = trained.optimizer.param_groups
    rates = {p.ndim: group["lr"] for group in groups for p in group["params"]}
    assert rates == pytest.approx({4: 0.1, 2: 0.001, 1: 0.005})
    assert sum(len(group["params"]) for group in groups) == 6


def test_kernels_carry_no_penalty_because_none_acts_on_them():
    net = network()
    penalty = objective(net).penalty()
    assert float(penalty) == pytest.approx(0.05 * float(net[4].weight.detach().square().sum()), rel=1e-5)


def test_the_loss_falls():
    trained = objective(network())
    losses = [float(trained.improve(BATCHES[0]).loss) for _ in range(15)]
    assert losses[-1] < 0.5 * losses[0]


def test_a_resumed_run_goes_on_bit_for_bit():
    whole = objective(first := network())
    for batch in BATCHES:
        whole.improve(batch)
    half = objective(net := network())
    for batch in BATCHES[:3]:
        half.improve(batch)
    other = objective(copied := copy.deepcopy(net))
    other.load_state_dict(copy.deepcopy(half.state_dict()))
    for batch in BATCHES[3:]:
        other.improve(batch)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), copied.parameters(), strict=True))
