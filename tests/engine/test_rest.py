"""What rests does not learn, what waits begins on time, and a rate may differ from layer to layer."""

import torch
from torch import nn

from visus.engine import rest
from visus.engine.objective import Objective
from visus.engine.optimizers import momentum, sgd
from visus.models.classifiers import resnet18, small_conv


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(), nn.Linear(4, 2))


def test_what_never_learns_takes_no_statistics_and_its_dropout_goes_on():
    net = network()
    resting = rest.rest(net, never=["0", "1", "2", "3"])
    net.train()
    resting.settle(net, 0)
    assert [module.training for module in net] == [False, False, True, True, True]
    net(torch.randn(8, 3))
    assert net[1].running_mean.eq(0).all()
    assert {name for name, p in net.named_parameters() if p.requires_grad} == {"4.weight", "4.bias"}


def test_what_waits_wakes_at_its_step_and_not_in_evaluation_mode():
    net = network()
    resting = rest.rest(net, waiting=["0", "1"], until=3)
    for improvements, awake in ((0, False), (2, False), (3, True), (9, True)):
        net.train()
        resting.settle(net, improvements)
        assert net[1].training is awake
        assert net[0].weight.requires_grad is awake
    net.eval()
    resting.settle(net, 9)
    assert not net[1].training
    assert [resting.ends_at(i) for i in (2, 3, 4)] == [False, True, False]


def test_a_parameter_that_was_fixed_on_purpose_is_not_woken():
    net = network()
    net[0].weight.requires_grad_(False)
    rest.rest(net, waiting=["0"], until=1).settle(net, 5)
    assert not net[0].weight.requires_grad
    assert net[0].bias.requires_grad


def test_stages_are_resolutions_and_the_network_stays_as_it_was():
    net = resnet18.build((3, 32, 32), 10).train()
    before = net.state_dict()["bn1.running_mean"].clone()
    found = rest.stages(net, torch.randn(1, 3, 32, 32))
    assert [stage[0].split(".")[0] for stage in found] == ["conv1", "layer2", "layer3", "layer4", "fc"]
    assert net.training
    assert torch.equal(net.state_dict()["bn1.running_mean"], before)
    assert rest.stages(small_conv.build((3, 8, 8), 3), torch.zeros(1, 3, 8, 8))[-1] == ["decide"]


def test_a_factor_is_on_the_rate_of_its_own_parameters():
    slow, fast = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2, 2))
    objective = Objective(
        "o", lambda batch: {"sum": (slow + fast).sum()}, [slow, fast], sgd, lr=1.0, factors={slow: 0.25}
    )
    objective.improve((torch.zeros(1),))
    assert torch.equal(slow.detach(), torch.full((2, 2), 0.75))
    assert torch.equal(fast.detach(), torch.zeros(2, 2))


def test_a_parameter_at_rest_keeps_neither_gradient_nor_velocity():
    still, moving = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2, 2))
    objective = Objective(
        "o", lambda batch: {"sum": (still + moving).sum()}, [still, moving], momentum, lr=0.1, weight_decay=0.1
    )
    still.requires_grad_(False)
    objective.improve((torch.zeros(1),))
    assert len(objective.parameters) == 1
    assert torch.equal(still.detach(), torch.ones(2, 2))
    assert still not in objective.optimizer.state
    still.requires_grad_(True)
    objective.improve((torch.zeros(1),))
    assert not torch.equal(still.detach(), torch.ones(2, 2))
